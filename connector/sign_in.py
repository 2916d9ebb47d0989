"""Settings of how we prove to a server who we are, shared by the adapters that talk to FHIR.

authorization:
  smart: {client_id: our-id, key: {file: keys/smart.pem}}    # SMART Backend Services
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

from connector.credentials import SecretReference
from connector.http import Authorization, BasicAuth, BearerToken, ClientCredentials, SmartBackend


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bearer(_Section):
    """A token that does not change."""

    token: SecretReference


class Basic(_Section):
    """User name and password."""

    user: str
    password: SecretReference


class Client(_Section):
    """OAuth 2 client credentials. ``secret_in_form``: this server does not take it as Basic."""

    token_url: str
    client_id: str
    secret: SecretReference
    scope: str = ""
    secret_in_form: bool = False


class Smart(_Section):
    """SMART Backend Services. ``key``: our private key (PEM); the server has its public half.

    ``scope`` is chosen by what the server knows where it is not stated; ``token_url`` takes the
    place of the server's own SMART configuration.
    """

    client_id: str
    key: SecretReference
    scope: str = ""
    token_url: str = ""


class AuthorizationSettings(_Section):
    """How to prove who we are: one of these."""

    bearer: Bearer | None = None
    basic: Basic | None = None
    client_credentials: Client | None = None
    smart: Smart | None = None

    @model_validator(mode="after")
    def _one_way(self) -> AuthorizationSettings:
        given = [self.bearer, self.basic, self.client_credentials, self.smart]
        if sum(one is not None for one in given) != 1:
            raise ValueError("state one of bearer, basic, client_credentials, smart")
        return self


def proof(
    given: AuthorizationSettings | None,
    base_url: str,
    home: Path,
    *,
    scopes: tuple[str, str],
    private_network: bool,
    ca_file: Path | None,
    now: Callable[[], datetime],
) -> Authorization | None:
    """What signs our requests to ``base_url``; None where nothing is stated.

    ``scopes`` are those to ask for where a SMART section states none, in the syntax of SMART 1 and
    of SMART 2. Raises ConfigurationError where a secret is missing or can't be used.
    """
    if given is None:
        return None
    if given.bearer is not None:
        return BearerToken(given.bearer.token.read(home))
    if given.basic is not None:
        return BasicAuth(given.basic.user, given.basic.password.read(home))
    if given.smart is not None:
        smart = given.smart
        return SmartBackend(
            base_url, smart.client_id, smart.key.read(home), scope=smart.scope, scopes=scopes,
            token_url=smart.token_url, private_network=private_network, ca_file=ca_file, now=now,
        )  # fmt: skip
    client = given.client_credentials
    assert client is not None  # exactly one is given
    return ClientCredentials(
        client.token_url, client.client_id, client.secret.read(home), client.scope,
        secret_in_form=client.secret_in_form, private_network=private_network, ca_file=ca_file,
        now=now,
    )  # fmt: skip
