"""One Jane clinic: opens sessions to its own address and nowhere else."""

from __future__ import annotations

from typing import Any

from adapters.jane.settings import JaneSettings
from adapters.jane.token import RefreshedToken
from adapters.jane.token_file import TokenFile
from connector.errors import RetryLater
from connector.http import Answer, Http
from connector.ports import AdapterContext

VERSION = "2026-01-01"
"""The API's version; a date in its address (developers.jane.app, "Quick Start Guide")."""

_BUDGET_SECONDS = 75.0
"""Longer than a minute: a window of requests that opens again is worth waiting for."""


class Account:
    """As its settings describe it. Raises ConfigurationError where a secret is missing."""

    def __init__(self, settings: JaneSettings, context: AdapterContext, source: str) -> None:
        self._trial = settings.trial_url is not None
        self._context = context
        self._quota = context.quota_of(source)
        self.address = settings.address
        self._token = RefreshedToken(
            f"{settings.sign_in}/token",
            settings.client_id,
            settings.api_key.read(context.home),
            TokenFile(context.home, settings.refresh_token_file),
            private_network=self._trial,
            now=context.now,
        )
        self.open().close()

    def open(self) -> Http:
        """A session; to be closed after use."""
        return Http(
            f"{self.address}/api/{VERSION}",
            authorization=self._token,
            private_network=self._trial,
            quota=self._quota,
            budget_seconds=_BUDGET_SECONDS,
            now=self._context.now,
        )


def fields(answer: Answer) -> dict[str, Any]:
    """The object in an answer. Raises RetryLater where it is something else."""
    content = answer.json()
    if isinstance(content, dict):
        return content
    raise RetryLater(
        "answer_lost" if answer.ask_first else "garbage_answer",
        f"{answer.host} answered with something else than was promised",
    )
