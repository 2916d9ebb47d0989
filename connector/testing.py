"""Fakes and contract tests for adapters; they ship with the package, for adapters of others too.

    class TestMySource(SourceContract):
        def deliver_two(self, folder): ...       # make two raw things arrive
        def deliver_broken(self, folder): ...    # make something unreadable arrive
        def open(self, folder): ...              # the source over that folder

A contract class is a list of promises; pytest runs each as a test. ``folder`` is a temporary folder
in which the counterpart lives.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from connector.errors import ConnectorError, InvalidRecord, NotAuthentic
from connector.ports import (
    Destination,
    Notice,
    Outgoing,
    Posted,
    RawPage,
    Receipt,
    Source,
    Webhook,
)


class FakeSource:
    """A source that gives the pages it was made with until they are acknowledged."""

    def __init__(self, pages: Sequence[RawPage]) -> None:
        self.pages = list(pages)
        self.acknowledged: list[RawPage] = []

    def fetch(self, cursor: str | None) -> Iterator[RawPage]:
        """The pages not acknowledged yet."""
        yield from [page for page in self.pages if page not in self.acknowledged]

    def acknowledge(self, page: RawPage) -> None:
        """Remembers the page; a second time changes nothing."""
        if page not in self.acknowledged:
            self.acknowledged.append(page)


class FakeDestination:
    """A destination in memory; ``failures`` are raised first, one per attempt.

    ``sent`` counts effects. A failure after ``lost_receipts`` attempts has an effect and no answer,
    as when the line drops after the upload.
    """

    def __init__(
        self, failures: Sequence[ConnectorError] = (), lost_receipts: Sequence[ConnectorError] = ()
    ) -> None:
        self.failures = list(failures)
        self.lost_receipts = list(lost_receipts)
        self.sent: dict[str, Outgoing] = {}
        self.attempts = 0

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Keeps the document once per key."""
        self.attempts += 1
        if self.failures:
            raise self.failures.pop(0)
        self.sent.setdefault(outgoing.key, outgoing)
        if self.lost_receipts:
            raise self.lost_receipts.pop(0)
        return Receipt(outgoing.key, f"fake-{outgoing.key}")

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """The receipt if the key was sent."""
        known = outgoing.key in self.sent
        return Receipt(outgoing.key, f"fake-{outgoing.key}") if known else None


class FakeChannel:
    """A channel in memory. ``failure`` is raised at each attempt as long as it is there.

    ``test_failure`` is the same for the self-test alone.
    """

    def __init__(self) -> None:
        self.failure: ConnectorError | None = None
        self.test_failure: ConnectorError | None = None
        self.told: list[Notice] = []
        self.tests = 0
        self.attempts = 0

    def tell(self, notice: Notice) -> None:
        """Keeps the notice."""
        self.attempts += 1
        if self.failure is not None:
            raise self.failure
        self.told.append(notice)

    def test(self, notice: Notice) -> str:
        """Counts."""
        self.tests += 1
        if self.test_failure is not None:
            raise self.test_failure
        return "tried"


def _keys(pages: Sequence[RawPage]) -> list[str]:
    batches = [batch.key for page in pages for batch in page.batches]
    return batches + [fault.key for page in pages for fault in page.faults]


