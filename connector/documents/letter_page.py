"""Keeps the letter on one page by rule: rows are left out, type never shrinks.

Heights are estimated on the safe side (pt) for US Letter, the shorter sheet.
"""

from __future__ import annotations

from typing import Any

PAGE, WIDTH, FACT = 658.0, 504.0, 380.0
LINE, ROW, CHART, LOW_CHART = 14.6, 19.0, 140.0, 96.0
PARTY = 238.0
# What is taken away, in this order, until the page holds the rest; the numbers are what must stay.
CUTS = (("goals", 2), ("others", 1), ("goals", 1), ("diagnoses", 2), ("others", 0), ("goals", 0),
        ("diagnoses", 1))  # fmt: skip


def fit(context: dict[str, Any]) -> dict[str, Any]:
    """The context with as many rows as one page holds; goals that are left out are counted.

    Where that is not enough (a long comment), the chart is drawn lower, or left to its sentence.
    """
    result = {**context, "low_chart": False}
    for block, least in CUTS:
        while height(result) > PAGE and _count(result, block) > least:
            if block == "goals":
                goals = result["goals"]
                kept = goals["rows"][:-1]
                result["goals"] = {**goals, "rows": kept, "more": goals["more"] + 1}
            else:
                result[block] = result[block][:-1]
    result["low_chart"] = height(result) > PAGE
    if height(result) > PAGE:
        result["chart"] = None
    return result


def height(context: dict[str, Any]) -> float:
    """The estimated height of the letter's content in pt, what was written into it included."""
    said = " ".join(row["text"] for row in context["opening"])
    total = 52.0 + _parties(context) * LINE + 38.0 + lines(said, WIDTH) * LINE
    total += lines(" ".join(row["text"] for row in context["summary"]), WIDTH) * LINE + 12
    if context["chart"]:
        total += 24.0 + (LOW_CHART if context["low_chart"] else CHART) + LINE
    if context["others"]:
        total += 8 + ROW * (1 + len(context["others"]))
    total += 8 + sum(lines(f"{d['code']} {d['text']}", FACT) * LINE for d in context["diagnoses"])
    total += sum(lines(row["value"] or "", FACT) * LINE + 5 for row in context["plan"]["rows"])
    goals = context["goals"]
    if goals["counted"]:
        total += LINE + 6
    for goal in goals["rows"]:
        total += lines(f"{goal['text']}: {goal['now']} (goal: {goal['target']}), met", FACT) * LINE
    written = context.get("filled", {}).values()
    total += sum(lines(part, WIDTH) * LINE + 22 for text in written for part in text.splitlines())
    for field in context["clinician_fields"]:
        total += 5 + LINE * (lines(field["value"], FACT) if field["value"] else 2)
    total += LINE * 2 if context["redisclosure_notice"] else 0
    return total + 104  # the signature, with the digest of what was signed


def _parties(context: dict[str, Any]) -> int:
    """Lines of the taller of the two blocks at the head, with its heading."""
    to, person = context["to"], context["member"]
    left = [to["name"], to["organization"] or "", to["fax"] or to["phone"] or ""]
    right = [person["name"], "born", f"seen by {context['provider']['name']}"]
    both = (sum(lines(part, PARTY) for part in block if part) for block in (left, right))
    return 1 + max(both)


def lines(text: str, width: float) -> int:
    """Lines that a text takes at 11 pt, filled word by word."""
    room, used, count = width / 11, 0.0, 1
    for word in text.split():
        wide = sum(map(_em, word))
        if used and used + 0.2 + wide > room:
            count, used = count + 1, 0.0
        used += wide + (0.2 if used else 0)
        if wide > room:
            count, used = count + int(wide // room), wide % room
    return count


def _em(letter: str) -> float:
    if letter in "WMmw@%":
        return 0.88
    return 0.3 if letter in "iljtfrI.,;:'|!()[]" else 0.64 if letter.isupper() else 0.51


def _count(context: dict[str, Any], block: str) -> int:
    return len(context["goals"]["rows"] if block == "goals" else context[block])
