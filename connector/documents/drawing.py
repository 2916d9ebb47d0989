"""Geometry of the line chart: chart data in, marks in drawing order out. Pure arithmetic.

The template macro draws the marks as they come and decides nothing. Sizes, offsets and the order
(thresholds, line, points, then all labels on white pads) are measured ones: labels drawn in the
same pass as points were crossed by later segments, and fixed offsets broke at other text sizes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from connector.documents.marks import ChartStyle, Dot, Drawing, Frame, Label, Line, Mark
from connector.documents.marks import rounded as _r
from connector.documents.wording import short_day, us_day

LABEL_ALL_UP_TO = 12


@dataclass(frozen=True, slots=True)
class _Plot:
    """The plot area's edges and its two scales."""

    style: ChartStyle
    low: float
    high: float
    first: date
    last: date

    @property
    def floor(self) -> float:
        return self.style.height - self.style.bottom

    @property
    def end(self) -> float:
        return self.style.width - self.style.right

    def x(self, on: date) -> float:
        days = max((self.last - self.first).days, 1)
        inner = self.end - self.style.left - self.style.label - 0.9 * self.style.last
        return _r(self.style.left + self.style.label + inner * (on - self.first).days / days)

    def y(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1)
        return _r(self.floor - share * (self.floor - self.style.top))


def line_chart(data: Mapping[str, Any], style: ChartStyle) -> Drawing:
    """The drawing of ``chart_data.line_data``'s result in a style."""
    points = [
        (date.fromisoformat(p["on"]), float(p["value"]), str(p["label"])) for p in data["points"]
    ]
    dates = [on for on, _, _ in points]
    missed = [date.fromisoformat(day) for day in data["missed"]]
    days = dates + missed
    plot = _Plot(style, float(data["low"]), float(data["high"]), min(days), max(days))
    places = [(plot.x(on), plot.y(value)) for on, value, _ in points]
    words = [str(p.get("mark", "")) for p in data["points"]]
    marks: list[Mark] = [
        *_axes(plot),
        *_thresholds(plot, data["thresholds"], data.get("real_change")),
        *_real_change(plot, data.get("real_change")),
        *_joins(plot, dates, places, missed, [bool(p.get("after_gap")) for p in data["points"]]),
        *_points(plot, places, words),
        *_crosses(plot, missed),
        *_scale_labels(plot, data["thresholds"]),
        *_band_words(plot, data["bands"]),
        *_direction(plot, str(data["better"])),
        *_dates(plot, dates),
        *_values(plot, places, [label for _, _, label in points], words),
    ]
    return Drawing(style.width, style.height, str(data["title"]), tuple(marks))


def _axes(plot: _Plot) -> list[Mark]:
    s = plot.style
    return [
        Line(s.left, plot.floor, plot.end, plot.floor, s.axis, s.ink),
        Line(s.left, s.top, s.left, plot.floor, s.axis, s.ink),
    ]


def _thresholds(
    plot: _Plot, thresholds: Sequence[Mapping[str, Any]], taken: float | None
) -> list[Mark]:
    """Dashed lines; a band limit where the line of real change lies leaves the place to it."""
    s = plot.style
    return [
        Line(
            s.left, plot.y(float(t["value"])), plot.end, plot.y(float(t["value"])),
            _r(s.threshold * (1.6 if t["cutoff"] else 1)), s.rule,
            "6 2" if t["cutoff"] else "3 2",
        )
        for t in thresholds
        if t["cutoff"] or t["value"] != taken
    ]  # fmt: skip


def _real_change(plot: _Plot, value: float | None) -> list[Mark]:
    """A dash-dot line from the first score on: at or beyond it the change is a real one."""
    if value is None:
        return []
    s, y = plot.style, plot.y(float(value))
    return [Line(plot.x(plot.first), y, plot.end, y, s.join, s.line, "8 2.5 1.5 2.5")]


