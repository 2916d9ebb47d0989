"""One SPRY account: opens sessions to SPRY and nowhere else, and reads its answers' envelope.

Facts: api-docs.spryhealth.care, "Authentication", "API Overview". OAuth 2 client credentials, the
secret in the form, a token for an hour; ``{code, data, message}``, and a code over 2000 is an error
although the status is 200.
"""

from __future__ import annotations

from typing import Any

from adapters.spry.settings import SprySettings
from connector.errors import Rejected, RetryLater
from connector.http import Answer, ClientCredentials, Http
from connector.ports import AdapterContext

_HOST = "https://provider.sprypt.com"
_SANDBOX = "https://provider.staging.spryhealth.care"
_TOKEN = "/apis/v2/oauth/token"  # noqa: S105 (a path)
_OK = 2000
_BUDGET_SECONDS = 75.0
"""Longer than a minute: a window of requests that opens again is worth waiting for."""


class Account:
    """As its settings describe it. Raises ConfigurationError where the secret is missing."""

    def __init__(self, settings: SprySettings, context: AdapterContext, source: str) -> None:
        self._trial = settings.trial_url is not None
        self._context = context
        self._quota = context.quota_of(source)
        self.address = settings.trial_url or (_SANDBOX if settings.sandbox else _HOST)
        self._token = ClientCredentials(
            f"{self.address}{_TOKEN}",
            settings.client_id,
            settings.api_key.read(context.home),
            "read write",
            secret_in_form=True,
            private_network=self._trial,
            now=context.now,
        )
        self.open().close()

    def open(self) -> Http:
        """A session; to be closed after use."""
        return Http(
            f"{self.address}/apis",
            authorization=self._token,
            private_network=self._trial,
            quota=self._quota,
            budget_seconds=_BUDGET_SECONDS,
            now=self._context.now,
        )


def content(answer: Answer) -> Any:
    """The ``data`` of an answer.

    Raises Rejected ("refused") for a code over 2000; its message may speak of a patient and is not
    quoted. Raises RetryLater where there is no envelope at all.
    """
    given = answer.json()
    code = given.get("code") if isinstance(given, dict) else None
    if isinstance(code, bool) or not isinstance(code, int):
        raise RetryLater(
            "answer_lost" if answer.ask_first else "garbage_answer",
            f"{answer.host} answered without a code; it may be under maintenance",
        )
    if code > _OK:
        raise Rejected(
            "refused",
            f"{answer.host} answered with its error code {code}; look it up in SPRY's API pages, "
            "and check the numbers in the settings",
            detail=f"code {code}",
        )
    return given.get("data")
