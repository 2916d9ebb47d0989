"""One synthetic patient, built record by record, and the real instruments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.measures import Instrument, parse_instrument
from connector.pipeline import progress
from connector.progress import PracticeProfile, Progress, RuleSet
from connector.records import (
    RECORD_TYPES,
    Assessment,
    Episode,
    Patient,
    Provenance,
    Record,
    Visit,
    VisitStatus,
)

ZONE = ZoneInfo("America/New_York")
START = date(2026, 3, 2)
PRACTICE = PracticeProfile(id="riverside", name="Riverside", timezone="America/New_York")
FOLDER = Path(__file__).parents[3] / "mappings" / "instruments"
PATIENT = "patient-3f9c0000000000000000"


@cache
def shipped() -> dict[str, Instrument]:
    return {p.stem: parse_instrument(p.read_text("utf-8"), p.name) for p in FOLDER.glob("*.yaml")}


class Course:
    """Collects the records of one patient; ``day`` counts from the start of care (2026-03-02)."""

    start = START

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.rules = RuleSet()
        self.instruments = dict(shipped())
        self.add("patient", id=PATIENT, chart_number="C-1", given_name="Ann", family_name="Sample",
                 birth_date=date(1990, 1, 1), patient_id=None)  # fmt: skip

    def alter(self, instrument: str, **fields: Any) -> None:
        """Give the course its own version of an instrument."""
        self.instruments[instrument] = self.instruments[instrument].model_copy(update=fields)

    def add(self, kind: str, **fields: Any) -> Any:
        number = len(self.records) + 1
        base: dict[str, Any] = {
            "id": f"{kind}-{number:04d}",
            "version": datetime(2026, 1, 1, tzinfo=UTC),
            "provenance": Provenance(source="ehr", origin=f"{kind}.csv", row=number,
                                     source_id=f"{kind}-{number}", mapping="m",
                                     mapping_version="1"),
            "patient_id": PATIENT,
        }  # fmt: skip
        given = {k: v for k, v in {**base, **fields}.items() if v is not None or k in fields}
        if given.get("patient_id") is None:
            given.pop("patient_id")
        record = RECORD_TYPES[kind](**given)
        self.records.append(record)
        return record

    def replace(self, record: Record, **fields: Any) -> None:
        at = self.records.index(record)
        self.records[at] = record.model_copy(update=fields)

    def patient(self, **fields: Any) -> None:
        first = self.records[0]
        assert isinstance(first, Patient)
        self.records[0] = first.model_copy(update=fields)

    def episode(self, **fields: Any) -> Episode:
        found: Episode = self.add("episode", **{"started_on": START, **fields})
        return found

    def day(self, number: int) -> date:
        return START + timedelta(days=number)

    def score(self, instrument: str, day: int, total: int | str, **fields: Any) -> Assessment:
        found: Assessment = self.add("assessment", instrument=instrument, taken_on=self.day(day),
                                     total=Decimal(total), **fields)  # fmt: skip
        return found

    def form(
        self, instrument: str, day: int, items: Sequence[int | None], **fields: Any
    ) -> Assessment:
        answers = tuple(None if item is None else Decimal(item) for item in items)
        found: Assessment = self.add("assessment", instrument=instrument, taken_on=self.day(day),
                                     items=answers, **fields)  # fmt: skip
        return found

    def visit(
        self, day: int, status: VisitStatus = "attended", hour: int = 10, **fields: Any
    ) -> Visit:
        starts = datetime.combine(self.day(day), time(hour), ZONE)
        found: Visit = self.add("visit", starts_at=starts, status=status, **fields)
        return found

    def now(self, day: int, hour: int = 17) -> datetime:
        return datetime.combine(self.day(day), time(hour), ZONE)

    def at(self, day: int, **given: Any) -> Progress:
        now = given.get("now", self.now(day))
        found = progress(self.records, practice=PRACTICE, instruments=self.instruments,
                         rules=self.rules, now=now)  # fmt: skip
        assert found is not None
        return found

    def decided(self, day: int) -> tuple[str, str]:
        decision = self.at(day).decision
        return decision.decision, decision.rule

    def alert_rules(self, day: int) -> set[str]:
        return {alert.rule for alert in self.at(day).alerts}


@pytest.fixture
def course() -> Course:
    return Course()


@pytest.fixture
def stated() -> Course:
    """A course whose episode the source states: it starts on day 0."""
    found = Course()
    found.episode()
    return found
