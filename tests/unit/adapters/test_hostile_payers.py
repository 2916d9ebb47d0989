"""Payers' servers that answer huge, slow, malformed or crafted things: an error of ours each time.

What was submitted is in doubt then, never sent again blindly; and no sentence quotes an answer.
"""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from adapters.caqh_core import ADAPTER as CORE
from adapters.caqh_core import soap
from adapters.clearinghouse_rest import ADAPTER as REST
from adapters.pas_fhir import ADAPTER as PAS
from adapters.sftp import ADAPTER as SFTP
from connector.errors import AwaitsPerson, ConfigurationError, ConnectorError, Rejected, RetryLater
from connector.ports import AdapterContext, Destination, Outgoing
from tests.sftp_counterpart import SSHD, make_key, needs_sshd
from tests.unit.adapters.test_clearinghouse_rest import ATTACHED, DOCUMENT
from tests.unit.adapters.test_pas_fhir import _outgoing
from tests.unit.http.conftest import Counterpart, _answer

PATIENT = "Zephyrine Quillfeather SYNQ4000001"
_TOKEN = _answer(
    200, json.dumps({"access_token": "t", "expires_in": 300}).encode(),
    Content_Type="application/json",
)  # fmt: skip
_ENVELOPE = f'<e:Envelope xmlns:e="{soap.SOAP}"><e:Body>%s</e:Body></e:Envelope>'
_MIME = 'multipart/related; boundary="b"; start="<x>"'
Made = Callable[..., tuple[Destination, Outgoing]]

LONG = 60
"""Seconds for an answer: a busy machine's silence must not be taken for what is tested."""


def _html() -> bytes:
    return _answer(200, f"<html>{PATIENT}</html>".encode(), Content_Type="text/html")


def _json(value: Any, status: int = 200, **headers: str) -> bytes:
    return _answer(status, json.dumps(value).encode(), Content_Type="application/json", **headers)


def _xml(text: str | bytes, status: int = 200, kind: str = "application/soap+xml") -> bytes:
    body = text if isinstance(text, bytes) else text.encode()
    return _answer(status, body, Content_Type=kind)


@cache
def _bomb() -> bytes:
    """A hundred megabytes of zeros, as they come packed."""
    return _answer(200, gzip.compress(b"\0" * 100_000_000, 1), Content_Encoding="gzip")


def _endless(line: socket.socket, _seen: Any) -> None:
    """An answer that never ends."""
    line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with suppress(OSError):
        while True:
            line.sendall(chunk)


def _drip(line: socket.socket, _seen: Any) -> None:
    """A byte now and then."""
    with suppress(OSError):
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            line.sendall(b" ")
            time.sleep(0.02)


def _go_on(line: socket.socket, _seen: Any) -> None:
    """Tells the client to go on, for ever."""
    with suppress(OSError):
        while True:
            line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.01)


_DTD = '<!DOCTYPE e [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
_OK = b"HTTP/1.1 200 OK\r\n"
_ANYWHERE: dict[str, Any] = {
    "a web page": _html(),
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": _answer(200, b""),
    "a head without end": _OK + b"X: y\r\n" * 5000,
    "a huge header": _OK + b"X-A: " + b"y" * 200_000 + b"\r\n\r\n",
    "a length that lies": _OK + b"Connection: close\r\nContent-Length: 5000\r\n\r\nshort",
    "a length below zero": _OK + b"Connection: close\r\nContent-Length: -5\r\n\r\nshort",
    "bad chunks": _OK + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nno\r\n",
    "broken gzip": _answer(200, b"\x1f\x8b\x08nothing", Content_Encoding="gzip"),
    "an odd status": _answer(299 + 400, PATIENT.encode()),
    "303": _answer(303, b"", Location=f"https://other.example/{PATIENT.replace(' ', '-')}"),
    "hung up": None,
}
_SOAP: dict[str, Any] = {
    "entities": _xml(f"{_DTD}{_ENVELOPE % '&b;'}"),
    "entities in another encoding": _xml(
        f'<?xml version="1.0" encoding="UTF-16"?>{_DTD}{_ENVELOPE % "&b;"}'.encode("utf-16")
    ),
    "a file of ours": _xml(
        f'<!DOCTYPE e [<!ENTITY b SYSTEM "file:///etc/passwd">]>{_ENVELOPE % "&b;"}'
    ),
    "as many elements as fit": _xml(_ENVELOPE % ("<a/>" * 300_000)),
    "elements in elements": _xml(_ENVELOPE % ("<a>" * 200_000)),
    "an unknown encoding": _xml(f'<?xml version="1.0" encoding="x-odd"?>{_ENVELOPE % "<a/>"}'),
    "no envelope": _xml(f"<a>{PATIENT}</a>"),
    "an empty body": _xml(_ENVELOPE % ""),
    "two bodies in one": _xml(_ENVELOPE % "<a/><b/>"),
    "no parts": _xml("nothing of the kind", kind=_MIME),
    "no boundary": _xml("--b\r\n\r\nx\r\n--b--", kind="multipart/related"),
    "parts without number": _xml("--b\r\n\r\n\r\n" * 5000 + "--b--", kind=_MIME),
    "a head of megabytes": _xml("--b\r\nX: " + "y" * 1_000_000 + "\r\n\r\nx\r\n--b--", kind=_MIME),
    "a part that is not there": _xml(
        "--b\r\nContent-ID: <x>\r\n\r\n"
        + _ENVELOPE
        % '<r><Payload><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" '
        'href="cid:gone"/></Payload></r>' + "\r\n--b--\r\n",
        kind=_MIME,
    ),
}
_REST: dict[str, Any] = {
    "taken without a number": _json({"note": PATIENT}, 202),
    "a number that is none": _json({"id": "../" + PATIENT}, 202),
    "a Location elsewhere": _json({}, 202, Location="javascript:alert('x y')"),
    "a list": _json([[[]]]),
    "a deep value": _answer(200, b"[" * 200_000, Content_Type="application/json"),
    "a number": _answer(200, b"9" * 100_000, Content_Type="application/json"),
}
_FHIR: dict[str, Any] = {
    "an empty object": _json({}),
    "a list": _json([{}, 1, None]),
    "null": _json(None),
    "entries that are none": _json({"resourceType": "Bundle", "entry": [1, None, {"resource": 2}]}),
    "a bundle of somebody else": _json(
        {"resourceType": "Bundle", "type": "collection", "entry": [
            {"resource": {"resourceType": "ClaimResponse", "patient": {"display": PATIENT}}}]}
    ),
    "a deep value": _answer(200, b'{"a":' * 200_000, Content_Type="application/json"),
}  # fmt: skip


