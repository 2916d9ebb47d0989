"""The form of the audit log: what an entry's hash covers, what the signed head says. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that happened. No field may hold anything about a patient.

    ``subject`` names what it was done to by id; ``detail`` holds counts, ids and codes.
    """

    action: str
    subject: str
    actor: str = "system"
    outcome: str = "ok"
    detail: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A chained entry as it is stored and exported. ``detail`` is canonical JSON."""

    practice_id: str
    seq: int
    at: str
    action: str
    subject: str
    actor: str
    outcome: str
    detail: str
    prev_hash: str
    hash: str

    def computed_hash(self) -> str:
        """What ``hash`` must be: SHA-256 of the previous hash and the entry's canonical JSON."""
        return hashlib.sha256((self.prev_hash + self.canonical()).encode()).hexdigest()

    def canonical(self) -> str:
        """The entry as JSON with sorted keys and no spaces, hashes left out."""
        # Put together by hand: verifying reads millions of rows, and this is 3 times json.dumps.
        return (
            f'{{"action":{quoted(self.action)},"actor":{quoted(self.actor)},"at":{quoted(self.at)}'
            f',"detail":{self.detail},"outcome":{quoted(self.outcome)}'
            f',"practice":{quoted(self.practice_id)},"seq":{self.seq}'
            f',"subject":{quoted(self.subject)}}}'
        )

    def line(self) -> str:
        """The entry as one line of an export: the canonical JSON and both hashes."""
        return f'{self.canonical()[:-1]},"prev_hash":"{self.prev_hash}","hash":"{self.hash}"}}'


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The end of the chain, signed: keep a copy where the database's administrator can't reach."""

    practice_id: str
    seq: int
    hash: str
    at: str
    signature: str

    def message(self) -> bytes:
        """What the signature covers."""
        return canonical_json(
            {"at": self.at, "hash": self.hash, "practice": self.practice_id, "seq": self.seq}
        ).encode()


def chained(
    entry: AuditEntry, *, practice_id: str, seq: int, prev_hash: str, at: datetime
) -> AuditRow:
    """The entry as the next link behind ``prev_hash``. Raises TypeError when detail is not flat."""
    for name, value in entry.detail.items():
        if not isinstance(name, str) or not isinstance(value, str | int):
            raise TypeError("audit detail takes texts and whole numbers by name")
    unhashed = AuditRow(
        practice_id, seq, audit_time(at), entry.action, entry.subject, entry.actor, entry.outcome,
        canonical_json(dict(entry.detail)), prev_hash, "",
    )  # fmt: skip
    return AuditRow(
        practice_id, seq, unhashed.at, entry.action, entry.subject, entry.actor, entry.outcome,
        unhashed.detail, prev_hash, unhashed.computed_hash(),
    )  # fmt: skip


def audit_time(at: datetime) -> str:
    """The time as UTC text with microseconds, such as ``2026-11-20T22:00:00.000000Z``."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces, ASCII only: the same text for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
