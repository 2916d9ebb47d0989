"""Drawings of the director's report: a rate with its interval on one scale, a funnel of groups.

Shapes carry the meaning, so that a grey or faxed copy says the same: a dot for the rate, a line for
its 95 percent interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.documents.marks import THERAPIST, Dot, Drawing, Label, Line, Mark
from connector.documents.marks import rounded as _r
from connector.outcomes.statistics import Z_95, Z_998, funnel_limits

WIDTH, ROW = 112.0, 13.0
_PAD = 6.0
_INK, _LINE, _RULE = THERAPIST.ink, THERAPIST.line, THERAPIST.rule
FUNNEL_WIDTH, FUNNEL_HEIGHT = 504.0, 206.0
_LEFT, _RIGHT, _TOP, _FLOOR = 32.0, 440.0, 12.0, 174.0
_STEPS, _LABEL, _NEAR = 48, 8.0, 8.0
_Box = tuple[float, float, float, float]
# Sides and heights at which a name may stand beside its dot, the plainest first.
_MOVES = tuple((side, rise) for rise in (0.0, 8.0, -8.0, 16.0, -16.0, 24.0, -24.0)
               for side in (1, -1))  # fmt: skip


def interval(cell: Mapping[str, Any], name: str) -> Drawing:
    """A rate between 0 and 100 percent with its interval; nothing but the scale where it is hidden.

    ``name`` says in words what the rate is of, for who can't see the drawing.
    """
    middle = ROW / 2
    marks: list[Mark] = [Line(_PAD, middle, WIDTH - _PAD, middle, 0.4, "#B5BEC8")]
    for percent in (0, 50, 100):
        marks.append(Line(_x(percent), middle - 3, _x(percent), middle + 3, 0.4, "#B5BEC8"))
    if cell["percent"] is None:
        return Drawing(WIDTH, ROW, f"{name}: {cell['text']}.", tuple(marks))
    low, high, at = (_x(cell[key]) for key in ("low", "high", "percent"))
    marks += [
        Line(low, middle, high, middle, 2.0, _LINE),
        Line(low, middle - 3, low, middle + 3, 1.2, _LINE),
        Line(high, middle - 3, high, middle + 3, 1.2, _LINE),
        Dot(at, middle, 3.4, _LINE),
    ]
    title = f"{name}: {cell['text']}, 95 percent interval {cell['low']:g} to {cell['high']:g}."
    return Drawing(WIDTH, ROW, title, tuple(marks))


def _x(percent: float) -> float:
    return _r(_PAD + (WIDTH - 2 * _PAD) * percent / 100)


def funnel(data: Mapping[str, Any]) -> Drawing:
    """Each group as a dot, how many against the rate, between the limits that chance explains."""
    points, overall = data["points"], float(data["overall"])
    most = max(point["whole"] for point in points)
    end = (most // 10 + 1) * 10
    y = _y(overall)
    lines = [*_limits(overall, end), Line(_LEFT, y, _RIGHT, y, 1.1, _INK)]
    marks = [*_frame(end), *lines]
    marks.append(Label(_RIGHT + 4, _r(y + 3), f"all {overall:.0f}%", 8, _INK))
    marks += _dots(points, end, [_around(line) for line in lines if isinstance(line, Line)])
    return Drawing(FUNNEL_WIDTH, FUNNEL_HEIGHT, str(data["title"]), tuple(marks))


def _frame(end: int) -> list[Mark]:
    marks: list[Mark] = [
        Line(_LEFT, _TOP, _LEFT, _FLOOR, 0.8, _INK),
        Line(_LEFT, _FLOOR, _RIGHT, _FLOOR, 0.8, _INK),
    ]
    for percent in (0, 25, 50, 75, 100):
        marks.append(Label(_LEFT - 4, _r(_y(percent) + 2.8), f"{percent}", 8, _INK, "end"))
    step = max(end // 5, 1)
    for count in range(0, end + 1, step):
        x = _across(count, end)
        marks.append(Line(x, _FLOOR, x, _FLOOR + 3, 0.8, _INK))
        marks.append(Label(x, _FLOOR + 12, f"{count}", 8, _INK, "middle"))
    marks.append(Label(_RIGHT, _FLOOR + 25, "rated courses", 8, _INK, "end"))
    marks.append(Label(_LEFT + 5, _TOP + 4, "percent better", 8, _INK))
    return marks


def _limits(overall: float, end: int) -> list[Mark]:
    """The 95 and the 99.8 percent limits, from five courses on."""
    marks: list[Mark] = []
    start = max(end / _STEPS, 5.0)
    places = [start + (end - start) * n / _STEPS for n in range(_STEPS + 1)]
    for z, dash, width in ((Z_95, "3 2", 0.8), (Z_998, "", 0.8)):
        for side in (0, 1):
            ys = [_y(funnel_limits(overall, place, z)[side]) for place in places]
            xs = [_across(place, end) for place in places]
            for n in range(_STEPS):
                marks.append(Line(xs[n], ys[n], xs[n + 1], ys[n + 1], width, _RULE, dash))
            word = "95" if z == Z_95 else "99.8"
            marks.append(Label(_RIGHT + 4, _r(ys[-1] + 2.8), word, 7.5, _RULE))
    return marks


def _around(line: Line) -> _Box:
    """The box of a line, with half a pt of air."""
    xs, ys = sorted((line.x1, line.x2)), sorted((line.y1, line.y2))
    return xs[0] - 0.5, ys[0] - 0.5, xs[1] + 0.5, ys[1] + 0.5


def _dots(points: Sequence[Mapping[str, Any]], end: int, lines: Sequence[_Box]) -> list[Mark]:
    """The dots, and each name near its dot; one that has to stand apart is led to it."""
    places = [(_across(p["whole"], end), _y(p["percent"])) for p in points]
    taken = [(x - 4.5, y - 4.5, x + 4.5, y + 4.5) for x, y in places]
    labels: list[Mark] = []
    leads: list[Mark] = []
    for point, (x, y) in zip(points, places, strict=True):
        width = len(point["name"]) * _LABEL * 0.46 + 2
        box, move = _place(x, y, width, taken, lines)
        taken.append(box)
        pad = (_r(box[0]), _r(box[1]), _r(width), _r(box[3] - box[1]))
        edge, anchor = (box[0] + 1, "start") if move[0] > 0 else (box[2] - 1, "end")
        at = (_r(edge), _r(box[1] + 0.84 * _LABEL))
        labels.append(Label(*at, point["name"], _LABEL, _INK, anchor, 400, pad))
        if abs(move[1]) > _NEAR:
            leads.append(Line(x, y, _r(edge), _r((box[1] + box[3]) / 2), 0.5, _INK))
    return [*labels, *leads, *(Dot(x, y, 3.4, _LINE) for x, y in places)]


def _place(
    x: float, y: float, width: float, taken: Sequence[_Box], lines: Sequence[_Box]
) -> tuple[_Box, tuple[int, float]]:
    """The nearest free box for a name beside a dot, rather not on a line; and how it was moved."""
    spots = [(_spot(x, y, width, *move), move) for move in _MOVES]
    free = [spot for spot in spots if _fits(spot[0], taken)] or spots[:1]
    return min(free, key=lambda s: abs(s[1][1]) + _NEAR * any(_meet(s[0], one) for one in lines))


def _spot(x: float, y: float, width: float, side: int, rise: float) -> _Box:
    """The box of a name right (1) or left (-1) of a dot, raised by so many pt."""
    left = x + 6 if side > 0 else x - 6 - width
    top = y - rise - 0.5 * _LABEL
    return left, top, left + width, top + 1.05 * _LABEL


def _fits(box: _Box, taken: Sequence[_Box]) -> bool:
    inside = box[0] >= _LEFT and box[2] <= _RIGHT and box[1] >= _TOP and box[3] <= _FLOOR
    return inside and not any(_meet(box, other) for other in taken)


def _meet(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _across(count: float, end: int) -> float:
    return _r(_LEFT + (_RIGHT - _LEFT) * count / end)


def _y(percent: float) -> float:
    return _r(_FLOOR - (_FLOOR - _TOP - 10) * percent / 100)
