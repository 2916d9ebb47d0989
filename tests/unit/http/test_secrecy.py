"""Canaries in everything that is sent and answered: none in messages, outlines or logs."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from connector.errors import ConnectorError
from connector.http import BasicAuth, BearerToken, ClientCredentials, Http
from connector.posting import Poster

Make = Callable[..., Any]
CANARY = "SMITH-1980-02-03"
SECRET = "hunter2hunter2"
KEY = {"Idempotency-Key": CANARY}


@pytest.fixture
def log() -> Any:
    """All that any logger passes on, at the finest level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def _bad_header(line: Any, _seen: Any) -> None:
    line.sendall(f"HTTP/1.1 500 {CANARY}\r\n{CANARY}\r\nX-A: {CANARY}\r\n\r\n".encode())


def test_nothing_gets_out(counterpart: Make, answer: Make, clock: Any, log: io.StringIO) -> None:
    body = f'{{"name": "{CANARY}"}}'.encode()
    answers = [
        answer(status, body, Location=f"/{CANARY}", Retry_After=CANARY, X_A=CANARY)
        for status in (200, 301, 400, 401, 403, 404, 409, 410, 412, 413, 422, 429, 500, 503, 799)
    ]
    faults = [
        None, _bad_header,
        lambda line, _seen: line.sendall(f"{CANARY}\r\n".encode()),
        lambda line, _seen: line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + body),
        lambda line, _seen: line.recv(1),
        answer(200, body, Content_Encoding="gzip"),
        answer(200, body * 100),
    ]  # fmt: skip
    shown: list[str] = []
    for one in [*answers, *faults]:
        server = counterpart(one)
        for authorization in (BearerToken(SECRET), BasicAuth(CANARY, SECRET)):
            http = Http(
                f"{server.url}/{CANARY}", private_network=True, authorization=authorization,
                read_seconds=0.03, max_bytes=1000, sleep=clock.sleep, timer=clock.timer,
            )  # fmt: skip
            poster = Poster(
                f"{server.url}/{CANARY}?{CANARY}", private_network=True, timeout_seconds=0.03
            )
            with http, poster:
                for call in (
                    lambda h=http: h.request("GET", CANARY, query={"name": CANARY}),
                    lambda h=http: h.request("POST", CANARY, json={"name": CANARY}),
                    lambda h=http: h.request("PUT", "x", body=body, headers=KEY),
                    lambda p=poster: p.post(body, KEY),
                ):
                    try:
                        shown.append(repr(call()))
                    except ConnectorError as error:
                        trace = "".join(traceback.format_exception(error))
                        shown.append(f"{error} {error!r} {error.detail} {trace}")
    said = "\n".join(shown) + log.getvalue()
    assert len(shown) == 4 * 2 * 22
    assert CANARY not in said and SECRET not in said
    assert "SMITH" not in said


def test_authorizations_do_not_show_themselves() -> None:
    made = [
        BearerToken(SECRET), BasicAuth("me", SECRET),
        ClientCredentials("https://auth.example/token", "me", SECRET),
    ]  # fmt: skip
    assert not any(SECRET in repr(one) or "aHVudGVy" in repr(one) for one in made)
