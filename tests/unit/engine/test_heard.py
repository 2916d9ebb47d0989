"""What was heard of a subscription: gaps by event number, late events, silence, the catch-up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.announced import CATCH_UP, Heard
from connector.engine import heard, ingest, noticed
from connector.engine.inflow import store_pages
from connector.ports import RawPage
from connector.store.crypto import KeyRing
from connector.store.store import Store

NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
NOTICE = "Observation/o-1|1|s1"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    keys = KeyRing.create(tmp_path / "keys.json")
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}", keys, "heard") as opened:
        yield opened


def hear(store: Store, *events: int, at: datetime = NOW, **more: Any) -> bool:
    told = Heard("s1", events, **more)
    return store.write(lambda tx: heard.keep(tx, "ehr", told, at))


def gaps(store: Store) -> list[tuple[int, int]]:
    known = store.read(lambda tx: heard.channels(tx, "ehr"))["s1"]
    return [(gap["from"], gap["to"]) for gap in known["gaps"] if gap["closed"] is None]


def test_a_number_left_out_is_a_gap_until_it_comes(store: Store) -> None:
    assert hear(store, total=0, begins=True)  # what changed before it is told to nobody
    assert not hear(store, 1) and not hear(store, 2, 3)
    assert hear(store, 7) and gaps(store) == [(4, 6)]
    assert not hear(store, 5) and gaps(store) == [(4, 4), (6, 6)]
    assert not hear(store, 7) and not hear(store, 4, 6) and gaps(store) == []


def test_a_heartbeat_tells_of_events_that_did_not_come(store: Store) -> None:
    hear(store, total=0, begins=True)
    assert not hear(store, total=0)
    assert hear(store, total=2) and gaps(store) == [(1, 2)]


def test_a_subscription_that_begins_anew_counts_from_there(store: Store) -> None:
    hear(store, 40)
    assert hear(store, total=0, begins=True)
    assert not hear(store, 1) and gaps(store) == []


def test_a_gap_is_trouble_until_a_poll_has_caught_up_and_is_counted_for_a_week(
    store: Store,
) -> None:
    hear(store, 1)
    hear(store, 3)
    known = store.read(lambda tx: heard.channels(tx, "ehr"))
    ((code, words, _),) = heard.troubles(known, None, NOW)
    assert code == "events_missing" and "event 2 " in words
    store.write(lambda tx: heard.caught_up(tx, "ehr", NOW, NOW))
    known = store.read(lambda tx: heard.channels(tx, "ehr"))
    assert heard.troubles(known, None, NOW) == []
    assert heard.gap_count(known, NOW) == 1
    assert heard.gap_count(known, NOW + timedelta(days=8)) == 0


def test_silence_is_trouble(store: Store) -> None:
    beat = timedelta(minutes=15)
    assert [code for code, _, _ in heard.troubles({}, beat, NOW)] == ["never_heard"]
    hear(store, 1)
    known = store.read(lambda tx: heard.channels(tx, "ehr"))
    assert heard.troubles(known, beat, NOW + beat) == []
    late = NOW + timedelta(minutes=16)
    assert [code for code, _, _ in heard.troubles(known, beat, late)] == ["silent"]
    assert heard.troubles(known, None, late) == []


@settings(max_examples=80, deadline=None)
@given(st.permutations(range(1, 9)), st.integers(1, 3))
def test_all_events_in_any_order_leave_no_gap(order: list[int], at_once: int) -> None:
    known: dict[str, Any] | None = {"last": 0, "at": NOW.isoformat(), "gaps": [], "trouble": ""}
    for start in range(0, len(order), at_once):
        part = tuple(order[start : start + at_once])
        _, known = heard._noted(known, Heard("s1", part), NOW)
    assert known is not None and known["gaps"] == [] and known["last"] == 8


def test_a_gap_and_what_was_named_are_kept_with_the_notification(store: Store) -> None:
    """One transaction: nothing is acknowledged that is not kept. A repeat adds nothing."""
    pages = [RawPage(heard=Heard("s1", (1,)), notices=(NOTICE,)), RawPage(heard=Heard("s1", (5,)))]
    for page in (*pages, *pages):
        store_pages(store, [("ehr", page)], NOW)
    waiting = store.read(lambda tx: noticed.waiting(tx, "ehr"))
    assert [one for one in waiting if not one.startswith(CATCH_UP)] == [NOTICE]
    assert any(one.startswith(CATCH_UP) for one in waiting) and gaps(store) == [(2, 4)]


class Noticing:
    """A source that is polled, and fetches what it was told of."""

    def __init__(self) -> None:
        self.polled = 0
        self.asked: list[str] = []

    def fetch(self, cursor: str | None) -> Iterator[RawPage]:
        self.polled += 1
        yield from ()

    def acknowledge(self, page: RawPage) -> None:
        pass

    def noticed(self, notices: Any) -> Iterator[RawPage]:
        self.asked += notices
        yield RawPage(answers=tuple(notices))


def test_a_gap_makes_a_poll_at_once_and_is_closed_by_it(small_site: Any) -> None:
    app = small_site().open()
    source = Noticing()
    app.__dict__["sources"] = {"csv": source}
    page = RawPage(heard=Heard("s1", (1,)), notices=(NOTICE,))
    with app.open_store() as store:
        work = app.work(store, None)
        for one in (page, RawPage(heard=Heard("s1", (4,)))):
            store_pages(store, [("csv", one)], work.now())
        ingest.pick_up_noticed(work, "csv")
        assert (source.polled, source.asked) == (1, [NOTICE])
        assert store.read(lambda tx: noticed.waiting(tx, "csv")) == []
        known = store.read(lambda tx: heard.channels(tx, "csv"))
        assert heard.troubles(known, None, work.now()) == []
        assert heard.gap_count(known, work.now()) == 1
