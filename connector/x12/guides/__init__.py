"""The implementation guides, by transaction set, version and direction."""

from __future__ import annotations

import importlib
from functools import cache

from connector.x12.guide import Guide

_DIRECTIONS = {"13": "request", "11": "response"}

_GUIDES = {
    ("278", "request"): ("review_request",),
    ("278", "response"): ("review_response",),
    ("270", ""): ("eligibility_inquiry",),
    ("271", ""): ("eligibility_answer",),
    ("275", ""): ("attachment_x210", "attachment_x314", "attachment_x316"),
    ("277", ""): ("status_x212", "status_x214", "status_x313"),
    ("824", ""): ("advice",),
    ("999", ""): ("acknowledgment",),
}
"""Modules of this package, each with a ``GUIDE``, by ST01 and direction (of the 278, by BHT02)."""


def choose(transaction: str, version: str, purpose: str = "") -> Guide | None:
    """The guide for ST01, ST03 (or GS08) and, for a 278, BHT02: 13 request, 11 response.

    An addendum counts as its base (005010X217A1 as 005010X217). None where there is none.
    """
    direction = _DIRECTIONS.get(purpose, "") if transaction == "278" else ""
    for name in _GUIDES.get((transaction, direction), ()):
        guide = _load(name)
        if version.startswith(guide.versions):
            return guide
    return None


def known(transaction: str) -> bool:
    """Whether there is any guide for this transaction set."""
    return any(st01 == transaction for st01, _ in _GUIDES)


def every() -> list[Guide]:
    """All guides, for tests and the documentation."""
    return [_load(name) for names in _GUIDES.values() for name in names]


@cache
def _load(name: str) -> Guide:
    guide = importlib.import_module(f"{__name__}.{name}").GUIDE
    assert isinstance(guide, Guide)
    return guide
