"""275 006020X316: documents for a review, version 6020."""

from __future__ import annotations

from connector.x12.guides.attachment import guide

GUIDE = guide("006020X316", "documents for a review, version 6020")
"""The guide."""
