"""Reads what changed in one list of a vendor, with overlap, and remembers how far it came.

The place in a list that is being read is remembered page by page, so that a long first reading goes
on where it was cut off. When a list was read to its end, the next reading asks for what changed
since the newest record, less the overlap; what was given already is known by its mark. Where pages
may have shifted meanwhile (a record less, or one that changed while pages were counted off), the
next reading asks for the same again, so that none is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.errors import ConfigurationError, InvalidRecord
from connector.http import NotFound
from connector.polling.found import Feed, Found, Portion, digest
from connector.ports import RawBatch, RawRow

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_MARKS = 5_000
_MOST_PAGES = 100_000
_MOST_ALIKE = 3
"""Pages of the very same records, one after the other: a page may come again where others came in
before it, and not time after time."""
Marks = Mapping[str, tuple[str, datetime | None]]
"""By a digest of whose state it is: the mark of the state given last, and when it changed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A list that is being read: when that began, the next page, how many entries lie before it."""

    start: datetime | None = None
    place: str | None = None
    newest: datetime | None = None
    total: int | None = None
    undated: bool = False
    shifted: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of a list. ``given`` is what was given of the time from ``since`` on.

    ``round`` counts the readings to the end: a record may change back to what it was.
    """

    since: datetime | None = None
    given: Marks = field(default_factory=dict)
    reading: Reading | None = None
    round: int = 0

    def parts(self) -> dict[str, Any]:
        """As JSON."""
        now = self.reading
        return {
            "since": _micros(self.since),
            "round": self.round,
            "given": {name: [mark, _micros(at)] for name, (mark, at) in self.given.items()},
            "reading": now
            and {
                "start": _micros(now.start), "place": now.place, "newest": _micros(now.newest),
                "total": now.total, "undated": now.undated, "shifted": now.shifted,
                "count": now.count,
            },
        }  # fmt: skip

    @classmethod
    def of(cls, parts: Mapping[str, Any]) -> State:
        """Of JSON. Raises KeyError, TypeError, AttributeError where it is something else."""
        now = parts["reading"]
        return cls(
            _moment(parts["since"]),
            {name: (mark, _moment(at)) for name, (mark, at) in parts["given"].items()},
            now
            and Reading(
                _moment(now["start"]), now["place"], _moment(now["newest"]), now["total"],
                now["undated"], now["shifted"], now["count"],
            ),
            parts["round"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """Rows to store, and what is remembered once they are. ``left``: rows known to come."""

    batch: RawBatch | None
    state: State
    left: int | None = None


def read_changes(feed: Feed, state: State, overlap: timedelta) -> Iterator[Step]:
    """Everything new in a list, in steps. Raises what asking the vendor raises."""
    now = state.reading or Reading()
    same: list[frozenset[str]] = []
    for _ in range(_MOST_PAGES):
        portion = feed.portion(state.since, now.place)
        names = frozenset(one.name() for one in portion.found)
        same = [*same, names] if names and names in same else [names]
        if len(same) > _MOST_ALIKE:
            break  # which page is asked for changes nothing
        fresh = [one for one in portion.found if not _given(one, state.given)]
        rest = len(fresh)
        for some in _groups(fresh, feed.at_once):
            rest -= len(some)
            state = replace(state, given={**state.given, **_marks(some)}, reading=now)
            left = _left(portion, now.count, rest)
            yield Step(_batch(feed, some, portion.at, state.round), state, left)
        seen = _marks(portion.found)
        before, now = now, _moved(now, portion)
        state = replace(state, given=_latest({**state.given, **seen}), reading=now)
        if portion.next is None:
            yield Step(None, _ended(state, now, seen, overlap, several=before.place is not None))
            return
        yield Step(None, state)
    raise ConfigurationError(
        "paging_endless", f"the pages of {feed.name} never end; the vendor must correct that"
    )


def _marks(found: Sequence[Found]) -> Marks:
    return {one.name(): (one.mark(), _dated(one)) for one in found}


def _given(found: Found, given: Marks) -> bool:
    return given.get(found.name(), ("", None))[0] == found.mark()


def _groups(fresh: list[Found], size: int) -> Iterator[list[Found]]:
    """What is stored together; what can't be read is apart, so that it changes no other's key."""
    for some in (
        [one for one in fresh if one.fault is None],
        [one for one in fresh if one.fault is not None],
    ):
        yield from (some[first : first + size] for first in range(0, len(some), size))


def _moved(now: Reading, portion: Portion) -> Reading:
    """After a page: where the next one is, and whether pages may have shifted."""
    start = now.start or portion.at
    dates = [one.changed for one in portion.found if one.changed is not None]
    newest = max([*dates, *([now.newest] if now.newest else [])], default=None)
    fewer = None not in (portion.total, now.total) and (portion.total or 0) < (now.total or 0)
    several = now.place is not None or portion.next is not None
    meanwhile = several and any(changed >= start for changed in dates)
    undated = any(one.changed is None and one.fault is None for one in portion.found)
    return Reading(
        start, portion.next, newest, portion.total, now.undated or undated,
        now.shifted or fewer or meanwhile, now.count + len(portion.found),
    )  # fmt: skip


def _reached(now: Reading, state: State, overlap: timedelta) -> datetime | None:
    """From when on the next reading would ask, as far as is known."""
    if now.start is None:
        return state.since
    newest = now.start if now.undated or now.newest is None else min(now.newest, now.start)
    return max(newest - overlap, state.since or newest - overlap)


def _ended(state: State, now: Reading, seen: Marks, overlap: timedelta, *, several: bool) -> State:
    if now.shifted or (now.newest is None and not now.undated):
        return State(state.since, state.given, round=state.round + 1)
    since = _reached(now, state, overlap)
    given = dict(seen) if not several and now.undated else dict(state.given)
    return State(since, _kept(given, since), round=state.round + 1)


def _kept(marks: Marks, since: datetime | None) -> Marks:
    """The marks that the next reading may meet again."""
    again = {
        name: (mark, at)
        for name, (mark, at) in marks.items()
        if at is None or since is None or at >= since
    }
    return _latest(again)


def _latest(marks: Marks) -> Marks:
    """No more than are worth remembering: what is given twice changes nothing."""
    return dict(list(marks.items())[-_MOST_MARKS:])


def _left(portion: Portion, before: int, rest: int) -> int:
    """Rows known to come: of this page, and of the others as far as the vendor says how many."""
    if portion.next is None:
        return rest
    known = portion.total if portion.total is not None else before + 2 * len(portion.found)
    return rest + max(known - before - len(portion.found), 0)


def _batch(feed: Feed, some: list[Found], at: datetime, round_: int) -> RawBatch:
    key = digest(feed.name, round_, *(one.mark() for one in some))
    rows = tuple(row(number, completed(feed, one)) for number, one in enumerate(some, start=1))
    return RawBatch(key, feed.table, f"{feed.table} {key[:8]}", at, rows)


def completed(feed: Feed, found: Found) -> Found:
    """The whole record; one that is gone by now is a deleted one."""
    if found.fault is not None or found.deleted:
        return found
    try:
        return feed.complete(found)
    except NotFound:
        return replace(found, deleted=True)
    except InvalidRecord as fault:
        return replace(found, fault=fault)


def row(number: int, found: Found) -> RawRow:
    """The raw row of a record."""
    return RawRow(number, found.data, found.fault, deleted=found.deleted)


def _dated(found: Found) -> datetime | None:
    return found.changed if found.fault is None else None


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)
