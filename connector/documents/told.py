"""What a report tells its reader, as values: read from the fields that its reader may see.

Nothing else is looked at, so what is told here can't be more than what the page may tell. A score
is told only with its day, and of measures that are never for payers (alliance, risk) none at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from connector.documents.plain import SENTENCES
from connector.documents.wording import MONTHS, json_number
from connector.measures.instrument import Instrument

View = Mapping[str, Any]
Instruments = Mapping[str, Instrument]
_US = re.compile(r"(\d\d)/(\d\d)/(\d{4})")
_WORDED = re.compile(r"(\d{1,2}) ([A-Z][a-z]+) (\d{4})")
_SAID = re.compile(r"(\d+(?:\.\d+)?) on (\d{1,2} [A-Z][a-z]{2} \d{4})")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Point:
    """One score: its day, its value, the severity word and record where the page tells them."""

    on: date
    value: int | float
    band: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """The scores of one measure; ``loinc`` is the code of its total, where it is verified."""

    measure: str
    points: tuple[Point, ...]
    loinc: str | None = None


@dataclass(frozen=True, slots=True)
class ToldGoal:
    """A goal in its own words. ``state``: met, not_met, stopped, new or open."""

    text: str
    state: str
    now: str = ""
    target: str = ""
    by: date | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """All of it. ``identifiers`` are pairs of a kind (MB: member number, MR: chart) and a value."""

    name: str | None = None
    born: date | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    clinician: str | None = None
    npi: str | None = None
    series: tuple[Series, ...] = ()
    decision: str | None = None
    rule: str | None = None
    diagnoses: tuple[tuple[str, str], ...] = ()
    goals: tuple[ToldGoal, ...] = ()
    sentences: tuple[str, ...] = ()


def told(kind: str, view: View, instruments: Instruments) -> Told | None:
    """What a report of this kind tells, from its reader's ``view``; None for unknown kinds."""
    reader = _READERS.get(kind)
    return reader(view, instruments) if reader else None


def read_day(text: str | None) -> date | None:
    """The first day in a text, as 03/12/2026, 2026-03-12 or 12 Mar 2026; None without one."""
    if not text:
        return None
    try:
        if found := _US.search(text):
            month, day, year = map(int, found.groups())
            return date(year, month, day)
        if found := _WORDED.search(text):
            names = [name[: len(found[2])] for name in MONTHS]
            return date(int(found[3]), names.index(found[2]) + 1, int(found[1]))
        return date.fromisoformat(text)
    except ValueError:
        return None


def _payer(view: View, instruments: Instruments) -> Told:
    member, decision = view.get("member", {}), view.get("decision") or {}
    series = [
        _series(block.get("measure"), _table(block.get("rows", ())), instruments)
        for block in view.get("scores", ())
    ]
    return Told(
        name=member.get("name"),
        born=read_day(member.get("birth_date")),
        identifiers=(("MB", member["id"]),) if member.get("id") else (),
        clinician=view.get("provider", {}).get("name"),
        npi=_labelled(view.get("provider", {}), "NPI"),
        series=_kept([*series, *_others(view.get("other_measures", ()), instruments)]),
        decision=decision.get("words"),
        rule=decision.get("rule"),
        diagnoses=_diagnoses(view),
        goals=_goals(view),
        sentences=_sentences(view.get("summary", ())),
    )


def _referrer(view: View, instruments: Instruments) -> Told:
    known = [i for i in instruments.values() if view.get("measure") == f"{i.name} ({i.short_name})"]
    main = _series(known[0].short_name if known else "", _points(view.get("chart")), instruments)
    return Told(
        name=view.get("member", {}).get("name"),
        born=read_day(view.get("member", {}).get("birth_date")),
        clinician=view.get("provider", {}).get("name"),
        series=_kept([main]),
        diagnoses=_diagnoses(view),
        goals=_goals(view),
        sentences=_sentences(view.get("summary", ())),
    )


def _therapist(view: View, instruments: Instruments) -> Told:
    head, decision = view.get("header", {}), view.get("decision", {})
    rows = view.get("scores", {}).get("rows", ())
    series = [
        _series(
            row.get("measure"), _points(panel.get("chart")) or _said(panel.get("words", "")),
            instruments,
        )
        for row, panel in zip(rows, view.get("charts", ()), strict=False)
    ]  # fmt: skip
    return Told(
        name=head.get("name"),
        born=read_day(head.get("birth_date")),
        identifiers=(("MR", head["chart_number"]),) if head.get("chart_number") else (),
        clinician=head.get("clinician"),
        series=_kept(series),
        decision=decision.get("decision"),
        rule=decision.get("rule"),
        diagnoses=tuple((code, "") for code in head.get("diagnoses", ())),
        goals=_goals(view),
    )


