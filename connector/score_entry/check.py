"""Reads what was typed into the form and says what is wrong, field by field. Pure.

The mapping ``score_form`` itself judges ranges and counts, on the very row that would be stored, so
that the form can't accept what is refused later.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connector.errors import InvalidRecord
from connector.mapping.apply import MappingContext, apply
from connector.mapping.spec import MappingSpec
from connector.measures import Instrument
from connector.ports import RawBatch, RawRow
from connector.score_entry.form import ScoreForm, form_of

TABLE = "score"
ORIGIN = "score form"
EARLIEST = date(1990, 1, 1)
_ENTRY_ID = re.compile(r"[0-9a-f]{32}")
_LONGEST = 80
_NUMBER = re.compile(r"-?\d{1,6}([.,]\d{1,4})?")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field; ``field`` is its name in the form. Quotes nothing typed.

    ``confirm``: what a person may confirm instead of changing it (a field of ``Typed``).
    """

    field: str
    message: str
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person typed, as text. ``entry_id`` is random and the same when sent twice.

    ``items`` by number. ``blanks_ok``: the blanks were left blank on paper; ``again``: it is a
    second form of the same day.
    """

    entry_id: str
    chart_number: str
    instrument: str
    taken_on: str
    entered_by: str
    items: Mapping[int, str] = field(default_factory=dict)
    total: str = ""
    encoding: str = ""
    variant: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    blanks_ok: bool = False
    again: bool = False


def row_of(
    typed: Typed, instrument: Instrument, patient: str, today: date
) -> tuple[dict[str, Any], list[Problem]]:
    """The raw row that would be stored, and what is wrong with it already."""
    form, problems = form_of(instrument), []
    if not _ENTRY_ID.fullmatch(typed.entry_id):
        problems.append(Problem("form", "The form is out of date: load it again."))
    by = " ".join(typed.entered_by.split())
    if not by or len(by) > _LONGEST or not by.isprintable():
        problems.append(Problem("entered_by", "Enter who types this in."))
    items, wrong = _items(typed, form)
    problems += _day(typed.taken_on, today) + wrong
    total = _number(typed.total)
    if typed.total.strip() and total is None:
        problems.append(Problem("total", "The total must be a number."))
    if items is None and not typed.total.strip():
        what = "the answers, or the total" if form.answers and form.total else "the answers"
        first = "item_1" if form.answers else "total"
        problems.append(Problem(first, f"Enter {what if form.answers else 'the total'}."))
    if form.encodings and items is not None and typed.encoding not in dict(form.encodings):
        problems.append(Problem("encoding", "Choose how the answers are written."))
    row: dict[str, Any] = {
        "entry_id": typed.entry_id, "patient_id": patient, "instrument": instrument.id,
        "taken_on": typed.taken_on, "entered_by": by,
    }  # fmt: skip
    row |= {} if items is None else {"items": items}
    row |= {} if total is None else {"total": total}
    row |= {"encoding": typed.encoding} if typed.encoding and items is not None else {}
    row |= {"variant": typed.variant} if typed.variant else {}
    told = {key: value for key, value in typed.context.items() if value.strip()}
    row |= {"context": told} if told else {}
    return row, problems


def _items(typed: Typed, form: ScoreForm) -> tuple[list[str | None] | None, list[Problem]]:
    """The answers in order, None where blank; None where nothing was typed."""
    said = {n: typed.items.get(n, "").strip() for n in range(1, len(form.answers) + 1)}
    if not any(said.values()):
        return None, []
    problems = []
    found: list[str | None] = []
    for answer in form.answers:
        text = said[answer.number]
        number = _number(text)
        if text and number is None:
            problems.append(
                Problem(f"item_{answer.number}", f"Item {answer.number}: enter {answer.shown}.")
            )
        found.append(number)
    blank = [str(n) for n, text in said.items() if not text]
    if blank and not typed.blanks_ok and not problems:
        listed = ", ".join(blank[:8]) + (" and more" if len(blank) > 8 else "")
        word, them = ("Item", "it was") if len(blank) == 1 else ("Items", "they were")
        text = f"{word} {listed} left blank: fill in, or confirm that {them} blank on paper."
        problems.append(Problem(f"item_{blank[0]}", text, "blanks_ok"))
    return found, problems


def _number(text: str) -> str | None:
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return str(Decimal(text.replace(",", ".")))
    except InvalidOperation:
        return None


def _day(text: str, today: date) -> list[Problem]:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return [Problem("taken_on", "Enter the date on which the form was filled in.")]
    if day > today:
        return [Problem("taken_on", "The date lies in the future.")]
    if day < EARLIEST:
        return [Problem("taken_on", f"The date lies before {EARLIEST.year}.")]
    return []


def refused(
    row: Mapping[str, Any], spec: MappingSpec, context: MappingContext, at: datetime
) -> list[Problem]:
    """What the mapping refuses in a row."""
    errors = [one.error for one in apply(spec, batch_of(row, at), context).errors]
    return [Problem(_field(error), f"{error.message}.") for error in errors]


def batch_of(row: Mapping[str, Any], at: datetime, *, deleted: bool = False) -> RawBatch:
    """The batch of one entry; the same entry always has the same key."""
    key = f"score-{row['entry_id']}{'-back' if deleted else ''}"
    return RawBatch(key, TABLE, ORIGIN, at, (RawRow(1, dict(row), deleted=deleted),))


def _field(error: InvalidRecord) -> str:
    """The form's field that an error of the mapping is about."""
    if found := re.fullmatch(r"items\[(\d+)\]", error.field):
        return f"item_{found[1]}"
    known = ("total", "taken_on", "entered_by", "encoding", "variant", "instrument")
    if error.field in known or error.field.startswith("context."):
        return error.field
    return "chart_number" if error.field == "patient_id" else "item_1"
