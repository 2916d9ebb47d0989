"""Cuts the therapist page to one page by rule: rows go to the app, type never shrinks.

Heights are estimated from character counts (pt, on the safe side) for US Letter, the shorter sheet.
Rows are taken away in a fixed order until the estimate fits; each block says how many are left out.
"""

from __future__ import annotations

from typing import Any

from connector.documents.wording import clipped

PAGE = 698.0
WIDTH, LEFT, RIGHT = 525.6, 330.0, 179.0
SAFETY = 1.01
HEADING = 21.5
BODY, SMALL = 12.4, 10.7
# block and the rows that must stay (of the reason: characters), taken in this order
CUTS = (
    ("warnings", 3), ("thread", 4), ("goals", 4), ("review", 5), ("safety", 2), ("reason", 420),
    ("warnings", 2), ("thread", 3), ("reason", 290), ("goals", 3), ("review", 4), ("warnings", 1),
    ("thread", 2), ("review", 3), ("reason", 190), ("goals", 2), ("review", 2), ("thread", 1),
    ("scores", 3), ("reason", 110), ("goals", 1), ("safety", 1), ("review", 1), ("reason", 50),
)  # fmt: skip


def fit(context: dict[str, Any]) -> dict[str, Any]:
    """The context with as many rows as one page holds."""
    result = dict(context)
    for block, least in CUTS:
        if block == "reason" and height(result) > PAGE and _right(result) > _left(result):
            decision = result["decision"]
            result["decision"] = {**decision, "reason": clipped(decision["reason"], least)}
            continue
        while block != "reason" and height(result) > PAGE and len(result[block]["rows"]) > least:
            rows, more = result[block]["rows"], result[block]["more"]
            result[block] = {**result[block], "rows": rows[:-1], "more": more + 1}
    for block in ("safety", "review", "goals", "thread", "scores", "warnings"):
        result = _put_back(result, block, context[block]["rows"])
    return result


def _put_back(result: dict[str, Any], block: str, rows: list[Any]) -> dict[str, Any]:
    """The result with rows of a block back that a later cut has made room for."""
    while len(result[block]["rows"]) < len(rows):
        shown = len(result[block]["rows"]) + 1
        more = result[block]["more"] - 1
        tried = {**result, block: {**result[block], "rows": rows[:shown], "more": more}}
        if height(tried) > PAGE:
            break
        result = tried
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
        + _thread(context["thread"])
        + HEADING
        + _lines(context["note"], 8.5, 512) * SMALL
        + 8
    )


def _header(header: dict[str, Any]) -> float:
    said = f"{header['clinician']}; dx {', '.join(header['diagnoses'])} and 9 more; care ended; "
    said += "day 999, visit 99"
    return max(20.0, _lines(said, 8.5, WIDTH - 8.2 * len(header["name"]) - 12) * SMALL) + 2


def _rows(context: dict[str, Any]) -> list[dict[str, Any]]:
    return list(context["review"]["rows"]) or [{"text": "nothing", "rule": ""}]


def _lines(text: str, size: float, width: float) -> int:
    """Lines that the text takes, filled word by word as the renderer does."""
    room, used, lines = width / (size * SAFETY), 0.0, 1
    for word in text.split():
        wide = sum(map(_EMS.__getitem__, word))
        if used and used + 0.2 + wide > room:
            lines, used = lines + 1, wide
        else:
            used += wide + (0.2 if used else 0)
        if wide > room:
            lines, used = lines + int(wide // room), wide % room
    return lines


def _em(letter: str) -> float:
    """Width of a letter in em, by class, on the wide side for Source Sans 3."""
    if letter in "WMmw@%":
        return 0.88
    if letter in "iljtfrI.,;:'|!()[]":
        return 0.3
    return 0.64 if letter.isupper() else 0.51


class _Widths(dict[str, float]):
    """``_em`` of each letter met so far: a page asks for tens of thousands of letters."""

    def __missing__(self, letter: str) -> float:
        return self.setdefault(letter, _em(letter))


_EMS = _Widths()


def _left(context: dict[str, Any]) -> float:
    total = 0.0
    for index, panel in enumerate(context["charts"]):
        total += HEADING + _lines(panel["direction"], 8.5, LEFT) * SMALL
        if panel["chart"]:
            total += 150 if index == 0 else 122
            total += _lines(panel["key"], 8.5, LEFT) * SMALL if panel["key"] else 0
        else:
            total += _lines(panel["words"], 9.5, LEFT) * BODY
    warnings = context["warnings"]["rows"]
    said = sum(_lines(row["text"], 8.5, LEFT) * SMALL for row in warnings)
    return total + HEADING + (said or SMALL)


def _right(context: dict[str, Any]) -> float:
    scores, moved, decision = context["scores"]["rows"], context["moved"], context["decision"]
    total = HEADING + SMALL + 14.5 * len(scores) + 2 * SMALL
    total += sum(_lines(line["text"], 8.5, RIGHT) * SMALL for line in context.get("scales", ()))
    if moved:
        text = "; ".join(moved["items"]) + " ".join(moved["safety"]) + "Moved most (measure): ."
        total += _lines(text, 8.5, RIGHT) * SMALL
    reason = f"{decision['decision']}, rule {decision['rule']}. {decision['reason']}"
    inputs = f"Inputs: {decision['inputs']}. Capped by {decision['capped_by']}."
    total += HEADING + _lines(reason, 8.5, RIGHT) * SMALL + _lines(inputs, 8.5, RIGHT) * SMALL
    seen, right = context["attendance"], context["authorization"]
    total += HEADING + _lines(seen["text"], 9.5, RIGHT) * BODY + 12
    total += _lines(seen["key"], 8.5, RIGHT) * SMALL if seen["key"] else 0
    total += _lines(f"{seen['next']}. {seen['home']}.", 8.5, RIGHT) * SMALL
    total += HEADING + _lines(right["text"], 9.5, RIGHT) * BODY
    total += _lines(f"{right['detail']}; 1 more in the app", 8.5, RIGHT) * SMALL
    return total + (BODY if right["flag"] else 0)


def _thread(thread: dict[str, Any]) -> float:
    said = " ".join(row["text"] for row in thread["rows"])
    more = f" And {thread['more']} more in the app." if thread["more"] else ""
    text = f"Breaks in the golden thread: {said}{more}" if said else thread["none"]
    return 2 + _lines(text, 8.5, WIDTH) * SMALL


def _goals(context: dict[str, Any]) -> float:
    goals = context["goals"]["rows"]
    if not goals:
        return HEADING + BODY
    shares = {"text": 0.39, "start": 0.1175, "now": 0.1175, "target": 0.235, "status": 0.14}
    total = HEADING + 11.5
    for goal in goals:
        over = goal["level"] == "goal" and context["goals"]["objectives"]
        row = {**goal, "text": f"{goal['text']} (overall)" if over else goal["text"]}
        tall = max(_lines(row[k], 9.5, WIDTH * share - 6) for k, share in shares.items())
        total += tall * 11.6 + 0.5
    return total
