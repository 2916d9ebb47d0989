"""Outgoing webhooks: who may believe them, what they hold, and what each answer leads to."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from adapters.webhook_out import ADAPTER
from adapters.webhook_out.destination import WebhookOut
from adapters.webhook_out.settings import WebhookOutSettings
from connector.errors import (
    ConfigurationError,
    ConnectorError,
    Disabled,
    Rejected,
    RetryLater,
)
from connector.ports import AdapterContext, Outgoing
from connector.settings import check_section

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEXT = "whsec_" + "bmV4dC1zZWNyZXQtb2YtdGhpcnR5LXR3by1ieXRlcyE="
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = "5f" * 32
SUMMARY = b'{"event_id":"e-1","patient_id":"CANARY-77","total":9,"type":"decision_summary"}'
DOCUMENT = Outgoing(KEY, "summaries/p/s.json", "application/json", SUMMARY, {"kind": "summary"})
PATH = "/hooks/CANARY-path"


class Server(ThreadingHTTPServer):
    """Answers with what ``answer`` says and remembers what it was asked."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")
        self.seen: list[tuple[str, str, Mapping[str, str], bytes]] = []


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path, headers, body))
        status, given, content = self.server.answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **given}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def opened() -> Iterator[list[WebhookOut]]:
    made: list[WebhookOut] = []
    yield made
    for destination in made:
        destination.close()


