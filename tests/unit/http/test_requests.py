"""What is sent where: targets, links, headers, credentials; several threads at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from connector import __version__
from connector.errors import ConfigurationError
from connector.http import BasicAuth, BearerToken, Http
from connector.http.answer import Answer, Headers

Make = Callable[..., Any]


def _http(server: Any, path: str = "", **options: Any) -> Http:
    return Http(server.url + path, private_network=True, attempts=1, **options)


TARGETS = [
    ("/fhir", "Patient", {}, "/fhir/Patient"),
    ("/fhir/", "Patient", {}, "/fhir/Patient"),
    ("/fhir", "/Patient/a-1", {}, "/fhir/Patient/a-1"),
    ("/fhir", "", {}, "/fhir"),
    ("/fhir/", "", {}, "/fhir/"),
    ("", "", {}, "/"),
    ("/fhir", "?page=2", {}, "/fhir?page=2"),
    ("/fhir", "Patient?_count=5", {}, "/fhir/Patient?_count=5"),
    ("/fhir", "Patient?_count=5", {"a": 1}, "/fhir/Patient?_count=5&a=1"),
    ("/fhir", "Patient", {"code": "http://loinc.org|44249-1"},
     "/fhir/Patient?code=http%3A%2F%2Floinc.org%7C44249-1"),
    ("/fhir", "Patient", {"date": ["ge2026-01-01", "lt2026-02-01"]},
     "/fhir/Patient?date=ge2026-01-01&date=lt2026-02-01"),
    ("/fhir", "Patient", {"q": "ä &?#"}, "/fhir/Patient?q=%C3%A4+%26%3F%23"),
    ("/fhir", "{url}/fhir?_getpages=x|y&_n=é", {}, "/fhir?_getpages=x%7Cy&_n=%C3%A9"),
    ("/fhir", "{url}/other/page", {}, "/other/page"),
    ("/fhir", "{url}", {}, "/"),
    ("/fhir", "HTTP://{name}/fhir/Patient#top", {}, "/fhir/Patient"),
]  # fmt: skip


@pytest.mark.parametrize(("base", "target", "query", "sent"), TARGETS)
def test_targets(
    counterpart: Make, base: str, target: str, query: dict[str, Any], sent: str
) -> None:
    server = counterpart()
    with _http(server, base) as http:
        http.request("GET", target.format(url=server.url, name=server.name), query=query)
    assert [seen.target for seen in server.seen] == [sent]


LINKS = [
    ("https://{name}/fhir?page=2", "link_to_other_host"),
    ("http://{name}0/fhir?page=2", "link_refused"),
    ("http://127.0.0.1/fhir", "link_to_other_host"),
    ("http://127.0.0.1:1/fhir", "link_to_other_host"),
    ("http://localhost:{port}/fhir", "link_to_other_host"),
    ("http://attacker.example:{port}/fhir", "link_to_other_host"),
    ("http://{name}.attacker.example/fhir", "link_refused"),
    ("http://{name}@attacker.example/fhir", "link_refused"),
    ("http://attacker.example\\@{name}/fhir", "link_refused"),
    ("http://2130706433:{port}/fhir", "link_refused"),
    ("//attacker.example/fhir", "link_refused"),
    ("//{name}/fhir", "link_refused"),
    ("ftp://{name}/fhir", "link_refused"),
    ("file:///etc/passwd", "link_refused"),
    ("javascript:alert(1)", "link_refused"),
    ("urn:uuid:5e0b9cd4-0000-0000-0000-000000000000", "link_refused"),
    ("Patient/../../admin", "link_refused"),
    ("Patient/%2e%2e/admin", "link_refused"),
    ("Patient/..%20/admin", "link_refused"),
    ("{url}/fhir/../admin", "link_refused"),
    ("Patient\r\nX-Evil: 1", "link_refused"),
    ("Patient?a=1 HTTP/1.1", "link_refused"),
    ("Patient\x00", "link_refused"),
    ("Patient?a=\u2028", "link_refused"),
    ("x" * 9000, "link_refused"),
]


@pytest.mark.parametrize(("target", "code"), LINKS, ids=lambda v: str(v)[:30])
def test_links_that_lead_elsewhere_are_not_followed(
    counterpart: Make, target: str, code: str
) -> None:
    server = counterpart()
    with _http(server, "/fhir", authorization=BearerToken("SECRET")) as http:
        with pytest.raises(ConfigurationError) as caught:
            http.request("GET", target.format(url=server.url, name=server.name, port=server.port))
        assert caught.value.code == code
        assert "/admin" not in str(caught.value) and "page=2" not in str(caught.value)
    assert server.connections == 0


def test_a_token_goes_to_no_other_host(counterpart: Make, answer: Make) -> None:
    other = counterpart()
    bundle = {"link": [{"relation": "next", "url": f"{other.url}/fhir?page=2"}]}
    server = counterpart(
        answer(200, json.dumps(bundle).encode()), answer(302, Location=f"{other.url}/fhir")
    )
    with _http(server, "/fhir", authorization=BearerToken("SECRET")) as http:
        link = http.request("GET", "Patient").json()["link"][0]["url"]
        for target, code in ((link, "link_to_other_host"), ("Patient", "redirected")):
            with pytest.raises(ConfigurationError) as caught:
                http.request("GET", target)
            assert caught.value.code == code
            assert "SECRET" not in str(caught.value)
    assert [seen.headers["authorization"] for seen in server.seen] == ["Bearer SECRET"] * 2
    assert other.connections == 0
    assert str(caught.value) == (
        f"{server.name} redirects to {other.name} (302); neither requests nor credentials are sent "
        "there. If that is the right server, put its address into the settings [redirected]"
    )


def test_headers_that_are_sent(counterpart: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    server = counterpart()
    with _http(server, authorization=BasicAuth("api", "kéy:1")) as http:
        http.request("POST", "Task", json=[1], headers={"accept": "application/fhir+json"})
        http.request("PUT", "Task", body=b"x", headers={"User-Agent": "practice (a@b.example)"})
    first, second = (seen.headers for seen in server.seen)
    assert first == {
        "host": server.name,
        "user-agent": f"progress-connector/{__version__}",
        "accept": "application/fhir+json",
        "accept-encoding": "gzip",
        "content-type": "application/json",
        "content-length": "3",
        "authorization": "Basic YXBpOmvDqXk6MQ==",
    }
    assert second["user-agent"] == "practice (a@b.example)"
    assert second["accept"] == "application/json" and "content-type" not in second


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer other"},
        {"HOST": "other.example"},
        {"Cookie": "a=b"},
        {"Content-Length": "5"},
        {"Transfer-Encoding": "chunked"},
        {"X Y": "z"},
        {"": "z"},
        {"X:": "z"},
        {"X-A": "b\r\nX-Evil: 1"},
        {"X-A": "b\x00"},
        {"X-A": "SMÏTH"},
    ],
)
def test_headers_that_are_refused(counterpart: Make, headers: dict[str, str]) -> None:
    server = counterpart()
    with _http(server) as http, pytest.raises(ConfigurationError) as caught:
        http.request("GET", "x", headers=headers)
    assert caught.value.code == "header_refused"
    assert not any(value in str(caught.value) for value in headers.values())
    assert server.connections == 0


@pytest.mark.parametrize("secret", ["", "a b", "a\nb", "a\r\nX: y", "ä", "a\x00"])
def test_tokens_that_can_be_none(secret: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        BearerToken(secret)
    assert caught.value.code == "header_refused"


@pytest.mark.parametrize(("user", "secret"), [("a:b", "c"), ("a\n", "c"), ("a", "c\r\nd")])
def test_users_and_passwords_that_can_be_none(user: str, secret: str) -> None:
    with pytest.raises(ConfigurationError):
        BasicAuth(user, secret)


def test_cookies_are_not_kept(counterpart: Make, answer: Make) -> None:
    server = counterpart(answer(200, Set_Cookie="session=1; Path=/"))
    with _http(server) as http:
        http.request("GET", "x")
        http.request("GET", "x")
    assert all("cookie" not in seen.headers for seen in server.seen)


def test_the_environment_changes_nothing(
    counterpart: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    proxy, server = counterpart(), counterpart()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password SECRET\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with _http(server) as http:
        http.request("GET", "x")
    assert proxy.connections == 0
    assert "authorization" not in server.seen[0].headers


def test_many_threads_share_a_session(counterpart: Make, answer: Make) -> None:
    def echo(line: Any, seen: Any) -> None:
        line.sendall(answer(200, seen.target.encode(), Connection="close"))

    server = counterpart(echo)
    with _http(server, pool_size=3) as http, ThreadPoolExecutor(8) as threads:
        wanted = [f"/thing/{number}" for number in range(200)]
        found = threads.map(lambda target: http.request("GET", target).body.decode(), wanted)
        assert list(found) == wanted


def test_connections_are_kept(counterpart: Make) -> None:
    server = counterpart()
    with _http(server) as http:
        for _ in range(20):
            http.request("GET", "x")
    assert server.connections == 1


def test_connections_are_kept_after_refusals(counterpart: Make, answer: Make) -> None:
    server = counterpart(answer(404, b'{"resourceType": "OperationOutcome"}'))
    with _http(server) as http:
        for _ in range(5):
            http.request("GET", "x", expect=(404,))
    assert server.connections == 1


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"a": ["cut \\ud83d", {"b\\u0000": 1}]}', {"a": ["cut \ufffd", {"b\ufffd": 1}]}),
        (b'{"a": "cut \xed\xa0\xbd"}', {"a": "cut \ufffd"}),
        (b'{"a": "\\ud83d\\ude00 \\\\ud83d"}', {"a": "\U0001f600 \\ud83d"}),
    ],
)
def test_half_a_character_keeps_no_answer_away(body: bytes, found: Any) -> None:
    made = Answer(200, Headers(), body).json()
    assert made == found
    json.dumps(made, ensure_ascii=False).encode()
