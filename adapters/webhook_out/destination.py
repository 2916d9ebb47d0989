"""Posts signed JSON, each document under its own key, and asks for a key after a crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from adapters.webhook_out.asking import Asking
from adapters.webhook_out.payload import body_of
from adapters.webhook_out.reference import reference_of
from adapters.webhook_out.settings import WebhookOutSettings
from adapters.webhook_out.signing import Signer
from connector.credentials import SecretReference
from connector.errors import ConfigurationError, RetryLater
from connector.http import NotFound
from connector.ports import AdapterContext, Outgoing, Receipt, utc_now
from connector.posting import Poster


class WebhookOut:
    """A receiver that we call. May be used by several threads at once.

    ``clock`` is the real time, which receivers compare with the signature's. Raises
    ConfigurationError where a secret, an address or ``ca_file`` can't be used.
    """

    def __init__(
        self,
        settings: WebhookOutSettings,
        context: AdapterContext,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        ca_file = context.home / settings.ca_file if settings.ca_file else None
        self._alert_text = settings.alert_text
        self._clock = clock
        self._signer = _signer(settings, context)
        self._headers = {
            name: given if isinstance(given, str) else _header(name, given, context)
            for name, given in settings.headers.items()
        }
        self._poster = Poster(
            settings.url,
            private_network=settings.private_network,
            ca_file=ca_file,
            timeout_seconds=settings.timeout_seconds,
            now=context.now,
        )
        self._asking: Asking | None = None
        if settings.ask_url is not None:
            self._asking = Asking(settings.ask_url, settings, self._headers, ca_file, context)

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Posts it. Raises as ``Poster.post`` does, and Rejected for a kind that is not posted.

        404 is an outage of the receiver: the flow behind the address may be switched off.
        """
        body = body_of(outgoing, alert_text=self._alert_text)
        headers = {
            **self._headers,
            **self._signer.headers(outgoing.key, self._clock(), body),
            "Idempotency-Key": outgoing.key,
            "Content-Type": "application/json",
        }
        try:
            answer = self._poster.post(body, headers)
        except NotFound as fault:
            raise RetryLater(
                "unavailable",
                f"{self._poster.name} does not know the address (404); what stands behind it may "
                "be switched off, or `url` is wrong",
                detail=fault.detail,
            ) from None
        return Receipt(outgoing.key, reference_of(answer))

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """The receipt, if ``ask_url`` says that the key arrived; None without one."""
        if self._asking is None:
            return None
        proof = self._signer.headers(outgoing.key, self._clock(), b"")
        answer = self._asking.arrived(outgoing.key, proof)
        return None if answer is None else Receipt(outgoing.key, reference_of(answer))

    def close(self) -> None:
        """Closes all connections; the object can't be used afterwards."""
        self._poster.close()
        if self._asking is not None:
            self._asking.close()


def _signer(settings: WebhookOutSettings, context: AdapterContext) -> Signer:
    where = f"destination {context.name!r}, secret"
    try:
        return Signer([given.read(context.home) for given in settings.secret])
    except ConfigurationError as fault:
        raise ConfigurationError(fault.code, fault.message, where=where) from None


def _header(name: str, given: SecretReference, context: AdapterContext) -> str:
    where = f"destination {context.name!r}, headers.{name}"
    try:
        value = given.read(context.home)
    except ConfigurationError as fault:
        raise ConfigurationError(fault.code, fault.message, where=where) from None
    if not (value.isascii() and value.isprintable()):
        raise ConfigurationError(
            "secret_malformed",
            "the secret must be plain characters on one line, to be sent as a header",
            where=where,
        )
    return value