def _joins(
    plot: _Plot,
    days: Sequence[date],
    places: Sequence[tuple[float, float]],
    missed: Sequence[date],
    hidden: Sequence[bool],
) -> list[Mark]:
    """Solid between neighbours, dotted where a form is missing or not shown between them."""
    s = plot.style
    marks: list[Mark] = []
    for i in range(1, len(places)):
        gap = hidden[i] or any(days[i - 1] < day < days[i] for day in missed)
        (x1, y1), (x2, y2) = places[i - 1], places[i]
        width, dash = (s.join, "1.5 2.5") if gap else (s.data_line, "")
        marks.append(Line(x1, y1, x2, y2, width, s.line, dash))
    return marks


def _points(plot: _Plot, places: Sequence[tuple[float, float]], words: Sequence[str]) -> list[Mark]:
    s = plot.style
    scale = s.label / 8
    marks: list[Mark] = []
    for i, (x, y) in enumerate(places):
        last = i == len(places) - 1
        marks.append(Dot(x, y, _r((4 if last else 2.4) * scale), s.line))
        if words[i]:
            size = _r((14 if last else 11) * scale)
            marks.append(Frame(_r(x - size / 2), _r(y - size / 2), size, 1.0, s.ink))
    return marks


def _crosses(plot: _Plot, missed: Sequence[date]) -> list[Mark]:
    """A 7 by 7 pt cross, foot 3 pt above the axis (5 by 5 read as dirt on fax)."""
    s, marks = plot.style, list[Mark]()
    foot, size = plot.floor - 3, 7 * s.label / 8
    for day in missed:
        x = plot.x(day)
        left, right, top = _r(x - size / 2), _r(x + size / 2), _r(foot - size)
        marks.append(Line(left, top, right, foot, 1.2, s.ink))
        marks.append(Line(left, foot, right, top, 1.2, s.ink))
    return marks


def _scale_labels(plot: _Plot, thresholds: Sequence[Mapping[str, Any]]) -> list[Mark]:
    """Numbers at the left; ends and cut-off first, others where there is room."""
    s = plot.style
    ends = [(plot.low, 400), (plot.high, 400)]
    cuts = [(float(t["value"]), 600) for t in thresholds if t["cutoff"]]
    rest = [(float(t["value"]), 400) for t in thresholds if not t["cutoff"]]
    taken: list[float] = []
    marks: list[Mark] = []
    for value, weight in [*cuts, *ends, *rest]:
        y = plot.y(value)
        if any(abs(y - other) < 1.05 * s.label for other in taken):
            continue
        taken.append(y)
        marks.append(
            Label(
                _r(s.left - 4), _r(y + 0.35 * s.label), f"{value:g}", s.label, s.ink, "end", weight
            )
        )
    return marks


def _band_words(plot: _Plot, bands: Sequence[Mapping[str, Any]]) -> list[Mark]:
    """Each band's word, centred in its band, in the right gutter only."""
    s = plot.style
    room = s.right - 4 - 2.4 * s.label
    marks: list[Mark] = []
    for band in bands:
        low, high = plot.y(float(band["low"])), plot.y(float(band["high"]))
        if low - high < 1.0 * s.label:
            continue
        word = _fitting(str(band["word"]), room, s.label)
        marks.append(
            Label(_r(plot.end + 4), _r((low + high) / 2 + 0.35 * s.label), word, s.label, s.ink)
        )
    return marks


def _fitting(word: str, room: float, size: float) -> str:
    if len(word) * size * 0.5 > room:
        word = word.replace("moderately", "mod.")
    limit = int(room / (size * 0.47))
    return word if len(word) <= limit else word[: max(limit - 1, 1)].rstrip() + "."


def _direction(plot: _Plot, better: str) -> list[Mark]:
    """The arrow at the far right, with the word at the end that it points to."""
    s = plot.style
    x = _r(s.width - s.label)
    top, foot = s.top + s.label, plot.floor - s.label * 0.6
    if better == "up":
        top += s.label * 0.6
        tip, head, word_y = top, top + 5, s.top + 0.35 * s.label
    else:
        tip, head, word_y = foot, foot - 5, plot.floor + s.label * 0.9
    return [
        Line(x, _r(top), x, _r(foot), s.axis, s.ink),
        Line(_r(x - 3), _r(head), x, _r(tip), s.axis, s.ink),
        Line(_r(x + 3), _r(head), x, _r(tip), s.axis, s.ink),
        Label(s.width, _r(word_y), "better", s.label, s.ink, "end"),
    ]


