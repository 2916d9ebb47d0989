"""Who is on the results page: evaluated patients in order of need, and those that words name.

Names and chart numbers are sealed, so the database can't compare them: a search opens the patients'
own records, a page at a time, and nothing else of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select

from connector.store.packing import expand
from connector.store.schema import alerts, progress, records
from connector.store.scope import Scope

_BODY = "records.body"
_PAGE = 2000
_SEARCHED = ("given_name", "family_name", "chart_number")


@dataclass(frozen=True, slots=True)
class Listed:
    """An evaluated patient and how many of its alerts nobody has acknowledged."""

    patient_id: str
    open_alerts: int


class Roster:
    """Evaluated patients, a page at a time."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def page(self, order: Sequence[str], *, limit: int, offset: int = 0) -> list[Listed]:
        """Patients by decision in the given order, those with most open alerts first."""
        return self._listed(order, None, limit, offset)

    def of(self, order: Sequence[str], patient_ids: Sequence[str]) -> list[Listed]:
        """Those of the patients that have been evaluated, in the same order."""
        return self._listed(order, patient_ids, len(patient_ids), 0) if patient_ids else []

    def search(self, text: str, limit: int) -> list[str]:
        """At most ``limit`` patients whose names and chart number hold each word of the text.

        Case does not matter. Retracted patients are not found; nor is anybody without a word.
        """
        words = text.casefold().split()
        found: list[str] = []
        if not words:
            return found
        for id, said in self._people():
            if all(word in said for word in words):
                found.append(id)
                if len(found) >= limit:
                    break
        return found

    def _listed(
        self, order: Sequence[str], patient_ids: Sequence[str] | None, limit: int, offset: int
    ) -> list[Listed]:
        counted = (
            self._scope.select(alerts, alerts.c.patient_id, func.count().label("number"))
            .where(alerts.c.state == "open")
            .group_by(alerts.c.patient_id)
            .subquery()
        )
        number = func.coalesce(counted.c.number, 0)
        ranks = {decision: rank for rank, decision in enumerate(order)}
        rank = case(ranks, value=progress.c.decision, else_=len(ranks))
        query = (
            select(progress.c.patient_id, number)
            .outerjoin(counted, counted.c.patient_id == progress.c.patient_id)
            .where(self._scope.mine(progress))
            .order_by(rank, number.desc(), progress.c.patient_id)
        )
        if patient_ids is not None:
            query = query.where(self._scope.among(progress.c.patient_id, patient_ids))
        rows = self._scope.run(query.limit(limit).offset(offset))
        return [Listed(patient_id, count) for patient_id, count in rows]

    def _people(self) -> Iterator[tuple[str, str]]:
        """Id, and names with chart number in small letters, of every patient."""
        after = ""
        while True:
            query = (
                self._scope.select(records, records.c.id, records.c.body)
                .where(
                    records.c.kind == "patient", records.c.deleted.is_(False), records.c.id > after
                )
                .order_by(records.c.id)
                .limit(_PAGE)
            )
            rows = self._scope.run(query).all()
            for id, sealed in rows:
                after = id
                said = json.loads(expand(self._scope.open(_BODY, (id,), sealed)))
                yield id, " ".join(str(said.get(name) or "") for name in _SEARCHED).casefold()
            if len(rows) < _PAGE:
                return
