"""Exports that stay away and documents nobody files: one alert a day, withdrawn when right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.announced import CATCH_UP, Heard
from connector.engine import ingest, noticed, overdue
from connector.engine.inflow import store_pages
from connector.errors import AwaitsPerson
from connector.ports import RawPage
from connector.store.deliveries import NewDelivery

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@pytest.fixture
def watched(small_site):
    """A site that expects an export every 24 h; its work, at a time that the test sets."""
    site = small_site()
    app = site.open()
    clock = {"now": AT}
    with app.open_store() as store:
        work = app.work(store, renderer=None)
        object.__setattr__(work, "expected_hours", {"csv": 24.0})
        object.__setattr__(work, "remind_days", {"chart": 3})
        object.__setattr__(work, "now", lambda: clock["now"])
        yield site, work, clock


def _alerts(work) -> list[tuple[str, str, str]]:
    rows = work.store.read(lambda tx: tx.alerts.list(None))
    return [(row.alert.rule, row.state, row.alert.audience) for row in rows]


def _open(work) -> list[Any]:
    return work.store.read(lambda tx: tx.alerts.open())


def _drop(site, rows, number: str, at: datetime) -> None:
    site.drop_rows(f"clients_{number}.csv", [rows.client(number)], at=int(at.timestamp()))


def test_an_export_that_is_too_old_is_told_once_a_day(watched, rows) -> None:
    site, work, clock = watched
    _drop(site, rows, "C-1", AT - timedelta(hours=20))
    ingest.pick_up(work, "csv")
    assert not overdue.look(work) and _open(work) == []
    clock["now"] = AT + timedelta(hours=6)
    assert overdue.look(work)
    [alert] = _open(work)
    assert "The export of csv is 26 h old" in alert.alert.summary
    assert (alert.alert.audience, alert.alert.severity) == ("data_owner", "action")
    assert not overdue.look(work)
    clock["now"] += timedelta(days=1)
    assert overdue.look(work)
    assert [row.alert.key for row in _open(work)] != [alert.alert.key]
    assert len(_open(work)) == 1


def test_a_new_export_ends_it(watched, rows) -> None:
    site, work, _ = watched
    _drop(site, rows, "C-1", AT - timedelta(hours=30))
    ingest.pick_up(work, "csv")
    overdue.look(work)
    assert len(_open(work)) == 1
    _drop(site, rows, "C-2", AT - timedelta(hours=1))
    ingest.pick_up(work, "csv")
    assert overdue.look(work) and _open(work) == []


def test_an_export_without_rows_counts_and_a_refused_one_does_not(watched) -> None:
    site, work, clock = watched
    overdue.look(work)
    clock["now"] = AT + timedelta(hours=30)
    site.drop("clients.csv", "client_id,name\nC-1,x\n")
    ingest.pick_up(work, "csv")
    assert overdue.look(work) and len(_open(work)) == 1
    header = (
        "client_id,first_name,last_name,date_of_birth,sex,primary_clinician_id,status,program,"
        "intake_date,last_updated\n"
    )
    site.drop("clients.csv", header)
    ingest.pick_up(work, "csv")
    assert overdue.look(work) and _open(work) == []


def test_a_source_that_never_brought_anything_counts_from_when_it_is_watched(watched) -> None:
    _, work, clock = watched
    assert not overdue.look(work)
    clock["now"] = AT + timedelta(hours=25)
    assert overdue.look(work)
    assert "25 h old" in _open(work)[0].alert.summary


def _laid_out(work, key: str, at: datetime) -> None:
    new = NewDelivery(key, "chart", f"d-{key}", "pdf", "therapist", f"p/{key}.pdf", "x/y", {})

    def write(tx) -> None:
        tx.deliveries.add([new], at)
        tx.deliveries.mark_sending([key], at)
        fault = AwaitsPerson("waits_for_filing", "file it")
        tx.deliveries.wait(key, fault.code, fault.message, at)

    work.store.write(write)


def test_what_waits_too_long_for_a_person_reminds_the_front_desk(watched) -> None:
    _, work, clock = watched
    object.__setattr__(work, "expected_hours", {})
    _laid_out(work, "k1", AT - timedelta(days=4))
    _laid_out(work, "k2", AT - timedelta(days=3))
    _laid_out(work, "k3", AT - timedelta(days=1))
    assert overdue.look(work)
    [alert] = _open(work)
    assert alert.alert.audience == "front_desk"
    assert "2 documents wait to be filed by hand (chart), the oldest for 4 days" in alert.alert.text
    work.store.write(lambda tx: [tx.deliveries.drop(key, clock["now"]) for key in ("k1", "k2")])
    assert overdue.look(work) and _open(work) == []


def _look_every_ten_minutes(work, clock, minutes: int) -> None:
    for _ in range(minutes // 10):
        clock["now"] += timedelta(minutes=10)
        overdue.look(work)


@pytest.fixture
def notified(watched):
    """A site whose source is notified; three heartbeats are 15 minutes."""
    _, work, clock = watched
    object.__setattr__(work, "expected_hours", {})
    object.__setattr__(work, "silent_after", {"csv": timedelta(minutes=15)})
    overdue.look(work)
    return work, clock


def _hear(work, at: datetime) -> None:
    page = RawPage(heard=Heard("s1", (), 0, begins=True))
    store_pages(work.store, [("csv", page)], at)
    waiting = work.store.read(lambda tx: noticed.waiting(tx, "csv"))
    work.store.write(
        lambda tx: noticed.keep(tx, "csv", RawPage(answers=tuple(waiting)), at)
    )  # the poll that a handshake asks for


def test_a_subscription_that_falls_silent_is_told_and_polled_for_until_it_is_heard(
    notified,
) -> None:
    work, clock = notified
    _hear(work, clock["now"])
    _look_every_ten_minutes(work, clock, 10)
    assert _open(work) == []
    _look_every_ten_minutes(work, clock, 20)
    [row] = _open(work)
    assert row.alert.rule == "notifications_silent" and row.alert.audience == "data_owner"
    assert "no notification for 20 minutes" in row.alert.text
    waiting = work.store.read(lambda tx: noticed.waiting(tx, "csv"))
    assert len(waiting) == 1 and waiting[0].startswith(CATCH_UP)
    _hear(work, clock["now"])
    _look_every_ten_minutes(work, clock, 10)
    assert _open(work) == []


def test_one_that_never_spoke_is_told_too(notified) -> None:
    work, clock = notified
    _look_every_ten_minutes(work, clock, 20)
    assert len(_open(work)) == 1


def test_the_time_in_which_we_were_away_is_no_silence(notified) -> None:
    work, clock = notified
    _hear(work, clock["now"])
    clock["now"] += timedelta(hours=5)
    overdue.look(work)
    _look_every_ten_minutes(work, clock, 10)
    assert _open(work) == []


def test_where_nothing_is_expected_nothing_is_asked(watched) -> None:
    _, work, _ = watched
    object.__setattr__(work, "expected_hours", {})
    object.__setattr__(work, "remind_days", {})
    assert not overdue.look(work)
