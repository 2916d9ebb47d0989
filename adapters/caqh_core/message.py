"""A CORE message: the rule's fields and a payload, before it is wrapped, or after."""

from __future__ import annotations

import base64
import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

RULE = "2.2.0"
_SPACE = uuid.UUID("6f1f9e0e-5a0b-5bb6-9f5b-2f3a7f0c9a11")
"""Ours: a payload's id is a digest of the delivery's key within it."""


@dataclass(frozen=True, slots=True)
class Message:
    """``action`` says which exchange it is; ``error_code`` is there in answers alone."""

    action: str
    payload_type: str
    mode: str
    payload_id: str
    at: datetime
    sender_id: str
    receiver_id: str
    payload: bytes | None = None
    error_code: str = ""
    error_message: str = ""

    @property
    def stamp(self) -> str:
        """The time in UTC, as the rule's schema writes it."""
        return self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Exchange:
    """The names of one kind of request: in SOAP its action and elements, and its mode.

    ``summed``: its payload goes with length and checksum, beside the envelope; ``answer_summed``:
    that of the answer does.
    """

    action: str
    request: str
    response: str
    mode: str
    summed: bool = False
    answer_summed: bool = False


REAL_TIME = Exchange(
    "RealTimeTransaction", "COREEnvelopeRealTimeRequest", "COREEnvelopeRealTimeResponse", "RealTime"
)
SUBMIT = Exchange(
    "BatchSubmitTransaction", "COREEnvelopeBatchSubmission", "COREEnvelopeBatchSubmissionResponse",
    "Batch", summed=True,
)  # fmt: skip
FETCH_ACK = Exchange(
    "BatchSubmitAckRetrievalTransaction", "COREEnvelopeBatchSubmissionAckRetrievalRequest",
    "COREEnvelopeBatchSubmissionAckRetrievalResponse", "Batch", answer_summed=True,
)  # fmt: skip
FETCH_RESULTS = Exchange(
    "BatchResultsRetrievalTransaction", "COREEnvelopeBatchResultsRetrievalRequest",
    "COREEnvelopeBatchResultsRetrievalResponse", "Batch", answer_summed=True,
)  # fmt: skip
EXCHANGES = {one.action: one for one in (REAL_TIME, SUBMIT, FETCH_ACK, FETCH_RESULTS)}


def payload_id(key: str) -> str:
    """The PayloadID of a delivery: a UUID, the same at every attempt."""
    return str(uuid.uuid5(_SPACE, key))


def checksum(payload: bytes) -> str:
    """SHA-1 in hexadecimal digits: what the rule prescribes against damage, not against forgery."""
    return hashlib.sha1(payload, usedforsecurity=False).hexdigest()


def is_damaged(payload: bytes, stated: str) -> bool:
    """Whether a payload is not the one of the stated checksum; none stated proves nothing.

    Senders write it in hexadecimal or as base64, and some count no blank line at the end.
    """
    if not stated:
        return False
    for content in (payload, payload.rstrip(b"\r\n")):
        digest = hashlib.sha1(content, usedforsecurity=False).digest()
        if stated.lower() == digest.hex() or stated == base64.b64encode(digest).decode():
            return False
    return True
