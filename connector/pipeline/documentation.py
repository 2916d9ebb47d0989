"""What a packet's manifest says of the documentation: thread, checklist, participation, papers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.thread import Documented, GoldenThread

SHOWN = 2


def listing(thread: GoldenThread, elements: Sequence[Documented]) -> dict[str, Any]:
    """All links and elements, breaks with every record, as JSON values. For the practice only."""
    return {
        "discipline": thread.discipline,
        "as_of": thread.on.isoformat(),
        "golden_thread": [_row(link) for link in thread.links],
        "medical_necessity": [_row(element) for element in elements],
        "participation": [_row(row) for row in thread.participation],
        "visits_with_missing_papers": [visit.model_dump(mode="json") for visit in thread.visits],
    }


def _row(one: Documented) -> dict[str, Any]:
    """The link or element; of what is there the first and the last record, with their number."""
    row = one.model_dump(mode="json")
    row["records_in_all"] = len(one.records)
    if not one.broken and len(one.records) > SHOWN:
        row["records"] = [row["records"][0], row["records"][-1]]
    return row
