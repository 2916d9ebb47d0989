"""Made-up events of a form tool, signed as Standard Webhooks says. Nobody in them exists."""

from __future__ import annotations

import base64
import hmac
import json
import random
import time
from datetime import UTC, datetime, timedelta
from zlib import crc32

_KEY = b"made-up secret of the benchmark!"
SECRET = "whsec_" + base64.b64encode(_KEY).decode()
_SPAN = timedelta(days=12)
"""Forms lie in the days before today, so that none is overdue when it comes."""

_POSITIVE_ONE_IN = 50
_EARLIER_TOTALS = ((70, 1.0), (56, 0.9))
"""Days before today, and what part of the first total; each event tells them again."""


class Forms:
    """PHQ-9 events for patients drawn evenly, who get better slowly and unevenly.

    The same ``tag`` gives the same forms on the same day. ``planned`` forms fill the days before
    today in their order, each at a time of its own; ``days_before`` moves them back.
    """

    def __init__(self, tag: str, patients: int, planned: int, *, days_before: int = 0) -> None:
        self._tag = tag
        self._patients = patients
        self._planned = max(planned, 1)
        self._random = random.Random(tag)
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        apart = timedelta(microseconds=crc32(tag.encode()) % 900_000)
        self._today = today.date()
        self._first = today - _SPAN - timedelta(days=days_before) + apart
        self._number = 0

    def next(self, patient: int | None = None) -> tuple[str, bytes]:
        """The next event's id and body; each is another form, by its time."""
        number, self._number = self._number, self._number + 1
        patient = self._random.randrange(self._patients) if patient is None else patient
        part = number / self._planned % 1
        at = self._first + _SPAN * part + timedelta(microseconds=number)
        first_total = 16 + patient % 9
        event_id = f"{self._tag}-{number}"
        event = {
            "event_id": event_id,
            "patient_id": f"F-{patient}",
            "instrument": "phq9",
            "assessed_at": at.isoformat(),
            "items": self._items(first_total * (0.5 - 0.2 * part)),
            "history": [
                {"date": str(self._today - timedelta(days=days)), "total": int(first_total * share)}
                for days, share in _EARLIER_TOTALS
            ],
        }
        return event_id, json.dumps(event).encode()

    def _items(self, level: float) -> list[int]:
        """Nine answers whose sum is about ``level``; the last one is rarely not 0."""
        draw = self._random
        items = [min(3, max(0, round(level / 8 + draw.uniform(-0.7, 0.7)))) for _ in range(8)]
        return [*items, draw.randint(1, 3) if draw.randrange(_POSITIVE_ONE_IN) == 0 else 0]


def proof(message_id: str, body: bytes) -> dict[str, str]:
    """The three headers that prove who sends."""
    seconds = str(int(time.time()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": "v1," + _signature(message_id, seconds, body),
    }


def is_proven(headers: dict[str, str], body: bytes) -> bool:
    """Whether a request with these headers (names in lower case) is signed with our secret."""
    expected = _signature(headers.get("webhook-id", ""), headers.get("webhook-timestamp", ""), body)
    given = headers.get("webhook-signature", "").removeprefix("v1,")
    return hmac.compare_digest(given, expected)


def _signature(message_id: str, seconds: str, body: bytes) -> str:
    signed = f"{message_id}.{seconds}.".encode() + body
    return base64.b64encode(hmac.digest(_KEY, signed, "sha256")).decode()
