"""Healthie's lists: clients, appointments, filled forms, insurance authorizations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from adapters.healthie.graph import Account, Graph
from adapters.healthie.queries import QUESTIONS
from adapters.healthie.settings import HealthieSourceSettings
from connector.polling.found import Found, Portion, asked_for, entry, instant, listed, server_time
from connector.polling.source import PolledSource
from connector.ports import AdapterContext


class HealthieList:
    """One list of an account, asked for by offset in the order of change."""

    id_key = "id"
    at_once = 100

    def __init__(self, graph: Graph, table: str, now: Callable[[], datetime]) -> None:
        self.name = self.table = table
        self._graph = graph
        self._question = QUESTIONS[table]
        self._now = now

    def portion(self, since: datetime | None, place: str | None) -> Portion:
        """A page, by its offset; the last is the one that is not full."""
        offset, size = int(place or "0"), self._question.page_size
        given = {
            "offset": offset, "size": size, "since": None if since is None else since.isoformat(),
        }  # fmt: skip
        data, answer = self._graph.ask(self._question.list_text(), given)
        raw = listed(data.get(self._question.listed), self._graph.host, self.table)
        return Portion(
            tuple(_found(one) for one in raw),
            server_time(answer, self._now()),
            str(offset + size) if len(raw) >= size else None,
        )

    def complete(self, found: Found) -> Found:
        """As it is: the question asks for everything."""
        return found

    def one(self, own_id: str) -> Found | None:
        """The record by its id; None where Healthie says null."""
        data, _ = self._graph.ask(self._question.one_text(), {"id": own_id})
        raw = data.get(self._question.one)
        return None if raw is None else asked_for(_found(raw), own_id)


def healthie_source(
    settings: HealthieSourceSettings, context: AdapterContext
) -> PolledSource[Graph]:
    """The source. Raises ConfigurationError where the settings can't be used."""
    account = Account(settings, context, context.name)

    def lists(session: Graph) -> Sequence[HealthieList]:
        return [HealthieList(session, name, context.now) for name in settings.lists]

    overlap = timedelta(seconds=settings.overlap_seconds)
    return PolledSource(account.address, account.open, lists, overlap=overlap, now=context.now)


def _found(raw: Any) -> Found:
    return entry(raw, "id", instant(raw.get("updated_at")) if isinstance(raw, dict) else None)
