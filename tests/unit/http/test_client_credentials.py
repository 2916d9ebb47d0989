"""Tokens fetched by client credentials: kept, renewed in time, and sent nowhere else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import pytest

from connector.errors import ConfigurationError, ConnectorError, RetryLater
from connector.http import ClientCredentials, Http

Make = Callable[..., Any]


@pytest.fixture
def token(answer: Make) -> Make:
    def make(value: str = "T1", **more: Any) -> bytes:
        given = {"access_token": value, "token_type": "Bearer", "expires_in": 300} | more
        return answer(200, json.dumps(given).encode())

    return make


def _credentials(server: Any, clock: Any, **options: Any) -> ClientCredentials:
    given = {"scope": "system/*.read", "private_network": True} | options
    return ClientCredentials(
        f"{server.url}/oauth/token", "cli ent", "s:ecret+", now=clock.now, sleep=clock.sleep,
        timer=clock.timer, **given,
    )  # fmt: skip


def _http(server: Any, clock: Any, who: ClientCredentials) -> Http:
    return Http(
        server.url, private_network=True, authorization=who, now=clock.now, sleep=clock.sleep,
        timer=clock.timer,
    )  # fmt: skip


def test_the_request_for_a_token(counterpart: Make, token: Make, clock: Any) -> None:
    server = counterpart(token())
    who = _credentials(server, clock)
    assert who.header(renew=False) == "Bearer T1"
    [seen] = server.seen
    assert (seen.method, seen.target) == ("POST", "/oauth/token")
    assert parse_qs(seen.body.decode()) == {
        "grant_type": ["client_credentials"], "scope": ["system/*.read"],
    }  # fmt: skip
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    basic = base64.b64decode(seen.headers["authorization"].removeprefix("Basic "))
    assert basic == b"cli+ent:s%3Aecret%2B"


def test_the_secret_in_the_form(counterpart: Make, token: Make, clock: Any) -> None:
    server = counterpart(token())
    who = _credentials(server, clock, secret_in_form=True, scope="")
    who.header(renew=False)
    assert parse_qs(server.seen[0].body.decode()) == {
        "grant_type": ["client_credentials"], "client_id": ["cli ent"],
        "client_secret": ["s:ecret+"],
    }  # fmt: skip
    assert "authorization" not in server.seen[0].headers


@pytest.mark.parametrize(
    ("given", "kept_until"),
    [(300, 240), ("300", 240), (10, 8), (3600, 3540), (None, 240), (0, 240), (-1, 240), ("x", 240)],
)
def test_a_token_is_kept_until_shortly_before_its_end(
    counterpart: Make, token: Make, clock: Any, given: Any, kept_until: float
) -> None:
    server = counterpart(token("T1", expires_in=given), token("T2"))
    who = _credentials(server, clock)
    assert who.header(renew=False) == "Bearer T1"
    clock.passed = kept_until - 0.001
    assert who.header(renew=False) == "Bearer T1"
    clock.passed = kept_until
    assert who.header(renew=False) == "Bearer T2"


def test_a_refused_token_is_renewed_once(
    counterpart: Make, answer: Make, token: Make, clock: Any
) -> None:
    tokens = counterpart(token("T1"), token("T2"))
    server = counterpart(answer(401), answer(201), answer(200))
    who = _credentials(tokens, clock)
    with _http(server, clock, who) as http:
        assert http.request("POST", "Task", json={}).status == 201  # not let in: no effect
        assert http.request("GET", "Task").status == 200
    assert [s.headers["authorization"] for s in server.seen] == [
        "Bearer T1", "Bearer T2", "Bearer T2",
    ]  # fmt: skip


def test_a_token_that_is_never_accepted(
    counterpart: Make, answer: Make, token: Make, clock: Any
) -> None:
    tokens, server = counterpart(token("T1"), token("T2")), counterpart(answer(401))
    who = _credentials(tokens, clock)
    with _http(server, clock, who) as http, pytest.raises(ConfigurationError) as caught:
        http.request("GET", "Task")
    assert caught.value.code == "not_signed_in"
    assert (len(tokens.seen), len(server.seen)) == (2, 2)


def test_threads_renew_one_refused_token_once(
    counterpart: Make, answer: Make, token: Make, clock: Any
) -> None:
    def serve(line: Any, seen: Any) -> None:
        good = seen.headers["authorization"] == "Bearer T2"
        line.sendall(answer(200 if good else 401, Connection="close"))

    tokens, server = counterpart(token("T1"), token("T2"), token("T3")), counterpart(serve)
    who = _credentials(tokens, clock)
    with _http(server, clock, who) as http, ThreadPoolExecutor(8) as threads:
        found = threads.map(lambda _: http.request("GET", "Task").status, range(40))
        assert set(found) == {200}
    assert len(tokens.seen) == 2


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "sentence"),
    [
        (401, b'{"error": "invalid_client"}', ConfigurationError, "token_refused",
         "{host} gives us no token (invalid_client); check client_id, the secret, the scope, and "
         "whether the client is enabled there"),
        (400, b'{"error": "SMITH", "error_description": "s:ecret+"}', ConfigurationError,
         "token_refused",
         "{host} gives us no token; check client_id, the secret, the scope, and whether the client "
         "is enabled there"),
        (403, b"[", ConfigurationError, "token_refused",
         "{host} gives us no token; check client_id, the secret, the scope, and whether the client "
         "is enabled there"),
        (404, b"", ConnectorError, "not_found", "{host} does not have what was asked for (404)"),
        (500, b"", RetryLater, "server_error", "{host} failed with an error of its own (500)"),
        (200, b"<html>", RetryLater, "garbage_answer",
         "{host} answered with something unreadable where JSON is promised; it may be under "
         "maintenance, or the address in the settings is not that of its API"),
        (200, b"[]", RetryLater, "garbage_answer",
         "{host} answered without a bearer token; is token_url the right address?"),
        (200, b'{"access_token": "a b"}', RetryLater, "garbage_answer",
         "{host} answered without a bearer token; is token_url the right address?"),
        (200, b'{"access_token": "ab", "token_type": "mac"}', RetryLater, "garbage_answer",
         "{host} answered without a bearer token; is token_url the right address?"),
    ],
)  # fmt: skip
def test_no_token(
    counterpart: Make, answer: Make, clock: Any, status: int, body: bytes, kind: Any, code: str,
    sentence: str,
) -> None:  # fmt: skip
    tokens, server = counterpart(answer(status, body)), counterpart()
    who = _credentials(tokens, clock)
    with _http(server, clock, who) as http, pytest.raises(kind) as caught:
        http.request("GET", "Task")
    assert caught.value.code == code
    assert caught.value.message == sentence.format(host=tokens.name)
    assert len(tokens.seen) == 1 and server.connections == 0


def test_a_token_server_that_is_away_is_tried_within_one_budget(
    counterpart: Make, answer: Make, token: Make, clock: Any
) -> None:
    tokens, server = counterpart(answer(503)), counterpart(answer(200))
    who = _credentials(tokens, clock)
    with _http(server, clock, who) as http, pytest.raises(RetryLater):
        http.request("GET", "Task")
    assert len(tokens.seen) == 4  # not four times four


def test_the_token_server_redirects(counterpart: Make, answer: Make, clock: Any) -> None:
    other = counterpart()
    tokens = counterpart(answer(307, Location=f"{other.url}/oauth/token"))
    who = _credentials(tokens, clock)
    with pytest.raises(ConfigurationError) as caught:
        who.header(renew=False)
    assert caught.value.code == "redirected" and other.connections == 0


def test_the_token_server_is_guarded_too() -> None:
    with pytest.raises(ConfigurationError) as caught:
        ClientCredentials("https://169.254.169.254/token", "id", "secret")
    assert caught.value.code == "address_refused"
