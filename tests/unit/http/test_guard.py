"""Addresses that must not be reached, tried against a listener that would notice."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from connector.errors import ConfigurationError, ConnectorError
from connector.http import Http
from connector.http.address import Address
from connector.http.guard import judge
from connector.posting import Poster

Make = Callable[..., Any]

WRITTEN = [
    # loopback in all its forms
    "https://127.0.0.1:{port}/", "https://127.1:{port}/", "https://127.0.1:{port}/",
    "https://127.127.127.127:{port}/", "https://2130706433:{port}/", "https://0x7f000001:{port}/",
    "https://0x7f.0.0.1:{port}/", "https://0177.0.0.1:{port}/", "https://017700000001:{port}/",
    "https://127.0.0.01:{port}/", "https://127.0.0.1.:{port}/", "https://127.0.0.0x1:{port}/",
    "https://0:{port}/", "https://0.0.0.0:{port}/", "https://0x0:{port}/",
    "https://[::1]:{port}/", "https://[::]:{port}/", "https://[0:0:0:0:0:0:0:1]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/", "https://[::ffff:7f00:1]:{port}/",
    "https://[::127.0.0.1]:{port}/", "https://[64:ff9b::7f00:1]:{port}/",
    "https://[2002:7f00:1::]:{port}/", "https://[2001:0:7f00:1::]:{port}/",
    "https://[::1%25lo]:{port}/", "https://[::1%lo]:{port}/", "https://[::1:{port}/",
    "https://localhost:{port}/", "https://LOCALHOST:{port}/", "https://localhost.:{port}/",
    # private, shared, ULA, link-local, metadata, multicast, reserved
    "https://10.0.0.1/", "https://172.16.0.1/", "https://172.31.255.255/", "https://192.168.0.1/",
    "https://100.64.0.1/", "https://100.127.255.255/", "https://[fc00::1]/", "https://[fd12::1]/",
    "https://169.254.169.254/latest/meta-data/", "https://[fe80::1]/", "https://[fec0::1]/",
    "https://[fd00:ec2::254]/", "https://[::ffff:169.254.169.254]/", "https://2852039166/",
    "https://0xa9fea9fe/", "https://0251.0376.0251.0376/", "https://168.63.129.16/",
    "https://100.100.100.200/", "https://192.0.0.192/", "https://224.0.0.1/", "https://[ff02::1]/",
    "https://240.0.0.1/", "https://255.255.255.255/", "https://192.0.2.1/", "https://198.18.0.1/",
    "https://[2001:db8::1]/", "https://[64:ff9b:1::1]/", "https://[64:ff9b::a9fe:a9fe]/",
    "https://192.88.99.1/", "https://0.1.2.3/",
    # parts of the URL that hide where it leads
    "https://ehr.example@127.0.0.1:{port}/", "https://user:hunter2@ehr.example:{port}/",
    "https://ehr.example\\@127.0.0.1:{port}/", "https://127.0.0.1:{port}\\@ehr.example/",
    "https://127.0.0.1:{port}#@ehr.example/", "https://ehr.example#@127.0.0.1:{port}/",
    "https://127.0.0.1%2f@ehr.example/", "https://127%2e0.0.1:{port}/",
    "https://%31%32%37.0.0.1:{port}/", "https://①②⑦.0.0.1:{port}/", "https://127。0。0。1:{port}/",
    "https://loc\u00adalhost:{port}/", "https:// 127.0.0.1:{port}/", "https://127.0.0.1 :{port}/",
    "https://127.0.0.1:{port}\t/", "\thttps://127.0.0.1:{port}/", "https:\n//127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/\r\nHost: ehr.example", "https://127.0.0.1:\x00{port}/",
    "https:/127.0.0.1:{port}/", "https:127.0.0.1:{port}/", "https:///127.0.0.1:{port}/",
    "//127.0.0.1:{port}/", "127.0.0.1:{port}/", "", "https://", "https://:{port}/",
    # other schemes and ports
    "http://127.0.0.1:{port}/", "http://ehr.example/", "http://localhost:{port}/",
    "ftp://127.0.0.1:{port}/", "file:///etc/passwd", "gopher://127.0.0.1:{port}/_GET",
    "dict://127.0.0.1:{port}/", "unix:///run/docker.sock", "javascript:alert(1)", "data:,x",
    "https://127.0.0.1:0/", "https://127.0.0.1:65536/", "https://127.0.0.1:-1/",
    "https://127.0.0.1:{port}:80/", "https://127.0.0.1:{port}a/", "https://ehr.example:/",
    "https://-ehr.example/", "https://ehr..example/", "https://" + "a" * 64 + ".example/",
    "https://" + "a." * 130 + "example/", "https://ehr.example/../admin", "https://" + "a" * 9000,
]  # fmt: skip

LED_TO = [
    ["127.0.0.1"], ["::1"], ["10.1.2.3"], ["192.168.7.7"], ["100.64.3.2"], ["fd12:3456::1"],
    ["169.254.169.254"], ["fe80::1%eth0"], ["fd00:ec2::254"], ["0.0.0.0"], ["::"],
    ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"], ["2002:7f00:1::"], ["224.0.0.1"],
    ["198.51.100.7"], ["168.63.129.16"], ["not an address"], ["8.8.8.8", "127.0.0.1"],
]  # fmt: skip


@pytest.fixture
def canary() -> Iterator[socket.socket]:
    """Listens on 127.0.0.1; a connection to it stays in its queue."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def _untouched(canary: socket.socket) -> bool:
    try:
        line, _ = canary.accept()
    except BlockingIOError:
        return True
    line.close()
    return False


