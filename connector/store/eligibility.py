"""What payers last said of each coverage, and what they said before that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from connector.store.packing import pack, unpack
from connector.store.schema import eligibility
from connector.store.scope import Scope

_BODY = "eligibility.body"


@dataclass(frozen=True, slots=True)
class EligibilityRow:
    """One coverage's state. ``answer`` is the last one, ``before`` the one that it changed.

    ``changed``: the last answer said something else than the one before it.
    """

    trace: str
    patient_id: str
    payer_id: str
    asked_at: datetime
    answered_at: datetime | None
    changed_at: datetime | None
    changed: bool
    answer: Mapping[str, Any] | None
    before: Mapping[str, Any] | None


class Eligibility:
    """Coverages by the trace number that the payer echoes."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def asked(self, traces: Iterable[tuple[str, str, str]], at: datetime) -> None:
        """Notes that was asked: (trace, patient, payer) of each coverage."""
        for trace, patient_id, payer_id in sorted(traces):
            row = self._scope.own(
                trace=trace, patient_id=patient_id, payer_id=payer_id, asked_at=at, changed=False,
                body=None, answered_at=None, changed_at=None,
            )  # fmt: skip
            if not self._scope.add_once(eligibility, row, ("trace",)):
                self._scope.run(
                    self._scope.update(eligibility)
                    .where(eligibility.c.trace == trace)
                    .values(asked_at=at, payer_id=payer_id)
                )

    def get(self, trace: str) -> EligibilityRow | None:
        """The row of a trace number."""
        query = self._scope.select(eligibility).where(eligibility.c.trace == trace)
        row = self._scope.run(self._scope.locked(query)).one_or_none()
        return None if row is None else self._row(row)

    def answered(
        self, known: EligibilityRow, answer: Mapping[str, Any], at: datetime, *, changed: bool
    ) -> None:
        """Keeps an answer; the one before it stays beside it where it says something else."""
        before = known.answer if changed and known.answer is not None else known.before
        body = {"answer": dict(answer), "before": None if before is None else dict(before)}
        self._scope.run(
            self._scope.update(eligibility)
            .where(eligibility.c.trace == known.trace)
            .values(
                body=self._scope.seal(_BODY, (known.trace,), pack(body)),
                answered_at=at,
                changed=changed,
                changed_at=at if changed else known.changed_at,
            )
        )

    def all(self) -> list[EligibilityRow]:
        """Every coverage that was asked about: what changed first, the latest change at the top."""
        rows = [self._row(row) for row in self._scope.run(self._scope.select(eligibility))]
        return sorted(
            rows,
            key=lambda r: (
                not r.changed,
                -(r.changed_at.timestamp() if r.changed_at else 0),
                r.answered_at is None,
                r.trace,
            ),
        )

    def _row(self, row: Row[*tuple[Any, ...]]) -> EligibilityRow:
        body = unpack(self._scope.open(_BODY, (row.trace,), row.body)) if row.body else {}
        return EligibilityRow(
            row.trace, row.patient_id, row.payer_id, row.asked_at, row.answered_at, row.changed_at,
            bool(row.changed), body.get("answer"), body.get("before"),
        )  # fmt: skip
