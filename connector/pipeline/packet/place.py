"""Where the care takes place: the practice's codes, by how the patient's visits are held."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from connector.records import Visit
from connector.x12.content.trading import Trading

_RECENT = timedelta(days=90)
_COUNTED = ("attended", "scheduled")


def place_of(visits: Iterable[Visit], trading: Trading | None, on: date) -> dict[str, Any]:
    """``place_of_service`` (None where the site file does not state it) and ``telehealth``.

    Care is by video where every visit of the last 90 days, and every booked one, of which the chart
    says how it is held is; where it is mixed or not known, the practice's own place is meant.
    """
    held = [
        visit.telehealth
        for visit in visits
        if visit.telehealth is not None
        and visit.status in _COUNTED
        and visit.starts_at.date() >= on - _RECENT
    ]
    video = bool(held) and all(held)
    codes = trading and (trading.telehealth_place_of_service if video else trading.place_of_service)
    return {"place_of_service": codes or None, "telehealth": video}
