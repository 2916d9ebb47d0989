"""The expected courses that a director approved, by instrument and number; kept for good.

Aggregates of many people's episodes, so nothing in them is about a patient, and nothing is sealed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from connector.rules import Course
from connector.store.schema import benchmarks
from connector.store.scope import Prepared, Scope

_IN_FORCE = Prepared(
    lambda make: make.select(benchmarks, benchmarks.c.instrument, benchmarks.c.course).where(
        benchmarks.c.ended_at.is_(None)
    )
)


@dataclass(frozen=True, slots=True)
class BenchmarkRow:
    """One approved course, how it was worked out, who approved it, and who ended it and when.

    ``ended_by`` is who withdrew it or approved the next one.
    """

    course: Course
    method: Mapping[str, Any]
    approved_by: str
    approved_at: datetime
    ended_by: str | None
    ended_at: datetime | None


class Benchmarks:
    """Approved courses; of each instrument at most one is in force."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def courses(self) -> list[Course]:
        """The courses in force, by instrument."""
        rows = self._scope.prepared(_IN_FORCE)
        return [Course.model_validate_json(course) for _, course in sorted(rows)]

    def history(self, instrument: str | None = None) -> list[BenchmarkRow]:
        """All that were ever approved, of one instrument or of all, oldest first."""
        query = self._scope.select(benchmarks)
        if instrument is not None:
            query = query.where(benchmarks.c.instrument == instrument)
        order = (benchmarks.c.instrument, benchmarks.c.number)
        return [_row(row) for row in self._scope.run(query.order_by(*order))]

    def approve(self, course: Course, method: Mapping[str, Any], by: str, at: datetime) -> Course:
        """Puts a course in force in place of the one before; as stored, with the next number."""
        known = self.history(course.instrument)
        number = known[-1].course.number + 1 if known else 1
        stored = course.model_copy(update={"number": number})
        self.withdraw(course.instrument, by, at)
        self._scope.run(
            self._scope.insert(benchmarks).values(
                self._scope.own(
                    instrument=course.instrument, number=number, course=stored.model_dump_json(),
                    method=json.dumps(dict(method), sort_keys=True), approved_by=by,
                    approved_at=at, ended_by=None, ended_at=None,
                )
            )
        )  # fmt: skip
        return stored

    def withdraw(self, instrument: str, by: str, at: datetime) -> bool:
        """Ends the course of an instrument that is in force; False when there is none."""
        ended = self._scope.run(
            self._scope.update(benchmarks)
            .where(benchmarks.c.instrument == instrument, benchmarks.c.ended_at.is_(None))
            .values(ended_by=by, ended_at=at)
        )
        return ended.rowcount > 0


def _row(row: Row[*tuple[Any, ...]]) -> BenchmarkRow:
    return BenchmarkRow(
        Course.model_validate_json(row.course), json.loads(row.method), row.approved_by,
        row.approved_at, row.ended_by, row.ended_at,
    )  # fmt: skip
