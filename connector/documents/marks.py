"""What a chart is made of: styles with measured sizes, and the marks that the macro draws.

Sizes are in pt and measured: the insurer's are those that survive a standard-resolution fax.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class ChartStyle:
    """Box, gutters, text sizes, line weights and colours of one kind of chart (pt)."""

    width: float
    height: float
    left: float
    right: float
    top: float = 14
    bottom: float = 20
    label: float = 8
    value: float = 8.5
    last: float = 12
    data_line: float = 1.6
    join: float = 1.0
    threshold: float = 0.6
    axis: float = 0.8
    ink: str = "#16202A"
    line: str = "#14324F"
    rule: str = "#6B7785"
    date_form: str = "day_month"
    tick_gap: float = 46


THERAPIST = ChartStyle(width=330, height=150, left=26, right=76)
THERAPIST_SECOND = ChartStyle(width=330, height=122, left=26, right=76)
INSURER = ChartStyle(
    width=504, height=210, left=32, right=95, top=18, bottom=24, label=10, value=10.5, last=14,
    data_line=2.2, join=1.0, threshold=1.0, axis=1.2, ink="#000000", line="#000000",
    rule="#000000", date_form="us", tick_gap=74,
)  # fmt: skip
PATIENT = ChartStyle(
    width=500, height=190, left=34, right=136, top=20, bottom=26, label=12, value=12, last=16,
    data_line=2.2, join=1.2, threshold=0.8, axis=1.0, tick_gap=70,
)  # fmt: skip
REFERRER = replace(INSURER, height=140, last=13)
STYLES: Mapping[str, ChartStyle] = {
    "therapist": THERAPIST,
    "therapist_second": THERAPIST_SECOND,
    "insurer": INSURER,
    "referrer": REFERRER,
    "referrer_low": replace(REFERRER, height=96),
    "patient": PATIENT,
}


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line; ``dash`` is an SVG dash pattern or empty."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    stroke: str
    dash: str = ""
    kind: str = "line"


@dataclass(frozen=True, slots=True)
class Dot:
    """A data point with its white ring."""

    x: float
    y: float
    r: float
    fill: str
    stroke: str = "#FFFFFF"
    width: float = 0.9
    kind: str = "dot"


@dataclass(frozen=True, slots=True)
class Frame:
    """An open square round a point that needs attention."""

    x: float
    y: float
    size: float
    width: float
    stroke: str
    kind: str = "frame"


@dataclass(frozen=True, slots=True)
class Label:
    """A text; one with a pad gets a white box of (pad_x, pad_y, pad_w, pad_h) under it."""

    x: float
    y: float
    text: str
    size: float
    fill: str
    anchor: str = "start"
    weight: int = 400
    pad: tuple[float, float, float, float] | None = None
    kind: str = "label"


Mark = Line | Dot | Frame | Label


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished chart; ``title`` is the full sentence that stands for it in words."""

    width: float
    height: float
    title: str
    marks: tuple[Mark, ...]


def rounded(value: float) -> float:
    """One decimal; paths with more are longer and no sharper."""
    return round(value, 1) + 0.0
