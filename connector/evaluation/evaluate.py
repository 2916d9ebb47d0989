"""One line of text to one result: which kinds there are, and what is printed of their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from connector.evaluation import courses, quantities, scores
from connector.evaluation.line import Basis, Line, LineFault, Result, nearest
from connector.evaluation.reading import read_line


@dataclass(frozen=True)
class Kind:
    """A question that can be asked: who answers it, and the fields that it may have."""

    answer: Callable[[Line, Basis], Result]
    fields: tuple[str, ...]


KINDS: Mapping[str, Kind] = {
    "score": Kind(scores.score_line, ("instrument", "items", "total_in", "encoding", "context")),
    "change": Kind(scores.change_line, ("instrument", "baseline", "current", "sd", "rel")),
    "baseline": Kind(courses.baseline_line, ("episode_start", "series")),
    "decide": Kind(courses.decide_line, ("instrument", "episode_start", "series", "today")),
    "expected": Kind(quantities.expected_line, ("week",)),
    "gas": Kind(quantities.gas_line, ("goals",)),
    "attendance": Kind(quantities.attendance_line, ("visits",)),
    "adherence": Kind(quantities.adherence_line, ("done", "prescribed")),
    "se_diff": Kind(quantities.se_diff_line, ("args",)),
    "cut_c": Kind(quantities.cut_c_line, ("args",)),
}


def evaluate_line(raw: bytes | str, basis: Basis) -> Result:
    """The JSON-ready answer to one line; never raises for what may be in it.

    A line that can't be answered gives ``{"status": "error", "error": code, "message": sentence}``.
    """
    try:
        return {name: printed(value) for name, value in _answer(raw, basis).items()}
    except LineFault as fault:
        return {"status": "error", "error": fault.code, "message": fault.message}


def _answer(raw: bytes | str, basis: Basis) -> Result:
    data = read_line(raw)
    name = data.get("kind")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise LineFault(
            "unknown_kind", f"unknown kind.{nearest(name, KINDS)} Valid values: {', '.join(KINDS)}"
        )
    line = Line(data)
    line.refuse_near_misses(("kind", *kind.fields))
    return kind.answer(line, basis)


def printed(value: Any) -> Any:
    """``value`` as JSON has it: decimals as numbers, whole ones without a point."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: printed(part) for name, part in value.items()}
    return [printed(part) for part in value] if isinstance(value, list | tuple) else value
