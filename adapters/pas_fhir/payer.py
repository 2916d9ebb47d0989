"""One payer's PAS server: opens the session that everything here talks through."""

from __future__ import annotations

import json
from typing import Any

from adapters.pas_fhir.settings import PasDestinationSettings
from connector.http import Http
from connector.ports import AdapterContext
from connector.sign_in import proof

HEADERS = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
# PAS names no scopes; these cover its operations, subscriptions and, at some payers, search.
_SCOPES = ("system/*.read system/*.write", "system/*.cruds")


class PayerServer:
    """The server as its settings describe it.

    Raises ConfigurationError where its address can't be used or a secret is missing.
    """

    def __init__(self, settings: PasDestinationSettings, context: AdapterContext) -> None:
        self._settings, self._context = settings, context
        self._ca_file = None if settings.ca_file is None else context.home / settings.ca_file
        self._authorization = proof(
            settings.authorization,
            settings.base_url,
            context.home,
            scopes=_SCOPES,
            private_network=settings.private_network,
            ca_file=self._ca_file,
            now=context.now,
        )
        self.open().close()

    def open(self, base_url: str | None = None) -> Http:
        """A session; to be closed after use. The token goes to the payer's own address alone."""
        given = self._settings
        elsewhere = base_url is not None and base_url.rstrip("/") != given.base_url.rstrip("/")
        return Http(
            base_url or given.base_url,
            authorization=None if elsewhere else self._authorization,
            private_network=given.private_network,
            ca_file=self._ca_file,
            read_seconds=given.read_seconds,
            now=self._context.now,
        )


def written(resource: dict[str, Any]) -> bytes:
    """The resource as JSON, always the same bytes."""
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
