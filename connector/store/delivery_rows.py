"""A delivery as values: what is queued, what is stored, what keeps it from its destination."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import Row

DeliveryState = Literal["pending", "sending", "waiting", "delivered", "dead", "withdrawn", "shadow"]
"""``waiting``: laid out for a person, who files it by hand and says so."""

MAY_HAVE_ARRIVED = frozenset({"answer_lost", "arrival_unknown", "cut_off", "unexpected"})
"""Codes of a last attempt whose effect nobody knows."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One document for one destination. ``labels`` and ``path`` hold nothing about a patient.

    ``shadow``: it is kept back until a person says that it may go.
    """

    key: str
    destination: str
    document_id: str
    format: str
    kind: str
    path: str
    media_type: str
    labels: Mapping[str, str]
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A stored delivery. ``code`` and ``message`` say why the last attempt failed.

    While it is being sent, ``message`` says by which workflow. ``needs_person``: it waits for the
    configuration to be put right.
    """

    seq: int
    key: str
    destination: str
    document_id: str
    format: str
    kind: str
    path: str
    media_type: str
    labels: Mapping[str, str]
    state: DeliveryState
    attempts: int
    due_at: datetime
    code: str | None
    message: str | None
    created_at: datetime
    updated_at: datetime
    needs_person: bool = False

    @property
    def shadow(self) -> bool:
        """It is kept back until a person says that it may go."""
        return self.state == "shadow"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps deliveries from a destination: the last attempt's message, and how many it hit."""

    destination: str
    state: DeliveryState
    needs_person: bool
    code: str
    message: str
    count: int


def read_delivery(row: Row[*tuple[Any, ...]]) -> DeliveryRow:
    """The delivery of a database row."""
    return DeliveryRow(
        seq=row.seq, key=row.key, destination=row.destination, document_id=row.document_id,
        format=row.format, kind=row.kind, path=row.path, media_type=row.media_type,
        labels=json.loads(row.labels), state=cast(DeliveryState, row.state),
        attempts=row.attempts, due_at=row.due_at, code=row.code, message=row.message,
        created_at=row.created_at, updated_at=row.updated_at, needs_person=row.needs_person,
    )  # fmt: skip