def _patient(view: View, _instruments: Instruments) -> Told:
    """The page names no instrument, so the data doesn't either."""
    measure, number = view.get("measure"), view.get("chart_number")
    name = (measure or {}).get("name")
    points: Sequence[Point] = ()
    if measure:
        points = _points(measure.get("chart")) or _ends(measure)
    states = {SENTENCES[f"goal_{state}"]: state for state in ("met", "new", "stopped")}
    return Told(
        identifiers=(("MR", number),) if number else (),
        series=_kept([Series(name, tuple(points)) if name else None]),
        goals=tuple(
            ToldGoal(goal["text"], states.get(where, "open"), now=where)
            for goal in view.get("goals", ())
            if "text" in goal
            for where in (goal.get("where", ""),)
        ),
        sentences=_sentences(view.get("sentences", ())),
    )


_READERS: Mapping[str, Callable[[View, Instruments], Told]] = {
    "insurer": _payer,
    "therapist": _therapist,
    "patient": _patient,
    "referrer": _referrer,
}


def _series(
    measure: str | None, points: Sequence[Point], instruments: Instruments
) -> Series | None:
    """The scores under the measure's name; None where it may not be told or is not known."""
    known = [i for i in instruments.values() if i.short_name == measure]
    if measure is None or not known or not all(i.for_payers for i in known):
        return None
    codes = {i.loinc_total for i in known}
    return Series(measure, tuple(points), codes.pop() if len(codes) == 1 else None)


def _kept(series: Iterable[Series | None]) -> tuple[Series, ...]:
    return tuple(one for one in series if one is not None and one.points)


def _points(chart: View | None) -> list[Point]:
    """The points of a chart, which are the scores that stand on the page."""
    return [
        Point(date.fromisoformat(point["on"]), point["value"], record=point.get("source", ""))
        for point in (chart or {}).get("points", ())
        if "on" in point and "value" in point
    ]


def _table(rows: Iterable[View]) -> list[Point]:
    found = [
        _row(row.get("date"), row.get("total"), row.get("band", ""), row.get("record", ""))
        for row in rows
    ]
    return [point for point in found if point]


def _others(rows: Iterable[View], instruments: Instruments) -> list[Series | None]:
    found = [(row.get("measure"), _row(row.get("date"), row.get("last"))) for row in rows]
    return [_series(measure, [point], instruments) for measure, point in found if point]


def _said(words: str) -> list[Point]:
    """Scores that are told in words: 17 on 14 Jan 2026."""
    found = [_row(on, value) for value, on in _SAID.findall(words)]
    return [point for point in found if point]


def _ends(measure: View) -> list[Point]:
    """Start and now of the patient's number line."""
    found = [_row(measure.get(f"{end}_label"), measure.get(end)) for end in ("start", "now")]
    return [point for point in found if point]


def _row(on: str | None, value: str | None, band: str = "", record: str = "") -> Point | None:
    day = read_day(on)
    if day is None or not _NUMBER.fullmatch(value or ""):
        return None
    return Point(day, json_number(Decimal(value or "")), band, record)


def _goals(view: View) -> tuple[ToldGoal, ...]:
    return tuple(
        ToldGoal(
            goal["text"], _state(goal.get("status", "")), goal.get("now", ""),
            goal.get("target", ""), read_day(goal.get("by") or goal.get("target")),
        )
        for goal in view.get("goals", {}).get("rows", ())
        if "text" in goal
    )  # fmt: skip


def _diagnoses(view: View) -> tuple[tuple[str, str], ...]:
    rows = view.get("diagnoses", ())
    return tuple((row["code"], row.get("text", "")) for row in rows if "code" in row)


def _state(status: str) -> str:
    starts = {"met": "met", "not met": "not_met", "not started": "new", "stopped": "stopped"}
    return next((state for word, state in starts.items() if status.startswith(word)), "open")


def _sentences(rows: Iterable[View]) -> tuple[str, ...]:
    return tuple(row["text"] for row in rows if "text" in row)


def _labelled(block: View, label: str) -> str | None:
    values = [row.get("value") for row in block.get("rows", ()) if row.get("label") == label]
    return values[0] if values else None
