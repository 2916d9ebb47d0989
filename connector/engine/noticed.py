"""What counterparts told us to fetch, kept from its acknowledgement until it was fetched.

A thin webhook says which record changed, not how. Its notice is stored with the event, in one
transaction, before the sender is answered; then the source is asked for that record, and the page
with it takes the notice off the list.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from connector.errors import ConnectorError, RetryLater
from connector.ports import FetchesNotices, RawPage, utc_now

if TYPE_CHECKING:
    from connector.engine.work import Work
    from connector.store.store import Tx

MOST_WAITING = 5_000
"""Notices of a source that wait at once; a sender of more is told to come again later."""

_LIST = "noticed: "  # no source can have such a name
_AT_ONCE = 50
_SHORTEST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=5)
_REST_SECONDS = 5.0
_log = logging.getLogger("connector.noticed")


def keep(tx: Tx, source: str, page: RawPage, now: datetime) -> None:
    """Adds the page's notices to the source's list and takes off those that it answers.

    Raises RetryLater ("too_many_notices") where the list is full.
    """

    def change(text: str | None) -> str | None:
        waiting = dict.fromkeys(json.loads(text or "[]"))
        waiting.update(dict.fromkeys(page.notices))
        for answered in page.answers:
            waiting.pop(answered, None)
        if page.notices and len(waiting) > MOST_WAITING:
            raise RetryLater(
                "too_many_notices",
                f"{MOST_WAITING} notices of source {source!r} wait to be fetched already",
            )
        return json.dumps(list(waiting), separators=(",", ":"))

    tx.cursors.change(_LIST + source, change, now)


def waiting(tx: Tx, source: str) -> list[str]:
    """The notices that wait, oldest first."""
    found: list[str] = json.loads(tx.cursors.get(_LIST + source) or "[]")
    return found


class Fetcher:
    """Looks for notices of one source and has them fetched; rests longer while that fails."""

    def __init__(
        self,
        work: Work,
        source: str,
        fetch: Callable[[str], int],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._work = work
        self._source = source
        self._fetch = fetch
        self._now = now  # a site's frozen clock would never end a rest
        self._failures = 0
        self._not_before: datetime | None = None

    def turn(self) -> int:
        """How many rows were fetched (0: nothing waits, or it is not time yet)."""
        if self._not_before is not None and self._now() < self._not_before:
            return 0
        if not self._work.store.read(lambda tx: waiting(tx, self._source)):
            return 0
        try:
            rows = self._fetch(self._source)
        except ConnectorError as fault:
            self._failures += 1
            until = getattr(fault, "until", None)  # of a fault read back from a checkpoint too
            pause = min(_SHORTEST_PAUSE * 2 ** min(self._failures - 1, 10), _LONGEST_PAUSE)
            self._not_before = max(self._now() + pause, until or self._now())
            level = logging.INFO if fault.code == "budget_spent" else logging.ERROR
            _log.log(level, "fetching what %s told of: %s", self._source, fault)
            return 0
        self._failures, self._not_before = 0, None
        return rows

    def rest(self) -> float:
        """Seconds to sleep at most until the next look."""
        return _REST_SECONDS


def next_notices(work: Work, source_name: str) -> list[str]:
    """The notices to fetch now; none where the source fetches none."""
    if not isinstance(work.sources[source_name], FetchesNotices):
        return []
    return work.store.read(lambda tx: waiting(tx, source_name))[:_AT_ONCE]
