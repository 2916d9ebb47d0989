"""Reads a feed of changes from a place on, page by page, so that nothing is lost and little read.

What changed before ``Place.since`` is done with. A change may become visible later than its time
says (the server was still storing it), so reading begins ``overlap`` before the newest change seen,
and marks of what was given of that time keep it from coming again. Times are always the server's.

Two ways to get from page to page:

*   By time, where the server sorts by the time of change: the next page is a new search from the
    last time seen on. A resource that changes meanwhile moves to the end and pushes none out of
    sight, as it would with pages that are counted off; and the place moves on with each page, so a
    crash costs one page.
*   By links, where it does not sort, or where more changed within one second than a page holds.
    The place moves on when all was read. It stays where something changed meanwhile, because pages
    that are counted off have then shifted: the next poll reads the same again.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from adapters.fhir_r4.cursor import Place
from adapters.fhir_r4.page import Item, Page
from connector.errors import ConfigurationError

_MOST_PAGES = 100_000
_QUIET = timedelta(hours=1)
"""Nothing newer for this long: no change is late any more, and the overlap can be left out."""


class Feed(Protocol):
    """Asks the server for changes of one type."""

    def since(self, moment: datetime | None) -> Page:
        """The first page of what changed at or after a moment (None: of all there is)."""

    def follow(self, link: str) -> Page:
        """The page that a link of the last page leads to."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one page brought. ``place`` is where the cursor may be once ``items`` are stored."""

    items: tuple[Item, ...]
    at: datetime
    place: Place | None = None


def sweep(
    feed: Feed, place: Place, overlap: timedelta, begin: datetime | None = None
) -> Iterator[Step]:
    """Everything new since ``place``; ``begin`` is where the first sweep of all begins."""
    lowest = place.since or begin
    page = feed.since(lowest)
    reading = _Reading(feed, place, overlap, page)
    sorted_to_the_end = False
    if page.in_order and page.next is not None:
        sorted_to_the_end = yield from _by_time(reading, page, lowest)
        if not sorted_to_the_end:
            page = reading.again(lowest)
    if not sorted_to_the_end:
        yield from _by_links(reading, page)
    end = reading.end()
    if end != reading.told:
        yield Step((), page.at, end)


def _by_time(reading: _Reading, page: Page, lowest: datetime | None) -> Generator[Step, None, bool]:
    """False where a page shows that the server does not sort or select after all."""
    lower = None if lowest is None else whole_second(lowest)
    while True:
        times = [item.changed for item in page.items if item.changed is not None]
        if not page.in_order or (lower is not None and times and times[0] < lower):
            return False
        fresh = reading.fresh(page)
        yield Step(fresh, page.at, reading.so_far() if fresh else None)
        if page.next is None:
            return True
        last = whole_second(times[-1]) if times else None
        if last is None or (lower is not None and last <= lower):
            page = reading.follow(page.next)
        else:
            lower = last
            page = reading.again(last)


def _by_links(reading: _Reading, page: Page) -> Iterator[Step]:
    while True:
        yield Step(reading.fresh(page), page.at)
        if page.next is None:
            return
        page = reading.follow(page.next)


def whole_second(moment: datetime) -> datetime:
    """The moment without its fraction, as it is asked for: not every server takes fractions."""
    return moment.replace(microsecond=0)


class _Reading:
    """What one sweep has seen so far."""

    def __init__(self, feed: Feed, place: Place, overlap: timedelta, first: Page) -> None:
        self.told = place
        self._feed = feed
        self._place = place
        self._overlap = overlap
        self._start = first.at
        self._at = first.at
        self._total = first.total
        self._fewer = False
        self._given = set(place.given)
        self._seen: dict[str, datetime | None] = {}
        self._newest: datetime | None = None
        self._undated = False
        self._links: set[str] = set()
        self._pages = 0

    def fresh(self, page: Page) -> tuple[Item, ...]:
        """The page's items that were not given before."""
        since = self._place.since
        self._at = max(self._at, page.at)
        found = []
        for item in page.items:
            if item.changed is None:
                self._undated = self._undated or item.fault is None
            elif since is not None and item.changed < since:
                continue  # the server does not select by time; this was given long ago
            else:
                self._newest = max(self._newest or item.changed, item.changed)
            self._seen[item.mark] = item.changed
            if item.mark not in self._given:
                self._given.add(item.mark)
                found.append(item)
        return tuple(found)

    def again(self, moment: datetime | None) -> Page:
        """The first page of a new search."""
        self._count()
        page = self._feed.since(moment)
        self._total = page.total
        return page

    def follow(self, link: str) -> Page:
        """The page behind a link. Raises ConfigurationError where links lead round in circles."""
        self._count()
        if link in self._links:
            raise _endless()
        self._links.add(link)
        page = self._feed.follow(link)
        if page.total is not None and self._total is not None and page.total < self._total:
            self._fewer = True
        return page

    def so_far(self) -> Place:
        """The place in the middle of a sorted sweep."""
        if self._newest is None or self._undated or self._links:
            return self.told
        since = self._not_back(min(self._newest, self._start) - self._overlap)
        self.told = self._moved(since)
        self._seen = {mark: at for mark, at in self._seen.items() if mark in self.told.given}
        return self.told

    def end(self) -> Place:
        """The place when all was read."""
        if not self._seen:
            return self.told
        if self._shifted() or (self._newest is None and not self._undated):
            return Place(self.told.since, {**self.told.given, **self._seen})
        # Of resources without a time of change only the server's clock can say how far we are.
        newest = self._start if self._undated or self._newest is None else self._newest
        newest = min(newest, self._start)
        back = self._overlap
        if self._start - newest > max(_QUIET, 2 * self._overlap):
            back = min(back, timedelta(seconds=1))
        return self._moved(self._not_back(newest - back))

    def _shifted(self) -> bool:
        """Whether something changed while pages were counted off, so that one may be missing."""
        until = self._at + timedelta(seconds=1)  # the server's clock comes in whole seconds
        times = (changed for changed in self._seen.values() if changed is not None)
        meanwhile = any(self._start <= changed <= until for changed in times)
        return bool(self._links) and (self._fewer or meanwhile)

    def _not_back(self, since: datetime) -> datetime:
        return since if self._place.since is None else max(since, self._place.since)

    def _moved(self, since: datetime) -> Place:
        """The place moved on. What has no time is remembered for as long as it is there."""
        dated = {mark: at for mark, at in self.told.given.items() if at is not None and at >= since}
        seen = {mark: at for mark, at in self._seen.items() if at is None or at >= since}
        return Place(since, dated | seen)

    def _count(self) -> None:
        self._pages += 1
        if self._pages > _MOST_PAGES:
            raise _endless()


def _endless() -> ConfigurationError:
    return ConfigurationError(
        "paging_endless",
        "the server's pages never end (its links to the next page lead in a circle); it must be "
        "corrected there",
    )
