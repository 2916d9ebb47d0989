"""277 005010X212: claim status."""

from __future__ import annotations

from connector.x12.guides.status import guide

GUIDE = guide("005010X212", "claim status", {1: "0010", 2: "08", 6: "DG"})
"""The guide."""
