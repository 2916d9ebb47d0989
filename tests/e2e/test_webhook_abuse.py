"""What anybody can send to the running service: never a 5xx, and it goes on working."""

from __future__ import annotations

import base64
import hmac
import itertools
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from connector.app import open_app
from tests import fhir_counterpart
from tests.e2e import wire_site
from tests.e2e.raw_requests import exchange, request
from tests.e2e.wire_counterparts import SECRET, KillSwitch, receiving, signed
from tests.e2e.wire_fhir import WatchedCounterpart
from tests.e2e.wire_site import wait_for
from tests.free_ports import free_port

MOST = 1_000_000
THREADS = 8
MARK = "Quillfeather"
"""Stands in hostile requests, and must stand in no log."""

Service = SimpleNamespace
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service, and who receives its answers."""
    switch = KillSwitch()
    with ExitStack() as stack:
        fhir = stack.enter_context(fhir_counterpart.serving())
        receiver = stack.enter_context(receiving(switch))
        nursery = stack.enter_context(wire_site.nursery())
        ehr = WatchedCounterpart(fhir, switch)
        wire_site.add_patient(ehr, 0)
        home = wire_site.make_site(tmp_path_factory.mktemp("abuse") / "site", ehr, receiver)
        port = free_port()
        pid = nursery.start(home, port)
        wire_site.wait_until_idle(home, 1, 60)
        yield Service(port=port, home=home, pid=pid, receiver=receiver, nursery=nursery)


@pytest.fixture(autouse=True)
def it_goes_on_working(service: Service) -> Iterator[None]:
    """After each test the same process still takes an event and answers it, once."""
    yield
    event_id, body = event()
    assert exchange(service.port, request(body, *proof(event_id, body))) == [202]
    wait_for(lambda: service.receiver.summaries("keyed")[event_id], 20)
    assert service.nursery.code(service.pid, 0) is None
    wire_site.check_secrecy(service.home)


def event(**changes: Any) -> tuple[str, bytes]:
    """The id and the body of an event that nobody has sent yet."""
    number = next(_numbers)
    made = {**wire_site.make_event(1, number), "event_id": f"abuse-{number}", **changes}
    return made["event_id"], json.dumps(made).encode()


def proof(event_id: str, body: bytes, *, later: int = 0) -> list[str]:
    """The signature's headers, by a clock that is so many seconds off."""
    if not later:
        return [f"{name}: {value}" for name, value in signed(event_id, body).items()]
    stamp = str(int(time.time()) + later)
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{event_id}.{stamp}.".encode() + body, "sha256")
    signature = "v1," + base64.b64encode(digest).decode()
    return [
        f"webhook-id: {event_id}", f"webhook-timestamp: {stamp}", f"webhook-signature: {signature}",
    ]  # fmt: skip


def kept(service: Service) -> tuple[int, dict[str, int]]:
    """How many events and unreadable requests were kept so far."""
    with open_app(service.home).open_store() as store:
        return store.read(lambda tx: (sum(tx.inbox.counts().values()), tx.quarantine.counts()))