@pytest.fixture
def hook(
    server: Server, opened: list[WebhookOut], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Opens the destination over the server; keyword arguments are options."""
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    monkeypatch.setenv("HOOK_NEXT", NEXT)
    monkeypatch.setenv("HOOK_TOKEN", "Bearer CANARY-token")

    def open_(seconds: float = 60, **options: Any) -> WebhookOut:
        at = f"http://127.0.0.1:{server.server_port}"
        given = {"url": at + PATH, "private_network": True, "secret": {"env": "HOOK_SECRET"}}
        settings = WebhookOutSettings.model_validate({**given, **options})
        settings = settings.model_copy(update={"timeout_seconds": seconds})
        made = WebhookOut(settings, AdapterContext("hook", tmp_path, now=lambda: NOW))
        opened.append(made)
        return made

    return open_


def fault(hook: Any, document: Outgoing = DOCUMENT) -> ConnectorError:
    """What the attempt raised, with nothing of the patient, the secrets or the address in it."""
    with pytest.raises(ConnectorError) as caught:
        hook.deliver(document)
    text = f"{caught.value} {caught.value.detail} {caught.value!r} {caught.value.__cause__}"
    assert "CANARY" not in text and KEY not in text
    return caught.value


# Who may believe it


def test_what_is_posted_is_proven_to_another_implementation(hook: Any, server: Server) -> None:
    hook().deliver(DOCUMENT)
    method, path, headers, body = server.seen[0]
    assert (method, path, body) == ("POST", PATH, SUMMARY)
    assert headers["idempotency-key"] == headers["webhook-id"] == KEY
    assert headers["content-type"] == "application/json"
    # It compares with the real clock, though the product's stands still.
    assert Verifier(SECRET).verify(body, dict(headers)) == json.loads(SUMMARY)
    with pytest.raises(WebhookVerificationError):
        Verifier(NEXT).verify(body, dict(headers))
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(body + b" ", dict(headers))


def test_while_a_secret_is_changed_both_prove_it_newest_first(hook: Any, server: Server) -> None:
    hook(secret=[{"env": "HOOK_NEXT"}, {"env": "HOOK_SECRET"}]).deliver(DOCUMENT)
    hook(secret={"env": "HOOK_NEXT"}).deliver(DOCUMENT)
    (*_, both, body), (*_, alone, _) = server.seen
    for secret in (SECRET, NEXT):
        Verifier(secret).verify(body, dict(both))
    assert both["webhook-signature"].count("v1,") == 2
    if both["webhook-timestamp"] == alone["webhook-timestamp"]:
        assert both["webhook-signature"].startswith(alone["webhook-signature"])


@pytest.mark.parametrize(
    "secret",
    ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_no base64 at all",
     "whsec_é" + "A" * 32, "whsec_" + "A" * 400],
)  # fmt: skip
def test_a_malformed_secret_is_refused_and_not_quoted(
    hook: Any, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("HOOK_SECRET", secret)
    with pytest.raises(ConfigurationError) as caught:
        hook()
    assert caught.value.code == "secret_malformed"
    assert str(caught.value).startswith("destination 'hook', secret: ")
    assert secret.removeprefix("whsec_")[:8] not in str(caught.value) or secret == "whsec_"


def test_a_secret_that_is_not_there_is_named_by_its_place(hook: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        hook(secret={"env": "HOOK_GONE"})
    assert caught.value.code == "secret_not_found" and "HOOK_GONE" in str(caught.value)


# What it holds


def test_extra_headers_and_one_secret_header(hook: Any, server: Server) -> None:
    made = hook(headers={"X-Practice": "riverside", "Authorization": {"env": "HOOK_TOKEN"}})
    made.deliver(DOCUMENT)
    headers = server.seen[0][2]
    assert headers["x-practice"] == "riverside"
    assert headers["authorization"] == "Bearer CANARY-token"
    server.answer = (401, {}, b"Bearer CANARY-token")
    assert fault(made).code == "not_signed_in"


ALERT = {
    "document_id": "alert-1", "kind": "alert", "as_of": "2026-11-20", "digest": "d" * 64,
    "context": {
        "practice": "riverside", "patient_id": "patient-3f9c", "rule": "safety_item_positive",
        "severity": "page", "audience": "on_call", "raised_on": "2026-11-20",
        "summary": "A safety item needs review for patient-3f9c",
        "text": "PHQ-9: safety item 9 is positive (answer 2)", "sources": ["assessment-1"],
        "note": "Not a monitoring service.",
    },
}  # fmt: skip


def posted(hook: Any, server: Server, kind: str, document: Any) -> Any:
    content = json.dumps(document, indent=1).encode()
    hook.deliver(replace(DOCUMENT, content=content, labels={"kind": kind}))
    return json.loads(server.seen[-1][3])


def test_of_an_alert_only_that_it_is(hook: Any, server: Server) -> None:
    said = posted(hook(), server, "alert", ALERT)
    assert said["type"] == "alert" and "digest" not in said
    assert set(said["context"]) == {
        "practice", "patient_id", "rule", "severity", "audience", "raised_on", "summary",
    }  # fmt: skip
    assert "answer" not in json.dumps(said)
    whole = posted(hook(alert_text=True), server, "alert", ALERT)
    assert whole == {**ALERT, "type": "alert"}


def test_decisions_and_manifests_are_posted_as_they_are_with_a_type(
    hook: Any, server: Server
) -> None:
    for kind in ("decision", "packet_manifest"):
        document = {**ALERT, "kind": kind}
        assert posted(hook(), server, kind, document) == {**document, "type": kind}


@pytest.mark.parametrize("kind", ["therapist", "patient", "insurer", ""])
def test_documents_for_people_are_not_posted(hook: Any, server: Server, kind: str) -> None:
    refused = fault(hook(), replace(DOCUMENT, labels={"kind": kind}))
    assert type(refused) is Rejected and refused.code == "kind_not_posted"
    assert "summary, decision, alert, packet_manifest" in str(refused)
    assert server.seen == []


# What each answer leads to


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_success(hook: Any, server: Server, status: int) -> None:
    server.answer = (status, {}, b"")
    assert hook().deliver(DOCUMENT).reference == f"accepted {status}"


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (301, ConfigurationError, "redirected"),
        (307, ConfigurationError, "redirected"),
        (400, Rejected, "refused"),
        (401, ConfigurationError, "not_signed_in"),
        (403, ConfigurationError, "not_allowed"),
        (404, RetryLater, "unavailable"),
        (408, RetryLater, "ask_again"),
        (410, Disabled, "gone"),
        (413, Rejected, "too_large"),
        (422, Rejected, "content_refused"),
        (429, RetryLater, "busy"),
        (500, RetryLater, "server_error"),
        (502, RetryLater, "unavailable"),
        (503, RetryLater, "unavailable"),
        (504, RetryLater, "unavailable"),
        (599, RetryLater, "server_error"),
    ],
)
def test_what_a_status_leads_to(
    hook: Any, server: Server, status: int, kind: type[ConnectorError], code: str
) -> None:
    elsewhere = {"Location": f"http://127.0.0.1:{server.server_port}/elsewhere"}
    server.answer = (status, elsewhere if status < 400 else {}, SUMMARY)
    raised = fault(hook())
    assert type(raised) is kind and raised.code == code
    assert len(server.seen) == 1, "no redirect is followed, nothing is tried again at once"


@pytest.mark.parametrize("status", [429, 503])
def test_a_time_that_the_receiver_names_is_counted_from_the_products_clock(
    hook: Any, server: Server, status: int
) -> None:
    server.answer = (status, {"Retry-After": "90"}, b"")
    raised = fault(hook())
    assert isinstance(raised, RetryLater) and raised.until == NOW + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("headers", "body", "reference"),
    [
        ({"webhook-id": "msg-5"}, b"", "msg-5"),
        ({"Content-Type": "application/json; charset=utf-8"}, b'{"id": "r-1"}', "r-1"),
        ({"Content-Type": "application/json"}, b'{"id": 42}', "42"),
        ({"Content-Type": "application/json"}, b'{"id": true}', "accepted 200"),
        ({"Content-Type": "application/json"}, b'{"id": "a b\\nc"}', "accepted 200"),
        ({"Content-Type": "application/json"}, b'{"id": "' + b"x" * 101 + b'"}', "accepted 200"),
        ({"Content-Type": "application/json"}, b'{"id": ', "accepted 200"),
        ({"Content-Type": "application/json"}, b"[" * 50_000, "accepted 200"),
        ({"Content-Type": "application/json"}, b'{"message":"Workflow was started"}',
         "accepted 200"),
        ({"Content-Type": "text/plain"}, b'{"id": "r-1"}', "accepted 200"),
        ({"webhook-id": "<script>"}, b"\xff\xfe", "accepted 200"),
    ],
)  # fmt: skip
def test_the_receipt_is_the_receivers_own_id_where_it_can_be_one(
    hook: Any, server: Server, headers: dict[str, str], body: bytes, reference: str
) -> None:
    server.answer = (200, headers, body)
    assert hook().deliver(DOCUMENT).reference == reference


def raw_server(answer: bytes | None) -> tuple[socket.socket, int]:
    """Listens for one connection and answers with these bytes; None: never."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            got = b""
            while not got.endswith(SUMMARY):
                if not (more := connection.recv(65_536)):
                    return
                got += more
            if answer is None:
                connection.recv(1)  # until the other side gives up
            else:
                connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return listening, listening.getsockname()[1]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (None, "timed_out"),
        (b"", "connection_lost"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "garbage_answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{", "answer_cut_off"),
    ],
)
def test_lines_that_break_are_tried_again(hook: Any, answer: bytes | None, code: str) -> None:
    listening, port = raw_server(answer)
    seconds = 60 if answer is not None else 0.2
    with listening:
        raised = fault(hook(url=f"http://127.0.0.1:{port}{PATH}", seconds=seconds))
    assert isinstance(raised, RetryLater) and raised.code == code


