"""270, 005010X279A1."""

from __future__ import annotations

from connector.x12.guides.eligibility import guide

GUIDE = guide("270", answer=False)
"""The guide."""