def test_only_proven_events_come_in_and_each_once(service: Service) -> None:
    before = kept(service)
    event_id, body = event()
    other, its_body = event()
    given = proof(event_id, body)
    forged = {
        "no signature": request(body),
        "of another body": request(body, *proof(event_id, body + b" ")),
        "of another event": request(its_body, *given),
        "of another id": request(body, f"webhook-id: {other}", *given[1:]),
        "of another time": request(body, given[0], "webhook-timestamp: 1", given[2]),
        "too old": request(body, *proof(event_id, body, later=-400)),
        "of the future": request(body, *proof(event_id, body, later=400)),
        "empty": request(body, *given[:2], "webhook-signature:"),
        "without version": request(body, *given[:2], given[2].replace("v1,", "")),
        "of another version": request(body, *given[:2], given[2].replace("v1,", "v2,")),
        "twice": request(body, *given, given[2]),
        "with two ids": request(body, given[0], *given),
        "underscores": request(body, *[line.replace("-", "_", 1) for line in given]),
        "many": request(body, *given[:2], "webhook-signature: " + "v1,AAAA " * 500),
        "no letters": request(body, *given[:2], "webhook-signature: v1,\xff\xfe"),
    }
    for name, sent in forged.items():
        assert exchange(service.port, sent) == [401], name
    assert kept(service) == before
    for _ in range(3):
        assert exchange(service.port, request(body, *given)) == [202], "the same again is no fault"
    changed = json.dumps({**json.loads(body), "items": [0] * 9}).encode()
    assert exchange(service.port, request(changed, *proof(event_id, changed))) == [202]
    wait_for(lambda: service.receiver.summaries("keyed")[event_id], 20)
    # Other content under an id that is known has no effect, and a person is told of it.
    aside = {"open": before[1].get("open", 0) + 1}
    assert kept(service) == (before[0] + 1, aside)
    assert service.receiver.summaries("keyed")[event_id] == 1


UNREADABLE = {
    "not UTF-8": b'{"event_id": "\xff"}',
    "UTF-16": '{"event_id": "x"}'.encode("utf-16"),
    "no JSON": b"hello",
    "nothing": b"",
    "no object": b"[]",
    "NaN": b'{"event_id": "n", "total": NaN}',
    "infinite": b'{"event_id": "n", "total": 1e999999}',
    "a key twice": b'{"event_id": "n", "event_id": "m"}',
    "deep": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a number of 5000 digits": b'{"event_id": ' + b"9" * 5000 + b"}",
    "half a character": b'{"event_id": "\\ud800"}',
    "NUL": b'{"event_id": "a\\u0000b"}',
    "cut off": b'{"event_id": "n", "tot',
}


def test_what_a_proven_sender_sends_and_cannot_be_read_is_refused_and_kept_once(
    service: Service,
) -> None:
    _, before = kept(service)
    for name, body in UNREADABLE.items():
        for _ in range(2):
            sent = request(body, *proof("unreadable", body))
            assert exchange(service.port, sent) == [400], name
    _, after = kept(service)
    assert after.get("open", 0) == before.get("open", 0) + len(UNREADABLE)


def broken_frames(body: bytes, given: list[str]) -> dict[str, tuple[list[int], bytes]]:
    """Requests whose length is a lie, or told in two ways, with the statuses of the answers."""

    def chunked(content: bytes, coding: str = "chunked") -> bytes:
        return request(content, *given, f"Transfer-Encoding: {coding}", length=None)

    def lying(length: int | str | None, *more: str) -> bytes:
        return request(body, *given, *more, length=length)

    whole = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    smuggled = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    return {
        "a gigabyte announced": ([413], lying(10**9)),
        "a length of 500 digits": ([413], lying("9" * 500)),
        "a negative length": ([400], lying(-5)),
        "a length in words": ([400], lying("many")),
        "a length with a sign": ([400], lying("+5")),
        "a length in hex": ([400], lying("0x10")),
        "two lengths": ([400], lying(len(body), "Content-Length: 3")),
        "the same length twice": ([400], lying(len(body), f"Content-Length: {len(body)}")),
        "two lengths in one": ([400], lying(f"{len(body)}, 3")),
        "no length": ([411], lying(None)),
        "more announced than sent": ([400], lying(len(body) + 10)),
        "less announced than sent": ([401], lying(len(body) - 10)),
        "chunked": ([202], chunked(whole)),
        "a chunk size in words": ([400], chunked(b"zz\r\nabc\r\n0\r\n\r\n")),
        "a chunk size with a sign": ([400], chunked(b"-1\r\nabc\r\n0\r\n\r\n")),
        "a chunk size past all": ([400], chunked(b"f" * 17 + b"\r\nabc")),
        "a chunk cut off": ([400], chunked(b"5\r\nab")),
        "a chunk longer than said": ([400], chunked(b"1\r\nabc\r\n0\r\n\r\n")),
        "chunks without end": ([413], chunked(b"10000\r\n%s\r\n" % (b"x" * 65536) * 40)),
        "length and chunks": ([400], request(smuggled, *given, "Transfer-Encoding: chunked")),
        "length 4 and chunks": (
            [400], request(smuggled, *given, "Transfer-Encoding: chunked", length=4),
        ),
        "chunks and length": ([400], request(body, "Transfer-Encoding: chunked", *given)),
        "two codings": ([400], chunked(whole, "chunked\r\nTransfer-Encoding: identity")),
        "an unknown coding": ([400], chunked(whole, "xchunked")),
        "chunked twice": ([400], chunked(whole, "chunked, chunked")),
        "gzip in chunks": ([202], chunked(whole, "gzip, chunked")),
        "a coding behind a tab": ([400], chunked(whole, "\x0bchunked")),
        "a blank before the colon": (
            [400], request(whole, *given, "Transfer-Encoding : chunked", length=None),
        ),
    }  # fmt: skip


