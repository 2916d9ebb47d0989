"""The first sign-in of a clinic: a person with the right to allow it does so in the browser.

Facts: api-evangelist/jane-app, authentication and scopes (Keycloak; PKCE with S256 is required;
``resource`` names the clinic, ``prompt=consent`` has it asked). Source and destination share the
token, so both their scopes are asked for.
"""

from __future__ import annotations

from urllib.parse import urlencode

from adapters.jane.settings import JaneSettings
from adapters.jane.token import refresh_token, token_session
from adapters.jane.token_file import TokenFile
from connector.errors import ConfigurationError
from connector.http.authorization import ask_token
from connector.http.code_grant import CodeGrant
from connector.ports import AdapterContext

SCOPES = (
    "appointments:read", "patients:read", "staff_members:read", "document_uploads:create",
    "observations:create", "observations:read",
)  # fmt: skip
"""What source and destination use, and no more."""


class JaneSignIn:
    """One sign-in, begun when it is made. Raises ConfigurationError where a secret is missing."""

    def __init__(self, settings: JaneSettings, context: AdapterContext) -> None:
        self._grant = CodeGrant(
            f"{settings.sign_in}/auth", settings.client_id, settings.redirect_uri,
            " ".join(SCOPES), {"resource": settings.address, "prompt": "consent"},
        )  # fmt: skip
        self._secret = settings.api_key.read(context.home)
        self._token_url = f"{settings.sign_in}/token"
        self._trial = settings.trial_url is not None
        self._file = TokenFile(context.home, settings.refresh_token_file)
        self._now = context.now

    @property
    def address(self) -> str:
        """Jane's page."""
        return self._grant.address

    @property
    def redirect_uri(self) -> str:
        """Where Jane sends the person then; it must be registered for the partner's client."""
        return self._grant.redirect_uri

    def finish(self, returned: str) -> str:
        """Gets the first refresh token for the code, and keeps it."""
        form = {**self._grant.form(returned), "client_secret": self._secret}
        with self._file.turn():
            with token_session(self._token_url, self._trial, self._now) as http:
                answer = ask_token(http, urlencode(form).encode())
            if answer.status >= 400:
                raise ConfigurationError(
                    "sign_in_refused",
                    f"{answer.host} gives no token for this sign-in; check client_id, the secret, "
                    "and that redirect_uri is registered for the client; then begin again",
                    detail=f"HTTP {answer.status}",
                )
            fresh = refresh_token(answer)
            if fresh is None:
                raise ConfigurationError(
                    "sign_in_refused", f"{answer.host} gives no refresh token; begin again"
                )
            self._file.keep(fresh)
        return (
            f"Signed in. {self._file.name} holds the refresh token; start the service within 30 "
            "minutes, or it lapses."
        )
