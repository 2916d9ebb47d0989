"""A vendor's API as a source: its lists one after the other, and what notices name.

A list that the vendor refuses stops none of the others: its error is raised at the end.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Generic, TypeVar

from connector.errors import ConfigurationError, InvalidRecord, Rejected
from connector.http import NotFound
from connector.polling.changes import State, Step, completed, read_changes, row
from connector.polling.found import Feed, Found, digest
from connector.polling.notice import parts_of
from connector.ports import RawBatch, RawFault, RawPage, utc_now

STOPS_ALL = ("not_signed_in", "token_refused")
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
        """Pages of what is new. Raises RetryLater, ConfigurationError after the other lists."""
        states, looked = self._read(cursor)
        faults: list[ConfigurationError] = []
        with self._opened() as session:
            feeds = list(self._lists(session))
            today = looked is None or self._now() - looked >= timedelta(days=1)
            once = list(self._daily(session)) if today else []
            for feed in [*feeds, *once]:
                try:
                    for step in read_changes(feed, states.get(feed.name, State()), self._overlap):
                        states[feed.name] = step.state
                        yield _page(step, self._text(states, looked))
                except (ConfigurationError, Rejected) as fault:
                    faults.append(_for_a_person(feed.name, fault))
                    if fault.code in STOPS_ALL:
                        break
        if once and not faults:
            yield RawPage(cursor=self._text(states, self._now()))
        if faults:
            raise faults[0]

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

    def _read(self, cursor: str | None) -> tuple[dict[str, State], datetime | None]:
        """The states by list, and when the daily ones were read."""
        if cursor is None:
            return {}, None
        try:
            stored = json.loads(cursor)
            if stored["account"] != self._account:
                return {}, None
            if "begin" in stored:
                return _Beginning(_moment(stored["begin"])), None
            states = {name: State.of(parts) for name, parts in stored["lists"].items()}
            return _Beginning(_moment(stored["since"]), states), _moment(stored["looked"])
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError):
            _log.warning("the cursor can't be read; the source is read from its beginning")
            return {}, None

    def _text(self, states: Mapping[str, State], looked: datetime | None) -> str:
        begin = states.begin if isinstance(states, _Beginning) else None
        stored: dict[str, Any] = {
            "account": self._account,
            "looked": _seconds(looked),
            "since": _seconds(begin),
            "lists": {name: state.parts() for name, state in sorted(states.items())},
        }
        return json.dumps(stored, separators=(",", ":"))


class _Beginning(dict[str, State]):
    """States where a list that is not known yet begins at a moment."""

    def __init__(self, begin: datetime | None, known: Mapping[str, State] | None = None) -> None:
        super().__init__(known or {})
        self.begin = begin

    def get(self, name: str, default: Any = None) -> Any:
        """The state of a list."""
        return self[name] if name in self else State(self.begin)


def _page(step: Step, cursor: str) -> RawPage:
    batches = () if step.batch is None else (step.batch,)
    return RawPage(batches, cursor=cursor, left=step.left)


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
