"""Whom a document is about, and the scores that it tells: what destinations file beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class PatientReference:
    """Whom a document is about, as a source knows the person: never in ids, paths, URLs or logs.

    ``source_id`` is the patient's own id at ``source``; ``chart_number`` is the practice's. Name,
    birth date and sex, where known, are for receivers who compare them before they file.
    """

    source: str
    source_id: str
    chart_number: str
    given_name: str | None = None
    family_name: str | None = None
    birth_date: date | None = None
    sex: str = "unknown"


@dataclass(frozen=True, slots=True)
class ScoreRange:
    """A published severity band of an instrument; an open end is None."""

    label: str
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one item, 1-based: its value, and LOINC codes where they are verified."""

    number: int
    value: Decimal
    code: str | None = None
    answer_code: str | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """One score of a patient, for a chart that keeps scores as data.

    ``record`` is our id of the form, ``source``, ``table`` and ``source_id`` (of the row) say
    where it came from. ``loinc`` is the code of the total, None where not verified;
    ``band`` and ``ranges`` are there where the instrument has them. No item's wording is here.
    """

    record: str
    instrument: str
    name: str
    taken_on: date
    taken_at: datetime | None
    total: Decimal
    unit: str
    source: str
    table: str
    source_id: str
    loinc: str | None = None
    band: str | None = None
    ranges: tuple[ScoreRange, ...] = ()
    answers: tuple[Answer, ...] = field(default=(), repr=False)


@runtime_checkable
class FilesScores(Protocol):
    """A destination that files scores as data beside a report."""

    @property
    def files_scores(self) -> bool:
        """Whether its settings say so."""