class SourceContract:
    """What every source promises. Subclass it, with the three methods below."""

    def deliver_two(self, folder: Path) -> None:
        """Makes two readable raw things arrive at the counterpart."""
        raise NotImplementedError

    def deliver_broken(self, folder: Path) -> None:
        """Makes something arrive that can't be read."""
        raise NotImplementedError

    def open(self, folder: Path) -> Source:
        """A source over the counterpart in ``folder``, as after a restart."""
        raise NotImplementedError

    def test_two_fetches_give_the_same_keys(self, tmp_path: Path) -> None:
        """Nothing acknowledged: the second fetch gives what the first gave."""
        self.deliver_two(tmp_path)
        source = self.open(tmp_path)
        first = list(source.fetch(None))
        assert _keys(first) == _keys(list(source.fetch(None)))
        assert sum(len(batch.rows) for page in first for batch in page.batches) >= 2

    def test_keys_are_distinct(self, tmp_path: Path) -> None:
        """Two things never share a key."""
        self.deliver_two(tmp_path)
        keys = _keys(list(self.open(tmp_path).fetch(None)))
        assert len(keys) == len(set(keys))

    def test_a_crash_before_acknowledge_loses_nothing(self, tmp_path: Path) -> None:
        """A new process fetches the same keys again."""
        self.deliver_two(tmp_path)
        before = _keys(list(self.open(tmp_path).fetch(None)))
        assert _keys(list(self.open(tmp_path).fetch(None))) == before

    def test_a_crash_in_the_middle_of_a_fetch_loses_nothing(self, tmp_path: Path) -> None:
        """One page was stored and acknowledged; what is left still comes."""
        self.deliver_two(tmp_path)
        everything = set(_keys(list(self.open(tmp_path).fetch(None))))
        source = self.open(tmp_path)
        page = next(iter(source.fetch(None)))
        source.acknowledge(page)
        rest = _keys(list(self.open(tmp_path).fetch(None)))
        assert set(_keys([page])) | set(rest) == everything

    def test_acknowledged_pages_do_not_come_again(self, tmp_path: Path) -> None:
        """Acknowledging twice is safe, and ends it."""
        self.deliver_two(tmp_path)
        source = self.open(tmp_path)
        pages = list(source.fetch(None))
        for page in [*pages, *pages]:
            source.acknowledge(page)
        cursor = next((page.cursor for page in reversed(pages) if page.cursor), None)
        assert _keys(list(source.fetch(cursor))) == []

    def test_a_fault_does_not_lose_the_others(self, tmp_path: Path) -> None:
        """The unreadable thing becomes a fault of its own; the readable ones arrive."""
        self.deliver_two(tmp_path)
        alone = set(_keys(list(self.open(tmp_path).fetch(None))))
        self.deliver_broken(tmp_path)
        pages = list(self.open(tmp_path).fetch(None))
        faults = [fault for page in pages for fault in page.faults]
        broken = [r for p in pages for b in p.batches for r in b.rows if r.fault is not None]
        assert alone <= set(_keys(pages))
        assert faults or broken

    def test_a_fault_comes_once(self, tmp_path: Path) -> None:
        """Acknowledged, the unreadable thing is out of the way."""
        self.deliver_broken(tmp_path)
        source = self.open(tmp_path)
        pages = list(source.fetch(None))
        assert pages
        for page in pages:
            source.acknowledge(page)
        cursor = next((page.cursor for page in reversed(pages) if page.cursor), None)
        assert _keys(list(self.open(tmp_path).fetch(cursor))) == []


class DestinationContract:
    """What every destination promises. Subclass it, with ``open`` and ``effects``."""

    document = Outgoing("key-1", "p-1/report.pdf", "application/pdf", b"one", {"kind": "therapist"})

    def open(self, folder: Path) -> Destination:
        """A destination whose counterpart lives in ``folder``, as after a restart."""
        raise NotImplementedError

    def effects(self, folder: Path) -> list[bytes]:
        """The contents of all documents that the counterpart holds."""
        raise NotImplementedError

    def test_the_same_key_twice_has_one_effect(self, tmp_path: Path) -> None:
        """Also after a restart; the receipt is the same."""
        first = self.open(tmp_path).deliver(self.document)
        destination = self.open(tmp_path)
        assert destination.deliver(self.document) == first
        assert destination.deliver(self.document) == first
        assert self.effects(tmp_path) == [self.document.content]

    def test_two_keys_have_two_effects(self, tmp_path: Path) -> None:
        """Keys keep documents apart."""
        destination = self.open(tmp_path)
        other = replace(self.document, key="key-2", path="p-1/other.pdf", content=b"two")
        receipts = {destination.deliver(self.document), destination.deliver(other)}
        assert len(receipts) == 2
        assert sorted(self.effects(tmp_path)) == [b"one", b"two"]

    def test_find_before_and_after(self, tmp_path: Path) -> None:
        """Nothing before, the receipt after, also after a restart; no effect of its own."""
        assert self.open(tmp_path).find(self.document) is None
        receipt = self.open(tmp_path).deliver(self.document)
        assert self.open(tmp_path).find(self.document) == receipt
        other = replace(self.document, key="key-2", path="p-1/other.pdf", content=b"two")
        assert self.open(tmp_path).find(other) is None
        assert self.effects(tmp_path) == [self.document.content]

    def test_concurrent_retries_have_one_effect(self, tmp_path: Path) -> None:
        """Eight attempts at once, over two openings of the destination."""
        openings = [self.open(tmp_path), self.open(tmp_path)]
        with ThreadPoolExecutor(8) as pool:
            attempts = [pool.submit(openings[n % 2].deliver, self.document) for n in range(8)]
            receipts = {attempt.result() for attempt in attempts}
        assert len(receipts) == 1
        assert self.effects(tmp_path) == [self.document.content]


