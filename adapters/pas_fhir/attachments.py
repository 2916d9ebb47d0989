"""CDex ``$submit-attachment``: documents that a payer asked for after it had the request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.pas_fhir.payer import HEADERS, PayerServer, written
from connector.documents.pas.attachment import AttachmentReply, attachment_parameters
from connector.errors import ConfigurationError
from connector.http import Answer


class Attachments:
    """Sends documents to the address that the payer named, or to that of the settings.

    The token goes along only where that is the payer's own address.
    """

    def __init__(self, server: PayerServer, url: str | None) -> None:
        self._server, self._url = server, url

    def send(self, replies: Sequence[AttachmentReply], url: str | None = None) -> list[str]:
        """Sends each; the hosts that took them. Sending again replaces nothing at a payer, so a
        reply of which nobody knows whether it arrived raises RetryLater ("answer_lost")."""
        return [self._one(attachment_parameters(reply), url).host for reply in replies]

    def _one(self, parameters: dict[str, Any], url: str | None) -> Answer:
        target = url or self._url
        if target is None:
            raise ConfigurationError(
                "no_attachment_address",
                "the payer named no address for documents (payer-url); state attachments_url",
            )
        base = target.rstrip("/").removesuffix("/$submit-attachment")
        with self._server.open(base) as http:
            return http.request(
                "POST", "$submit-attachment", body=written(parameters), headers=HEADERS
            )
