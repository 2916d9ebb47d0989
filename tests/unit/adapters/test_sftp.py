"""SFTP against a real OpenSSH server: pinned keys, one effect, readiness, faults in plain words."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import paramiko
import pytest
import yaml
from pydantic import ValidationError

from adapters.sftp.drop import SftpDrop
from adapters.sftp.pickup import SftpPickup
from adapters.sftp.settings import SftpDropSettings, SftpPickupSettings
from connector import ways_in
from connector.app import open_app
from connector.errors import AwaitsPerson, ConfigurationError, Rejected, RetryLater
from connector.ports import AdapterContext, ExpectedTable, Outgoing, RawPage
from tests.sftp_counterpart import Sshd, make_key, needs_sshd, running

EXPECTED = (ExpectedTable("clients", "clients*.csv", frozenset({"id"}), frozenset({"id"})),)
DOCUMENT = Outgoing(
    "0f" * 32, "requests-to-payers/p/x.x12", "application/edi-x12", b"ISA*00*~",
    {"kind": "authorization_request"},
)  # fmt: skip
NAME = f"authorization_request_{'0f' * 16}.x12"
pytestmark = needs_sshd


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def there(sshd: Sshd, tmp_path: Path) -> Path:
    folder = sshd.folder / tmp_path.name
    for name in ("in", "out", "taken"):
        (folder / name).mkdir(parents=True)
    return folder


def drop(sshd: Sshd, home: Path, **changed: Any) -> SftpDrop:
    given = {**sshd.settings, "remote_folder": f"{home.name}/in", **changed}
    return SftpDrop(SftpDropSettings.model_validate(given), AdapterContext("payer", home))


def pickup(sshd: Sshd, home: Path, **changed: Any) -> SftpPickup:
    given = {
        **sshd.settings, "remote_folder": f"{home.name}/out", "settle_seconds": 0, **changed,
    }  # fmt: skip
    context = AdapterContext("extract", home, EXPECTED, reader=ways_in.reader)
    return SftpPickup(SftpPickupSettings.model_validate(given), context, sleep=lambda _: None)


def take(source: SftpPickup) -> list[RawPage]:
    pages = []
    for page in source.fetch(None):
        pages.append(page)
        source.acknowledge(page)
    return pages


def rows(pages: list[RawPage]) -> int:
    return sum(len(batch.rows) for page in pages for batch in page.batches)


def test_the_name_is_the_deliverys_and_nothing_unfinished_is_left(
    sshd: Sshd, there: Path, tmp_path: Path
) -> None:
    receipt = drop(sshd, tmp_path).deliver(DOCUMENT)
    assert receipt.reference == f"{tmp_path.name}/in/{NAME}"
    assert {p.name: p.read_bytes() for p in (there / "in").iterdir()} == {NAME: DOCUMENT.content}


def test_another_host_key_is_never_accepted(sshd: Sshd, there: Path, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other")
    with pytest.raises(ConfigurationError) as fault:
        drop(sshd, tmp_path, host_keys=[other]).deliver(DOCUMENT)
    assert fault.value.code == "host_key_refused"
    said = ["ssh-keygen", "-lf", str(sshd.home / "host_key.pub")]
    fingerprint = subprocess.run(said, capture_output=True, text=True, check=True).stdout.split()[1]
    assert fingerprint.startswith("SHA256:") and fingerprint in fault.value.message
    assert not list((there / "in").iterdir())
    drop(sshd, tmp_path, host_keys=[other, sshd.host_key]).deliver(DOCUMENT)


def test_a_key_of_another_type_is_refused_and_shown(
    sshd: Sshd, there: Path, tmp_path: Path
) -> None:
    rsa = paramiko.RSAKey.generate(2048)
    with pytest.raises(ConfigurationError) as fault:
        drop(sshd, tmp_path, host_keys=[f"ssh-rsa {rsa.get_base64()}"]).deliver(DOCUMENT)
    assert fault.value.code == "host_key_refused"
    assert "ssh-ed25519 SHA256:" in fault.value.message


def test_faults_say_what_to_do(sshd: Sshd, there: Path, tmp_path: Path) -> None:
    make_key(tmp_path / "stranger")
    (tmp_path / "junk").write_text("not a key")
    (tmp_path / "junk").chmod(0o600)
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"key": {"file": str(tmp_path / "stranger")}}, ConfigurationError, "not_signed_in"),
        ({"key": {"file": str(tmp_path / "junk")}}, ConfigurationError, "key_unreadable"),
        ({"remote_folder": "nowhere"}, ConfigurationError, "folder_missing"),
        ({"port": 1}, RetryLater, "unreachable"),
        ({"private_network": False}, ConfigurationError, "address_refused"),
    ]
    for changed, kind, code in cases:
        with pytest.raises(kind) as fault:
            drop(sshd, tmp_path, **changed).deliver(DOCUMENT)
        assert fault.value.code == code  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError) as missing:
        drop(sshd, tmp_path, key={"env": "NO_SUCH_SFTP_KEY"})
    assert missing.value.code == "secret_not_found"


def test_another_file_of_the_name_is_not_replaced(sshd: Sshd, there: Path, tmp_path: Path) -> None:
    (there / "in" / NAME).write_bytes(b"somebody else's")
    with pytest.raises(Rejected) as fault:
        drop(sshd, tmp_path).deliver(DOCUMENT)
    assert fault.value.code == "path_taken"
    assert (there / "in" / NAME).read_bytes() == b"somebody else's"


def lose_the_answer(monkeypatch: pytest.MonkeyPatch, *, renamed: bool) -> None:
    real = paramiko.SFTPClient.rename

    def rename(self: paramiko.SFTPClient, old: str, new: str) -> None:
        if renamed:
            real(self, old, new)
        raise paramiko.SSHException("Server connection dropped")

    monkeypatch.setattr(paramiko.SFTPClient, "rename", rename)


def test_a_lost_answer_is_asked_about_and_never_sent_blindly(
    sshd: Sshd, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = replace(DOCUMENT, unsure=True)
    with monkeypatch.context() as patched:
        lose_the_answer(patched, renamed=True)
        with pytest.raises(RetryLater) as fault:
            drop(sshd, tmp_path).deliver(DOCUMENT)
        assert fault.value.code == "answer_lost"
    found = drop(sshd, tmp_path).find(again)
    assert found is not None and found.reference.endswith(NAME)
    # the receiver takes it away: with a folder to ask it is known, without one a person must ask
    (there / "in" / NAME).rename(there / "taken" / f"2026-11-20_{NAME}")
    asked = drop(sshd, tmp_path, asked_folders=[f"{tmp_path.name}/taken"])
    found = asked.find(again)
    assert found is not None and found.reference.endswith(NAME)
    assert asked.deliver(again) == found
    with pytest.raises(AwaitsPerson) as person:
        drop(sshd, tmp_path).find(again)
    assert NAME in person.value.message
    assert drop(sshd, tmp_path, collected=False).find(again) is None
    assert not list((there / "in").iterdir())


def test_what_was_never_renamed_did_not_arrive(
    sshd: Sshd, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        lose_the_answer(patched, renamed=False)
        with pytest.raises(RetryLater):
            drop(sshd, tmp_path).deliver(DOCUMENT)
    assert next(p.name for p in (there / "in").iterdir()).endswith(".part")
    destination = drop(sshd, tmp_path)
    assert destination.find(replace(DOCUMENT, unsure=True)) is None
    destination.deliver(DOCUMENT)
    assert [p.name for p in (there / "in").iterdir()] == [NAME]


def test_only_files_that_the_mapping_takes_are_fetched(
    sshd: Sshd, there: Path, tmp_path: Path
) -> None:
    out = there / "out"
    (out / "clients_1.csv").write_text("id\n1\n")
    (out / "charges.csv").write_text("id\n1\n")
    (out / "clients_2.csv.part").write_text("id\n1\n")
    (out / ".clients_3.csv").write_text("id\n1\n")
    (out / "clients_4.csv").symlink_to(tmp_path / "anything")
    (out / "clients_dir.csv").mkdir()
    assert rows(take(pickup(sshd, tmp_path))) == 1
    assert {p.name for p in out.iterdir()} == {
        "charges.csv", "clients_2.csv.part", ".clients_3.csv", "clients_4.csv", "clients_dir.csv",
    }  # fmt: skip
    assert not list((tmp_path / "data/sftp/extract").iterdir())


def test_a_done_marker_says_that_a_file_is_whole(sshd: Sshd, there: Path, tmp_path: Path) -> None:
    out = there / "out"
    (out / "clients_1.csv").write_text("id\n1\n")
    source = pickup(sshd, tmp_path, done_marker=".done")
    assert take(source) == []
    (out / "clients_1.csv.done").touch()
    assert rows(take(source)) == 1
    assert not list(out.iterdir())


def test_a_file_that_grows_waits(sshd: Sshd, there: Path, tmp_path: Path) -> None:
    path = there / "out" / "clients_1.csv"
    path.write_text("id\n1\n")
    source = pickup(sshd, tmp_path, settle_seconds=1)

    def grow(_: float) -> None:
        with path.open("a") as file:
            file.write("2\n")

    source._sleep = grow
    assert take(source) == []
    source._sleep = lambda _: None
    assert rows(take(source)) == 2


def test_a_file_written_anew_meanwhile_is_not_deleted(
    sshd: Sshd, there: Path, tmp_path: Path
) -> None:
    path = there / "out" / "clients_1.csv"
    path.write_text("id\n1\n")
    source = pickup(sshd, tmp_path)
    pages = list(source.fetch(None))
    path.write_text("id\n1\n2\n")
    for page in pages:
        source.acknowledge(page)
    assert path.exists()
    assert rows(take(source)) == 2


def test_the_same_keys_after_a_crash_before_the_file_was_ended(
    sshd: Sshd, there: Path, tmp_path: Path
) -> None:
    path = there / "out" / "clients_1.csv"
    path.write_text("id\n1\n2\n")
    os.utime(path, (1_790_000_000, 1_790_000_000))
    source = pickup(sshd, tmp_path)
    first = list(source.fetch(None))
    for page in first[:-1]:  # stored; then the process died
        source.acknowledge(page)
    second = take(pickup(sshd, tmp_path))
    keys = [[b.key for p in pages for b in p.batches] for pages in (first, second)]
    assert keys[0] == keys[1] and keys[0]
    assert not path.exists()


def test_a_file_gone_from_the_server_is_still_read_to_its_end(
    sshd: Sshd, there: Path, tmp_path: Path
) -> None:
    path = there / "out" / "clients_1.csv"
    path.write_text("id\n1\n2\n")
    list(pickup(sshd, tmp_path).fetch(None))
    path.unlink()
    assert rows(take(pickup(sshd, tmp_path))) == 2
    assert take(pickup(sshd, tmp_path)) == []


def test_a_refused_file_lies_where_people_look(sshd: Sshd, there: Path, tmp_path: Path) -> None:
    (there / "out" / "clients_1.csv").write_text("identity\n1\n")
    [page, _] = take(pickup(sshd, tmp_path))
    assert [fault.error.code for fault in page.faults] == ["missing_column"]
    names = sorted(p.name for p in (tmp_path / "data/sftp/extract/rejected").iterdir())
    assert [name[9:] for name in names] == ["clients_1.csv", "clients_1.csv.why.txt"]


def test_what_is_too_large_stays_and_is_told(sshd: Sshd, there: Path, tmp_path: Path) -> None:
    (there / "out" / "clients_1.csv").write_text("id\n1\n2\n")
    [page] = take(pickup(sshd, tmp_path, max_bytes=3))
    assert [fault.error.code for fault in page.faults] == ["file_too_large"]
    assert (there / "out" / "clients_1.csv").exists()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"host_keys": []}, "at least 1"),
        ({"host_keys": ["ssh-dss AAAA"]}, "Valid types"),
        ({"host_keys": ["ssh-ed25519 AAAAB3NzaC1yc2E="]}, "do not belong together"),
        ({"key": None}, "where the key or the password lies"),
        ({"host": "sftp://x"}, "a name or address alone"),
        ({"remote_folder": "../etc"}, "a folder on the server"),
        ({"name": "{kind}"}, "must hold {key}"),
        ({"name": "{key.x}"}, "must hold {key}"),
    ],
)
def test_settings_are_checked(
    sshd: Sshd, tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    given = {**sshd.settings, "remote_folder": "in", **changed}
    with pytest.raises(ValidationError) as fault:
        SftpDropSettings.model_validate(given)
    assert told in str(fault.value)


def test_a_site_opens_pickups_of_exports_and_of_payers_answers(
    sshd: Sshd, tmp_path: Path, small_site: Any
) -> None:
    site = small_site("mh_improving")
    path = site.home / "site.yaml"
    content = yaml.safe_load(path.read_text())
    options = {**sshd.settings, "remote_folder": "out"}
    content["sources"] = [
        {"name": "webpt", "adapter": "sftp", "mapping": "webpt", "options": options},
        {"name": "answers", "adapter": "sftp", "options": {**options, "reads": "x12_files"}},
    ]
    path.write_text(yaml.safe_dump(content))
    assert set(open_app(site.home).sources) == {"webpt", "answers"}
    content["sources"][1]["mapping"] = "webpt"
    path.write_text(yaml.safe_dump(content))
    assert "mapping_not_taken" in [fault.code for fault in open_app(site.home).findings()]
