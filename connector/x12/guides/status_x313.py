"""277 006020X313: request for documents."""

from __future__ import annotations

from connector.x12.guides.status import guide

GUIDE = guide("006020X313", "request for documents", {})
"""The guide."""
