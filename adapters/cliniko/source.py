"""Cliniko's lists: what changed, what was cancelled, what was deleted or archived.

Quirks (redguava docs): ``q[]=updated_at:>...``, at most 100 a page, and deleted, archived and
cancelled records in lists of their own, where ``updated_at`` may be older than that (``ASIDE``);
archived forms have none and are asked for by ``archived_at``. References come as links: ``patient``
becomes ``patient_id``, with the id from the end of the link; of deleted patients there is no more
than a link. Of treatment notes only the metadata is taken.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.cliniko.account import Account
from adapters.cliniko.settings import ASIDE, ClinikoSourceSettings
from connector.http import Http
from connector.polling.found import (
    Found,
    Portion,
    Taken,
    asked_for,
    entry,
    instant,
    listed,
    no_whole_list,
    server_time,
)
from connector.polling.source import PolledSource
from connector.ports import AdapterContext

_LAST = re.compile(r"/([0-9A-Za-z-]{1,64})/?$")
_PEOPLE = {
    "patients": Taken(
        ("id", "created_at", "updated_at", "archived_at", "deleted_at", "old_reference_id",
         "first_name", "last_name", "preferred_first_name", "date_of_birth", "sex", "gender",
         "gender_identity"),
    ),
    "practitioners": Taken(
        ("id", "created_at", "updated_at", "active", "display_name", "first_name", "last_name",
         "title", "designation"),
    ),
}  # fmt: skip
"""What is taken of a person (redguava docs, sections/patients.md and practitioners.md): names, day
of birth, sex, numbers, states. Addresses, telephones, e-mail, notes, contacts are not."""
_TAKEN = {
    **_PEOPLE,
    "individual_appointments": Taken(
        left_out=("notes", "patient_name", "patient_arrived_by", "cancellation_note",
                  "booking_ip_address"),
        links=("telehealth_url",),
    ),
    "patient_forms": Taken(left_out=("email", "url")),
    "patient_cases": Taken(left_out=("notes",)),
    "treatment_notes": Taken(left_out=("content",)),
}  # fmt: skip
_FIRST_DAY, _NEVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_log = logging.getLogger("connector.cliniko")


class ClinikoList:
    """One list. ``path`` is where it is asked for, ``table`` what its rows are called.

    ``by`` is the time that tells what is new in it; None: it is read whole.
    """

    at_once = 100
    id_key = "id"

    def __init__(
        self,
        http: Http,
        table: str,
        context: AdapterContext,
        page_size: int,
        *,
        path: str = "",
        by: str | None = "updated_at",
        deleted: bool = False,
        also: Sequence[str] = (),
    ) -> None:
        self.name = f"{table} archived" if by == "archived_at" else path or table
        self.table = table
        self._by = by
        self._http = http
        self._path = path or table
        self._deleted = deleted
        self._page_size = page_size
        self._now = context.now
        self._also = also

    def portion(self, since: datetime | None, place: str | None) -> Portion:
        """A page, by its number."""
        if self._by != "archived_at":
            return self._page(since, place)
        if place is None and self._page(_NEVER, None).found:
            # Taken for archived, forms that are not would all be taken back.
            _log.warning("Cliniko does not select by archived_at; archived forms are not told")
            return Portion((), self._now())
        return self._page(since or _FIRST_DAY, place)

    def _page(self, first: datetime | None, place: str | None) -> Portion:
        query = [("per_page", str(self._page_size)), ("page", place or "1")]
        if first is not None and self._by is not None:
            query.append(("q[]", f"{self._by}:>={first:%Y-%m-%dT%H:%M:%SZ}"))
        answer = self._http.request("GET", self._path, query=query)
        content = answer.json()
        content = content if isinstance(content, dict) else {}
        raw = listed(content.get(self.table), answer.host, self.table)
        links = content.get("links")
        if not isinstance(links, dict):
            raise no_whole_list(answer.host, self.table)
        more, total = bool(links.get("next")), content.get("total_entries")
        return Portion(
            tuple(self._found(one) for one in raw),
            server_time(answer, self._now()),
            str(int(place or "1") + 1) if more else None,
            total if isinstance(total, int) else None,
        )

    def complete(self, found: Found) -> Found:
        """With the ids that stand in links only: lists hold whole records."""
        return replace(found, data=_plain(found.data))

    def one(self, own_id: str) -> Found | None:
        """The record by its id; a 404 is raised as NotFound."""
        answer = self._http.request("GET", f"{self._path}/{own_id}")
        return asked_for(self._found(answer.json()), own_id)

    def _found(self, raw: Any) -> Found:
        if isinstance(raw, dict) and "id" not in raw:
            raw = {**raw, "id": _linked(raw)}
        changed = instant(raw.get(self._by)) if isinstance(raw, dict) and self._by else None
        taken = _TAKEN[self.table].of(raw, self._also)
        return entry(taken, self.id_key, changed, deleted=self._deleted)


def cliniko_source(settings: ClinikoSourceSettings, context: AdapterContext) -> PolledSource[Http]:
    """The source. Raises ConfigurationError where the settings can't be used."""
    account = Account(settings, context, context.name)

    def lists(http: Http) -> Sequence[ClinikoList]:
        size, also = settings.page_size, settings.also_take
        given = [ClinikoList(http, name, context, size, also=also) for name in settings.lists]
        if "individual_appointments" in settings.lists:
            cancelled = "individual_appointments/cancelled"
            given.append(_aside(http, settings, context, cancelled))
        return given

    def daily(http: Http) -> Sequence[ClinikoList]:
        return [
            _aside(http, settings, context, path, by=by, deleted=gone)
            for path, by, gone in ASIDE
            if path.split("/")[0] in settings.lists
        ]

    return PolledSource(
        account.address,
        account.open,
        lists,
        daily=daily,
        overlap=timedelta(seconds=settings.overlap_seconds),
        now=context.now,
    )


def _aside(
    http: Http,
    settings: ClinikoSourceSettings,
    context: AdapterContext,
    path: str,
    *,
    by: str | None = "updated_at",
    deleted: bool = False,
) -> ClinikoList:
    table = path.split("/")[0]
    size, also = settings.page_size, settings.also_take
    return ClinikoList(http, table, context, size, path=path, by=by, deleted=deleted, also=also)


def _plain(data: Any) -> dict[str, Any]:
    """The record with the ids that stand in links only."""
    made = dict(data)
    for key, value in data.items():
        own_id = _linked(value)
        if own_id is not None:
            made.setdefault(f"{key}_id", own_id)
    return made


def _linked(value: Any) -> str | None:
    """The id at the end of the link to a thing."""
    links = value.get("links") if isinstance(value, dict) else None
    target = links.get("self") if isinstance(links, dict) else None
    found = _LAST.search(target) if isinstance(target, str) else None
    return None if found is None else found[1]
