"""275 005010X210: documents, version 5010."""

from __future__ import annotations

from connector.x12.guides.attachment import guide

GUIDE = guide("005010X210", "documents, version 5010")
"""The guide."""
