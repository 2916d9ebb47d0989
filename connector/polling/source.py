"""A vendor's API as a source: its lists one after the other, and what notices name.

A list that the vendor refuses stops none of the others: its error is raised at the end.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Generic, TypeVar

from connector.errors import ConfigurationError, InvalidRecord, Rejected
from connector.http import NotFound
from connector.polling.changes import State, completed, read_changes, row
from connector.polling.found import Feed, Found, digest
from connector.polling.notice import parts_of
from connector.ports import RawBatch, RawFault, RawPage, utc_now

STOPS_ALL = ("not_signed_in", "token_refused", "sign_in_needed")
_log = logging.getLogger("connector.polling")
S = TypeVar("S")


class PolledSource(Generic[S]):
    """A source made of lists, each asked for in a session that ``opened`` gives.

    ``account`` says whose lists they are: a cursor of another begins anew.

    ``daily`` are lists that are read once in 24 hours only, such as those of what was deleted.
    """

    def __init__(
        self,
        account: str,
        opened: Callable[[], AbstractContextManager[S]],
        lists: Callable[[S], Sequence[Feed]],
        *,
        overlap: timedelta,
        daily: Callable[[S], Sequence[Feed]] = lambda session: (),
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._account = digest(account)
        self._opened = opened
        self._lists = lists
        self._daily = daily
        self._overlap = overlap
        self._now = now

    def fetch(self, cursor: str | None) -> Iterator[RawPage]:
        """Pages of what is new. Raises RetryLater, ConfigurationError after the other lists.

        A poll that was cut off, as by a budget, is gone on with: lists that it had read to their
        end are not asked for again.
        """
        memory = self._read(cursor)
        faults: list[ConfigurationError] = []
        with self._opened() as session:
            feeds = list(self._lists(session))
            looked = memory.looked
            if looked is None or self._now() - looked >= timedelta(days=1):
                feeds += self._daily(session)
                looked = self._now()
            for feed in [one for one in feeds if one.name not in memory.done]:
                try:
                    yield from self._pages(feed, memory)
                except (ConfigurationError, Rejected) as fault:
                    faults.append(_for_a_person(feed.name, fault))
                    if fault.code in STOPS_ALL:
                        break
                memory.done.add(feed.name)
                yield RawPage(cursor=self._text(memory))
        memory.done.clear()
        memory.looked = memory.looked if faults else looked
        yield RawPage(cursor=self._text(memory))
        if faults:
            raise faults[0]

    def _pages(self, feed: Feed, memory: _Memory) -> Iterator[RawPage]:
        for step in read_changes(feed, memory.of(feed.name), self._overlap):
            memory.lists[feed.name] = step.state
            if step.batch is not None or step.state.reading is not None:
                batches = () if step.batch is None else (step.batch,)
                yield RawPage(batches, cursor=self._text(memory), left=step.left)

    def acknowledge(self, page: RawPage) -> None:
        """Nothing to do: the cursor is the acknowledgement."""

    def begin(self, since: date | None) -> str:
        """The cursor of somebody who has read all up to a date."""
        moment = None if since is None else datetime.combine(since, time(), UTC)
        return json.dumps({"account": self._account, "begin": _seconds(moment)})

    def noticed(self, notices: Sequence[str]) -> Iterator[RawPage]:
        """A page for each notice; what is gone by now is a deleted row."""
        with self._opened() as session:
            feeds: dict[str, Feed] = {}
            for feed in self._lists(session):
                feeds.setdefault(feed.table, feed)
            for notice in notices:
                table, own_id = parts_of(notice)
                if table not in feeds:
                    yield RawPage(answers=(notice,))
                    continue
                yield self._answer(feeds[table], notice, own_id)

    def _answer(self, feed: Feed, notice: str, own_id: str) -> RawPage:
        key = digest("noticed", notice)
        try:
            found = feed.one(own_id)
            gone = Found(own_id, _id_alone(feed, own_id), deleted=True)
            whole = gone if found is None else completed(feed, found)
        except NotFound:
            whole = Found(own_id, _id_alone(feed, own_id), deleted=True)
        except Rejected as fault:
            refused = InvalidRecord(
                "notice_refused", f"what a notice told of can't be had: {fault.message}"
            )
            return RawPage(faults=(RawFault(key, feed.table, refused),), answers=(notice,))
        at = self._now().astimezone(UTC)
        batch = RawBatch(key, feed.table, f"{feed.table} {key[:8]}", at, (row(1, whole),))
        return RawPage((batch,), answers=(notice,))

    def _read(self, cursor: str | None) -> _Memory:
        """What was remembered; of another account, or where it can't be read, nothing."""
        if cursor is None:
            return _Memory()
        try:
            stored = json.loads(cursor)
            if stored["account"] != self._account:
                return _Memory()
            if "begin" in stored:
                return _Memory(begin=_moment(stored["begin"]))
            return _Memory(
                {name: State.of(parts) for name, parts in stored["lists"].items()},
                set(stored["done"]),
                _moment(stored["looked"]),
                _moment(stored["since"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError):
            _log.warning("the cursor can't be read; the source is read from its beginning")
            return _Memory()

    def _text(self, memory: _Memory) -> str:
        stored: dict[str, Any] = {
            "account": self._account,
            "looked": _seconds(memory.looked),
            "since": _seconds(memory.begin),
            "done": sorted(memory.done),
            "lists": {name: state.parts() for name, state in sorted(memory.lists.items())},
        }
        return json.dumps(stored, separators=(",", ":"))


@dataclass(slots=True)
class _Memory:
    """The states by list, the lists that this poll has read, when the daily ones were read.

    A list that is not known yet begins at ``begin``.
    """

    lists: dict[str, State] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    looked: datetime | None = None
    begin: datetime | None = None

    def of(self, name: str) -> State:
        """The state of a list."""
        return self.lists.get(name, State(self.begin))


def _id_alone(feed: Feed, own_id: str) -> dict[str, Any]:
    key: str = getattr(feed, "id_key", "id")
    return {key: own_id}


def _for_a_person(name: str, fault: ConfigurationError | Rejected) -> ConfigurationError:
    if isinstance(fault, ConfigurationError):
        return fault
    return ConfigurationError(
        "list_refused", f"the vendor refused a request for {name}: {fault.message}",
        detail=fault.detail,
    )  # fmt: skip


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
