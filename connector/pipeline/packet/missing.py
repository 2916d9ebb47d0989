"""What a packet lacks, as one list for the person who completes it.

Two kinds: papers of the chart (a note that is not signed, no plan, a certification that ended, no
diagnosis), and what the request itself needs. Papers are told and do not hold the packet up; what
the request needs does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from connector.pipeline.packet.complete import lacking
from connector.thread import Documented, GoldenThread

_FIX = {
    "no note": "Write the note in the EHR",
    "note not signed": "Sign the note in the EHR",
    "no plan in force": "Write the plan in the EHR",
    "plan of care ended": "Recertify the plan of care",
    "no diagnosis": "Add an ICD-10-CM diagnosis in the EHR",
}


def missing_items(
    thread: GoldenThread, elements: Sequence[Documented], request: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """The list: what, how often, how to put it right, and whether the request waits for it."""
    found = [
        {"what": one["text"], "count": 1, "fix": one["fix"], "holds_up": True}
        for one in (lacking(request) if request is not None else ())
    ]
    papers: Counter[str] = Counter()
    for visit in thread.visits:
        papers.update(visit.missing)
    found += [
        {
            "what": f"{name} ({count} {'visit' if count == 1 else 'visits'})",
            "count": count,
            "fix": _FIX.get(name, "Put it right in the EHR"),
            "holds_up": False,
        }
        for name, count in sorted(papers.items())
    ]
    found += [
        {"what": f"{one.name}: {one.finding}", "count": 1, "fix": one.action, "holds_up": False}
        for one in (*thread.breaks, *(e for e in elements if e.broken))
    ]
    return found
