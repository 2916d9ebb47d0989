"""The director's report on work: authorizations, safety pages, reports made, data set aside."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connector.documents.wording import MONTHS, clipped, number, plural
from connector.outcomes.practice import Approvals, PracticeOutcomes
from connector.outcomes.shown import WorkDone
from connector.outcomes.small_groups import apart
from connector.outcomes.statistics import Spread

REPORTS = {
    "therapist": ("Therapist pages", "made anew, one a day and person"),
    "patient": ("Patient reports", "released"),
    "insurer": ("Payer reports", "signed"),
    "referrer": ("Letters to referring providers", "signed"),
}


def authorizations(found: PracticeOutcomes, least: int) -> dict[str, Any]:
    """Answers by payer, days to the answer where both days are known, what ends when.

    The sum over all payers is about work and is shown as it is; small payers are put together.
    """
    total = Approvals()
    for one in found.payers.values():
        total.join(one)
    sizes = {payer: one.answers.total() for payer, one in found.payers.items()}
    alone, together = apart(sizes, least)
    rows = [("All payers", total)] if sizes else []
    if len(sizes) > 1:
        rows += [(clipped(payer, 34), found.payers[payer]) for payer in sorted(alone)]
        rest = Approvals()
        for payer in together:
            rest.join(found.payers[payer])
        if alone and rest.answers.total() >= least:
            rows.append((f"Smaller payers together\u00a0({len(together)})", rest))
    return {
        "rows": [_payer(name, one) for name, one in rows],
        "note": _known(total),
        "endings": [
            {"month": f"{MONTHS[month - 1]} {year}", "count": count}
            for (year, month), count in sorted(found.endings.items())
        ],
    }


def _payer(name: str, one: Approvals) -> dict[str, Any]:
    waiting = one.answers["waiting"]
    return {
        "name": name,
        "decided": one.decided,
        "in_full": one.answers["in_full"],
        "partly": one.answers["partly"],
        "denied": one.answers["denied"],
        "days": _days(one.days, one.decided),
        "waiting": waiting,
        "waited": _days(one.waited, waiting),
    }


def _days(days: Spread, of: int) -> str:
    """Median and longest, and of how many they are known."""
    if of == 0:
        return "none"
    if days.median is None:
        return f"not known (0 of {of})"
    known = "" if days.number == of else f", known of {days.number} of {of}"
    return f"{number(days.median)} (longest {days.longest}{known})"


def _known(total: Approvals) -> str:
    """What the source said of days."""
    if total.decided == 0:
        return "No authorization of these people was decided in the period."
    if total.days.number == 0:
        return (
            "Approval times are not known: the source names no day of request and decision "
            "(fields requested_on and decided_on of an authorization)."
        )
    return (
        f"Days from request to decision are known of {total.days.number} of {total.decided} "
        "decided authorizations."
    )


def pages(work: WorkDone) -> dict[str, Any]:
    """Safety pages: how long until a person took them on by name."""
    minutes = work.page_minutes
    return {
        "raised": work.pages,
        "open": work.pages_open,
        "acknowledged": minutes.number,
        "median": _span(minutes.median),
        "longest": _span(minutes.longest),
    }


def _span(minutes: float | None) -> str | None:
    """14 minutes, 3.5 hours, 2 days."""
    if minutes is None:
        return None
    if minutes < 120:
        return plural(round(minutes), "minute")
    if minutes < 2880:
        return f"{number(round(minutes / 60, 1))} hours"
    return f"{number(round(minutes / 1440, 1))} days"


def time_saved(work: WorkDone, minutes: Mapping[str, int]) -> dict[str, Any]:
    """Reports counted, times the minutes that the practice states; the product is an assumption."""
    rows, total = [], 0
    for kind, (name, how) in REPORTS.items():
        count, each = work.documents.get(kind, 0), minutes.get(kind, 0)
        total += count * each
        rows.append(
            {
                "kind": kind, "name": name, "counted": how, "count": count, "minutes": each,
                "hours": _hours(count * each),
            }
        )  # fmt: skip
    return {"rows": rows, "hours": _hours(total)}


def _hours(minutes: int) -> str:
    """To a tenth, a half upwards."""
    return f"{Decimal((minutes * 10 + 30) // 60) / 10:.1f}"


def set_aside(work: WorkDone) -> list[dict[str, Any]]:
    """Rows and files in quarantine, by what they are."""
    names = {"row": "Rows set aside", "file": "Files set aside"}
    return [
        {"name": names.get(what, what), "count": count}
        for what, count in sorted(work.set_aside.items())
    ]
