"""One FHIR server: opens the HTTP session that source and destination talk through."""

from __future__ import annotations

from adapters.fhir_r4.settings import FhirDestinationSettings, FhirSourceSettings, ServerSettings
from connector.budget import Quota
from connector.http import Authorization, Http
from connector.ports import AdapterContext
from connector.sign_in import proof

ACCEPT = {"Accept": "application/fhir+json"}
_READING = ("system/*.read", "system/*.rs")
_WRITING = ("system/*.read system/*.write", "system/*.crs")
_CORRECTING = ("system/*.read system/*.write", "system/*.crus")
_SUBSCRIBING = (" system/Subscription.write", " system/Subscription.cruds")
"""The scopes of SMART 1 and SMART 2. Documents are looked for and created, never changed; a score
that was corrected is changed."""
_USUAL_SECONDS, _PATIENCE_SECONDS = 30.0, 75.0
"""What a request may take, retries included. A poll waits longer than a minute, so that a budget
that opens again lets it go on."""


class Server:
    """A FHIR server as its settings describe it.

    Raises ConfigurationError where its address can't be used or a secret is missing.
    """

    def __init__(self, settings: ServerSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._context = context
        self._quota = context.quota_of(_account(settings, context.name))
        self._ca_file = None if settings.ca_file is None else context.home / settings.ca_file
        self._authorization = proof(
            settings.authorization,
            settings.base_url,
            context.home,
            scopes=_scopes(settings),
            private_network=settings.private_network,
            ca_file=self._ca_file,
            now=context.now,
        )
        self.open().close()

    def open(self, *, signed: bool = True) -> Http:
        """A session; to be closed after use. The token outlives it. Not ``signed``: without it."""
        who = self._authorization if signed else None
        return self._session(self._settings.base_url, who, self._quota)

    def open_other(self, origin: str) -> Http:
        """A session with another host, where files of this server lie; it gets no token."""
        return self._session(origin, None, None)

    def _session(
        self, base_url: str, authorization: Authorization | None, quota: Quota | None
    ) -> Http:
        given = self._settings
        polls = isinstance(given, FhirSourceSettings)  # what is filed must not wait for so long
        return Http(
            base_url,
            authorization=authorization,
            private_network=given.private_network,
            ca_file=self._ca_file,
            now=self._context.now,
            quota=quota,
            budget_seconds=_PATIENCE_SECONDS if polls and quota is not None else _USUAL_SECONDS,
        )


def _account(settings: ServerSettings, name: str) -> str:
    """Whose budget requests come out of: a destination's are its source's, at the same server."""
    if isinstance(settings, FhirDestinationSettings) and settings.patient_source is not None:
        return settings.patient_source
    return name


def _scopes(settings: ServerSettings) -> tuple[str, str]:
    if isinstance(settings, FhirDestinationSettings):
        return _WRITING if settings.write == ("document_reference",) else _CORRECTING
    if isinstance(settings, FhirSourceSettings) and settings.subscription is not None:
        return _READING[0] + _SUBSCRIBING[0], _READING[1] + _SUBSCRIBING[1]
    return _READING
