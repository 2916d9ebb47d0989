"""What a packet's manifest says of the documentation: thread, checklist, participation, papers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.progress import Documented, GoldenThread


def listing(thread: GoldenThread, elements: Sequence[Documented]) -> dict[str, Any]:
    """All links and elements with their records, as JSON values. For the practice only."""
    return {
        "discipline": thread.discipline,
        "as_of": thread.on.isoformat(),
        "golden_thread": [_row(link) for link in thread.links],
        "medical_necessity": [_row(element) for element in elements],
        "participation": [_row(row) for row in thread.participation],
        "visits_with_missing_papers": [visit.model_dump(mode="json") for visit in thread.visits],
    }


def _row(one: Documented) -> dict[str, Any]:
    return one.model_dump(mode="json")
