"""Made-up events of a form tool, signed as Standard Webhooks says. Nobody in them exists."""

from __future__ import annotations

import base64
import hmac
import json
import random
import time
from datetime import UTC, datetime, timedelta

_KEY = b"made-up secret of the benchmark!"
SECRET = "whsec_" + base64.b64encode(_KEY).decode()
SPAN = timedelta(days=27)
"""Forms lie in the days before today; far enough apart to be different forms."""

_POSITIVE_ONE_IN = 50


class Forms:
    """Events for patients drawn evenly; the same ``tag`` gives the same forms on the same day.

    ``planned`` forms fill the days of ``SPAN`` in their order.
    """

    def __init__(self, tag: str, patients: int, planned: int, *, days_before: int = 0) -> None:
        self._tag = tag
        self._patients = patients
        self._random = random.Random(tag)
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self._today = today.date()
        self._first = today - SPAN - timedelta(days=days_before)
        self._step = SPAN / max(planned, 1)
        self._number = 0

    def next(self, patient: int | None = None) -> tuple[str, bytes]:
        """The next event's id and body; each is another form, by its time."""
        number, self._number = self._number, self._number + 1
        draw = self._random
        patient = draw.randrange(self._patients) if patient is None else patient
        at = self._first + (self._step * number) % SPAN + timedelta(microseconds=number)
        safety = draw.randint(1, 3) if draw.randrange(_POSITIVE_ONE_IN) == 0 else 0
        event_id = f"{self._tag}-{number}"
        event = {
            "event_id": event_id,
            "patient_id": f"F-{patient}",
            "instrument": "phq9",
            "assessed_at": at.isoformat(),
            "items": [*(draw.randint(0, 3) for _ in range(8)), safety],
            "history": [
                {"date": str(self._today - timedelta(days=84)), "total": 12 + patient % 12},
                {"date": str(self._today - timedelta(days=56)), "total": 9 + patient % 12},
            ],
        }
        return event_id, json.dumps(event).encode()


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