class WebhookContract:
    """What every webhook promises. Subclass it, with ``open`` and ``post``.

    ``patient`` stands in ``event`` as the only thing that tells of a person.
    """

    patient = "F-770031"
    event: Mapping[str, Any] = {"event_id": "evt-1", "patient_id": patient, "items": [1, 0, None]}

    def open(self, folder: Path, name: str) -> Webhook:
        """The webhook of a source, as after a restart."""
        raise NotImplementedError

    def post(self, body: bytes) -> Posted:
        """A request with this body as the counterpart itself would send it, signed where it is."""
        raise NotImplementedError

    def _event(self, **changed: Any) -> Posted:
        return self.post(json.dumps({**self.event, **changed}).encode())

    def test_the_same_request_twice_is_the_same_page(self, tmp_path: Path) -> None:
        """Also after a restart, and later: then only the time of arrival differs."""
        request = self._event()
        first = self.open(tmp_path, "one").receive(request)
        later = replace(request, at=request.at + timedelta(seconds=60))
        again = self.open(tmp_path, "one").receive(later)
        assert _keys([first]) == _keys([again])
        assert [b.rows for b in first.batches] == [b.rows for b in again.batches]
        assert [b.as_of for b in again.batches] == [later.at]

    def test_two_events_and_two_sources_never_share_a_key(self, tmp_path: Path) -> None:
        """An event's id is its sender's own; other senders have the same ones."""
        keys = [
            key
            for name in ("one", "two")
            for event_id in ("evt-1", "evt-2")
            for key in _keys([self.open(tmp_path, name).receive(self._event(event_id=event_id))])
        ]
        assert len(set(keys)) == 4

    def test_the_row_is_the_event(self, tmp_path: Path) -> None:
        """Nothing of it is lost or changed."""
        [batch] = self.open(tmp_path, "one").receive(self._event()).batches
        assert [dict(row.data) for row in batch.rows] == [dict(self.event)]

    def test_nothing_in_the_clear_tells_of_the_patient(self, tmp_path: Path) -> None:
        """Keys, table, origin and token are stored unencrypted."""
        page = self.open(tmp_path, "one").receive(self._event())
        clear = [page.token, page.cursor or "", *_keys([page])]
        clear += [text for batch in page.batches for text in (batch.table, batch.origin)]
        assert not [text for text in clear if self.patient in text]

    def test_a_forged_request_is_refused(self, tmp_path: Path) -> None:
        """Changed under its signature, or not signed at all."""
        hook = self.open(tmp_path, "one")
        if not hook.signed:
            return
        request = self._event()
        for forged in (
            replace(request, body=request.body.replace(b"evt-1", b"evt-2")),
            replace(request, headers={}),
        ):
            try:
                hook.receive(forged)
            except NotAuthentic:
                continue
            raise AssertionError("a forged request was taken")

    def test_what_can_not_be_read_is_never_a_row(self, tmp_path: Path) -> None:
        """It is refused as InvalidRecord, although its sender is proven."""
        for body in _UNREADABLE:
            try:
                self.open(tmp_path, "one").receive(self.post(body))
            except InvalidRecord as fault:
                str(fault).encode()
                continue
            raise AssertionError(f"{body[:20]!r} was taken")

    def test_any_bytes_cause_only_the_two_errors(self, tmp_path: Path) -> None:
        """In the body and in every header; the same bytes at every run."""
        hook, chance, good = self.open(tmp_path, "one"), random.Random(7), self._event()  # noqa: S311
        for _ in range(200):
            headers = dict(good.headers)
            for name in headers:
                if chance.random() < 0.5:
                    headers[name] = "".join(chr(chance.randrange(256)) for _ in range(20))
            body = chance.choice((good.body, chance.randbytes(30), b""))
            with suppress(NotAuthentic, InvalidRecord):
                hook.receive(replace(good, headers=headers, body=body))


_UNREADABLE = (
    b"", b"\xff\xfe", b"{", b"[]", b"null", b"{} {}", b'{"a": NaN}', b'{"a": 1, "a": 2}',
    b'{"a": "\\ud800"}', b"[" * 100_000, b'{"a": 1e999}', b"a=1&b=2",
)  # fmt: skip
