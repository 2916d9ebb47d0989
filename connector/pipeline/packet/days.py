"""Days in a context: ISO text, because a document's context is plain JSON."""

from __future__ import annotations

from datetime import date


def day(text: str | None) -> date | None:
    """The day of ISO text; None where none is stated."""
    return date.fromisoformat(text) if text else None