@pytest.fixture
def made(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Made]:
    """A destination before a server that answers so: what it is sent by this way, and what."""
    monkeypatch.setenv("PAYER_SECRET", "hush")
    opened: list[Any] = []
    servers: list[Counterpart] = []

    def make(way: str, *answers: Any, **options: Any) -> tuple[Destination, Outgoing]:
        first = [_TOKEN] if way in ("rest", "attach") else []
        servers.append(server := Counterpart([*first, *answers], None))
        secret, there = {"env": "PAYER_SECRET"}, {"private_network": True, "answers_to": "answers"}
        adapter, given, outgoing = {
            "soap": (CORE, _core(server.url, secret), DOCUMENT),
            "mime": (CORE, {**_core(server.url, secret), "envelope": "mime"}, DOCUMENT),
            "rest": (REST, _rest(server.url, secret), replace(DOCUMENT)),
            "attach": (REST, _rest(server.url, secret), ATTACHED),
            "pas": (PAS, {"base_url": server.url, "read_seconds": LONG}, _outgoing()),
        }[way]
        assert adapter.destination is not None and adapter.destination_settings is not None
        settings: Any = adapter.destination_settings.model_validate({**given, **there, **options})
        if adapter is CORE:  # which takes no less than the rule's own 20 s
            settings = settings.model_copy(update={"timeout_seconds": LONG})
        destination = adapter.destination(settings, AdapterContext("payer", tmp_path))
        opened.append(destination)
        return destination, outgoing

    yield make
    for one in opened:
        getattr(one, "close", lambda: None)()
    for server in servers:
        server.close()


def _core(url: str, secret: dict[str, str]) -> dict[str, Any]:
    return {"url": url, "sender_id": "A", "receiver_id": "B", "user": "u", "password": secret,
            "max_bytes": 2_000_000}  # fmt: skip


def _rest(url: str, secret: dict[str, str]) -> dict[str, Any]:
    return {"base_url": f"{url}/v2", "token_url": f"{url}/v1/token", "client_id": "c",
            "secret": secret, "polls": 0, "read_seconds": LONG}  # fmt: skip


def _fault(act: Callable[[], object]) -> ConnectorError:
    """The error that comes of it, which says nothing of the answer or the request."""
    with pytest.raises((RetryLater, ConfigurationError, Rejected, AwaitsPerson)) as caught:
        act()
    told = f"{caught.value} {caught.value.detail}"
    words = (*PATIENT.split(), "Fictwell", "SYN100100", "root:", "aaaaaaaaaa")
    assert not [word for word in words if word in told], told
    assert len(told) < 600
    return caught.value


@pytest.mark.parametrize("name", sorted(_ANYWHERE))
@pytest.mark.parametrize("way", ["soap", "mime", "attach", "pas"])
def test_what_was_submitted_is_in_doubt(made: Made, way: str, name: str) -> None:
    destination, outgoing = made(way, _ANYWHERE[name])
    assert _fault(lambda: destination.deliver(outgoing)).code == "answer_lost"


@pytest.mark.parametrize("name", sorted(_SOAP))
def test_a_crafted_envelope_is_in_doubt_too(made: Made, name: str) -> None:
    destination, outgoing = made("soap", _SOAP[name])
    assert _fault(lambda: destination.deliver(outgoing)).code == "answer_lost"