def _by_http(url: str, **options: Any) -> None:
    with Http(url, attempts=1, connect_seconds=0.2, **options) as http:
        http.request("GET", "x")


def _by_poster(url: str, **options: Any) -> None:
    with Poster(url, timeout_seconds=0.2, **options) as poster:
        poster.post(b"{}", {})


def _local(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.mark.parametrize("reach", [_by_http, _by_poster])
def test_there_are_many_cases(reach: object) -> None:
    assert len(WRITTEN) == len(set(WRITTEN)) >= 60


@pytest.mark.parametrize("reach", [_by_http, _by_poster])
@pytest.mark.parametrize("url", WRITTEN, ids=lambda url: ascii(url)[:40])
def test_an_address_as_written_reaches_nothing(
    canary: socket.socket, reach: Callable[..., None], url: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        reach(url.replace("{port}", str(canary.getsockname()[1])), resolve=_local)
    assert caught.value.code in ("url_refused", "address_refused", "not_encrypted")
    assert "hunter2" not in str(caught.value)
    assert _untouched(canary)


@pytest.mark.parametrize("reach", [_by_http, _by_poster])
@pytest.mark.parametrize("addresses", LED_TO, ids=str)
def test_a_name_that_leads_inside_reaches_nothing(
    canary: socket.socket, reach: Callable[..., None], addresses: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        reach(f"https://ehr.example:{canary.getsockname()[1]}/", resolve=lambda *_: addresses)
    assert caught.value.code == "address_refused"
    assert _untouched(canary)


ALWAYS = [
    "169.254.169.254", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe", "0.0.0.0", "::", "224.0.0.251", "ff02::fb", "240.0.0.1",
    "255.255.255.255", "100.100.100.200", "168.63.129.16", "2002:7f00:1::", "fec0::1",
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("reach", [_by_http, _by_poster])
@pytest.mark.parametrize("address", ALWAYS)
def test_what_is_refused_even_in_the_practices_network(
    canary: socket.socket, reach: Callable[..., None], address: str, scheme: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        reach(
            f"{scheme}://ehr.example:{canary.getsockname()[1]}/", private_network=True,
            resolve=lambda *_: ["127.0.0.1", address],
        )  # fmt: skip
    assert caught.value.code == "address_refused"
    assert _untouched(canary)


@pytest.mark.parametrize("reach", [_by_http, _by_poster])
def test_plain_http_to_a_public_address_is_refused_also_behind_a_name(
    reach: Callable[..., None],
) -> None:
    for url in ("http://8.8.8.8/", "http://ehr.example/"):
        with pytest.raises(ConfigurationError) as caught:
            reach(url, private_network=True, resolve=lambda *_: ["8.8.8.8"])
        assert caught.value.code == "not_encrypted"


@pytest.mark.parametrize("make", [Http, Poster])
def test_a_name_that_changes_its_mind(counterpart: Make, answer: Make, make: Any) -> None:
    """The first answer is good, later ones lead to the metadata service: each is judged."""
    server = counterpart(answer(200, Connection="close"))
    good, bad = ["127.0.0.1"], ["169.254.169.254"]
    answers = itertools.chain([good], itertools.repeat(bad))
    with make(
        f"http://ehr.example:{server.port}/", private_network=True,
        resolve=lambda *_: next(answers),
    ) as session:  # fmt: skip
        once = (lambda: session.request("GET", "x")) if make is Http else (
            lambda: session.post(b"{}", {})
        )  # fmt: skip
        assert once().status == 200
        with pytest.raises(ConfigurationError) as caught:
            once()
    assert caught.value.code == "address_refused"
    assert server.connections == 1


@pytest.mark.parametrize("make", [Http, Poster])
def test_the_name_is_asked_once_per_connection_and_only_through_the_guard(
    counterpart: Make, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    server = counterpart()
    asked: list[str] = []

    def found(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    def no_lookup(*_: object, **__: object) -> None:
        raise AssertionError("somebody else resolved a name")

    monkeypatch.setattr(socket, "getaddrinfo", no_lookup)
    with make(f"http://ehr.example:{server.port}/", private_network=True, resolve=found) as one:
        for _ in range(3):
            one.request("GET", "x") if make is Http else one.post(b"{}", {})
    assert asked == ["ehr.example"]
    assert server.seen[0].headers["host"] == f"ehr.example:{server.port}"


def test_a_second_address_is_tried_when_the_first_does_not_answer(
    counterpart: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connector.http import guard

    server = counterpart()
    real = guard._open
    tried: list[str] = []

    def open_one(address: str, port: int, seconds: float) -> socket.socket:
        tried.append(address)
        if address == "10.0.0.1":
            raise TimeoutError
        return real(address, port, seconds)

    monkeypatch.setattr(guard, "_open", open_one)
    with Http(
        f"http://ehr.example:{server.port}", private_network=True,
        resolve=lambda *_: ["10.0.0.1", "127.0.0.1"],
    ) as http:  # fmt: skip
        assert http.request("GET", "x").status == 200
    assert tried == ["10.0.0.1", "127.0.0.1"]


@pytest.mark.parametrize(
    ("url", "options", "sentence"),
    [
        ("http://ehr.example/fhir", {},
         "the address of ehr.example begins with http://, so what is sent could be read on the "
         "way. Use https://; only a counterpart in the practice's own network may do without it "
         "(private_network: true)"),
        ("https://192.168.1.20/fhir", {},
         "192.168.1.20 is an address inside a private network or of this machine. If the "
         "counterpart is in the practice's own network, say so with private_network: true"),
        ("https://[fe80::1]:8443/", {"private_network": True},
         "[fe80::1]:8443 is an address that no counterpart can have (link-local, cloud metadata, "
         "multicast or reserved)"),
        ("http://8.8.8.8/", {"private_network": True},
         "8.8.8.8 is outside the practice's network and its address begins with http://, so what "
         "is sent could be read on the way. Use https://"),
        ("ehr.example/fhir", {},
         "the address can't be used: it must begin with https:// (or http:// inside the practice's "
         "network)"),
        ("https://me:secret@ehr.example/", {},
         "the address can't be used: it must not hold a user name or password; secrets have their "
         "own settings"),
        ("https://127.1/", {},
         "the address can't be used: an IPv4 address is written as four decimal numbers, such as "
         "192.168.1.20"),
        ("https://ehr.example?x=1", {},
         "the address can't be used: it must not have a part after ? or #"),
    ],
)  # fmt: skip
def test_what_the_administrator_reads(url: str, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Http(url, **options)
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    ("address", "judgement"),
    [
        ("8.8.8.8", "public"), ("2606:4700::1111", "public"), ("64:ff9b::808:808", "public"),
        ("::ffff:8.8.8.8", "public"), ("127.0.0.1", "private"), ("172.32.0.1", "public"),
        ("172.16.0.1", "private"), ("100.63.255.255", "public"), ("100.64.0.0", "private"),
        ("100.128.0.0", "public"), ("fc00::", "private"), ("fe00::1", "refused"),
        ("::ffff:10.0.0.1", "private"), ("::2", "refused"), ("", "refused"),
    ],
)  # fmt: skip
def test_judgements(address: str, judgement: str) -> None:
    assert judge(address) == judgement


@given(st.ip_addresses())
def test_every_address_is_judged_and_what_is_not_global_is_never_public(address: Any) -> None:
    judgement = judge(str(address))
    assert judgement in ("public", "private", "refused")
    if not address.is_global:
        mapped = getattr(address, "ipv4_mapped", None)
        assert judgement != "public" or (mapped is not None and mapped.is_global)


@given(st.text(max_size=60) | st.from_regex(r"https?://[a-z0-9@:/?#\[\].%\\-]{0,40}"))
def test_reading_an_address_never_fails_otherwise(text: str) -> None:
    try:
        address = Address.parse(text, with_query=True)
    except ConnectorError as error:
        assert error.code == "url_refused"
    else:
        assert Address.parse(address.origin + address.request_target, with_query=True).host == (
            address.host
        )
        assert "@" not in address.host and "\\" not in address.host


_BASE = Address.parse("https://ehr.example:8443/fhir")
_LINKS = st.text(max_size=60) | st.from_regex(
    r"(https://ehr\.example(:8443)?)?[/\\@:?#.%a-z0-9\[\]|]{0,40}", fullmatch=True
)


@given(_LINKS)
def test_a_link_leads_to_the_same_place_or_nowhere(target: str) -> None:
    """Whatever is linked to: another reader of URLs sees our host, and the path as we do."""
    try:
        url = _BASE.link(target)
    except ConfigurationError as error:
        assert error.code in ("link_refused", "link_to_other_host")
        return
    read = parse_url(url)
    assert (read.scheme, read.auth, read.host, read.port) == ("https", None, "ehr.example", 8443)
    sent = requests.Request("GET", url).prepare()
    assert sent.url is not None and sent.url.startswith("https://ehr.example:8443")
    assert "/../" not in sent.path_url.split("?")[0]
    absolute = target.lower().startswith("https:")
    assert absolute or sent.path_url.startswith("/fhir")
