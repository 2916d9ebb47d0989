"""Jane's lists: staff, patients, one-on-one appointments.

Facts: developers.jane.app as harvested in api-evangelist/jane-app (conventions, openapi). Cursor
paging, ``updated_at[gte]`` to the second, no time of change in the records, so that what was given
is known by its content. Classes and groups are not listed. The text of a cancellation is "Other"
unless it is one of Jane's own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from adapters.jane.account import Account, fields
from adapters.jane.settings import JaneSourceSettings
from connector.http import Http
from connector.polling.found import Found, Portion, asked_for, entry, listed, server_time, without
from connector.polling.source import PolledSource
from connector.ports import AdapterContext

_LEFT_OUT = {
    "patients": (
        "email", "phone_numbers", "mobile_phone_number", "mobile_country_code", "street_address",
        "street_address_2", "city", "province", "postal", "country", "guardian_name", "deep_links",
    ),
    "staff_members": ("bio", "email"),
}  # fmt: skip
"""What no record needs is not taken."""


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
        query = [("page[limit]", str(self._page_size))]
        if place is not None:
            query.append(("page[cursor]", place))
        if since is not None:
            query.append(("updated_at[gte]", f"{since:%Y-%m-%dT%H:%M:%SZ}"))
        answer = self._http.request("GET", self.table, query=query)
        content = fields(answer)
        raw = listed(content.get("items"), answer.host, self.table)
        cursor = content.get("cursor")
        more = content.get("hasNextPage") is True and isinstance(cursor, str) and cursor != place
        return Portion(
            tuple(self._found(one) for one in raw),
            server_time(answer, self._now()),
            str(cursor) if more else None,
        )

    def complete(self, found: Found) -> Found:
        """As it is: lists hold whole records."""
        return found

    def one(self, own_id: str) -> Found | None:
        """The record by its id; a 404 is raised as NotFound."""
        answer = self._http.request("GET", f"{self.table}/{quote(own_id, safe='')}")
        return asked_for(self._found(answer.json()), own_id)

    def _found(self, raw: Any) -> Found:
        left_out = [name for name in _LEFT_OUT.get(self.table, ()) if name not in self._also]
        return entry(without(raw, left_out), self.id_key)


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
