"""Tables of the director's report: every percent with its number, small groups never shown.

A cell is a part of a whole with its interval, or says why it holds none. Rows stand in the order of
their names, never of their rates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connector.documents.wording import number
from connector.outcomes.small_groups import apart, hidden
from connector.outcomes.tally import Share, Tally

Cell = dict[str, Any]
Column = tuple[str, str]


def table(
    groups: Mapping[str, Tally],
    everybody: Tally,
    columns: Sequence[Column],
    least: int,
    label: Callable[[str], str],
    *,
    severity: bool = False,
) -> dict[str, Any]:
    """Everybody, then each group that is large enough, then the others together.

    ``columns`` are a rate's name (a numerator of ``tally.PARTS``) and its heading. ``severity``
    adds the median first score, where all of a group are on one scale.
    """
    rows = [("Everybody", everybody), *_rows(groups, least, label)]
    scales = {label(one) for one in groups}
    cells = [_column([tally.share(name) for _, tally in rows], least) for name, _ in columns]
    return {
        "columns": [{"key": name, "label": heading} for name, heading in columns],
        "least": least,
        "rows": [
            {
                "name": name,
                "courses": fewer(least) if 0 < tally.courses < least else str(tally.courses),
                "severity": _severity(tally, least) if severity and name in scales else None,
                "cells": [column[place] for column in cells],
            }
            for place, (name, tally) in enumerate(rows)
        ],
    }


def _rows(
    groups: Mapping[str, Tally], least: int, label: Callable[[str], str]
) -> list[tuple[str, Tally]]:
    alone, together = apart({name: tally.courses for name, tally in groups.items()}, least)
    if len(alone) + len(together) < 2:
        return []
    rows = sorted((label(name), name) for name in alone)
    shown = [(text, groups[name]) for text, name in rows]
    rest = Tally()
    for name in together:
        rest.join(groups[name])
    if shown and rest.courses >= least:
        shown.append((f"Smaller groups together\u00a0({len(together)})", rest))
    return shown


def _column(shares: Sequence[Share], least: int) -> list[Cell]:
    """The cells of one rate, everybody's first; none that is hidden can be worked out."""
    total, *parts = shares
    out = hidden([share.whole for share in parts], least)
    small = 0 < total.whole < least
    first = _cell(total, small, least)
    return [first, *(_cell(share, n in out or small, least) for n, share in enumerate(parts))]


def _cell(share: Share, is_hidden: bool, least: int) -> Cell:
    interval = share.interval
    if interval is None:
        return {"text": "none", "part": None, "whole": 0, "percent": None}
    if is_hidden:
        return {"text": fewer(least), "part": None, "whole": None, "percent": None}
    return {
        "text": f"{rounded(interval.percent)}% ({share.part} of {share.whole})",
        "rounded": f"{rounded(interval.percent)}%",
        "counts": f"{share.part} of {share.whole}",
        "part": share.part,
        "whole": share.whole,
        "percent": round(interval.percent, 1),
        "low": round(interval.low, 1),
        "high": round(interval.high, 1),
    }


def _severity(tally: Tally, least: int) -> str | None:
    """The median first score: who starts worse has more room to change, and further to go."""
    count = tally.baselines.total()
    if count < least:
        return None
    ordered = sorted(map(Decimal, tally.baselines.elements()))
    return number((ordered[(count - 1) // 2] + ordered[count // 2]) / 2)


def rounded(percent: float) -> int:
    """Whole percent, a half upwards."""
    return int(percent + 0.5)


def fewer(least: int) -> str:
    """What stands where a number is not shown."""
    return f"fewer than {least}"
