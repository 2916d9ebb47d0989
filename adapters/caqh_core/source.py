"""Fetches what was answered to batches: results and acknowledgments, by payload type."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from adapters.caqh_core.answers import answer_page
from adapters.caqh_core.line import Line
from adapters.caqh_core.message import FETCH_RESULTS
from adapters.caqh_core.settings import CoreAnswersSettings
from connector.ports import AdapterContext, RawPage

_MOST_AT_ONCE = 1_000


class CoreAnswers:
    """A receiver's batch results as a source. It decides what is new; keys absorb repeats."""

    def __init__(self, settings: CoreAnswersSettings, context: AdapterContext) -> None:
        self._settings, self._now = settings, context.now
        self._line = Line(settings, context, f"source {context.name!r}, password")

    def fetch(self, cursor: str | None) -> Iterator[RawPage]:
        """A page for each payload that is there, until none is. Raises as ``Http.request``."""
        for kind in self._settings.retrieves:
            last = b""
            for _ in range(_MOST_AT_ONCE):
                response = self._line.exchange(FETCH_RESULTS, kind, str(uuid.uuid4()))
                if response.payload is None or response.payload == last:
                    break  # nothing more, or the receiver gives the same until tomorrow
                last = response.payload
                yield answer_page(last, self._now(), damaged=response.damaged)

    def acknowledge(self, page: RawPage) -> None:
        """Nothing: what was stored once is recognised by its key."""

    def close(self) -> None:
        """Closes all connections."""
        self._line.close()
