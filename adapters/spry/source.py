"""SPRY's lists: appointments by calendar, authorizations of the organisation; cases by their id.

Facts: api-docs.spryhealth.care, "List Appointments", "Search Authorizations", "Get Case", "List
Authorizations for Case". Nothing can be asked for by its time of change: a window of each calendar
is read again at every poll, and what is new is known by its content. People come with their
appointments. No page lists cases: a webhook names one, and then it is fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from adapters.spry.account import Account, content
from adapters.spry.settings import CalendarSettings, SprySourceSettings
from connector.errors import Rejected
from connector.http import Answer, Http
from connector.polling.found import Found, Portion, entry, listed, only, server_time, without
from connector.polling.source import PolledSource
from connector.ports import AdapterContext

PAGE_SIZE = 300
"""SPRY's default ("List Appointments")."""

_ENRICHED = "soap-enrichment/v1"
_AT_ONCE = 300
_PERSON = ("patient_id", "first_name", "middle_name", "last_name", "date_of_birth", "sex")
"""What is taken of a person, who comes with each appointment; not how they can be reached."""
_LINKS = ("tele_health_url",)
_LEFT_OUT = ("notes", "comments", "appointment_notes")


class Calendar:
    """The appointments of one therapist in one clinic, within a window of days around today."""

    table = "appointments"
    id_key = "appointment_id"
    at_once = _AT_ONCE

    def __init__(self, http: Http, calendar: CalendarSettings, options: SprySourceSettings,
                 now: Callable[[], datetime]) -> None:  # fmt: skip
        self.name = f"appointments {calendar}"
        self._http = http
        self._calendar = calendar
        self._options = options
        self._now = now

    def portion(self, since: datetime | None, place: str | None) -> Portion:
        """A page, by its number. ``since`` reaches further back where it is older than usual."""
        today = self._now()
        first = today - timedelta(days=self._options.days_back)
        if since is not None:
            first = min(first, since)
        last = today + timedelta(days=self._options.days_ahead)
        query = {
            "start_date": f"{first:%Y-%m-%d}T00:00:00.000Z",
            "end_date": f"{last:%Y-%m-%d}T23:59:59.999Z",
            "doctor_id": str(self._calendar.doctor),
            "clinic_id": str(self._calendar.clinic),
            "practice_id": "0",  # "send 0 if not available"; it is about billing
            "page": place or "1",
            "size": str(PAGE_SIZE),
        }
        answer = self._http.request("GET", "v1/appointment/calendar/events", query=query)
        data = content(answer)
        data = data if isinstance(data, dict) else {}
        raw = listed(data.get("content"), answer.host, "appointments")
        page, pages, total = int(place or "1"), data.get("pages"), data.get("total")
        # Where it is not told how many pages there are, a full one is not taken for the last.
        more = page < pages if isinstance(pages, int) else len(raw) >= PAGE_SIZE
        return Portion(
            tuple(entry(self._taken(one), self.id_key) for one in raw),
            server_time(answer, self._now()),
            str(page + 1) if more else None,
            total if isinstance(total, int) else None,
        )

    def _taken(self, raw: Any) -> Any:
        taken = without(raw, _LEFT_OUT, _LINKS)
        if isinstance(taken, dict) and "patient" in taken:
            wanted = (*_PERSON, *self._options.also_take)
            taken["patient"] = only(taken["patient"], wanted)
        return taken

    def complete(self, found: Found) -> Found:
        """As it is: the calendar holds whole appointments."""
        return found

    def one(self, own_id: str) -> Found | None:
        """Never asked for: events about appointments have the calendars read again."""
        raise Rejected("not_fetched", "an appointment can't be asked for by its number")


class Authorizations:
    """All authorizations of the organisation."""

    name = table = "authorizations"
    id_key = "authorization_id"
    at_once = _AT_ONCE

    def __init__(self, http: Http, organisation: int, now: Callable[[], datetime]) -> None:
        self._http = http
        self._organisation = organisation
        self._now = now

    def portion(self, since: datetime | None, place: str | None) -> Portion:
        """The whole list: SPRY gives it in one piece."""
        query = {"organisationId": str(self._organisation)}
        answer = self._http.request("GET", f"{_ENRICHED}/authorization/search", query=query)
        raw = listed(content(answer), answer.host, "authorizations")
        found = tuple(entry(one, self.id_key) for one in raw)
        return Portion(found, server_time(answer, self._now()))

    def complete(self, found: Found) -> Found:
        """As it is: the list holds whole authorizations."""
        return found

    def one(self, own_id: str) -> Found | None:
        """Never asked for: no event names an authorization."""
        raise Rejected("not_fetched", "an authorization is not asked for by its number")


class Cases:
    """Cases (plans of care), each with its authorizations, by the id that an event names."""

    name = table = "cases"
    id_key = "spry_case_id"
    at_once = 1

    def __init__(self, http: Http, now: Callable[[], datetime]) -> None:
        self._http = http
        self._now = now

    def portion(self, since: datetime | None, place: str | None) -> Portion:
        """Nothing: there is no list of cases."""
        return Portion((), self._now())

    def complete(self, found: Found) -> Found:
        """As it is."""
        return found

    def one(self, own_id: str) -> Found | None:
        """The case and its authorizations, in two requests."""
        path = f"{_ENRICHED}/patientCase/{quote(own_id, safe='')}"
        case: Any = content(self._http.request("GET", path))
        query = {"case_id": own_id}
        answer: Answer = self._http.request("GET", f"{_ENRICHED}/authorization", query=query)
        granted = listed(content(answer) or [], answer.host, "authorizations")
        if isinstance(case, dict):
            case = {**case, "authorizations": granted}
        found = entry(case, self.id_key)
        if found.fault is None and found.id != own_id:
            raise Rejected("other_record", "another case was given than asked for")
        return found


def spry_source(settings: SprySourceSettings, context: AdapterContext) -> PolledSource[Http]:
    """The source. Raises ConfigurationError where the settings can't be used."""
    account = Account(settings, context, context.name)

    def lists(http: Http) -> Sequence[Calendar | Authorizations | Cases]:
        calendars = [Calendar(http, one, settings, context.now) for one in settings.calendars]
        return [
            *calendars,
            Authorizations(http, settings.organisation, context.now),
            Cases(http, context.now),
        ]

    return PolledSource(
        f"{account.address} {settings.organisation}",
        account.open,
        lists,
        overlap=timedelta(seconds=settings.overlap_seconds),
        now=context.now,
    )
