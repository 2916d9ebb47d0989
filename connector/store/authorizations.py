"""What happened to each request for authorization, in order; and by what an answer finds it.

Events are never changed or removed: what a request has become is always their sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement

from connector.authorizations.lifecycle import Case, Event, apply, replay
from connector.store.packing import expand, squeeze
from connector.store.schema import authorization_events, authorization_ties
from connector.store.scope import Scope, chunks

_BODY = "authorization_events.body"


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case with the patient that it is about."""

    case: Case
    patient_id: str


class Authorizations:
    """Cases by reference."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, event: Event, patient_id: str, at: datetime) -> CaseRow | None:
        """Records an event; what the case is then. None: it was recorded before, nothing changes.

        Raises Rejected for a move that the case's state does not allow; nothing is recorded then.
        """
        events = self.events(event.case)
        if any(one.id == event.id for one in events):
            return None
        case = apply(replay(events), event)
        body = squeeze(event.model_dump_json().encode())
        values = self._scope.own(
            event_id=event.id, case_id=event.case, patient_id=patient_id, kind=event.kind,
            body=self._scope.seal(_BODY, (event.id,), body), at=event.at, recorded_at=at,
        )  # fmt: skip
        if not self._scope.add_once(authorization_events, values, ("event_id",)):
            return None
        return CaseRow(case, patient_id)

    def events(self, case_id: str) -> list[Event]:
        """All that happened to a case, in the order in which it became known."""
        table = authorization_events
        query = self._scope.select(table).where(table.c.case_id == case_id).order_by(table.c.seq)
        rows = self._scope.run(self._scope.locked(query))
        return [self._event(row.event_id, row.body) for row in rows]

    def tie(self, case_id: str, names: Iterable[str]) -> None:
        """Notes by what an answer finds the case; a name that is known keeps its case."""
        for name in sorted(set(names)):
            row = self._scope.own(name=name, case_id=case_id)
            self._scope.add_once(authorization_ties, row, ("name",))

    def tied(self, names: Sequence[str]) -> str | None:
        """The case that the names lead to; None where none does, or they lead to several."""
        found: set[str] = set()
        for chunk in chunks(sorted(set(names))):
            table = authorization_ties
            query = self._scope.select(table, table.c.case_id)
            rows = self._scope.run(query.where(self._scope.among(table.c.name, chunk)))
            found.update(str(value) for value in rows.scalars())
        return found.pop() if len(found) == 1 else None

    def get(self, given: str) -> CaseRow | None:
        """The case of a reference or of its beginning. Raises ConfigurationError if ambiguous."""
        table = authorization_events
        query = self._scope.select(table, table.c.case_id).distinct()
        ids = [str(id) for id in self._scope.run(query.order_by(table.c.case_id)).scalars()]
        meant = given.strip().upper()
        starting = [id for id in ids if id == meant] or [id for id in ids if id.startswith(meant)]
        if not meant or not starting:
            return None
        if len(starting) > 1:
            from connector.errors import ConfigurationError

            raise ConfigurationError(
                "ambiguous_id", "several requests start so; give more of it", allowed=starting[:4]
            )
        return next(iter(self._cases(table.c.case_id == starting[0])), None)

    def of_patients(self, patient_ids: Iterable[str]) -> Mapping[str, list[Case]]:
        """Each patient's cases."""
        found: dict[str, list[Case]] = {id: [] for id in patient_ids}
        column = authorization_events.c.patient_id
        for chunk in chunks(sorted(found)):
            for row in self._cases(self._scope.among(column, chunk)):
                found[row.patient_id].append(row.case)
        return found

    def all(self) -> list[CaseRow]:
        """Every case, by reference."""
        return self._cases()

    def _cases(self, *conditions: ColumnElement[bool]) -> list[CaseRow]:
        table = authorization_events
        query = self._scope.select(table).where(*conditions).order_by(table.c.seq)
        events: dict[str, list[Event]] = defaultdict(list)
        patients: dict[str, str] = {}
        for row in self._scope.run(query):
            events[row.case_id].append(self._event(row.event_id, row.body))
            patients[row.case_id] = row.patient_id
        found = [(id, replay(events[id])) for id in sorted(events)]
        return [CaseRow(case, patients[id]) for id, case in found if case is not None]

    def _event(self, id: str, body: bytes) -> Event:
        return Event.model_validate_json(expand(self._scope.open(_BODY, (id,), body)))
