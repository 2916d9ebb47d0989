"""Physitrack: who has opened a home programme, what of it was done, and what they wrote.

Facts: the requests and answers recorded by the client library ``jzntam/physitrack_api`` (API v2),
and Physitrack's pages on webhooks. There is no list of what changed and no filter: the list of
clients, 200 a page, says when each was seen last, and who was seen since is asked for one by one.
Who has a programme is asked for once a week besides: days on which nobody opened it were left out,
and they change nothing in the list. Only the programme that a client has now is read; of one that
ended, its days came while it ran.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import quote

from adapters.physitrack.settings import PhysitrackSettings
from connector.errors import ConfigurationError, InvalidRecord, Rejected, RetryLater
from connector.http import Answer, Http, NotFound
from connector.polling.found import (
    Found,
    Portion,
    asked_for,
    entry,
    listed,
    server_time,
    without,
)
from connector.polling.source import PolledSource
from connector.ports import AdapterContext

PAGE_SIZE = 200
_PATIENCE_SECONDS = 75.0
"""Longer than a minute: a budget that opens again is worth waiting for."""
_OVERLAP = timedelta(days=1)
_LEFT_OUT = ("email", "mobile_phone")
_CODE = "current_access_code"
"""It lets anybody into a client's programme: it is asked with, and not kept."""
_WEEK = "asked_for_in_week_of"


class Physitrack:
    """Requests with one practitioner's key."""

    def __init__(self, http: Http, key: str) -> None:
        self._http = http
        self._headers = {"X-Api-Key": key}

    def get(
        self, target: str, query: dict[str, str] | None = None
    ) -> tuple[dict[str, Any], Answer]:
        """The object in an answer. Raises what ``Http.request`` raises."""
        answer = self._http.request("GET", target, query=query, headers=self._headers)
        content = answer.json()
        if not isinstance(content, dict):
            raise RetryLater(
                "garbage_answer", f"{answer.host} answered with something else than was promised"
            )
        return content, answer


class Clients:
    """The clients of one practitioner, each with the days of the programme and the messages."""

    name = table = "clients"
    id_key = "id"
    at_once = 1  # each costs requests; where a budget ends, none that was fetched is fetched again

    def __init__(
        self,
        account: Physitrack,
        now: Callable[[], datetime],
        *,
        messages: bool = True,
        zone: tzinfo = UTC,
    ) -> None:
        self._account = account
        self._zone = zone
        self._now = now
        self._messages = messages

    def portion(self, since: datetime | None, place: str | None) -> Portion:
        """A page, by its number; the last is the one that is not full."""
        page = int(place or "1")
        content, answer = self._account.get("clients", {"page": str(page)})
        raw = listed(content.get("clients"), answer.host, "clients")
        at = server_time(answer, self._now())
        week = _monday(at.astimezone(self._zone).date())
        return Portion(
            tuple(self._listed(one, week) for one in raw),
            at,
            str(page + 1) if len(raw) >= PAGE_SIZE else None,
        )

    def complete(self, found: Found) -> Found:
        """With ``days`` of the programme and ``messages``; a fault where these are refused."""
        own_id, code = quote(found.id, safe=""), found.data.get(_CODE)
        data = without(found.data, (_CODE, _WEEK))
        days = self._days(f"clients/{own_id}/programs/{quote(f'{code}', safe='')}") if code else []
        try:
            written = self._written(own_id) if self._messages else []
        except InvalidRecord as fault:
            return replace(found, data=data, fault=fault)
        return replace(found, data={**data, "days": days, "messages": written})

    def one(self, own_id: str) -> Found | None:
        """The client that an event is about. A 404 is raised as NotFound."""
        content, _ = self._account.get(f"clients/{quote(own_id, safe='')}")
        return asked_for(entry(without(content, _LEFT_OUT), self.id_key), own_id)

    def _listed(self, raw: Any, week: date) -> Found:
        """As it is listed; with a programme, it is another one in another week."""
        found = entry(without(raw, _LEFT_OUT), self.id_key)
        if not found.data.get(_CODE):
            return found
        return replace(found, data={**found.data, _WEEK: f"{week}"})

    def _days(self, program: str) -> list[Any]:
        """The days so far; none where the programme is gone, or nobody tracks what is done."""
        try:
            described, _ = self._account.get(program)
            if described.get("track_adherence") is not True:
                return []
            content, answer = self._account.get(f"{program}/adherence")
        except NotFound:
            return []
        today = server_time(answer, self._now()).astimezone(self._zone).date()
        given = listed(content.get("days"), answer.host, "days")
        return [
            day for day in (_day(one, described.get("id")) for one in given) if _is_past(day, today)
        ]

    def _written(self, own_id: str) -> list[Any]:
        try:
            content, answer = self._account.get(f"clients/{own_id}/messages")
        except Rejected as fault:
            # 422 here says that there is no such client; nobody must take silence for "no messages"
            raise InvalidRecord(
                "messages_refused", f"the messages of a client can't be had: {fault.message}"
            ) from None
        return listed(content.get("messages"), answer.host, "messages")


def _day(raw: Any, program: Any) -> Any:
    """A day with an id of its own and the Monday of its week; what can't be read stays as it is.

    Without the programme's id, days of two clients would be taken for one.
    """
    if not isinstance(raw, dict) or not isinstance(program, int | str) or program == "":
        return raw
    try:
        day = date.fromisoformat(str(raw.get("date"))[:10])
    except ValueError:
        return raw
    return {**raw, "date": f"{day}", "id": f"{program}-{day}", "week_of": f"{_monday(day)}"}


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _is_past(day: Any, today: date) -> bool:
    """What is not due yet can't have been left out."""
    return not isinstance(day, dict) or "week_of" not in day or day["date"] <= f"{today}"


def physitrack_source(
    settings: PhysitrackSettings, context: AdapterContext
) -> PolledSource[Physitrack]:
    """The source. Raises ConfigurationError where the settings can't be used."""
    address = settings.trial_url or f"https://{settings.region}.physitrack.com"
    quota, key = context.quota_of(context.name), settings.api_key.read(context.home)
    if not (key.isascii() and key.isprintable()):
        raise ConfigurationError(
            "header_refused", "the API key holds letters that no header has; copy it again"
        )

    @contextmanager
    def opened() -> Iterator[Physitrack]:
        with Http(
            f"{address}/api/v2", private_network=settings.trial_url is not None, quota=quota,
            budget_seconds=_PATIENCE_SECONDS, now=context.now,
        ) as http:  # fmt: skip
            yield Physitrack(http, key)

    with opened():
        pass  # a mistake in the address is told at the start

    def lists(session: Physitrack) -> Sequence[Clients]:
        zone, messages = context.zone, settings.messages
        return [Clients(session, context.now, messages=messages, zone=zone)]

    return PolledSource(address, opened, lists, overlap=_OVERLAP, now=context.now)
