"""Jane's lists: staff, patients, one-on-one appointments.

Facts: developers.jane.app as harvested in api-evangelist/jane-app (conventions, openapi). A cursor
is a page's number, so lists are sorted by what never changes (``created_at``): a record that
changes meanwhile moves no other over the edge of a page. ``updated_at[gte]`` to the second, no time
of change in the records, so that what was given is known by its content. Classes and groups are not
listed. The text of a cancellation is "Other" unless it is one of Jane's own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from adapters.jane.account import Account, fields
from adapters.jane.settings import JaneSourceSettings
from connector.http import Http
from connector.polling.found import (
    Found,
    Portion,
    Taken,
    asked_for,
    entry,
    listed,
    no_whole_list,
    server_time,
)
from connector.polling.source import PolledSource
from connector.ports import AdapterContext

_TAKEN = {
    "patients": Taken(
        ("id", "first_name", "middle_name", "last_name", "prefix", "preferred_name", "sex",
         "gender", "pronouns", "date_of_birth", "patient_since", "patient_number", "status"),
    ),
    "staff_members": Taken(
        ("id", "first_name", "middle_name", "last_name", "prefix", "preferred_name", "pronouns",
         "suffix"),
    ),
    "appointments": Taken(),
}  # fmt: skip
"""What is taken of a person (openapi, patients and staff members); not how they can be reached."""


class JaneList:
    """One list of a clinic."""

    at_once = 100
    id_key = "id"

    def __init__(
        self,
        http: Http,
        table: str,
        context: AdapterContext,
        page_size: int,
        also: Sequence[str] = (),
    ) -> None:
        self._also = also
        self.name = self.table = table
        self._http = http
        self._page_size = page_size
        self._now = context.now

    def portion(self, since: datetime | None, place: str | None) -> Portion:
        """A page, by the cursor that the page before it gave."""
        query = [("page[limit]", str(self._page_size)), ("sort", "created_at")]
        if place is not None:
            query.append(("page[cursor]", place))
        if since is not None:
            query.append(("updated_at[gte]", f"{since:%Y-%m-%dT%H:%M:%SZ}"))
        answer = self._http.request("GET", self.table, query=query)
        content = fields(answer)
        raw = listed(content.get("items"), answer.host, self.table)
        cursor = content.get("cursor")
        more = content.get("hasNextPage") is True
        if more and (not isinstance(cursor, str) or cursor in ("", place)):
            raise no_whole_list(answer.host, self.table)
        return Portion(
            tuple(self._found(one) for one in raw),
            server_time(answer, self._now()),
            cursor if more else None,
        )

    def complete(self, found: Found) -> Found:
        """As it is: lists hold whole records."""
        return found

    def one(self, own_id: str) -> Found | None:
        """The record by its id; a 404 is raised as NotFound."""
        answer = self._http.request("GET", f"{self.table}/{quote(own_id, safe='')}")
        return asked_for(self._found(answer.json()), own_id)

    def _found(self, raw: Any) -> Found:
        return entry(_TAKEN[self.table].of(raw, self._also), self.id_key)


def jane_source(settings: JaneSourceSettings, context: AdapterContext) -> PolledSource[Http]:
    """The source. Raises ConfigurationError where the settings can't be used."""
    account = Account(settings, context, context.name)

    def lists(http: Http) -> Sequence[JaneList]:
        size, also = settings.page_size, settings.also_take
        return [JaneList(http, name, context, size, also) for name in settings.lists]

    return PolledSource(
        f"{account.address} {settings.clinic}",
        account.open,
        lists,
        overlap=timedelta(seconds=settings.overlap_seconds),
        now=context.now,
    )