def _dates(plot: _Plot, days: Sequence[date]) -> list[Mark]:
    """Three to six ticks on real dates: the first, the last, others where there is room."""
    s = plot.style
    chosen = [days[0]]
    if plot.x(days[-1]) - plot.x(days[0]) >= s.tick_gap:
        chosen.append(days[-1])
    # middle first, so that what fits is spread over the line
    middle = len(days) // 2
    for day in sorted(days[1:-1], key=lambda d: abs(days.index(d) - middle)):
        x = plot.x(day)
        if len(chosen) < 6 and all(abs(x - plot.x(c)) >= s.tick_gap for c in chosen):
            chosen.append(day)
    marks: list[Mark] = []
    for day in sorted(set(chosen)):
        x = plot.x(day)
        marks.append(Line(x, plot.floor, x, _r(plot.floor + 3), s.axis, s.ink))
        text = us_day(day) if s.date_form == "us" else short_day(day)
        marks.append(
            Label(x, _r(plot.floor + 3 + 1.15 * s.label), str(text), s.label, s.ink, "middle")
        )
    return marks


def _values(
    plot: _Plot,
    places: Sequence[tuple[float, float]],
    texts: Sequence[str],
    words: Sequence[str],
) -> list[Mark]:
    """The numbers at the points, clear of the square round a point that needs attention."""
    s, count = plot.style, len(places)
    marks: dict[int, Label] = {}
    # The last score first, then the first and the extremes: a number that would lie on one of
    # these is left out (the points are there, and the table or the sentence has the numbers).
    for i in _labelled([y for _, y in places]):
        x, y = places[i]
        last = i == count - 1
        size = s.last if last else s.value
        lower_before = i > 0 and places[i - 1][1] >= y
        lower_after = not last and places[i + 1][1] >= y
        # a valley is labelled below, everything else above; y grows downwards
        below = not last and not lower_after and (i == 0 or not lower_before)
        if below and y + 1.35 * size > plot.floor - 1:
            below = False
        base = y + 1.35 * size if below else y - (0.9 if last else 0.75) * size
        if words[i] and not last:
            base += 0.4 * s.label if below else -0.4 * s.label
        if base - 0.74 * size < 0:
            base = y + 1.35 * size
        at = x + 0.9 * size if i == 0 and not last else x
        mark = _padded(_r(at), _r(base), texts[i], size, s.ink, 700 if last else 400)
        if not any(_meet(mark, other) for other in marks.values()):
            marks[i] = mark
    return [marks[i] for i in sorted(marks)]


def _meet(one: Label, other: Label) -> bool:
    """Whether two numbers would be printed on each other."""
    if one.pad is None or other.pad is None:
        return False
    (x, y, wide, high), (u, v, broad, tall) = one.pad, other.pad
    return x + 2 < u + broad and u + 2 < x + wide and y + 1 < v + tall and v + 1 < y + high


def _labelled(ys: Sequence[float]) -> list[int]:
    """Indexes whose value is printed, the most telling first.

    All up to 12; else last, first, highest, lowest and the two before the last.
    """
    count = len(ys)
    order = sorted(range(count), key=lambda i: (ys[i], i))
    told = [count - 1, 0, order[0], order[-1], *range(count - 2, count - 4, -1)]
    if count <= LABEL_ALL_UP_TO:
        told = [count - 1, 0, *range(count - 2, 0, -1)]
    return list(dict.fromkeys(i for i in told if 0 <= i < count))


def _padded(x: float, y: float, text: str, size: float, fill: str, weight: int) -> Label:
    width, height = len(text) * size * 0.5 + 2, 0.86 * size
    pad = (_r(x - width / 2), _r(y - 0.74 * size), _r(width), _r(height))
    return Label(x, y, text, size, fill, "middle", weight, pad)
