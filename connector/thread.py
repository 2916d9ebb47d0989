"""The golden thread as values: each link from intake to discharge, and the records it rests on."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from connector.records import Discipline, Frozen


class RecordRef(Frozen):
    """A record that a finding rests on, so that a person finds it again in the source."""

    kind: str
    id: str
    source: str
    origin: str
    row: int | None = None
    on: date | None = Field(default=None, description="the day that the record is about")


class Documented(Frozen):
    """One link of the golden thread, or one element of a checklist, as the records show it.

    ``not_due`` is what nothing asks for yet. ``finding`` is a sentence without any words from the
    chart's notes; ``action`` says what to do, and is empty where nothing is.
    """

    key: str
    name: str
    state: Literal["present", "absent", "stale", "not_due"]
    finding: str
    action: str = ""
    rule_source: str
    records: tuple[RecordRef, ...] = ()

    @property
    def broken(self) -> bool:
        """True where a person has something to put right."""
        return self.state in ("absent", "stale")


class VisitPapers(Frozen):
    """A visit that was attended, and the papers that it lacks."""

    visit: RecordRef
    missing: tuple[str, ...]


class GoldenThread(Frozen):
    """The links from intake to discharge on one day, and what a surveyor asks of the client's part.

    Empty for a chart without any care.
    """

    discipline: Discipline
    on: date
    links: tuple[Documented, ...] = ()
    participation: tuple[Documented, ...] = ()
    visits: tuple[VisitPapers, ...] = ()

    @property
    def breaks(self) -> tuple[Documented, ...]:
        """The links that are absent or stale, in the thread's order."""
        return tuple(link for link in self.links if link.broken)
