"""What an administrator reads for each way in which a counterpart can fail."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connector.errors import ConfigurationError, ConnectorError, Disabled, Rejected, RetryLater
from connector.http import OUTAGE_CODES, Answer, Http, NotFound, NotSent, fault_of

Make = Callable[..., Any]


def _http(server: Any, clock: Any, **options: Any) -> Http:
    given = {"private_network": True, "attempts": 1, "now": clock.now, "sleep": clock.sleep}
    return Http(server.url, timer=clock.timer, **(given | options))


def _fails(http: Http, *request: Any, **options: Any) -> ConnectorError:
    with http, pytest.raises(ConnectorError) as caught:
        http.request(*(request or ("GET", "Patient")), **options)
    return caught.value


STATUSES: list[tuple[int, dict[str, str], type[ConnectorError], str, str]] = [
    (301, {"Location": "https://other.example/x"}, ConfigurationError, "redirected",
     "{host} redirects to other.example (301); neither requests nor credentials are sent there. If "
     "that is the right server, put its address into the settings"),
    (302, {"Location": "https://u:p@other.example/"}, ConfigurationError, "redirected",
     "{host} redirects (302), and redirects are not followed; put the exact address into the "
     "settings"),
    (307, {"Location": "https://{host}/x"}, ConfigurationError, "redirected",
     "{host} redirects to https://{host} (307), and redirects are not followed; put the exact "
     "address into the settings"),
    (308, {"Location": "/Patient/"}, ConfigurationError, "redirected",
     "{host} redirects (308), and redirects are not followed; put the exact address into the "
     "settings"),
    (400, {}, Rejected, "refused", "{host} finds the request faulty (400)"),
    (401, {}, ConfigurationError, "not_signed_in",
     "{host} does not accept our credentials (401); check that the token or secret is the one for "
     "this server and has not expired or been revoked"),
    (403, {}, ConfigurationError, "not_allowed",
     "{host} knows our credentials and does not allow this (403); ask its administrator for the "
     "permission or scope"),
    (404, {}, NotFound, "not_found", "{host} does not have what was asked for (404)"),
    (405, {}, Rejected, "method_refused",
     "{host} does not offer this at the address in the settings (405)"),
    (406, {}, Rejected, "format_refused",
     "{host} does not offer the format that was asked for (406)"),
    (407, {}, ConfigurationError, "not_signed_in",
     "a proxy before {host} does not accept our credentials (407); check that the token or secret "
     "is the one for this server and has not expired or been revoked"),
    (408, {}, RetryLater, "ask_again", "{host} gave up waiting for the request (408)"),
    (409, {}, Rejected, "conflict", "{host} holds something that contradicts this (409)"),
    (410, {}, Disabled, "gone", "{host} wants nothing more at this address (410)"),
    (412, {}, Rejected, "changed_meanwhile",
     "{host} holds a newer version, or more than one that matches (412)"),
    (413, {}, Rejected, "too_large", "{host} does not take anything as large as this (413)"),
    (415, {}, Rejected, "format_refused", "{host} does not take the format that was sent (415)"),
    (418, {}, Rejected, "refused", "{host} refuses the request (418)"),
    (422, {}, Rejected, "content_refused",
     "{host} can read this and does not accept its content (422)"),
    (425, {}, RetryLater, "ask_again", "{host} was not ready for the request (425)"),
    (429, {}, RetryLater, "busy", "{host} asks for fewer requests (429)"),
    (429, {"Retry-After": "90"}, RetryLater, "busy",
     "{host} asks for fewer requests (429) and says to try again in 90 s"),
    (500, {}, RetryLater, "server_error", "{host} failed with an error of its own (500)"),
    (502, {}, RetryLater, "unavailable", "{host} is not available (502)"),
    (503, {}, RetryLater, "unavailable", "{host} is not available (503)"),
    (504, {}, RetryLater, "unavailable", "{host} is not available (504)"),
    (599, {}, RetryLater, "server_error", "{host} failed with an error of its own (599)"),
    (799, {}, RetryLater, "garbage_answer",
     "{host} answered with an unknown status (799); is the address that of its API?"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "headers", "kind", "code", "sentence"), STATUSES, ids=lambda v: str(v)[:12]
)
def test_each_status_has_its_error_and_sentence(
    counterpart: Make, answer: Make, clock: Any, status: int, headers: dict[str, str],
    kind: type[ConnectorError], code: str, sentence: str,
) -> None:  # fmt: skip
    server = counterpart()
    shown = {name: value.format(host=server.name) for name, value in headers.items()}
    server.answers = [answer(status, b"SMITH 1980-02-03", **shown)]
    error = _fails(_http(server, clock))
    assert (type(error), error.code) == (kind, code)
    assert error.message == sentence.format(host=server.name)
    assert len(server.seen) == 1


def _says_nothing(line: socket.socket, _seen: Any) -> None:
    line.recv(1)  # ends when the other side hangs up


def _half(line: socket.socket, _seen: Any) -> None:
    line.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"name": "SMITH')


def _half_chunk(line: socket.socket, _seen: Any) -> None:
    line.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"name": "SMITH')


def _bad_chunk(line: socket.socket, _seen: Any) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nSMITH\r\n\r\n")


def _not_http(line: socket.socket, _seen: Any) -> None:
    line.sendall(b"220 SMITH ESMTP ready\r\n")


def _starts_and_stops(line: socket.socket, _seen: Any) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    line.recv(1)


_UNSURE = "; whether the request had its effect is not known"
BROKEN = [
    (_says_nothing, "timed_out", "{host} gave no answer within 0.05 s"),
    (_starts_and_stops, "timed_out", "{host} gave no answer within 0.05 s"),
    (None, "connection_lost", "{host} closed the connection without an answer"),
    (_half, "answer_cut_off", "the answer of {host} ended before its end"),
    (_half_chunk, "answer_cut_off", "the answer of {host} ended before its end"),
    (_bad_chunk, "garbage_answer",
     "{host} answered with something that can't be read; is the address that of its API?"),
    (_not_http, "garbage_answer",
     "{host} answered with something that can't be read; is the address that of its API?"),
]  # fmt: skip


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize(("fault", "code", "sentence"), BROKEN)
def test_a_broken_answer(
    counterpart: Make, clock: Any, fault: Any, code: str, sentence: str, repeatable: bool
) -> None:
    server = counterpart(fault)
    seconds = 0.05 if code == "timed_out" else 10
    error = _fails(
        _http(server, clock, read_seconds=seconds), "POST", "Task", json={}, repeatable=repeatable
    )
    assert isinstance(error, RetryLater) and not isinstance(error, NotSent)
    assert error.code == (code if repeatable else "answer_lost")
    expected = sentence if repeatable else sentence + _UNSURE
    assert error.message == expected.format(host=server.name)


@pytest.mark.parametrize(("status", "code"), [
    (500, "answer_lost"), (502, "answer_lost"), (504, "answer_lost"), (503, "unavailable"),
    (429, "busy"), (408, "ask_again"), (799, "answer_lost"),
])  # fmt: skip
def test_an_unclear_status_of_a_post_without_key_says_so(
    counterpart: Make, answer: Make, clock: Any, status: int, code: str
) -> None:
    server = counterpart(answer(status))
    assert _fails(_http(server, clock, attempts=4), "POST", "Task", json={}).code == code
    assert len(server.seen) == 1


def test_a_trickle_ends(counterpart: Make, clock: Any) -> None:
    def trickle(line: socket.socket, _seen: Any) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        line.settimeout(0.005)
        for _ in range(1000):
            line.sendall(b" ")
            try:
                line.recv(1)
                return
            except TimeoutError:
                continue

    server = counterpart(trickle)
    error = _fails(_http(server, clock, read_seconds=0.02))
    assert error.code == "timed_out"


def test_connection_refused(clock: Any) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # so that nobody else listens there meanwhile
        port = nobody.getsockname()[1]
        error = _fails(Http(f"http://127.0.0.1:{port}", private_network=True, attempts=1))
    assert isinstance(error, NotSent) and error.code == "unreachable"
    assert error.message == (
        f"127.0.0.1:{port} refuses connections; is it running, and is the port right?"
    )


def test_an_unknown_host() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    error = _fails(Http("https://ehr.exmaple", attempts=1, resolve=unknown))
    assert isinstance(error, NotSent) and error.code == "unreachable"
    assert error.message == (
        "the name ehr.exmaple leads to no address; check its spelling, and this machine's name "
        "service (DNS) and network"
    )


def test_a_host_that_does_not_answer_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object) -> socket.socket:
        raise TimeoutError

    monkeypatch.setattr("connector.http.guard._open", silent)
    error = _fails(Http("https://192.168.1.20", private_network=True, attempts=1))
    assert isinstance(error, NotSent) and error.code == "timed_out"
    assert error.message == (
        "192.168.1.20 can't be reached within 5 s; is it running, and does a firewall let the "
        "connection through?"
    )


def test_a_certificate_of_an_unknown_authority(
    counterpart: Make, authority: Any, clock: Any
) -> None:
    server = counterpart(tls=authority.server)
    error = _fails(_http(server, clock))
    assert isinstance(error, ConfigurationError) and error.code == "certificate_refused"
    assert error.message == (
        f"the certificate of {server.name} is not accepted: nobody known vouches for it. Have it "
        "corrected there; for a practice's own authority, name its certificate as ca_file"
    )
    assert server.seen == []


def test_a_certificate_for_another_name(counterpart: Make, authority: Any) -> None:
    server = counterpart(tls=authority.server)
    error = _fails(
        Http(
            f"https://other.example:{server.port}", private_network=True, attempts=1,
            ca_file=authority.ca_file, resolve=lambda *_: ["127.0.0.1"],
        )
    )  # fmt: skip
    assert error.code == "certificate_refused"
    assert "it is made out to another name" in error.message


def test_the_name_is_verified_and_the_judged_address_used(
    counterpart: Make, authority: Any
) -> None:
    server = counterpart(tls=authority.server)
    with Http(
        f"https://ehr.example:{server.port}/fhir", private_network=True,
        ca_file=authority.ca_file, resolve=lambda *_: ["127.0.0.1"],
    ) as http:  # fmt: skip
        assert http.request("GET", "Patient").status == 200
    assert server.seen[0].headers["host"] == f"ehr.example:{server.port}"


def test_plain_http_where_tls_is_asked_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_plainly() -> None:
            line, _ = listener.accept()
            with line, contextlib.suppress(ConnectionError):
                line.recv(1)
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                while line.recv(4096):
                    pass

        thread = threading.Thread(target=answer_plainly)
        thread.start()
        name = f"127.0.0.1:{listener.getsockname()[1]}"
        error = _fails(Http(f"https://{name}", private_network=True, attempts=1))
        thread.join(60)
    assert isinstance(error, ConfigurationError) and error.code == "tls_failed"
    assert error.message == (
        f"{name} does not speak TLS as it should; check the address: https or http, and the port"
    )


def test_a_certificate_file_that_is_none(tmp_path: Any) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    for path in (tmp_path / "ca.pem", tmp_path / "missing.pem", tmp_path):
        with pytest.raises(ConfigurationError) as caught:
            Http("https://ehr.example", ca_file=path)
        assert caught.value.code == "ca_file_unreadable"


def test_too_large_an_answer(counterpart: Make, answer: Make, clock: Any) -> None:
    server = counterpart(answer(200, b"x" * 1001))
    error = _fails(_http(server, clock, max_bytes=1000))
    assert isinstance(error, ConfigurationError) and error.code == "answer_too_large"
    assert (
        error.message
        == f"{server.name} answered with more than 1000 bytes; ask it for smaller pages"
    )


def test_an_answer_that_unpacks_to_far_more_than_it_is(
    counterpart: Make, answer: Make, clock: Any
) -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    server = counterpart(answer(200, bomb, Content_Encoding="gzip"))
    assert _fails(_http(server, clock, max_bytes=100_000)).code == "answer_too_large"
    assert server.seen[0].headers["accept-encoding"] == "gzip"


def test_packed_answers_are_unpacked_and_broken_ones_told(
    counterpart: Make, answer: Make, clock: Any
) -> None:
    server = counterpart(
        answer(200, gzip.compress(b'{"a": 1}'), Content_Encoding="gzip"),
        answer(200, b"SMITH", Content_Encoding="gzip"),
    )
    with _http(server, clock) as http:
        assert http.request("GET", "x").json() == {"a": 1}
        with pytest.raises(RetryLater, match="can't be read") as caught:
            http.request("GET", "x")
    assert caught.value.code == "garbage_answer"


@pytest.mark.parametrize(
    ("body", "kind", "what"),
    [
        (b"<html>SMITH", "text/html; charset=utf-8", "a web page"),
        (b"{SMITH", "application/json", "something unreadable"),
        (b"[" * 100_000, "application/json", "something unreadable"),
        (b"\xff\xfe\xfa", "", "something unreadable"),
        (b"", "application/json", "something unreadable"),
    ],
)
def test_something_else_than_json(
    counterpart: Make, answer: Make, clock: Any, body: bytes, kind: str, what: str
) -> None:
    server = counterpart(answer(200, body, Content_Type=kind))
    with _http(server, clock) as http:
        with pytest.raises(RetryLater) as caught:
            http.request("GET", "Patient").json()
        assert caught.value.code == "garbage_answer"
        assert caught.value.message == (
            f"{server.name} answered with {what} where JSON is promised; it may be under "
            "maintenance, or the address in the settings is not that of its API"
        )
        with pytest.raises(RetryLater) as caught:
            http.request("POST", "Patient", json={}).json()
        assert caught.value.code == "answer_lost"


def test_a_refusal_that_is_cut_off_or_huge_is_still_a_refusal(
    counterpart: Make, answer: Make, clock: Any
) -> None:
    def half(line: socket.socket, _seen: Any) -> None:
        line.sendall(b"HTTP/1.1 422 No\r\nContent-Length: 1000\r\n\r\n{")

    server = counterpart(half, answer(422, b"x" * 2_000_000))
    http = _http(server, clock, max_bytes=1000)
    assert [_code(http) for _ in range(2)] == ["content_refused", "content_refused"]
    http.close()


def _code(http: Http) -> str:
    with pytest.raises(ConnectorError) as caught:
        http.request("GET", "x")
    return caught.value.code


def test_expected_statuses_are_answers(counterpart: Make, answer: Make, clock: Any) -> None:
    server = counterpart(answer(404, b"{}"), answer(410), answer(304), answer(401))
    with _http(server, clock) as http:
        found = [http.request("GET", "x", expect=(304, 401, 404, 410)).status for _ in range(4)]
    assert found == [404, 410, 304, 401]


def test_the_time_that_a_busy_counterpart_names(clock: Any) -> None:
    error = fault_of(503, {"retry-AFTER": "120"}, b"", host="ehr.example", now=clock.now())
    assert isinstance(error, RetryLater)
    assert error.until == clock.now() + timedelta(seconds=120)
    silent = fault_of(503, {}, b"", host="ehr.example", now=clock.now())
    assert isinstance(silent, RetryLater) and silent.until is None


def test_outage_codes_are_codes_that_faults_have() -> None:
    assert {"unreachable", "timed_out", "busy", "unavailable", "server_error"} < OUTAGE_CODES
    assert "garbage_answer" in OUTAGE_CODES, "a maintenance page stands before the whole server"
    assert not {"answer_cut_off", "ask_again"} & OUTAGE_CODES


def test_an_answer_does_not_show_itself() -> None:
    from connector.http import Headers

    shown = repr(Answer(200, Headers([("X-Name", "SMITH")]), b"SMITH", "ehr.example"))
    assert "SMITH" not in shown
    assert json.loads(b"{}") == {}
