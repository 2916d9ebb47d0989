"""What the source must remember between two polls: per type, from when to ask, and what it gave.

The engine stores the cursor encrypted. It holds no ids, only digests of them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

_log = logging.getLogger("connector.fhir_r4")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """How far one feed of changes was read: what changed before ``since`` was all given.

    ``given`` are the marks of what was given of the time from there on, and when it changed.
    """

    since: datetime | None = None
    given: Mapping[str, datetime | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TypeState:
    """What is remembered of one resource type. ``asked`` is the digest of how it was asked for.

    ``deleted`` is the place in the history of deletions; None before the first poll.
    """

    asked: str
    changed: Place = Place()
    deleted: Place | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The states by type, for one server."""

    server: str
    types: Mapping[str, TypeState] = field(default_factory=dict)

    def of(self, kind: str, asked: str) -> TypeState:
        """The state of a type; a new one where it was asked for differently until now."""
        known = self.types.get(kind)
        return known if known is not None and known.asked == asked else TypeState(asked)

    def with_type(self, kind: str, state: TypeState) -> Cursor:
        """The cursor with one state replaced."""
        return replace(self, types={**self.types, kind: state})

    def text(self) -> str:
        """The cursor as the engine stores it."""
        types = {
            kind: {
                "asked": state.asked,
                "changed": _place_parts(state.changed),
                "deleted": None if state.deleted is None else _place_parts(state.deleted),
            }
            for kind, state in sorted(self.types.items())
        }
        return json.dumps({"server": self.server, "types": types}, separators=(",", ":"))


def read_cursor(text: str | None, server: str) -> Cursor:
    """The stored cursor. One of another server, or that can't be read, begins anew.

    Beginning anew does no harm: what is known already changes nothing.
    """
    if text is None:
        return Cursor(server)
    try:
        stored = json.loads(text)
        if stored["server"] != server:
            return Cursor(server)
        return Cursor(server, {kind: _state(parts) for kind, parts in stored["types"].items()})
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        _log.warning("the cursor can't be read; the source is read from its beginning")
        return Cursor(server)


def _place_parts(place: Place) -> dict[str, Any]:
    given = {mark: _micros(changed) for mark, changed in sorted(place.given.items())}
    return {"since": _micros(place.since), "given": given}


def _state(parts: Mapping[str, Any]) -> TypeState:
    deleted = parts["deleted"]
    return TypeState(
        asked=parts["asked"],
        changed=_place(parts["changed"]),
        deleted=None if deleted is None else _place(deleted),
    )


def _place(parts: Mapping[str, Any]) -> Place:
    given = {mark: _moment(changed) for mark, changed in parts["given"].items()}
    return Place(_moment(parts["since"]), given)


def _micros(moment: datetime | None) -> int | None:
    """Microseconds since 1970, exactly."""
    return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)
