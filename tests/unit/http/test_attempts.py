"""When one call tries again by itself, how long it waits, and when it gives the matter back."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from connector.errors import ConnectorError, RetryLater
from connector.http import Http, NotSent

Make = Callable[..., Any]


def _http(server: Any, clock: Any, **options: Any) -> Http:
    return Http(
        server.url, private_network=True, now=clock.now, sleep=clock.sleep, timer=clock.timer,
        **options,
    )  # fmt: skip


def _fails(http: Http, *request: Any, **options: Any) -> ConnectorError:
    with http, pytest.raises(ConnectorError) as caught:
        http.request(*(request or ("GET", "Patient")), **options)
    return caught.value


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_flapping_counterpart_is_tried_again(
    counterpart: Make, answer: Make, clock: Any, status: int
) -> None:
    server = counterpart(answer(status), answer(status), answer(200, b'{"a": 1}'))
    with _http(server, clock) as http:
        assert http.request("GET", "Patient").json() == {"a": 1}
    assert len(server.seen) == 3
    first, second = clock.slept
    assert 0 <= first <= 0.5 and 0 <= second <= 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 410, 412, 422, 425, 500, 501])
def test_other_statuses_are_not_tried_again(
    counterpart: Make, answer: Make, clock: Any, status: int
) -> None:
    server = counterpart(answer(status))
    _fails(_http(server, clock))
    assert len(server.seen) == 1 and clock.slept == []


def test_attempts_end(counterpart: Make, answer: Make, clock: Any) -> None:
    server = counterpart(answer(503))
    assert _fails(_http(server, clock)).code == "unavailable"
    assert len(server.seen) == 4 and len(clock.slept) == 3


def test_the_budget_ends(counterpart: Make, answer: Make, clock: Any) -> None:
    server = counterpart(answer(503, Retry_After="12"))
    error = _fails(_http(server, clock, attempts=100))
    assert clock.slept == [12, 12]  # a third wait would end after 30 s
    assert isinstance(error, RetryLater) and error.until == clock.now() + timedelta(seconds=12)


def test_time_that_attempts_take_counts(counterpart: Make, answer: Make, clock: Any) -> None:
    def slow(line: socket.socket, _seen: Any) -> None:
        clock.passed += 20
        line.sendall(answer(503, Retry_After="5", Connection="close"))

    server = counterpart(slow)
    _fails(_http(server, clock))
    assert clock.slept == [5] and len(server.seen) == 2


@pytest.mark.parametrize("kind", ["seconds", "date", "reset"])
def test_the_wait_that_is_asked_for_is_kept(
    counterpart: Make, answer: Make, clock: Any, kind: str
) -> None:
    until = clock.now() + timedelta(seconds=9)
    headers = {
        "seconds": {"Retry_After": "9"},
        "date": {"Retry_After": format_datetime(until, usegmt=True)},
        "reset": {"X_RateLimit_Reset": str(int(until.timestamp()))},
    }[kind]
    server = counterpart(answer(429, **headers), answer(200))
    with _http(server, clock) as http:
        assert http.request("GET", "Patient").status == 200
    assert clock.slept == [9]


def test_a_wait_that_is_too_long_is_given_back_at_once(
    counterpart: Make, answer: Make, clock: Any
) -> None:
    server = counterpart(answer(429, Retry_After="3600"))
    error = _fails(_http(server, clock))
    assert isinstance(error, RetryLater) and error.code == "busy"
    assert error.until == clock.now() + timedelta(hours=1)
    assert error.message == (
        f"{server.name} asks for fewer requests (429) and says to try again in 3600 s"
    )
    assert clock.slept == [] and len(server.seen) == 1


REPEATABLE = [
    ("GET", {}, None, True),
    ("HEAD", {}, None, True),
    ("PUT", {}, None, True),
    ("DELETE", {}, None, True),
    ("POST", {}, None, False),
    ("PATCH", {}, None, False),
    ("POST", {"If-None-Exist": "identifier=a|b"}, None, True),
    ("POST", {"idempotency-key": "k1"}, None, True),
    ("PATCH", {"Idempotency-Key": "k1"}, None, False),
    ("POST", {}, True, True),
    ("GET", {}, False, False),
]


@pytest.mark.parametrize(("method", "headers", "said", "again"), REPEATABLE)
def test_what_may_be_repeated(
    counterpart: Make, answer: Make, clock: Any, method: str, headers: dict[str, str],
    said: bool | None, again: bool,
) -> None:  # fmt: skip
    server = counterpart(answer(503), answer(204))
    http = _http(server, clock)
    if again:
        with http:
            assert http.request(method, "x", headers=headers, repeatable=said).status == 204
    else:
        _fails(http, method, "x", headers=headers, repeatable=said)
    assert len(server.seen) == (2 if again else 1)


def test_the_same_request_is_sent_each_time(counterpart: Make, answer: Make, clock: Any) -> None:
    server = counterpart(answer(503), None, answer(201))
    with _http(server, clock) as http:
        http.request("POST", "Task", json={"ä": 1}, headers={"Idempotency-Key": "k1"})
    assert len(server.seen) == 3
    assert server.seen[0] == server.seen[1] == server.seen[2]
    assert server.seen[0].body == '{"ä":1}'.encode()


def test_nothing_was_sent_so_even_a_post_without_key_is_tried_again(clock: Any) -> None:
    found: list[str] = []

    def gone(host: str, _port: int) -> list[str]:
        found.append(host)
        return []

    http = Http("https://ehr.example", resolve=gone, sleep=clock.sleep, timer=clock.timer)
    assert isinstance(_fails(http, "POST", "Task", json={}), NotSent)
    assert len(found) == 4


def test_a_kept_connection_that_was_closed_meanwhile(
    counterpart: Make, answer: Make, clock: Any
) -> None:
    server = counterpart(answer(200, b"1"), answer(200, b"2"))
    with _http(server, clock) as http:
        assert http.request("GET", "x").body == b"1"
        server.hang_up()
        assert http.request("GET", "x").body == b"2"


def test_a_silent_counterpart_is_not_waited_for_again(counterpart: Make, clock: Any) -> None:
    server = counterpart(lambda line, _seen: line.recv(1))
    assert _fails(_http(server, clock, read_seconds=0.05)).code == "timed_out"
    assert len(server.all_seen()) == 1


def test_a_clock_that_stands_still_does_not_make_it_endless(
    counterpart: Make, answer: Make, clock: Any
) -> None:
    fixed = clock.now()
    server = counterpart(answer(429, Retry_After="2"))
    http = Http(server.url, private_network=True, now=lambda: fixed, sleep=clock.sleep)
    error = _fails(http)
    assert isinstance(error, RetryLater) and error.until == fixed + timedelta(seconds=2)
    assert clock.slept == [2, 2, 2]


def test_a_closed_session_stays_closed(counterpart: Make, clock: Any) -> None:
    http = _http(counterpart(), clock)
    http.close()
    http.close()
    with pytest.raises(RuntimeError):
        http.request("GET", "x")


class _Renewed:
    """A token that is not accepted any more, and the one after it."""

    def header(self, *, renew: bool) -> str:
        return "Bearer new" if renew else "Bearer old"


class _Counted:
    def __init__(self) -> None:
        self.taken = 0
        self.held: list[timedelta] = []

    def take(self) -> None:
        self.taken += 1

    def hold(self, pause: timedelta) -> None:
        self.held.append(pause)


def test_a_file_of_lines_counts_each_request_and_heeds_the_wish_for_silence(
    counterpart: Make, answer: Make, clock: Any
) -> None:
    quota = _Counted()
    server = counterpart(answer(401), answer(200, b"a\nb\n"), answer(429, Retry_After="7"))
    with _http(server, clock, quota=quota, authorization=_Renewed()) as http:
        assert list(http.lines("file", longest=10)) == [b"a", b"b"]
        with pytest.raises(RetryLater):
            list(http.lines("file", longest=10))
    assert (quota.taken, quota.held) == (3, [timedelta(seconds=7)])
