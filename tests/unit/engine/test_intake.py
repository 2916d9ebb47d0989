"""What is pushed together is stored together, and one page that can't be taken spoils no other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from connector.engine import intake as intake_module
from connector.engine.intake import Intake, _Call
from connector.errors import RetryLater
from connector.ports import RawPage

NOW = datetime(2026, 11, 20, tzinfo=UTC)
FULL = RetryLater("too_many_notices", "too many wait already")
DISK = RetryLater("disk_full", "the disk is full")


class FakeStore:
    """Says how much waits to be worked on."""

    behind = 0

    def read(self, function):
        return self.behind


@pytest.fixture
def intake(monkeypatch):
    """An intake whose store refuses what ``faults`` names by source; ``calls`` are the groups."""
    made = Intake(FakeStore(), lambda: NOW, lambda rows: made.woken.append(rows))
    made.calls, made.faults, made.woken = [], {}, []

    def store_pages(store, pages, now):
        made.calls.append([source for source, _ in pages])
        for source, _ in pages:
            if source in made.faults:
                raise made.faults[source]
        return [1] * len(pages)

    monkeypatch.setattr(intake_module, "store_pages", store_pages)
    return made


def waits(intake, source):
    """A call that has come and waits for the next group."""
    call = _Call(source, [RawPage()])
    intake._queue.append(call)
    return call


def became(call):
    (one,) = call.pages
    return one.rows, one.stored, one.fault


def test_pages_that_came_at_the_same_time_do_not_fail_with_one_another(intake):
    intake.faults["ehr"] = FULL
    others = [waits(intake, "forms"), waits(intake, "hl7")]
    with pytest.raises(RetryLater) as caught:
        intake.store("ehr", RawPage())
    assert caught.value is FULL
    assert [became(one) for one in others] == [(1, True, None)] * 2
    assert all(one.done and not one.woken.locked() for one in others)
    assert sum(intake.woken) == 2


def test_a_full_disk_is_met_once_for_all(intake):
    intake.faults["ehr"] = DISK
    other = waits(intake, "forms")
    with pytest.raises(RetryLater):
        intake.store("ehr", RawPage())
    assert (became(other), intake.calls) == ((0, False, DISK), [["forms", "ehr"]])


def test_who_comes_while_a_group_is_stored_leads_the_next(intake, monkeypatch):
    """Many callers at once: each page is stored once, and each hears of its own."""
    sleeping = []
    monkeypatch.setattr(intake_module, "time", SimpleNamespace(sleep=sleeping.append))
    with ThreadPoolExecutor(16) as callers:
        rows = list(callers.map(lambda n: intake.store(f"source-{n}", RawPage()), range(400)))
    assert rows == [1] * 400
    assert sorted(one for call in intake.calls for one in call) == sorted(
        f"source-{n}" for n in range(400)
    )
    assert intake.store("last", RawPage()) == 1
    assert not intake._led


def test_what_ends_the_leader_is_told_to_all_and_stops_nobody_later(intake):
    intake.faults["ehr"] = SystemExit()
    other = waits(intake, "forms")
    with pytest.raises(SystemExit):
        intake.store("ehr", RawPage())
    assert not became(other)[1]
    assert intake.store("forms", RawPage()) == 1


def test_a_leader_that_ends_before_it_stores_hands_on_too(intake, monkeypatch):
    intake._last = 2
    others = []

    def end(seconds):
        others.append(waits(intake, "forms"))
        raise SystemExit

    monkeypatch.setattr(intake_module, "time", SimpleNamespace(sleep=end))
    with pytest.raises(SystemExit):
        intake.store("ehr", RawPage())
    (other,) = others
    assert intake._queue == [other]
    assert intake._led
    assert not other.woken.locked()  # it is to lead
    assert not other.done


def test_a_single_caller_waits_for_nobody_and_many_the_longer_the_more_is_behind(
    intake, monkeypatch
):
    slept = []
    monkeypatch.setattr(intake_module, "time", SimpleNamespace(sleep=slept.append))
    intake.store("forms", RawPage())
    intake.store("forms", RawPage())
    assert slept == []
    waits(intake, "hl7")
    intake.store("forms", RawPage())
    intake.store("forms", RawPage())
    assert slept == [pytest.approx(0.003)]
    waits(intake, "hl7")
    intake.store("forms", RawPage())
    intake._store.behind = 500
    intake.store("forms", RawPage())
    assert slept[1:] == [pytest.approx(0.033)]


def test_a_store_that_cannot_be_read_is_met_when_it_is_written_to(intake, monkeypatch):
    monkeypatch.setattr(intake._store, "read", Mock(side_effect=DISK))
    waits(intake, "hl7")
    intake.store("forms", RawPage())
    assert intake.store("forms", RawPage()) == 1
