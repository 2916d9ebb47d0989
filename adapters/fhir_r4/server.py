"""One FHIR server: opens the HTTP session that source and destination talk through."""

from __future__ import annotations

from adapters.fhir_r4.settings import FhirDestinationSettings, ServerSettings
from connector.http import Http
from connector.ports import AdapterContext
from connector.sign_in import proof

ACCEPT = {"Accept": "application/fhir+json"}
_READING = ("system/*.read", "system/*.rs")
_WRITING = ("system/*.read system/*.write", "system/*.crs")
"""The scopes of SMART 1 and SMART 2; documents are looked for, created, never changed."""


class Server:
    """A FHIR server as its settings describe it.

    Raises ConfigurationError where its address can't be used or a secret is missing.
    """

    def __init__(self, settings: ServerSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._context = context
        self._ca_file = None if settings.ca_file is None else context.home / settings.ca_file
        writes = isinstance(settings, FhirDestinationSettings)
        self._authorization = proof(
            settings.authorization,
            settings.base_url,
            context.home,
            scopes=_WRITING if writes else _READING,
            private_network=settings.private_network,
            ca_file=self._ca_file,
            now=context.now,
        )
        self.open().close()

    def open(self) -> Http:
        """A session; to be closed after use. The token outlives it."""
        given = self._settings
        return Http(
            given.base_url,
            authorization=self._authorization,
            private_network=given.private_network,
            ca_file=self._ca_file,
            now=self._context.now,
        )
