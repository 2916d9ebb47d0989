"""Geometry of the patient's number line: the whole scale, where it began, where it is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.documents.marks import PATIENT, Dot, Drawing, Label, Line, Mark
from connector.documents.marks import rounded as _r


def number_line(data: Mapping[str, Any]) -> Drawing:
    """The whole scale as one line, with now, start and the point where care teams look closer."""
    s = PATIENT
    left, right, axis = 10.0, s.width - 10, 62.0
    low, high = float(data["low"]), float(data["high"])

    def x(value: float) -> float:
        return _r(left + (right - left) * (value - low) / ((high - low) or 1))

    marks: list[Mark] = [Line(left, axis, right, axis, 2.2, s.ink)]
    for value, anchor in ((low, "start"), (high, "end")):
        at, word = x(value), data["ends"][0 if value == low else 1]
        marks.append(Line(at, axis - 6, at, axis + 6, 1.4, s.ink))
        text = f"{value:g}: {word}"
        marks.append(Label(at, axis + 22, text, s.label, s.ink, anchor))
    now = x(float(data["now"]))
    if data["start"] is not None:
        start = x(float(data["start"]))
        marks.append(Dot(start, axis, 6, "#FFFFFF", s.line, 2.0))
        at, anchor = _inside(start, left, right)
        # close to "now" the word goes one row higher
        row = axis - 14 if abs(start - now) >= 96 else axis - 36
        marks.append(Label(at, row, f"start {data['start']:g}", s.label, s.ink, anchor))
    marks.append(Dot(now, axis, 7, s.line))
    at, anchor = _inside(now, left, right)
    marks.append(Label(at, axis - 14, f"now {data['now']:g}", s.last, s.ink, anchor, 700))
    if data["anchor"] is not None:
        mark = x(float(data["anchor"]["value"]))
        at, anchor = _inside(mark, left + 90, right - 90)
        marks.append(Line(mark, axis + 8, mark, axis + 34, 1.0, s.rule, "3 2"))
        marks.append(Label(at, axis + 46, str(data["anchor"]["text"]), s.label, s.ink, anchor))
    return Drawing(s.width, 116, str(data["title"]), tuple(marks))


def _inside(x: float, left: float, right: float) -> tuple[float, str]:
    """Where a centred label goes: at the ends of the line it leans inwards."""
    if x < left + 30:
        return max(x - 8, 0), "start"
    if x > right - 30:
        return x + 8, "end"
    return x, "middle"
