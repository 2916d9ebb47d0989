"""Reads a source again from its beginning or from a date, with a cursor beside that of its polls.

Each page is stored together with that cursor, so that a backfill that was cut off goes on where it
was. What is known already changes nothing.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from connector.engine.first_load import can_export, first_load
from connector.engine.inflow import store_pages
from connector.engine.work import Work
from connector.errors import ConfigurationError, RetryLater
from connector.ports import BeginsAnywhere, utc_now
from connector.store.store import Tx

_CURSOR = "backfill: {source}"  # no source can have such a name
_STATE = "backfill state: "
_LONGEST_WAIT_SECONDS = 600.0
_log = logging.getLogger("connector.backfill")


@dataclass(frozen=True, slots=True)
class Begun:
    """The last backfill of a source: from which date, when it began or ended, whether it ended."""

    since: date | None
    at: datetime
    ended: bool


def begun(work: Work, source: str) -> Begun | None:
    """The last backfill of a source; None before the first."""
    text = work.store.read(lambda tx: tx.cursors.get(_STATE + source))
    if not text:
        return None
    stored = json.loads(text)
    since = stored["since"]
    return Begun(
        None if since is None else date.fromisoformat(since),
        datetime.fromisoformat(stored["at"]),
        stored["ended"],
    )


def backfill(
    work: Work,
    source: str,
    since: date | None,
    *,
    waits: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = utc_now,
) -> int:
    """Reads all; how many rows were new. Goes on where the last one from the same date was cut off.

    A pause that the budget or the counterpart asks for is waited for up to ten minutes at a time;
    a longer one raises RetryLater, and the same call goes on later. A source that gives everything
    at once is asked for that.
    """
    if since is None and can_export(work.sources[source]):
        return first_load(work, source, waits=waits, now=now)
    last = begun(work, source)
    if last is None or last.ended or last.since != since:
        cursor = _first_cursor(work, source, since)
        _keep(work, source, Begun(since, now(), ended=False), cursor)
    rows = 0
    while True:
        try:
            for new in _read(work, source):
                rows += new
            break
        except RetryLater as pause:
            seconds = (pause.until - now()).total_seconds() if pause.until else 0.0
            if pause.code not in ("budget_spent", "busy") or seconds > _LONGEST_WAIT_SECONDS:
                raise
            _log.info("the backfill of %s waits %.0f s", source, seconds)
            waits(max(seconds, 1.0))
    _keep(work, source, Begun(since, now(), ended=True), None)
    return rows


def _read(work: Work, source: str) -> Iterator[int]:
    """How many rows of each page were new."""
    part = work.sources[source]
    name = _CURSOR.format(source=source)
    cursor = work.store.read(lambda tx: tx.cursors.get(name))
    for page in part.fetch(cursor or None):
        new = sum(store_pages(work.store, [(source, page)], work.now(), _CURSOR))
        part.acknowledge(page)
        count = sum(len(batch.rows) for batch in page.batches)
        work.report.advance("read", count)
        if page.left is not None:
            work.report.expect("read", page.left)
        yield new


def _first_cursor(work: Work, source: str, since: date | None) -> str:
    part = work.sources[source]
    if isinstance(part, BeginsAnywhere):
        return part.begin(since)
    if since is not None:
        raise ConfigurationError(
            "no_such_date",
            f"source {source!r} can't be read from a date on; leave --from out to read all of it",
        )
    return ""


def _keep(work: Work, source: str, state: Begun, cursor: str | None) -> None:
    stored = {
        "since": None if state.since is None else state.since.isoformat(),
        "at": state.at.isoformat(), "ended": state.ended,
    }  # fmt: skip

    def write(tx: Tx) -> None:
        tx.cursors.set(_STATE + source, json.dumps(stored), work.now())
        tx.cursors.set(_CURSOR.format(source=source), cursor or "", work.now())

    work.store.write(write)
