"""Destinations that are switched off: the receiver said that it is gone (410), a person acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam

from connector.store.schema import destinations
from connector.store.scope import Prepared, Scope

_IS_DISABLED = Prepared(
    lambda make: make.select(destinations, destinations.c.name).where(
        destinations.c.name == bindparam("name")
    )
)


@dataclass(frozen=True, slots=True)
class Disabledness:
    """Why a destination is off, in words for a person, and since when."""

    code: str
    message: str
    at: datetime


class Destinations:
    """The destinations that are off, by name; one that is not here is on."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def disabled(self) -> dict[str, Disabledness]:
        """All that are off."""
        return {
            row.name: Disabledness(row.code, row.message, row.disabled_at)
            for row in self._scope.run(self._scope.select(destinations))
        }

    def is_disabled(self, name: str) -> bool:
        """Whether a destination is off."""
        return self._scope.prepared(_IS_DISABLED, name=name).first() is not None

    def disable(self, name: str, code: str, message: str, at: datetime) -> bool:
        """Switches a destination off; False when it was (the first reason stays)."""
        values = self._scope.own(name=name, code=code, message=message, disabled_at=at)
        return self._scope.add_once(destinations, values, ("name",))

    def enable(self, name: str) -> bool:
        """Switches a destination on again; False when it was."""
        removed = self._scope.run(
            self._scope.delete(destinations).where(destinations.c.name == name)
        )
        return removed.rowcount == 1
