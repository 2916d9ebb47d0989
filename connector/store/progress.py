"""The latest progress of each patient, and the history of decisions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Row, func

from connector.progress import DecisionView, Progress
from connector.records import STORED
from connector.store.packing import expand, squeeze
from connector.store.schema import decisions, progress
from connector.store.scope import Prepared, Scope, chunks

_BODY = "progress.body"
_DECISION = "decisions.body"
_PAGE = 200
_REPORTED = Prepared(
    lambda make: make.select(
        progress, progress.c.patient_id, progress.c.facts, progress.c.milestones
    ).where(make.among(progress.c.patient_id))
)
_STORED = Prepared(
    lambda make: make.locked(
        make.select(
            progress, progress.c.patient_id, progress.c.as_of, progress.c.digest,
            progress.c.decision_digest,
        )
        .where(make.among(progress.c.patient_id))
        .order_by(progress.c.patient_id)
    )
)  # fmt: skip
_LAST_NUMBERS = Prepared(
    lambda make: (
        make.select(decisions, decisions.c.patient_id, func.max(decisions.c.number))
        .where(make.among(decisions.c.patient_id))
        .group_by(decisions.c.patient_id)
    )
)
_INSERT_DECISIONS = decisions.insert()


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One entry of a patient's decision history."""

    number: int
    as_of: datetime
    recorded_at: datetime
    view: DecisionView


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """Progress and the row that it becomes."""

    progress: Progress
    values: Mapping[str, Any]


class ProgressTable:
    """Progress by patient; an evaluation as of an earlier time never replaces a later one."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def put(self, given: Progress, at: datetime, facts: str = "") -> bool:
        """``put_all`` for one patient; True when anything but ``as_of`` differs."""
        return bool(self.put_all([(given, facts)], at))

    def put_all(self, given: Sequence[tuple[Progress, str]], at: datetime) -> set[str]:
        """Stores progress with its facts; the patients of whom anything but ``as_of`` differs.

        A decision that differs from the last one is added to the history. The facts are what the
        caller judges by whether a new report is due (see ``reported``).
        """
        return self.put_rows([self.row(one, facts) for one, facts in given], at)

    def row(self, given: Progress, facts: str) -> ProgressRow:
        """Progress ready to be stored: written as text, packed and sealed.

        Most of the work of storing it, and none that needs the database: to be done before the
        write, during which everybody else waits.
        """
        return ProgressRow(given, self._values(given, facts))

    def put_rows(self, given: Sequence[ProgressRow], at: datetime) -> set[str]:
        """``put_all`` of what ``row`` has made ready."""
        given = sorted(given, key=lambda row: row.progress.chart.patient.id)
        stored = self._stored([row.progress.chart.patient.id for row in given])
        changed: set[str] = set()
        rows: list[dict[str, Any]] = []
        decided: list[Progress] = []
        for row in given:
            one, values = row.progress, {**row.values, "updated_at": at}
            patient_id = one.chart.patient.id
            known = stored.get(patient_id)
            if known is not None and known.as_of > one.as_of:
                continue
            rows.append(values)
            if known is None or known.digest != values["digest"]:
                changed.add(patient_id)
            if known is None or known.decision_digest != values["decision_digest"]:
                decided.append(one)
        self._scope.put_all(progress, rows, ("patient_id",), time="as_of")
        self._remember(decided, at)
        return changed

    def reported(self, facts: Mapping[str, str]) -> dict[str, tuple[bool, set[str]]]:
        """Of each patient: whether the facts are those of the last evaluation, and its milestones.

        A patient without an evaluation is not in it. Kept apart from the body, so that an upgrade
        that can't read an old body does not take everything for new and report on everybody again.
        """
        found: dict[str, tuple[bool, set[str]]] = {}
        for chunk in chunks(sorted(facts)):
            for patient_id, digest, milestones in self._scope.prepared(_REPORTED, chunk):
                same = digest == self._digest(facts[patient_id])
                found[patient_id] = same, set(json.loads(milestones))
        return found

    def get(self, patient_id: str) -> Progress | None:
        """The patient's latest progress; None when an earlier version wrote it unreadably."""
        query = self._scope.select(progress, progress.c.body)
        body = self._scope.run(query.where(progress.c.patient_id == patient_id)).scalar()
        return None if body is None else self._progress(patient_id, body)

    def of(self, patient_ids: Sequence[str]) -> dict[str, Progress]:
        """The latest progress of these patients; who has none that can be read is left out."""
        found: dict[str, Progress] = {}
        for chunk in chunks(sorted(set(patient_ids))):
            query = self._scope.select(progress, progress.c.patient_id, progress.c.body)
            wanted = self._scope.among(progress.c.patient_id, chunk)
            for patient_id, body in self._scope.run(query.where(wanted)):
                if (one := self._progress(patient_id, body)) is not None:
                    found[patient_id] = one
        return found

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

    def _stored(self, patient_ids: Sequence[str]) -> dict[str, Row[*tuple[Any, ...]]]:
        found: dict[str, Row[*tuple[Any, ...]]] = {}
        for chunk in chunks(patient_ids):
            found |= {row.patient_id: row for row in self._scope.prepared(_STORED, chunk)}
        return found

    def _values(self, given: Progress, facts: str) -> dict[str, Any]:
        patient_id = given.chart.patient.id
        text = given.model_dump_json()
        # The digest leaves ``as_of`` out, which is the first field; dumping twice costs more.
        apart_from_time = text.partition(',"chart":')[2]
        return self._scope.own(
            patient_id=patient_id, decision=given.decision.decision, as_of=given.as_of,
            digest=self._digest(apart_from_time),
            decision_digest=self._digest(given.decision.model_dump_json()),
            facts=self._digest(facts), milestones=json.dumps([m.key for m in given.milestones]),
            body=self._scope.seal(_BODY, (patient_id,), squeeze(text.encode())),
        )  # fmt: skip

    def _remember(self, decided: Sequence[Progress], at: datetime) -> None:
        if not decided:
            return
        ids = [one.chart.patient.id for one in decided]
        last: dict[str, int] = {}
        for chunk in chunks(ids):
            last |= {id: number for id, number in self._scope.prepared(_LAST_NUMBERS, chunk)}
        rows = []
        for patient_id, one in zip(ids, decided, strict=True):
            number = last.get(patient_id, 0) + 1
            body = squeeze(one.decision.model_dump_json().encode())
            rows.append(
                self._scope.own(
                    patient_id=patient_id, number=number, decision=one.decision.decision,
                    as_of=one.as_of, recorded_at=at,
                    body=self._scope.seal(_DECISION, (patient_id, number), body),
                )
            )  # fmt: skip
        self._scope.each(_INSERT_DECISIONS, rows)

    def _digest(self, text: str) -> str:
        return self._scope.keys.fingerprint(text.encode())

    def _progress(self, patient_id: str, body: bytes) -> Progress | None:
        text = expand(self._scope.open(_BODY, (patient_id,), body))
        try:
            return Progress.model_validate_json(text, context=STORED)
        except ValidationError:
            # Derived from the records; the next evaluation, a day away at most, makes it anew.
            return None
