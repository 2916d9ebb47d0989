"""The breaks of the golden thread as the therapist's page says them: short, each thing once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.documents import facts, narrative
from connector.progress import Progress
from connector.thread import Documented, GoldenThread

NO_BREAKS = "Golden thread: no break found in the records."
NO_CARE = "Golden thread: no care on file."
# After care only what closes it can still be put right.
CLOSING = ("visit_notes", "discharge")
# What a line of the review says already, by that line's rule.
SAID_BY = {
    "goal_date": (("objectives", "stale"),),
    "overdue_assessment": (("measures", "stale"), ("symptoms", "stale")),
}
# One missing score or goal breaks several links; the page names the widest.
IMPLIED_BY = {"symptoms": "measures", "assessment": "measures", "objectives": "goals"}


def breaks(
    thread: GoldenThread | None,
    progress: Progress,
    review: Sequence[dict[str, Any]],
    pages_at: str | None = None,
) -> list[dict[str, Any]]:
    """One sentence for each break, with its records; none that the review has said.

    Missing evidence of the client's part in the plan stands among them. ``pages_at`` is where the
    service's pages are: with it each sentence has the ``link`` to its first record.
    """
    if thread is None:
        return []
    told = {said for row in review for said in SAID_BY.get(row["rule"], ())}
    broken = {link.key: link for link in (*thread.breaks, *_participation(thread))}
    if facts.care_ended(progress):
        broken = {key: link for key, link in broken.items() if key in CLOSING}
    shown = [
        link
        for link in broken.values()
        if (link.key, link.state) not in told and not _implied(link, broken)
    ]
    return [_row(link, pages_at) for link in shown]


def _row(link: Documented, pages_at: str | None) -> dict[str, Any]:
    row = narrative.sentence(link.key, link.finding, [r.id for r in link.records])
    if pages_at is None or not link.records:
        return row
    return {**row, "link": f"{pages_at}/records/{link.records[0].id}"}


def no_breaks(thread: GoldenThread | None) -> str:
    """What stands where no break is shown."""
    return NO_BREAKS if thread is not None and thread.links else NO_CARE


def _participation(thread: GoldenThread) -> list[Documented]:
    return [row for row in thread.participation if row.key == "client_participated" and row.broken]


def _implied(link: Documented, broken: dict[str, Documented]) -> bool:
    wider = broken.get(IMPLIED_BY.get(link.key, ""))
    return wider is not None and wider.state == link.state
