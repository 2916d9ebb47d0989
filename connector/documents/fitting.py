"""Cuts the therapist page to one page by rule: rows go to the app, type never shrinks.

Heights are estimated from character counts (pt, on the safe side) for US Letter, the shorter sheet.
Rows are taken away in a fixed order until the estimate fits; each block says how many are left out.
"""

from __future__ import annotations

from math import ceil
from typing import Any

PAGE = 698.0
WIDTH, LEFT, RIGHT = 525.6, 330.0, 179.0
RAGGED = 1.04
HEADING = 21.5
BODY, SMALL = 12.4, 10.7
# block, rows that must stay; taken in this order, one row a turn
CUTS = (
    ("warnings", 2), ("goals", 3), ("review", 4), ("warnings", 1), ("review", 3), ("goals", 2),
    ("review", 2), ("scores", 3), ("goals", 1), ("safety", 1), ("review", 1),
)  # fmt: skip


def fit(context: dict[str, Any]) -> dict[str, Any]:
    """The context with as many rows as one page holds."""
    result = dict(context)
    for block, least in CUTS:
        while height(result) > PAGE and len(result[block]["rows"]) > least:
            rows, more = result[block]["rows"], result[block]["more"]
            result[block] = {"rows": rows[:-1], "more": more + 1}
    return result


def height(context: dict[str, Any]) -> float:
    """The estimated height of the page's content in pt."""
    top = 13.0 + 4 + _header(context["header"])
    for n, line in enumerate(context["headlines"]):
        size, tall = (12.5, 16.3) if n == 0 else (10.5, 13.7)
        top += _lines(line["text"], size, WIDTH) * tall
    safety = context["safety"]["rows"]
    box = 10 + sum(_lines("Safety item, open: " + r["text"], 9.5, 510) * BODY for r in safety)
    return (
        top
        + (box if safety else SMALL)
        + max(_left(context), _right(context))
        + _goals(context)
        + HEADING
        + sum(_lines("0. " + r["text"] + r["rule"], 9.5, WIDTH) * BODY for r in _rows(context))
        + HEADING
        + _lines(context["note"], 8.5, 512) * SMALL
        + 8
    )


def _header(header: dict[str, Any]) -> float:
    said = f"{header['clinician']}; dx {', '.join(header['diagnoses'])} and 9 more; day, visit 99"
    return max(20.0, _lines(said, 8.5, WIDTH - 8.2 * len(header["name"]) - 12) * SMALL) + 2


def _rows(context: dict[str, Any]) -> list[dict[str, Any]]:
    return list(context["review"]["rows"]) or [{"text": "nothing", "rule": ""}]


def _lines(text: str, size: float, width: float) -> int:
    """Lines that the text takes, with room for ragged line ends."""
    return max(1, ceil(sum(_em(letter) for letter in text) * size * RAGGED / width))


def _em(letter: str) -> float:
    """Width of a letter in em, by class, on the wide side for Source Sans 3."""
    if letter in "WMmw@%":
        return 0.88
    if letter in " iljtfrI.,;:'|!()[]":
        return 0.3
    return 0.64 if letter.isupper() else 0.51


def _left(context: dict[str, Any]) -> float:
    total = 0.0
    for index, panel in enumerate(context["charts"]):
        total += HEADING + _lines(panel["direction"], 8.5, LEFT) * SMALL
        if panel["chart"]:
            total += (150 if index == 0 else 122) + (
                SMALL if panel["missed"] or panel["marked"] else 0
            )
        else:
            total += _lines(panel["words"], 9.5, LEFT) * BODY
    warnings = context["warnings"]["rows"]
    said = sum(_lines(row["text"], 8.5, LEFT) * SMALL for row in warnings)
    return total + HEADING + (said or SMALL)


def _right(context: dict[str, Any]) -> float:
    scores, moved, decision = context["scores"]["rows"], context["moved"], context["decision"]
    total = HEADING + SMALL + 14.5 * len(scores) + 2 * SMALL
    if moved:
        text = "; ".join(moved["items"]) + " ".join(moved["safety"]) + "Moved most (measure): ."
        total += _lines(text, 8.5, RIGHT) * SMALL
    reason = f"{decision['decision']}, rule {decision['rule']}. {decision['reason']}"
    inputs = f"Inputs: {decision['inputs']}. Capped by {decision['capped_by']}."
    total += HEADING + _lines(reason, 8.5, RIGHT) * SMALL + _lines(inputs, 8.5, RIGHT) * SMALL
    seen, right = context["attendance"], context["authorization"]
    total += HEADING + _lines(seen["text"], 9.5, RIGHT) * BODY + 12
    total += _lines(f"{seen['next']}. {seen['home']}.", 8.5, RIGHT) * SMALL
    total += HEADING + _lines(right["text"], 9.5, RIGHT) * BODY
    total += _lines(f"{right['detail']}; 1 more in the app", 8.5, RIGHT) * SMALL
    return total + (BODY if right["flag"] else 0)


def _goals(context: dict[str, Any]) -> float:
    goals = context["goals"]["rows"]
    if not goals:
        return HEADING + BODY
    shares = {"text": 0.42, "start": 0.13, "now": 0.13, "target": 0.19, "status": 0.13}
    total = HEADING + 11.5
    for goal in goals:
        tall = max(_lines(goal[k], 9.5, WIDTH * share - 6) for k, share in shares.items())
        total += tall * 11.6 + 0.5
    return total
