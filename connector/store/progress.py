"""The latest progress of each patient, and the history of decisions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import func

from connector.progress import DecisionView, Progress
from connector.records import STORED
from connector.store.schema import decisions, progress
from connector.store.scope import Scope, expand, squeeze

_BODY = "progress.body"
_DECISION = "decisions.body"
_PAGE = 200


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One entry of a patient's decision history."""

    number: int
    as_of: datetime
    recorded_at: datetime
    view: DecisionView


class ProgressTable:
    """Progress by patient; an evaluation as of an earlier time never replaces a later one."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def put(self, given: Progress, at: datetime, facts: str = "") -> bool:
        """Stores the progress; True when anything but ``as_of`` differs from what was there.

        A decision that differs from the last one is added to the history. ``facts`` is what the
        caller judges by whether a new report is due (see ``reported``).
        """
        patient_id = given.chart.patient.id
        digest = self._digest(given.model_dump_json(exclude={"as_of"}))
        decision_digest = self._digest(given.decision.model_dump_json())
        query = self._scope.select(
            progress, progress.c.as_of, progress.c.digest, progress.c.decision_digest
        ).where(progress.c.patient_id == patient_id)
        stored = self._scope.run(self._scope.locked(query)).one_or_none()
        if stored is not None and stored.as_of > given.as_of:
            return False
        values = self._scope.own(
            patient_id=patient_id, decision=given.decision.decision, as_of=given.as_of,
            digest=digest, decision_digest=decision_digest, updated_at=at,
            facts=self._digest(facts), milestones=json.dumps([m.key for m in given.milestones]),
            body=self._scope.seal(_BODY, (patient_id,), squeeze(given.model_dump_json().encode())),
        )  # fmt: skip
        self._scope.put(progress, values, ("patient_id",), time="as_of")
        if stored is None or stored.decision_digest != decision_digest:
            self._remember(patient_id, given, at)
        return stored is None or stored.digest != digest

    def reported(self, patient_id: str, facts: str) -> tuple[bool, set[str]] | None:
        """Whether the facts are those of the last evaluation, and its milestones; None if none.

        Kept apart from the body, so that an upgrade that can't read an old body does not take
        everything for new and report on everybody again.
        """
        query = self._scope.select(progress, progress.c.facts, progress.c.milestones)
        row = self._scope.run(query.where(progress.c.patient_id == patient_id)).one_or_none()
        if row is None:
            return None
        return row.facts == self._digest(facts), set(json.loads(row.milestones))

    def get(self, patient_id: str) -> Progress | None:
        """The patient's latest progress; None when an earlier version wrote it unreadably."""
        query = self._scope.select(progress, progress.c.body)
        body = self._scope.run(query.where(progress.c.patient_id == patient_id)).scalar()
        return None if body is None else self._progress(patient_id, body)

    def remove(self, patient_id: str) -> bool:
        """Forgets a patient's progress (the source retracted the patient); the history stays."""
        removed = self._scope.run(
            self._scope.delete(progress).where(progress.c.patient_id == patient_id)
        )
        return removed.rowcount == 1

    def patient_ids(self) -> list[str]:
        """The patients that have been evaluated, in id order."""
        query = self._scope.select(progress, progress.c.patient_id)
        return list(self._scope.run(query.order_by(progress.c.patient_id)).scalars())

    def all(self) -> Iterator[Progress]:
        """Every patient's progress, in id order; to be consumed before the transaction ends."""
        after = ""
        while True:
            query = self._scope.select(progress, progress.c.patient_id, progress.c.body)
            page = query.where(progress.c.patient_id > after).order_by(progress.c.patient_id)
            rows = self._scope.run(page.limit(_PAGE)).all()
            for patient_id, body in rows:
                after = patient_id
                if (found := self._progress(patient_id, body)) is not None:
                    yield found
            if len(rows) < _PAGE:
                return

    def history(self, patient_id: str) -> list[DecisionRow]:
        """The patient's decisions, oldest first; a row for each change."""
        query = self._scope.select(decisions).where(decisions.c.patient_id == patient_id)
        return [
            DecisionRow(
                row.number, row.as_of, row.recorded_at,
                DecisionView.model_validate_json(
                    expand(self._scope.open(_DECISION, (patient_id, row.number), row.body))
                ),
            )
            for row in self._scope.run(query.order_by(decisions.c.number))
        ]  # fmt: skip

    def decision_counts(self) -> dict[str, int]:
        """Number of patients by their latest decision."""
        return dict(self._scope.count_by(progress.c.decision))

    def _remember(self, patient_id: str, given: Progress, at: datetime) -> None:
        query = self._scope.select(decisions, func.max(decisions.c.number))
        last = self._scope.run(query.where(decisions.c.patient_id == patient_id)).scalar()
        number = (last or 0) + 1
        body = squeeze(given.decision.model_dump_json().encode())
        values = self._scope.own(
            patient_id=patient_id, number=number, decision=given.decision.decision,
            as_of=given.as_of, recorded_at=at,
            body=self._scope.seal(_DECISION, (patient_id, number), body),
        )  # fmt: skip
        self._scope.run(self._scope.insert(decisions), [values])

    def _digest(self, text: str) -> str:
        return self._scope.keys.fingerprint(text.encode())

    def _progress(self, patient_id: str, body: bytes) -> Progress | None:
        text = expand(self._scope.open(_BODY, (patient_id,), body))
        try:
            return Progress.model_validate_json(text, context=STORED)
        except ValidationError:
            # Derived from the records; the next evaluation, a day away at most, makes it anew.
            return None
