"""One packet, one effect: the same over every way to a payer, whatever happens to the answer.

What is tried here is what the engine does: after an attempt whose end is not known the receiver is
asked (``find``) before anything is sent again, and where nothing can tell, a person is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import paramiko
import pytest

from adapters.caqh_core import ADAPTER as CORE
from adapters.caqh_core.fake import PASSWORD, USER, FakeReceiver
from adapters.clearinghouse_rest import ADAPTER as REST
from adapters.clearinghouse_rest.fake import CLIENT, SECRET, FakeClearinghouse
from adapters.manual_filing import ADAPTER as BY_HAND
from adapters.pas_fhir import ADAPTER as PAS
from adapters.pas_fhir.fake import FakePayer
from adapters.sftp import ADAPTER as SFTP
from connector.documents.pas.read_packet import packet_bytes
from connector.errors import AwaitsPerson, RetryLater
from connector.ports import Adapter, AdapterContext, Destination, Outgoing
from tests.sftp_counterpart import SSHD, running
from tests.unit.pas.packets import GOLDEN, packet_of
from tests.x12_samples import attachment, request

KEY = "0f" * 32
WAYS = (
    "sftp", "sftp, never collected", "core, real time",
    "core, real time, recognised", "core, batch", "core, batch, mime, recognised",
    "rest", "rest, attachment", "pas", "pas without inquiry",
)  # fmt: skip
BY_PERSON = {
    "sftp", "core, real time", "rest, attachment",
    "pas without inquiry",
}  # fmt: skip
"""Where nothing can tell whether a lost answer means an effect: a person is asked, every time."""
NOT_THERE = {"core, batch"}
"""Where an effect can be found and its absence can't."""


@dataclass
class Way:
    """One way: how it is opened anew, what it carries, what came of it, and losing an answer."""

    open: Callable[[], Destination]
    outgoing: Outgoing
    effects: Callable[[], int]
    lose: Callable[[], None]
    lose_before: Callable[[], None]


@pytest.fixture
def way(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Way]:
    name = str(request.param)
    monkeypatch.setenv("CORE_PASSWORD", PASSWORD)
    monkeypatch.setenv("CLEARINGHOUSE_SECRET", SECRET)
    with ExitStack() as stack:

        def opener(adapter: Adapter, options: dict[str, Any]) -> Callable[[], Destination]:
            def opened() -> Destination:
                assert adapter.destination is not None
                assert adapter.destination_settings is not None
                settings = adapter.destination_settings.model_validate(options)
                made = adapter.destination(settings, AdapterContext("payer", tmp_path))
                stack.callback(getattr(made, "close", lambda: None))
                return made

            return opened

        make = {"sftp": _sftp, "core": _core, "rest": _rest, "pas": _pas}[name[:4].strip(", ")]
        yield make(name, stack, opener, tmp_path, monkeypatch)


Opener = Callable[[Adapter, dict[str, Any]], Callable[[], Destination]]


def _x12(name: str) -> Outgoing:
    kind = "attachment" if "attachment" in name else "authorization_request"
    content = attachment(b"%PDF-1.7 made up") if kind == "attachment" else request("PA-1")
    return Outgoing(KEY, "p/x.x12", "application/edi-x12", content, {"kind": kind})