def test_lengths_that_lie_and_smuggled_requests(service: Service) -> None:
    for name, (statuses, sent) in broken_frames(*signed_event()).items():
        assert exchange(service.port, sent) == statuses, name


def signed_event() -> tuple[bytes, list[str]]:
    event_id, body = event()
    return body, proof(event_id, body)


def test_bodies_that_are_too_large(service: Service) -> None:
    before = kept(service)
    for size in (MOST + 1, 3 * MOST):
        body = b"x" * size
        assert exchange(service.port, request(body, *proof("large", body))) == [413]
    assert kept(service) == before


def odd_requests(body: bytes, given: list[str]) -> dict[str, tuple[list[int], bytes]]:
    """Floods of headers and requests that are none, with the statuses of the answers."""

    def good(*more: str, **options: Any) -> bytes:
        return request(body, *given, *more, **options)

    plain = good()
    return {
        "200 headers": ([431], good(*[f"X-{n}: {MARK}" for n in range(200)])),
        "a header of 100 kB": ([431], good("X-L: " + MARK * 10_000)),
        "headers without end": ([431], plain[: -len(body) - 2] + b"X-A: b\r\n" * 100_000),
        "a long address": ([414], good(path="/webhooks/" + MARK * 500)),
        "another source": ([404], good(path=f"/webhooks/{MARK}")),
        "dots": ([404], good(path="/webhooks/../webhooks/forms")),
        "NUL in the address": ([404], good(path="/webhooks/%00")),
        "no letters in the address": ([400], good(path=f"/webhooks/{MARK}\xff\xfe")),
        "the start page": ([401], good(path="/")),
        "a document": ([401], good(path="/documents/1.pdf", method="GET")),
        "sign-in": ([401], good(path="/sign-in/" + "a" * 22, method="GET")),
        "NUL in a header": ([400], good(f"X-N: {MARK}\x00")),
        "a folded header": ([400], good("X-N: a", f"  {MARK}")),
        "no colon": ([400], good(f"nocolon {MARK}")),
        "a blank in a name": ([400], good(f"X {MARK}: 1")),
        "bare line feeds": ([400], plain.replace(b"\r\n", b"\n")),
        "two hosts": ([400], good("Host: x")),
        "an odd expectation": ([417], good(f"Expect: {MARK}")),
        "100-continue": ([100, 202], good("Expect: 100-continue")),
        "an upgrade to HTTP/2": (
            [202],
            good("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABk"),
        ),
        "HTTP/2": ([400], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        "HTTP/0.9": ([400], f"GET /{MARK}\r\n\r\n".encode()),
        "HTTP/3.0": ([400], good(version="HTTP/3.0")),
        "HTTP/x": ([400], good(version=f"HTTP/{MARK}")),
        "TLS": ([], bytes.fromhex("16030100c8010000c4030362") + b"\x00" * 80),
        "nothing": ([], b""),
        "line feeds": ([400], b"\r\n" * 1000),
        "bytes": ([400], bytes(range(256)) * 20),
        "PUT": ([405], good(method="PUT")),
        "DELETE": ([405], good(method="DELETE")),
        "OPTIONS": ([405], good(method="OPTIONS")),
        "TRACE": ([405], good(method="TRACE")),
        "CONNECT": ([401], request(method="CONNECT", path="other.example:443")),
        "a method of its own": ([400], good(method="P@ST")),
        "a proxy's line": ([400], b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n" + plain),
        "where it is mounted": ([202], good("SCRIPT_NAME: /x", "PATH_INFO: /")),
        "two schemes": ([202], good("X-Forwarded-Proto: https", "X-Forwarded-Ssl: off")),
        "five in one": ([202] * 5, plain * 5),
    }


def test_floods_of_headers_and_requests_that_are_none(service: Service) -> None:
    for name, (statuses, sent) in odd_requests(*signed_event()).items():
        assert exchange(service.port, sent) == statuses, name


def test_bytes_changed_at_random(service: Service) -> None:
    """Never a 5xx; and what comes in was changed only where the signature does not look."""
    seed = 20261122
    chance = random.Random(seed)
    answers: Counter[int] = Counter()
    for _ in range(400):
        event_id, body = event()
        sent = bytearray(request(body, *proof(event_id, body)))
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(sent))
            what = chance.choice(("change", "insert", "remove", "double"))
            if what == "change":
                sent[place] = chance.randrange(256)
            elif what == "insert":
                sent[place:place] = chance.choice((b"\r\n", b"\x00", b":", b" ", b"\xff", b"\n"))
            elif what == "remove":
                del sent[place : place + chance.randint(1, 20)]
            else:
                sent[place:place] = sent[place : place + 40]
        for status in exchange(service.port, bytes(sent)):
            answers[status] += 1
    assert not {status for status in answers if status >= 500}, (seed, answers)
    assert answers[400] > 100 and answers[401] > 20, answers


@pytest.mark.parametrize("part", ["headers", "body", "chunk"])
def test_who_stops_in_the_middle_holds_the_service_up_for_a_moment_only(
    service: Service, part: str
) -> None:
    body, given = signed_event()
    begun = {
        "headers": request(body, *given)[:60],
        "body": request(body, *given)[:-10],
        "chunk": request(b"ff\r\nab", *given, "Transfer-Encoding: chunked", length=None),
    }[part]
    with ExitStack() as stack:
        for _ in range(2 * THREADS):
            line = socket.create_connection(("127.0.0.1", service.port), timeout=120)
            stack.enter_context(line)
            line.sendall(begun)
        assert exchange(service.port, request(body, *given)) == [202]


def test_who_connects_and_says_nothing_holds_nobody_up(service: Service) -> None:
    body, given = signed_event()
    with ExitStack() as stack:
        for _ in range(100):
            line = socket.create_connection(("127.0.0.1", service.port), timeout=120)
            stack.enter_context(line)
        assert exchange(service.port, request(body, *given)) == [202]


def test_a_body_that_comes_slowly_is_taken(service: Service) -> None:
    body, given = signed_event()
    sent = request(body, *given)
    parts = [sent[start : start + 100] for start in range(0, len(sent), 100)]
    assert exchange(service.port, *parts, pause=0.05) == [202]


def test_many_hostile_senders_at_once(service: Service) -> None:
    statuses: Counter[int] = Counter()
    hostile = [
        sent
        for made in (broken_frames, odd_requests)
        for name, (_, sent) in made(*signed_event()).items()
    ]

    def attack(turn: int) -> None:
        for sent in hostile[turn::6]:
            statuses.update(exchange(service.port, sent))

    threads = [threading.Thread(target=attack, args=(turn,)) for turn in range(6)]
    for thread in threads:
        thread.start()
    accepted = 0
    while any(thread.is_alive() for thread in threads):
        body, given = signed_event()
        assert exchange(service.port, request(body, *given)) == [202]
        accepted += 1
    for thread in threads:
        thread.join()
    assert accepted
    assert not {status for status in statuses if status >= 500}
