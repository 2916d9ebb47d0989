"""Fetching what notices name, reading history again, and sources that stand in nobody's way."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from connector.engine import ingest
from connector.engine.backfill import backfill, begun
from connector.engine.inflow import store_pages
from connector.engine.noticed import Fetcher, waiting
from connector.errors import ConfigurationError, RetryLater
from connector.ports import RawBatch, RawPage, RawRow

NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)


class Pages:
    """A source of numbered pages; ``fault`` is raised before page ``fails_before``."""

    def __init__(self, count=6):
        self.count = count
        self.fails_before = None
        self.fault = RetryLater("unavailable", "away")
        self.asked = []
        self.noticed_calls = []
        self.away = False

    def fetch(self, cursor):
        self.asked.append(cursor)
        for number in range(int(cursor or 0), self.count):
            if number == self.fails_before:
                self.fails_before = None
                raise self.fault
            row = RawRow(1, {"client_id": str(number)})
            batch = RawBatch(f"page-{number}", "unmapped", "api", NOW, (row,))
            yield RawPage((batch,), cursor=str(number + 1), left=self.count - number - 1)

    def acknowledge(self, page):
        pass

    def noticed(self, notices):
        self.noticed_calls.append(list(notices))
        for notice in notices:
            if self.away:
                raise RetryLater("unavailable", "away")
            row = RawRow(1, {"client_id": notice})
            batch = RawBatch(f"notice-{notice}", "unmapped", "api", NOW, (row,))
            yield RawPage((batch,), answers=(notice,))


class FromADate(Pages):
    def begin(self, since):
        return "0" if since is None else "3"


@pytest.fixture
def work_of(bench):
    made = bench()

    def make(**sources):
        return replace(made.work, sources=sources)

    return make


class Progress:
    def __init__(self):
        self.left = []

    def expect(self, what, left):
        self.left.append(left)

    def advance(self, what, amount):
        pass


def test_a_backfill_that_was_cut_off_goes_on_where_it_was(work_of):
    pages = Pages()
    work = replace(work_of(ehr=pages), report=Progress())
    pages.fails_before = 4
    with pytest.raises(RetryLater):
        backfill(work, "ehr", None)
    assert not begun(work, "ehr").ended
    assert backfill(work, "ehr", None) == 2
    assert pages.asked == [None, "4"]
    assert begun(work, "ehr").ended
    assert work.report.left[-1] == 0
    # the polls' own cursor was never touched, and what is known already is stored once
    assert work.store.read(lambda tx: tx.cursors.get("ehr")) is None
    assert ingest.pick_up(work, "ehr") == 0
    # one that ended begins anew
    assert backfill(work, "ehr", None) == 0
    assert pages.asked[-1] is None


def test_a_backfill_waits_for_its_budget_and_stops_where_that_would_take_long(work_of):
    pages, waited = Pages(), []
    work = work_of(ehr=pages)
    pages.fails_before = 2
    pages.fault = RetryLater("budget_spent", "spent", until=NOW + timedelta(seconds=61))
    assert backfill(work, "ehr", None, waits=waited.append, now=lambda: NOW) == 6
    assert waited == [61.0]
    pages.fails_before = 2
    pages.fault = RetryLater("budget_spent", "spent", until=NOW + timedelta(hours=5))
    with pytest.raises(RetryLater):
        backfill(work, "ehr", None, waits=waited.append, now=lambda: NOW)
    assert waited == [61.0]


def test_a_backfill_from_a_date_needs_a_source_that_can(work_of):
    since = date(2026, 1, 1)
    assert backfill(work_of(ehr=FromADate()), "ehr", since) == 3
    with pytest.raises(ConfigurationError) as caught:
        backfill(work_of(ehr=Pages()), "ehr", since)
    assert caught.value.code == "no_such_date"


def tell(work, *notices):
    for notice in notices:
        batch = RawBatch(f"event-{notice}", "notice", "/webhooks/ehr", NOW, (RawRow(1, {}),))
        store_pages(work.store, [("ehr", RawPage((batch,), notices=(notice,)))], NOW)


def left(work):
    return work.store.read(lambda tx: waiting(tx, "ehr"))


def test_notices_are_fetched_and_none_is_lost_while_the_counterpart_is_away(work_of):
    pages, at = Pages(0), [NOW]
    work = work_of(ehr=pages)
    fetcher = Fetcher(work, "ehr", lambda name: ingest.pick_up_noticed(work, name), lambda: at[0])
    assert fetcher.turn() == 0
    pages.away = True
    tell(work, "a/1/x", "a/2/y")
    assert fetcher.turn() == 0
    assert fetcher.turn() == 0
    assert len(pages.noticed_calls) == 1, "it rests after a failure"
    assert left(work) == ["a/1/x", "a/2/y"]
    pages.away = False
    at[0] += timedelta(seconds=6)
    assert fetcher.turn() == 2
    assert left(work) == []
    assert fetcher.turn() == 0


def test_a_poll_fetches_what_waits_too(work_of):
    pages = Pages(1)
    work = work_of(ehr=pages)
    tell(work, "a/1/x")
    assert ingest.poll(work, "ehr") == 2
    assert left(work) == []


def test_a_defect_of_a_source_is_its_trouble_and_is_shown_in_the_status(work_of, caplog):
    pages = Pages(2)
    pages.fails_before, pages.fault = 1, KeyError("secret")
    work = work_of(ehr=pages)
    with pytest.raises(RetryLater) as caught:
        ingest.poll(work, "ehr")
    kept = work.store.read(lambda tx: tx.cursors.get(f"{ingest.POLLED}ehr"))
    assert caught.value.code == "unexpected" and json.loads(kept)["code"] == "unexpected"
    assert "KeyError" in caplog.text and "secret" not in caplog.text + kept + str(caught.value)
    assert work.store.read(lambda tx: tx.cursors.get("ehr")) == "1", "the first page is kept"
    assert ingest.poll(work, "ehr") == 1
