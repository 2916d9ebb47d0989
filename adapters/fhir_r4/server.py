"""One FHIR server: opens the HTTP session that source and destination talk through."""

from __future__ import annotations

from adapters.fhir_r4.settings import AuthorizationSettings, ServerSettings
from connector.http import Authorization, BasicAuth, BearerToken, ClientCredentials, Http
from connector.ports import AdapterContext

ACCEPT = {"Accept": "application/fhir+json"}


class Server:
    """A FHIR server as its settings describe it.

    Raises ConfigurationError where its address can't be used or a secret is missing.
    """

    def __init__(self, settings: ServerSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._context = context
        self._ca_file = None if settings.ca_file is None else context.home / settings.ca_file
        self._authorization = self._proof(settings.authorization)
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

    def _proof(self, given: AuthorizationSettings | None) -> Authorization | None:
        home = self._context.home
        if given is None:
            return None
        if given.bearer is not None:
            return BearerToken(given.bearer.token.read(home))
        if given.basic is not None:
            return BasicAuth(given.basic.user, given.basic.password.read(home))
        client = given.client_credentials
        assert client is not None  # exactly one is given
        return ClientCredentials(
            client.token_url,
            client.client_id,
            client.secret.read(home),
            client.scope,
            secret_in_form=client.secret_in_form,
            private_network=self._settings.private_network,
            ca_file=self._ca_file,
            now=self._context.now,
        )
