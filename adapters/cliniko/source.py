"""Cliniko's lists: what changed, what was cancelled, what was deleted or archived.

Quirks (redguava docs): ``q[]=updated_at:>...``, at most 100 a page, and deleted, archived and
cancelled records in lists of their own. References come as links: ``patient`` becomes
``patient_id``, with the id from the end of the link. Of treatment notes only the metadata is taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from adapters.cliniko.account import Account
from adapters.cliniko.settings import ClinikoSourceSettings
from connector.http import Http
from connector.polling.found import (
    Found,
    Portion,
    entry,
    instant,
    listed,
    only,
    server_time,
    without,
)
from connector.polling.source import PolledSource
from connector.ports import AdapterContext

_LAST = re.compile(r"/([0-9A-Za-z-]{1,64})/?$")
_PEOPLE = {
    "patients": (
        "id", "created_at", "updated_at", "archived_at", "deleted_at", "old_reference_id",
        "first_name", "last_name", "preferred_first_name", "date_of_birth", "sex", "gender",
        "gender_identity",
    ),
    "practitioners": (
        "id", "created_at", "updated_at", "active", "display_name", "first_name", "last_name",
        "title", "designation",
    ),
}  # fmt: skip
"""What is taken of a person (redguava docs, sections/patients.md and practitioners.md): names, day
of birth, sex, numbers, states. Addresses, telephones, e-mail, notes, contacts are not."""
_LEFT_OUT = {
    "individual_appointments": ("notes", "patient_name", "patient_arrived_by"),
    "patient_forms": ("email", "url"),
    "patient_cases": ("notes",),
    "treatment_notes": ("content",),
}
_LINKS = ("telehealth_url",)


class ClinikoList:
    """One list. ``path`` is where it is asked for, ``table`` what its rows are called."""

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
        deleted: bool = False,
        also: Sequence[str] = (),
    ) -> None:
        self.name = path or table
        self.table = table
        self._http = http
        self._path = path or table
        self._deleted = deleted
        self._page_size = page_size
        self._now = context.now
        self._also = also

    def portion(self, since: datetime | None, place: str | None) -> Portion:
        """A page, by its number."""
        query = [("per_page", str(self._page_size)), ("page", place or "1")]
        if since is not None:
            query.append(("q[]", f"updated_at:>={since:%Y-%m-%dT%H:%M:%SZ}"))
        answer = self._http.request("GET", self._path, query=query)
        content = answer.json()
        content = content if isinstance(content, dict) else {}
        raw = listed(content.get(self.table), answer.host, self.table)
        links = content.get("links")
        more = isinstance(links, dict) and bool(links.get("next"))
        total = content.get("total_entries")
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
        return self._found(self._http.request("GET", f"{self._path}/{own_id}").json())

    def _found(self, raw: Any) -> Found:
        changed = instant(raw.get("updated_at")) if isinstance(raw, dict) else None
        if self.table in _PEOPLE:
            raw = only(raw, (*_PEOPLE[self.table], *self._also))
        raw = without(raw, _LEFT_OUT.get(self.table, ()), _LINKS)
        return entry(raw, self.id_key, changed, deleted=self._deleted)


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
        given = []
        if "patients" in settings.lists:
            given.append(_aside(http, settings, context, "patients/archived"))
        if "individual_appointments" in settings.lists:
            gone = "individual_appointments/deleted"
            given.append(_aside(http, settings, context, gone, deleted=True))
        return given

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
    deleted: bool = False,
) -> ClinikoList:
    table = path.split("/")[0]
    size, also = settings.page_size, settings.also_take
    return ClinikoList(http, table, context, size, path=path, deleted=deleted, also=also)


def _plain(data: Any) -> dict[str, Any]:
    """The record with the ids that stand in links only."""
    made = dict(data)
    for key, value in data.items():
        links = value.get("links") if isinstance(value, dict) else None
        target = links.get("self") if isinstance(links, dict) else None
        found = _LAST.search(target) if isinstance(target, str) else None
        if found is not None:
            made.setdefault(f"{key}_id", found[1])
    return made
