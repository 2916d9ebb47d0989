"""How long a counterpart asks us to wait: Retry-After (RFC 9110, 10.2.3), X-RateLimit-Reset.

A date is compared with the counterpart's own Date header where there is one, so that clocks that
differ do no harm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_SECONDS = 86_400.0
"""A day, the longest known quota. A longer wait is cut: no header may silence us for good."""

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{0,9})?", re.ASCII)
_RESETS = ("x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset")
_EPOCH_FROM = 1e9
_MILLISECONDS_FROM = 1e11


def seconds_asked(
    headers: Mapping[str, str], now: datetime, *, quota: bool = False
) -> float | None:
    """Seconds from ``now``, 0 to LONGEST_SECONDS; None where nothing readable is said.

    ``headers`` have lower-case names or are found in any case. ``quota``: the answer is 429, so a
    reset time counts too (many servers send it with every answer).
    """
    clock = _date(headers.get("date", "")) or now
    asked = headers.get("retry-after", "").strip()
    if _NUMBER.fullmatch(asked):
        return _within(float(asked))
    until = _date(asked)
    if until is not None:
        return _within((until - clock).total_seconds())
    resets = [headers.get(name, "").strip() for name in _RESETS] if quota else []
    for reset in resets:
        if _NUMBER.fullmatch(reset):
            return _within(_until_reset(float(reset), clock))
    return None


def _until_reset(value: float, clock: datetime) -> float:
    """Some send the time (seconds or milliseconds since 1970), some the seconds left."""
    if value < _EPOCH_FROM:
        return value
    if value >= _MILLISECONDS_FROM:
        value /= 1000
    return value - clock.timestamp()


def _within(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_SECONDS)


def _date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text.strip())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
