"""277 005010X214: claim acknowledgment."""

from __future__ import annotations

from connector.x12.guides.status import guide

GUIDE = guide("005010X214", "claim acknowledgment", {1: "0085", 2: "08", 6: "TH"})
"""The guide."""
