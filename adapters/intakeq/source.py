"""IntakeQ's lists: clients, appointments, submitted forms, locked notes.

Quirks (support articles 31, 204, 251, 342, 430): 100 a page, and no time of change in the records,
so that what was given is known by its content; ``updatedSince`` is asked by day, with a day of
overlap; what was deleted is asked for by ``deletedOnly``, once a day; a form's answers have an
address of their own and are label text. Of notes only the metadata is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from adapters.intakeq.account import Account, Intakeq
from adapters.intakeq.settings import IntakeqSourceSettings
from connector.errors import InvalidRecord
from connector.polling.found import (
    Found,
    Portion,
    Taken,
    asked_for,
    entry,
    listed,
    server_time,
)
from connector.polling.source import PolledSource
from connector.ports import AdapterContext

PAGE_SIZE = 100
_OVERLAP = timedelta(days=1)
_AT_ONCE = 1
"""Forms cost a request each; where the budget ends, none that was fetched is fetched again."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one list is asked for. ``whole``: its entries leave out what ``<path>/<id>`` gives."""

    path: str
    id_key: str
    since: str
    query: Mapping[str, str]
    one: str
    taken: Taken
    whole: bool = False


_CLIENT = (
    "ClientId", "ClientNumber", "ExternalClientId", "FirstName", "MiddleName", "LastName",
    "DateOfBirth", "Gender", "Archived", "DateCreated", "LastUpdateDate", "PractitionerId",
)  # fmt: skip
"""What is taken of a client (support article 251). Its profile also holds e-mail, telephones,
addresses, insurance, own fields; they are asked for because the day of birth comes with them."""
_OF_CLIENT = ("ClientName", "ClientEmail", "ClientPhone", "ClientDateOfBirth")
_LINKS = ("TelehealthInfo",)


KINDS: Mapping[str, Kind] = {
    "clients": Kind(
        "clients", "ClientId", "dateUpdatedStart", {"includeProfile": "true"}, "", Taken(_CLIENT)
    ),
    "appointments": Kind(
        "appointments", "Id", "updatedSince", {}, "appointments",
        Taken(left_out=(*_OF_CLIENT, "ClientNote", "AppointmentNotes", "Notes"), links=_LINKS),
    ),
    "intakes": Kind(
        "intakes/summary", "Id", "updatedSince", {"all": "true"}, "intakes",
        Taken(left_out=_OF_CLIENT), whole=True,
    ),
    # status=1: locked notes
    "notes": Kind(
        "notes/summary", "Id", "updatedSince", {"status": "1"}, "notes",
        Taken(left_out=(*_OF_CLIENT, "Questions", "Content")),
    ),
}  # fmt: skip


class IntakeqList:
    """One list of an account."""

    def __init__(
        self,
        account: Intakeq,
        table: str,
        now: Callable[[], datetime],
        *,
        deleted: bool = False,
        also: Sequence[str] = (),
    ) -> None:
        self._also = also
        self.table = table
        self.name = f"{table} deleted" if deleted else table
        self.id_key = KINDS[table].id_key
        self.at_once = _AT_ONCE if KINDS[table].whole else PAGE_SIZE
        self._account = account
        self._kind = KINDS[table]
        self._now = now
        self._deleted = deleted

    def portion(self, since: datetime | None, place: str | None) -> Portion:
        """A page, by its number; the last is the one that is not full."""
        page = int(place or "1")
        query = {**self._kind.query, "page": str(page)}
        if self._deleted:
            query["deletedOnly"] = "true"
        if since is not None:
            query[self._kind.since] = f"{since:%Y-%m-%d}"
        answer = self._account.get(self._kind.path, query)
        raw = listed(answer.json(), answer.host, self.table)
        return Portion(
            tuple(self._entry(one) for one in raw),
            server_time(answer, self._now()),
            str(page + 1) if len(raw) >= PAGE_SIZE else None,
        )

    def complete(self, found: Found) -> Found:
        """A completed form with its answers. A 404 is raised as NotFound."""
        if self._kind.whole and found.data.get("Status") == "Completed":
            whole = self.one(found.id)
            assert whole is not None  # it is raised where it is gone
            return whole
        return found

    def one(self, own_id: str) -> Found | None:
        """The record by its id."""
        if not self._kind.one:
            raise InvalidRecord("not_fetched", f"{self.table} can't be asked for one by one")
        answer = self._account.get(f"{self._kind.one}/{quote(own_id, safe='')}")
        return asked_for(self._entry(answer.json()), own_id)

    def _entry(self, raw: Any) -> Found:
        taken = self._kind.taken.of(raw, self._also)
        return entry(taken, self.id_key, deleted=self._deleted)


def intakeq_source(
    settings: IntakeqSourceSettings, context: AdapterContext
) -> PolledSource[Intakeq]:
    """The source. Raises ConfigurationError where the settings can't be used."""
    account = Account(settings, context, context.name)

    def lists(session: Intakeq) -> Sequence[IntakeqList]:
        also = settings.also_take
        return [IntakeqList(session, name, context.now, also=also) for name in settings.lists]

    def daily(session: Intakeq) -> Sequence[IntakeqList]:
        return [
            IntakeqList(session, name, context.now, deleted=True, also=settings.also_take)
            for name in settings.lists
            if name in ("clients", "appointments")
        ]

    return PolledSource(
        account.address, account.open, lists, daily=daily, overlap=_OVERLAP, now=context.now
    )
