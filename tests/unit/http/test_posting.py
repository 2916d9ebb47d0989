"""The light poster: kept connections, the same faults, nothing sent twice without need."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from connector import __version__
from connector.errors import ConfigurationError, ConnectorError, Disabled, Rejected, RetryLater
from connector.http import NotSent
from connector.posting import Poster

Make = Callable[..., Any]
KEY = {"webhook-id": "k1"}


def _poster(server: Any, clock: Any, path: str = "/hook?site=1", **options: Any) -> Poster:
    return Poster(server.url + path, private_network=True, now=clock.now, **options)


def _fails(poster: Poster, headers: dict[str, str] = KEY) -> ConnectorError:
    with poster, pytest.raises(ConnectorError) as caught:
        poster.post(b'{"name": "SMITH"}', headers)
    assert "SMITH" not in f"{caught.value!r} {caught.value.detail}"
    return caught.value


def test_what_is_sent_and_answered(counterpart: Make, answer: Make, clock: Any) -> None:
    server = counterpart(answer(202, b'{"id": "r1"}', X_Request_Id="7"))
    with _poster(server, clock) as poster:
        found = poster.post(b'{"a":1}', KEY | {"Content-Type": "application/cloudevents+json"})
    assert (found.status, found.json(), found.headers["x-request-ID"]) == (202, {"id": "r1"}, "7")
    [seen] = server.seen
    assert (seen.method, seen.target, seen.body) == ("POST", "/hook?site=1", b'{"a":1}')
    assert seen.headers == {
        "host": server.name, "accept-encoding": "identity", "content-length": "7",
        "user-agent": f"progress-connector/{__version__}", "webhook-id": "k1",
        "content-type": "application/cloudevents+json",
    }  # fmt: skip


def test_connections_are_kept_one_per_post_at_a_time(counterpart: Make, clock: Any) -> None:
    server = counterpart()
    with _poster(server, clock) as poster:
        for _ in range(50):
            poster.post(b"{}", KEY)
        assert server.connections == 1
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda _: poster.post(b"{}", KEY), range(200)))
        assert server.connections <= 4
    assert len(server.seen) == 250


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (302, ConfigurationError, "redirected"), (400, Rejected, "refused"),
        (401, ConfigurationError, "not_signed_in"), (403, ConfigurationError, "not_allowed"),
        (404, Rejected, "not_found"), (409, Rejected, "conflict"), (410, Disabled, "gone"),
        (413, Rejected, "too_large"), (422, Rejected, "content_refused"),
        (429, RetryLater, "busy"), (500, RetryLater, "server_error"),
        (503, RetryLater, "unavailable"),
    ],
)  # fmt: skip
def test_the_same_faults_as_elsewhere_and_no_second_attempt(
    counterpart: Make, answer: Make, clock: Any, status: int, kind: type, code: str
) -> None:
    server = counterpart(answer(status, b"SMITH", Location="https://other.example/"))
    error = _fails(_poster(server, clock))
    assert isinstance(error, kind) and error.code == code
    assert len(server.seen) == 1


def test_the_time_that_is_named(counterpart: Make, answer: Make, clock: Any) -> None:
    error = _fails(_poster(counterpart(answer(503, Retry_After="40")), clock))
    assert isinstance(error, RetryLater) and error.until == clock.now() + timedelta(seconds=40)


def test_refusals_keep_the_connection(counterpart: Make, answer: Make, clock: Any) -> None:
    server = counterpart(answer(503, b"busy"))
    with _poster(server, clock) as poster:
        for _ in range(3):
            with pytest.raises(RetryLater):
                poster.post(b"{}", KEY)
    assert server.connections == 1


def _silent(line: socket.socket, _seen: Any) -> None:
    line.recv(1)


def _half(line: socket.socket, _seen: Any) -> None:
    line.sendall(b"HTTP/1.1 202 OK\r\nContent-Length: 1000\r\n\r\n{SMITH")


def _half_chunk(line: socket.socket, _seen: Any) -> None:
    line.sendall(b"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{SMITH")


def _not_http(line: socket.socket, _seen: Any) -> None:
    line.sendall(b"220 SMITH ready\r\n")


def _endless_headers(line: socket.socket, _seen: Any) -> None:
    line.sendall(b"HTTP/1.1 202 OK\r\n" + b"X-A: SMITH\r\n" * 200 + b"\r\n")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (_silent, "timed_out"), (None, "connection_lost"), (_half, "answer_cut_off"),
        (_half_chunk, "answer_cut_off"), (_not_http, "garbage_answer"),
        (_endless_headers, "garbage_answer"),
    ],
)  # fmt: skip
def test_a_broken_answer(counterpart: Make, clock: Any, fault: Any, code: str) -> None:
    server = counterpart(fault)
    seconds = 0.05 if code == "timed_out" else 10
    error = _fails(_poster(server, clock, timeout_seconds=seconds))
    assert isinstance(error, RetryLater) and not isinstance(error, NotSent)
    assert error.code == code
    assert len(server.all_seen()) == 1


def test_a_trickle_of_headers_ends(counterpart: Make, clock: Any) -> None:
    def trickle(line: socket.socket, _seen: Any) -> None:
        line.settimeout(0.005)
        for _ in range(1000):
            line.sendall(b"H")
            try:
                line.recv(1)
                return
            except TimeoutError:
                continue

    error = _fails(_poster(counterpart(trickle), clock, timeout_seconds=0.1))
    assert error.code == "timed_out"


def test_a_kept_connection_that_was_closed_is_opened_again(
    counterpart: Make, answer: Make, clock: Any
) -> None:
    server = counterpart(answer(202), answer(202))
    with _poster(server, clock) as poster:
        poster.post(b"1", KEY)
        server.hang_up()
        assert poster.post(b"2", KEY).status == 202
    assert [seen.body for seen in server.seen] == [b"1", b"2"]


def test_several_closed_connections_cost_one_new_one(counterpart: Make, clock: Any) -> None:
    server = counterpart()
    meet = threading.Barrier(4)

    def together(line: socket.socket, _seen: Any) -> None:
        meet.wait(60)
        line.sendall(b"HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n")
        line.recv(1)  # kept open until hung up

    server.answers = [together]
    with _poster(server, clock) as poster:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda _: poster.post(b"1", KEY), range(4)))
        server.hang_up()
        server.answers = [b"HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n"]
        assert poster.post(b"2", KEY).status == 202
    assert server.connections == 5


def test_it_is_opened_again_once_only(counterpart: Make, answer: Make, clock: Any) -> None:
    server = counterpart(answer(202), None)
    with _poster(server, clock) as poster:
        poster.post(b"1", KEY)
        with pytest.raises(RetryLater) as caught:
            poster.post(b"2", KEY)
    assert caught.value.code == "connection_lost"
    assert [seen.body for seen in server.seen] == [b"1", b"2", b"2"]


def test_a_large_answer_is_cut_and_the_connection_dropped(
    counterpart: Make, answer: Make, clock: Any
) -> None:
    server = counterpart(answer(202, b"x" * 1_000_000), answer(202))
    with _poster(server, clock) as poster:
        assert len(poster.post(b"1", KEY).body) == 65_536
        assert poster.post(b"2", KEY).body == b""
    assert server.connections == 2


def test_a_refusal_before_all_was_read(counterpart: Make, clock: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(100)
                line.sendall(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                line.shutdown(socket.SHUT_WR)
                while line.recv(1_000_000):
                    pass

        thread = threading.Thread(target=refuse)
        thread.start()
        port = listener.getsockname()[1]
        poster = Poster(f"http://127.0.0.1:{port}/", private_network=True)
        with poster, pytest.raises(Rejected) as caught:
            poster.post(b"x" * 3_000_000, KEY)
        thread.join(60)
    assert caught.value.code == "too_large"


def test_tls(counterpart: Make, authority: Any, clock: Any) -> None:
    server = counterpart(tls=authority.server)
    for path in ("/", "/hook"):
        with _poster(server, clock, path, ca_file=authority.ca_file) as poster:
            assert [poster.post(b"{}", KEY).status for _ in range(3)] == [200, 200, 200]
    assert server.connections == 2
    assert _fails(_poster(server, clock)).code == "certificate_refused"
    elsewhere = Poster(
        f"https://other.example:{server.port}/", private_network=True,
        ca_file=authority.ca_file, resolve=lambda *_: ["127.0.0.1"],
    )  # fmt: skip
    assert "made out to another name" in _fails(elsewhere).message


def test_a_kept_tls_connection_that_was_closed(
    counterpart: Make, authority: Any, clock: Any
) -> None:
    server = counterpart(tls=authority.server)
    with _poster(server, clock, ca_file=authority.ca_file) as poster:
        poster.post(b"1", KEY)
        server.hang_up()
        assert poster.post(b"2", KEY).status == 200


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Connection"])
def test_headers_that_change_where_or_how_it_is_sent(
    counterpart: Make, clock: Any, name: str
) -> None:
    server = counterpart()
    error = _fails(_poster(server, clock), KEY | {name: "other.example"})
    assert error.code == "header_refused" and server.connections == 0


@pytest.mark.parametrize("value", ["a\r\nX-Evil: SMITH", "a\nb SMITH", "SMITH \u20ac"])
def test_headers_that_can_be_none(counterpart: Make, clock: Any, value: str) -> None:
    server = counterpart()
    error = _fails(_poster(server, clock), KEY | {"X-A": value})
    assert error.code == "header_refused" and server.seen == []


def test_connection_refused(clock: Any) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # so that nobody else listens there meanwhile
        port = nobody.getsockname()[1]
        error = _fails(Poster(f"http://127.0.0.1:{port}/", private_network=True))
    assert isinstance(error, NotSent) and error.code == "unreachable"


def test_a_closed_poster_stays_closed(counterpart: Make, clock: Any) -> None:
    poster = _poster(counterpart(), clock)
    poster.close()
    with pytest.raises(RuntimeError):
        poster.post(b"{}", KEY)


def test_requests_is_not_loaded_for_it() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from connector.posting import Poster; from connector.http import Http; "
        "Poster('https://ehr.example/').close(); Http('https://ehr.example').close(); "
        "print([name for name in ('requests', 'tenacity', 'urllib3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
