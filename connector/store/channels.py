"""How each channel did when it was last used: what ``status`` shows, what the self-test says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from connector.store.schema import channels
from connector.store.scope import Scope

WORKS = "ok"


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """The last attempt: ``code`` is "ok" or what went wrong, ``message`` says it for a person.

    ``tested``: it was the self-test, not a message to the person.
    """

    name: str
    code: str
    message: str
    tested: bool
    tried_at: datetime
    worked_at: datetime | None

    @property
    def works(self) -> bool:
        """Whether the last attempt went well."""
        return self.code == WORKS


class Channels:
    """Channels by name, such as dana/phone."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def all(self) -> dict[str, ChannelHealth]:
        """What is known of every channel that was ever tried."""
        return {
            row.name: ChannelHealth(
                row.name, row.code, row.message, row.tested, row.tried_at, row.worked_at
            )
            for row in self._scope.run(self._scope.select(channels).order_by(channels.c.name))
        }

    def worked(self, name: str, how: str, at: datetime, *, tested: bool = False) -> bool:
        """Keeps that an attempt went well, and how far it went, in words.

        False where a message to the person had failed and this was only a test: that says nothing
        of the person's own address, and changes nothing.
        """
        known = self.all().get(name)
        if tested and known is not None and not known.works and not known.tested:
            return False
        values = self._scope.own(
            name=name, code=WORKS, message=how, tested=tested, tried_at=at, worked_at=at
        )
        self._scope.put(channels, values, ("name",))
        return True

    def failed(
        self, name: str, code: str, message: str, at: datetime, *, tested: bool = False
    ) -> None:
        """Keeps that an attempt failed; when it last went well stays."""
        known = self.all().get(name)
        if known is not None and not known.works:
            tested = tested and known.tested
        values = self._scope.own(
            name=name, code=code, message=message, tested=tested, tried_at=at,
            worked_at=known.worked_at if known else None,
        )  # fmt: skip
        self._scope.put(channels, values, ("name",))

    def keep_only(self, names: Collection[str]) -> None:
        """Forgets channels that have left the site file."""
        known = set(self.all())
        for name in known - set(names):
            self._scope.run(self._scope.delete(channels).where(channels.c.name == name))