def _sftp(
    name: str, stack: ExitStack, opener: Opener, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Way:
    if SSHD is None:
        pytest.skip("there is no OpenSSH server")
    sshd = stack.enter_context(running(folder / "sshd"))
    for one in ("in", "taken"):
        (sshd.folder / one).mkdir()
    options = {**sshd.settings, "remote_folder": "in", "collected": "never" not in name}
    rename = paramiko.SFTPClient.rename

    def losing(*, done: bool) -> None:
        def lost(self: paramiko.SFTPClient, old: str, new: str) -> None:
            monkeypatch.setattr(paramiko.SFTPClient, "rename", rename)
            if done:
                rename(self, old, new)
                if options["collected"]:  # the receiver takes it at once, and says nothing
                    (sshd.folder / new).rename(sshd.folder / "taken" / Path(new).name)
            else:
                sshd_left = sshd.folder / old
                sshd_left.unlink()
            raise EOFError

        monkeypatch.setattr(paramiko.SFTPClient, "rename", lost)

    def effects() -> int:
        return sum(len(list((sshd.folder / one).glob("[!.]*"))) for one in ("in", "taken"))

    return Way(
        opener(SFTP, options), _x12(name), effects,
        lambda: losing(done=True), lambda: losing(done=False),
    )  # fmt: skip


def _core(name: str, stack: ExitStack, opener: Opener, *_: Any) -> Way:
    fake = FakeReceiver(recognises="recognised" in name)
    stack.enter_context(fake.serving())
    options = {
        "url": f"{fake.url}/core", "sender_id": "A", "receiver_id": "B", "user": USER,
        "password": {"env": "CORE_PASSWORD"}, "private_network": True,
        "mode": "batch" if "batch" in name else "real_time",
        "envelope": "mime" if "mime" in name else "soap",
        "repeats": "recognised" if "recognised" in name else "unknown",
    }  # fmt: skip
    return Way(
        opener(CORE, options), _x12(name), lambda: len(fake.effects),
        lambda: fake.script.append("lose"), lambda: fake.broken.append(504),
    )  # fmt: skip


def _rest(name: str, stack: ExitStack, opener: Opener, *_: Any) -> Way:
    fake = FakeClearinghouse()
    fake.slow = 0
    stack.enter_context(fake.serving())
    options = {
        "base_url": f"{fake.url}/v2", "token_url": f"{fake.url}/v1/token", "client_id": CLIENT,
        "secret": {"env": "CLEARINGHOUSE_SECRET"}, "private_network": True, "poll_seconds": 0,
    }  # fmt: skip
    return Way(
        opener(REST, options), _x12(name), lambda: len(fake.reviews) + len(fake.attachments),
        lambda: fake.script.append("lose"), lambda: fake.script.append("lost before"),
    )  # fmt: skip


def _pas(name: str, stack: ExitStack, opener: Opener, *_: Any) -> Way:
    fake = FakePayer()
    fake.inquiry_offered = "without" not in name
    options = {"base_url": fake.start(), "private_network": True}
    stack.callback(fake.stop)
    case = json.loads((GOLDEN / "psychotherapy_initial_dependent.json").read_text())
    outgoing = Outgoing(
        KEY, "p/x.json", "application/fhir+json", packet_bytes(packet_of(case)),
        {"kind": "authorization_request"},
    )  # fmt: skip

    def effects() -> int:
        return sum(fake.counted.values()) - fake_faults

    fake_faults = 0

    def lose() -> None:
        fake.scenario = "lost"

    def lose_before() -> None:
        nonlocal fake_faults
        fake_faults += 1
        fake.faults.append("504")

    return Way(opener(PAS, options), outgoing, effects, lose, lose_before)


def _go_on(way: Way) -> bool:
    """What the engine does after an attempt without an end; whether it is done."""
    destination = way.open()
    found = destination.find(replace(way.outgoing, unsure=True))
    if found is None:
        with suppress(RetryLater):  # then it is asked again
            destination.deliver(way.outgoing)
            return True
        return False
    return True


@pytest.mark.parametrize("way", WAYS, indirect=True)
def test_sent_twice_it_has_one_effect(way: Way) -> None:
    """Also by another process: the receipt is not there yet, so the receiver is asked."""
    first = way.open().deliver(way.outgoing)
    assert way.effects() == 1
    with suppress(AwaitsPerson):
        found = way.open().find(replace(way.outgoing, unsure=True))
        again = way.open().deliver(way.outgoing) if found is None else found
        assert again.key == first.key
    assert way.effects() == 1


@pytest.mark.parametrize("way", WAYS, indirect=True)
def test_a_lost_answer_is_resolved_by_asking(way: Way, request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.params["way"]
    way.lose()
    with pytest.raises(RetryLater) as caught:
        way.open().deliver(way.outgoing)
    assert caught.value.code == "answer_lost"
    if name in BY_PERSON:
        for _ in range(2):
            with pytest.raises(AwaitsPerson) as asked:
                _go_on(way)
            assert asked.value.message.count("say w") == 1, "and what to say"
    else:
        assert _go_on(way)
    assert way.effects() == 1


@pytest.mark.parametrize("way", WAYS, indirect=True)
def test_what_did_not_arrive_is_sent_or_a_person_asks(
    way: Way, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.params["way"]
    way.lose_before()
    with pytest.raises(RetryLater) as caught:
        way.open().deliver(way.outgoing)
    assert caught.value.code == "answer_lost"
    if name in BY_PERSON | NOT_THERE:
        with pytest.raises(AwaitsPerson):
            _go_on(way)
        assert way.effects() == 0
        way.open().deliver(way.outgoing)  # the person says that it is not there
    else:
        assert _go_on(way)
    assert way.effects() == 1


def test_a_copy_sheet_is_laid_out_once_and_waits_for_a_person(tmp_path: Path) -> None:
    assert BY_HAND.destination is not None and BY_HAND.destination_settings is not None
    settings = BY_HAND.destination_settings.model_validate({"folder": "tray"})
    sheet = Outgoing(KEY, "copy-sheets/x.html", "text/html", b"<p>made up", {"kind": "copy_sheet"})
    for _ in range(3):
        tray = BY_HAND.destination(settings, AdapterContext("portal", tmp_path))
        assert tray.find(replace(sheet, unsure=True)) is None
        with pytest.raises(AwaitsPerson):
            tray.deliver(sheet)
    assert [path.name for path in (tmp_path / "tray").rglob("*") if path.is_file()] == ["x.html"]