@pytest.mark.parametrize("name", sorted(_REST))
def test_a_crafted_review_is_in_doubt_too(made: Made, name: str) -> None:
    for way in ("rest", "attach"):
        nothing = [_json({"serviceReviews": []})] if way == "rest" else []
        destination, outgoing = made(way, *nothing, _REST[name])
        assert _fault(lambda d=destination, o=outgoing: d.deliver(o)).code == "answer_lost"


@pytest.mark.parametrize("name", sorted(_FHIR))
def test_a_crafted_bundle_is_in_doubt_too(made: Made, name: str) -> None:
    destination, outgoing = made("pas", _FHIR[name])
    assert _fault(lambda: destination.deliver(outgoing)).code == "answer_lost"


@pytest.mark.parametrize("way", ["soap", "mime", "rest", "pas"])
@pytest.mark.parametrize("name", sorted(_ANYWHERE.keys() - {"hung up"}))
def test_an_inquiry_answered_so_proves_nothing(made: Made, way: str, name: str) -> None:
    """Whatever it is, the delivery stays in doubt: no receipt, and no leave to send it again."""
    mode = {"mode": "batch"} if way in ("soap", "mime") else {}
    destination, outgoing = made(way, _ANYWHERE[name], **mode)
    _fault(lambda: destination.find(replace(outgoing, unsure=True)))


@pytest.mark.parametrize("way", ["soap", "attach", "pas"])
@pytest.mark.parametrize("huge", [_bomb, lambda: _endless], ids=["packed", "endless"])
def test_a_huge_answer_ends(made: Made, way: str, huge: Callable[[], Any]) -> None:
    destination, outgoing = made(way, huge())
    assert _fault(lambda: destination.deliver(outgoing)).code == "answer_lost"


@pytest.mark.parametrize(("way", "slow"), [("attach", _drip), ("pas", _go_on)])
def test_a_trickle_ends(made: Made, way: str, slow: Any) -> None:
    destination, outgoing = made(way, slow, read_seconds=0.05)
    assert _fault(lambda: destination.deliver(outgoing)).code == "answer_lost"


@pytest.mark.parametrize("way", ["soap", "mime", "attach", "pas"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(made: Made, way: str, status: int) -> None:
    destination, outgoing = made(way, _answer(status, b"", Location="https://elsewhere.example/x"))
    fault = _fault(lambda: destination.deliver(outgoing))
    assert fault.code == "redirected" and "elsewhere.example" in fault.message


def test_what_a_payer_writes_about_the_patient_is_not_repeated(made: Made) -> None:
    told = {"userMessage": PATIENT, "developerMessage": PATIENT, "errors": [PATIENT]}
    issue = {"severity": "error", "code": "invalid", "diagnostics": PATIENT,
             "details": {"text": PATIENT}}  # fmt: skip
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    reason = f"<e:Fault><e:Code><e:Value>e:Sender</e:Value></e:Code><e:Reason>{PATIENT}"
    given: tuple[tuple[str, bytes], ...] = (
        ("attach", _json(told, 400)),
        ("pas", _json(outcome, 422)),
        ("pas", _json(outcome, 200)),
        ("soap", _xml(_ENVELOPE % f"{reason}</e:Reason></e:Fault>", 400)),
        ("soap", _xml(_ENVELOPE % f"<r><ErrorCode>{PATIENT}</ErrorCode></r>")),
    )
    for way, reply in given:
        destination, outgoing = made(way, reply)
        fault = _fault(lambda d=destination, o=outgoing: d.deliver(o))
        assert isinstance(fault, Rejected)


@needs_sshd
@pytest.mark.parametrize(
    "said", [b"SSH-2.0-odd\r\n" + b"\xff" * 5000, b"SSH-1.5-x\r\n", b""],
    ids=["noise", "the old protocol", "a line without end"],
)  # fmt: skip
def test_what_is_no_sftp_server_is_told(tmp_path: Path, said: bytes) -> None:
    assert SSHD is not None
    public = make_key(tmp_path / "key")
    assert SFTP.destination is not None and SFTP.destination_settings is not None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        given = {
            "host": "127.0.0.1", "port": listener.getsockname()[1], "user": "us",
            "host_keys": [public], "key": {"file": str(tmp_path / "key")},
            "private_network": True, "timeout_seconds": 1, "remote_folder": "in",
        }  # fmt: skip
        settings = SFTP.destination_settings.model_validate(given)
        destination = SFTP.destination(settings, AdapterContext("drop", tmp_path))
        with closing(_Once(listener, said)):
            fault = _fault(lambda: destination.deliver(DOCUMENT))
    assert isinstance(fault, RetryLater | ConfigurationError)


class _Once:
    """Says something to who connects; nothing given: one line for ever."""

    def __init__(self, listener: socket.socket, said: bytes) -> None:
        self._listener, self._said = listener, said
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            line, _ = self._listener.accept()
            with line:
                line.settimeout(5)
                while not self._said:
                    line.sendall(b"x" * 65_536)
                line.sendall(self._said)
                while line.recv(4096):
                    pass

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
