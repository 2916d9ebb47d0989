"""The first load of a source that gives everything at once; the normal polls go on behind it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime

from connector.engine.inflow import store_pages
from connector.engine.work import Work
from connector.errors import ConfigurationError, RetryLater
from connector.ports import Exports, Source, utc_now
from connector.store.store import Tx

_STATE = "exporting: "  # no source can have such a name
_WORTH_WAITING = ("export_running", "busy", "budget_spent", "answer_cut_off", "connection_lost")
_PAUSE_SECONDS = 10.0
_LONGEST_WAIT_SECONDS = 600.0
_log = logging.getLogger("connector.first_load")


def can_export(source: Source) -> bool:
    """Whether a source gives everything at once."""
    return isinstance(source, Exports) and source.exports


def first_load(
    work: Work,
    source_name: str,
    *,
    anew: bool = False,
    waits: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = utc_now,
) -> int:
    """Store everything that an export gives; how many rows were new.

    Begins where an earlier run was cut off, unless ``anew``. Waits while the server prepares its
    files. Raises ConfigurationError where the source has no export.
    """
    if not can_export(work.sources[source_name]):
        raise ConfigurationError(
            "no_export", f"source {source_name!r} has no export in its options; it is polled"
        )
    if anew:
        work.store.write(lambda tx: tx.cursors.set(_STATE + source_name, "", work.now()))
    rows = 0
    while True:
        try:
            for added in _read(work, source_name):
                rows += added
            return rows
        except RetryLater as pause:
            if pause.code not in _WORTH_WAITING:
                raise
            seconds = (pause.until - now()).total_seconds() if pause.until else _PAUSE_SECONDS
            if seconds > _LONGEST_WAIT_SECONDS:
                raise
            _log.info("the export of %s: %s", source_name, pause.code)
            waits(max(seconds, 1.0))


def _read(work: Work, source_name: str) -> Iterator[int]:
    """New rows of each page; a page and how far the export is are committed together."""
    source = work.sources[source_name]
    assert isinstance(source, Exports)  # the caller looked
    state = work.store.read(lambda tx: tx.cursors.get(_STATE + source_name)) or None
    for page in source.export(state):
        given = [(source_name, page)]
        yield sum(store_pages(work.store, given, work.now(), _STATE + "{source}"))
        work.report.advance("read", sum(len(batch.rows) for batch in page.batches))
        if page.left is not None:
            work.report.expect("read", page.left)
        if page.token:
            _finish(work, source_name, page.token)


def _finish(work: Work, source_name: str, cursor: str) -> None:
    """The poll goes on from the moment of the export; a later export begins anew."""

    def write(tx: Tx) -> None:
        tx.cursors.set(source_name, cursor, work.now())
        tx.cursors.set(_STATE + source_name, "", work.now())

    work.store.write(write)
