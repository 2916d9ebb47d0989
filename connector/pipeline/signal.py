"""An alert before it has a patient and a key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from connector.progress import Audience, Severity


@dataclass(frozen=True, slots=True)
class Signal:
    """What happened, how bad it is and whom it concerns; ``summary`` holds nothing personal.

    ``causes`` and ``score`` make its identity, ``sources`` are the records it rests on.
    """

    rule: str
    severity: Severity
    audiences: tuple[Audience, ...]
    summary: str
    text: str
    on: date
    causes: tuple[str, ...]
    sources: tuple[str, ...] = ()
    score: str = ""
