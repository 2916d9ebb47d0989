"""Patients that wait for an evaluation. Each new cause raises a patient's generation.

A generation is never used twice, so that finishing an evaluation that read older data never
removes a patient whose data has changed since.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Executable, bindparam, case, func
from sqlalchemy.dialects import postgresql, sqlite

from connector.store.schema import due
from connector.store.scope import Prepared, Scope, chunks

_TAKE = Prepared(
    lambda make: (
        make.select(due, due.c.patient_id, due.c.generation, due.c.added_at, due.c.evaluated)
        .where(due.c.waiting.is_(True))
        .order_by(due.c.added_at, due.c.patient_id)
        .limit(bindparam("most"))
    )
)
_OPEN = Prepared(
    lambda make: make.locked(
        make.select(due, due.c.patient_id, due.c.evaluated)
        .where(make.among(due.c.patient_id))
        .order_by(due.c.patient_id)
    )
)
_DONE = Prepared(
    lambda make: (
        make.update(due)
        .where(due.c.patient_id == bindparam("id"), due.c.evaluated < bindparam("covered"))
        .values(waiting=due.c.generation > bindparam("covered"), evaluated=bindparam("covered"))
    )
)


@cache
def _adding(dialect: str) -> Executable:
    insert = postgresql.insert(due) if dialect == "postgresql" else sqlite.insert(due)
    first = case((due.c.waiting, due.c.added_at), else_=insert.excluded.added_at)
    return insert.on_conflict_do_update(
        index_elements=["practice_id", "patient_id"],
        set_={"generation": due.c.generation + 1, "waiting": True, "added_at": first},
    )


@dataclass(frozen=True, slots=True)
class DuePatient:
    """A patient to evaluate, since when, and the generation that the evaluation will cover.

    ``evaluated`` is the generation that the last evaluation covered.
    """

    patient_id: str
    generation: int
    since: datetime
    evaluated: int = 0


class Due:
    """Due patients, longest waiting first."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, patient_ids: Iterable[str], at: datetime) -> None:
        """Makes patients due; one that waits already keeps its place, with a new generation."""
        rows = [
            self._scope.own(patient_id=id, generation=1, evaluated=0, waiting=True, added_at=at)
            for id in sorted(set(patient_ids))
        ]
        if not rows:
            return
        self._scope.each(_adding(self._scope.connection.dialect.name), rows)

    def take(self, limit: int = 100) -> list[DuePatient]:
        """Patients that wait, longest first. They stay due until ``done``."""
        return [DuePatient(*row) for row in self._scope.prepared(_TAKE, most=limit)]

    def still_open(self, taken: Iterable[DuePatient]) -> set[str]:
        """Those that nobody has evaluated since they were taken.

        Inside a write they stay so until it ends.
        """
        before = {patient.patient_id: patient.evaluated for patient in taken}
        return {
            patient_id
            for chunk in chunks(sorted(before))
            for patient_id, evaluated in self._scope.prepared(_OPEN, chunk)
            if evaluated == before[patient_id]
        }

    def done(self, evaluated: Iterable[DuePatient]) -> None:
        """Takes patients off the list, except those that became due again in the meantime."""
        rows: list[dict[str, Any]] = [
            {"id": patient.patient_id, "covered": patient.generation}
            for patient in sorted(evaluated, key=lambda patient: patient.patient_id)
        ]
        if not rows:
            return
        statement = _DONE.made(self._scope.connection.dialect.name, True)
        for row in rows:
            row["practice"] = self._scope.practice_id
        self._scope.each(statement, rows)

    def count(self) -> int:
        """Number of patients that wait."""
        query = self._scope.select(due, func.count()).where(due.c.waiting.is_(True))
        return int(self._scope.run(query).scalar_one())
