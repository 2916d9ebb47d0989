"""A FHIR server as a source: asks each resource type for what changed, people first.

One page of the server is one page here. A type that the server refuses stops none of the others:
its error is raised at the end.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from adapters.fhir_r4.cursor import Cursor, Place, TypeState, read_cursor
from adapters.fhir_r4.export import Export
from adapters.fhir_r4.feeds import Asker, Changes, Deletions, all_ids, is_gone, offered_types
from adapters.fhir_r4.named import by_type, fetched
from adapters.fhir_r4.own import is_ours
from adapters.fhir_r4.page import Item, digest
from adapters.fhir_r4.server import Server
from adapters.fhir_r4.settings import FhirSourceSettings
from adapters.fhir_r4.subscriptions import Subscriptions
from adapters.fhir_r4.sweep import Step, sweep
from connector.announced import Subscribed
from connector.errors import ConfigurationError, Rejected, RetryLater
from connector.http import Http
from connector.ports import AdapterContext, RawBatch, RawPage, RawRow

ROWS_PER_BATCH = 200
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_STANDING = (
    "Practitioner", "Patient", "RelatedPerson", "Coverage", "EpisodeOfCare", "Condition", "Goal",
    "CarePlan",
)  # fmt: skip
"""Types that hold for long; ``since`` would leave out what events refer to."""
_EXTRA = ("RelatedPerson",)
_FEW = 10
_STOPS_ALL = ("not_signed_in", "token_refused")
_log = logging.getLogger("connector.fhir_r4")


class FhirServer:
    """Polls one FHIR server. What it remembers between two polls is the cursor."""

    def __init__(self, settings: FhirSourceSettings, context: AdapterContext) -> None:
        self._settings = settings
        self.exports = settings.export is not None
        self._context = context
        self._now = context.now
        self._server = Server(settings, context)
        self._asked: tuple[str, ...] | None = settings.asked if settings.types else None

    def fetch(self, cursor: str | None) -> Iterator[RawPage]:
        """Pages of what is new. Raises RetryLater, ConfigurationError after the other types."""
        state = read_cursor(cursor, digest(self._settings.base_url.rstrip("/")))
        faults: list[ConfigurationError] = []
        with self._server.open() as http:
            for kind in self._types(http):
                try:
                    for page, moved in self._pages(self._asker(http, kind), state):
                        state = moved
                        yield page
                except (ConfigurationError, Rejected) as fault:
                    if fault.code in _STOPS_ALL or not self._is_extra(kind):
                        faults.append(_for_a_person(kind, fault))
                    if fault.code in _STOPS_ALL:
                        break
                except RetryLater as fault:
                    self._let_be(kind, fault)
        if faults:
            raise faults[0]

    def acknowledge(self, page: RawPage) -> None:
        """Nothing to do: the cursor is the acknowledgement."""

    def deletions(self, known: Callable[[str], Collection[str]]) -> Iterator[RawPage]:
        """Rows of what we know and the server has no more; each was asked for by its id."""
        if self._settings.deletions != "compare":
            return
        faults: list[ConfigurationError] = []
        with self._server.open() as http:
            for kind in self._types(http):
                try:
                    yield from self._compared(self._asker(http, kind), known(kind))
                except (ConfigurationError, Rejected) as fault:
                    if not self._is_extra(kind):
                        faults.append(_for_a_person(kind, fault))
                except RetryLater as fault:
                    self._let_be(kind, fault)
        if faults:
            raise faults[0]

    def _is_extra(self, kind: str) -> bool:
        """A type that nobody asked for by name, and without which nothing else suffers.

        Many servers that have it let nobody search it but by patient; that is no trouble to tell.
        """
        return kind in _EXTRA and self._settings.types is None

    def _let_be(self, kind: str, fault: RetryLater) -> None:
        """Raises it but for an extra type: some servers break down where they should refuse."""
        if not self._is_extra(kind):
            raise fault
        _log.info("%s is not read now: %s", kind, fault.code)

    def noticed(self, notices: Sequence[str]) -> Iterator[RawPage]:
        """What notifications named, by id. Raises RetryLater, ConfigurationError."""
        with self._server.open() as http:
            asked = self._types(http)
            wanted = [one for one in by_type(notices) if one.kind in asked]
            for one in wanted:
                yield fetched(self._asker(http, one.kind), one, self._settings.identifier_system)
        known = {notice for one in wanted for notice in one.notices}
        yield RawPage(answers=tuple(notice for notice in notices if notice not in known))

    def subscribe(self) -> Sequence[Subscribed]:
        """Makes the subscriptions that are not there yet."""
        with self._server.open() as http:
            return self._subscriptions(http).create(self._types(http))

    def subscriptions(self) -> Sequence[Subscribed]:
        """Those that post to us."""
        with self._server.open() as http:
            return self._subscriptions(http).found()

    def unsubscribe(self) -> Sequence[Subscribed]:
        """Takes back those that post to us."""
        with self._server.open() as http:
            return self._subscriptions(http).delete()

    def export(self, state: str | None) -> Iterator[RawPage]:
        """Everything, by ``$export``. Raises RetryLater while the server prepares it."""
        with self._server.open() as http:
            yield from Export(
                self._settings, self._server, http, self._types(http), self._now
            ).pages(state, self._went_on)

    def _went_on(self, at: datetime, kinds: Collection[str]) -> str:
        """The cursor with which the polls of these types go on from a moment."""
        since = at - timedelta(seconds=self._settings.overlap_seconds)
        history = self._settings.deletions == "history"
        state = Cursor(digest(self._settings.base_url.rstrip("/")))
        for kind in sorted(kinds):
            asked = self._digest_of(kind)
            deleted = Place(since) if history else None
            state = state.with_type(kind, TypeState(asked, Place(since), deleted))
        return state.text()

    def _subscriptions(self, http: Http) -> Subscriptions:
        return Subscriptions(self._settings, self._context, http)

    def _types(self, http: Http) -> tuple[str, ...]:
        """The types named in the settings, else those of the default list that the server has."""
        if self._asked is None:
            offered = offered_types(http)
            wanted = self._settings.asked
            self._asked = tuple(kind for kind in wanted if offered is None or kind in offered)
            left_out = sorted(set(wanted) - set(self._asked))
            if left_out:
                _log.info("the server does not offer %s", ", ".join(left_out))
        return self._asked

    def _asker(self, http: Http, kind: str) -> Asker:
        given = self._settings
        parameters = given.parameters.get(kind, {})
        return Asker(http, kind, parameters, given.page_size, self._now)

    def _pages(self, ask: Asker, cursor: Cursor) -> Iterator[tuple[RawPage, Cursor]]:
        overlap = timedelta(seconds=self._settings.overlap_seconds)
        begin = self._begin(ask.kind)
        state = cursor.of(ask.kind, self._digest_of(ask.kind))

        def moved(to: TypeState) -> Cursor:
            nonlocal state, cursor
            state, cursor = to, cursor.with_type(ask.kind, to)
            return cursor

        if self._settings.deletions == "history" and state.deleted is None:
            # What is deleted from now on must be told, however long the first reading takes.
            now = Deletions(ask).since(self._now()).at
            moved(TypeState(state.asked, state.changed, Place(now - overlap)))
            yield RawPage(cursor=cursor.text()), cursor
        for step in sweep(Changes(ask), state.changed, overlap, begin):
            salt = state.changed.since
            if step.place is not None:
                moved(TypeState(state.asked, step.place, state.deleted))
            yield from _told(ask.kind, self._foreign(step), cursor, salt)
        if self._settings.deletions == "history" and state.deleted is not None:
            for step in sweep(Deletions(ask), state.deleted, overlap):
                salt = state.deleted.since
                if step.place is not None:
                    moved(TypeState(state.asked, state.changed, step.place))
                yield from _told(ask.kind, step, cursor, salt)

    def _foreign(self, step: Step) -> Step:
        """The step without what we filed there ourselves, which would count a score twice."""
        system = self._settings.identifier_system
        kept = tuple(item for item in step.items if not is_ours(item.resource, system))
        return step if len(kept) == len(step.items) else replace(step, items=kept)

    def _digest_of(self, kind: str) -> str:
        """Of how a type is asked for: asked otherwise, it is read anew."""
        parameters = self._settings.parameters.get(kind, {})
        return digest(sorted(parameters.items()), self._begin(kind))

    def _begin(self, kind: str) -> datetime | None:
        since = None if kind in _STANDING else self._settings.since
        return None if since is None else datetime.combine(since, time(), UTC)

    def _compared(self, ask: Asker, known: Collection[str]) -> Iterator[RawPage]:
        ours = {own_id for own_id in known if _ID.fullmatch(own_id)}
        if not ours:
            return
        there, listed_at = all_ids(ask)
        gone = [own_id for own_id in sorted(ours - there) if is_gone(ask, own_id)]
        most = len(ours) * self._settings.most_deleted_percent / 100
        if len(gone) > max(most, _FEW):
            raise ConfigurationError(
                "too_many_gone",
                f"{len(gone)} of {len(ours)} {ask.kind} known here are gone from the server; that "
                "looks like another server, or like less access, and nothing was taken back. If "
                "they were deleted indeed, raise most_deleted_percent for a day",
            )
        # The server's clock comes in whole seconds; a deletion must not look older than its record.
        at = listed_at + timedelta(seconds=1)
        for start in range(0, len(gone), ROWS_PER_BATCH):
            rows = tuple(
                RawRow(number, {"resourceType": ask.kind, "id": own_id}, deleted=True)
                for number, own_id in enumerate(gone[start : start + ROWS_PER_BATCH], start=1)
            )
            stamp = digest("gone", ask.kind, at.isoformat(), *(row.data["id"] for row in rows))
            origin = f"{ask.kind} compared {stamp[:8]}"
            yield RawPage(batches=(RawBatch(stamp, ask.kind, origin, at, rows),))


def _told(
    kind: str, step: Step, cursor: Cursor, salt: datetime | None
) -> Iterator[tuple[RawPage, Cursor]]:
    """The page of a step, where it brings anything or moves the cursor."""
    if not step.items and step.place is None:
        return
    batches = (_batch(kind, step, salt),) if step.items else ()
    yield RawPage(batches, cursor=cursor.text() if step.place is not None else None), cursor


def _batch(kind: str, step: Step, salt: datetime | None) -> RawBatch:
    # A resource without a time may change back to what it was: then its mark is the old one again.
    undated = any(item.changed is None for item in step.items)
    stamp = digest(kind, salt if undated else "", *(item.mark for item in step.items))
    rows = tuple(_row(item) for item in step.items)
    return RawBatch(stamp, kind, f"{kind} {stamp[:8]}", step.at, rows)


def _row(item: Item) -> RawRow:
    data = {} if item.fault is not None else item.resource
    return RawRow(item.place, data, item.fault, deleted=item.deleted)


def _for_a_person(kind: str, fault: ConfigurationError | Rejected) -> ConfigurationError:
    if isinstance(fault, ConfigurationError):
        return fault
    return ConfigurationError(
        "search_refused", f"the server refused a request for {kind}: {fault.message}",
        detail=fault.detail,
    )  # fmt: skip