def test_nobody_there_is_tried_again(hook: Any) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # so that nobody else listens there meanwhile
        port = nobody.getsockname()[1]
        raised = fault(hook(url=f"http://127.0.0.1:{port}{PATH}"))
    assert isinstance(raised, RetryLater) and raised.code == "unreachable"


def test_the_practices_own_network_must_be_stated(hook: Any) -> None:
    for options, code in (
        ({"url": "https://127.0.0.1:9/x"}, "address_refused"),
        ({"url": "http://hooks.example/x"}, "not_encrypted"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            hook(private_network=False, **options)
        assert caught.value.code == code


def test_several_threads_share_it(hook: Any, server: Server) -> None:
    made = hook()
    documents = [replace(DOCUMENT, key=f"{n:064x}") for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(made.deliver, documents))
    assert [receipt.key for receipt in receipts] == [one.key for one in documents]
    assert {headers["webhook-id"] for _, _, headers, _ in server.seen} == {
        one.key for one in documents
    }
    for _, _, headers, body in server.seen:
        Verifier(SECRET).verify(body, dict(headers))


# Did it arrive?


def test_without_an_address_to_ask_nothing_is_known(hook: Any, server: Server) -> None:
    assert hook().find(DOCUMENT) is None
    assert server.seen == []


def asking(hook: Any, server: Server, **options: Any) -> WebhookOut:
    at = f"http://127.0.0.1:{server.server_port}"
    made: WebhookOut = hook(ask_url=at + "/events/{key}?full=1", **options)
    return made


def test_asking_names_the_key_and_proves_who_asks(hook: Any, server: Server) -> None:
    made = asking(
        hook, server, headers={"Authorization": {"env": "HOOK_TOKEN"}, "X-Practice": "riverside"}
    )
    server.answer = (200, {"Content-Type": "application/json"}, b'{"id": "r-1"}')
    found = made.find(DOCUMENT)
    assert found is not None and (found.key, found.reference) == (KEY, "r-1")
    method, path, headers, body = server.seen[0]
    assert (method, path, body) == ("GET", f"/events/{KEY}?full=1", b"")
    assert headers["authorization"] == "Bearer CANARY-token"
    assert headers["x-practice"] == "riverside"
    Verifier(SECRET).verify(b"", dict(headers), json_parse=False)
    made.find(replace(DOCUMENT, key="../x?y#z"))
    assert server.seen[1][1] == "/events/..%2Fx%3Fy%23z?full=1"


def test_a_key_that_did_not_arrive(hook: Any, server: Server) -> None:
    server.answer = (404, {}, b"")
    assert asking(hook, server).find(DOCUMENT) is None


@pytest.mark.parametrize(
    ("status", "media_type"), [(200, "text/html; charset=utf-8"), (204, ""), (202, "text/plain")]
)
def test_an_answer_that_says_neither_is_not_taken_for_arrived(
    hook: Any, server: Server, status: int, media_type: str
) -> None:
    server.answer = (status, {"Content-Type": media_type}, b"<p>Welcome</p>" if media_type else b"")
    with pytest.raises(RetryLater) as caught:
        asking(hook, server).find(DOCUMENT)
    assert caught.value.code == "garbage_answer"


# Settings


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"headers": {"X-Api-Key": "abc"}}, "looks like a secret"),
        ({"headers": {"Authorization": "Bearer x"}}, "looks like a secret"),
        ({"headers": {"webhook-id": "x"}}, "is set by the connector"),
        ({"headers": {"Content-Type": "text/xml"}}, "is set by the connector"),
        ({"headers": {"X A": "x"}}, "no name of a header"),
        ({"headers": {"X-A": "x\r\nX-B: y"}}, "plain characters on one line"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "there twice"),
        ({"headers": {"X-A": {"env": "A"}, "X-B": {"env": "B"}}}, "only one header"),
        ({"ask_url": "https://n8n.example/events"}, "{key} once"),
        ({"ask_url": "https://n8n.example/{key}/{key}"}, "{key} once"),
        ({"ask_url": "https://n8n.example/events?key={key}"}, "{key} once"),
        ({"ask_url": "https://other.example/{key}"}, "scheme, host and port of url"),
        ({"ask_url": "http://n8n.example/{key}"}, "scheme, host and port of url"),
        ({"secret": []}, "secret"),
        ({"secret": "whsec_abc"}, "secret"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"secrets": {"env": "A"}}, "Did you mean 'secret'"),
    ],
)
def test_options_that_are_refused(options: dict[str, Any], words: str) -> None:
    given = {"url": "https://n8n.example/webhook/x", "secret": {"env": "A"}, **options}
    with pytest.raises(ConfigurationError) as caught:
        check_section(WebhookOutSettings, given, where="site.yaml")
    assert words in str(caught.value)
    assert "whsec_abc" not in str(caught.value)


def test_what_deserves_a_second_look() -> None:
    def concerns(**options: Any) -> list[str]:
        given = {"url": "https://n8n.example/x", "secret": {"env": "A"}, **options}
        return list(ADAPTER.concerns(WebhookOutSettings.model_validate(given)))

    assert concerns() == []
    assert "not https" in concerns(url="http://10.0.0.5/x")[0]
    assert "alert_text" in concerns(alert_text=True)[0]


def test_how_the_adapter_declares_itself() -> None:
    assert ADAPTER.formats == ("json",)
    assert not ADAPTER.keeps_for_review and not ADAPTER.needs_patient
