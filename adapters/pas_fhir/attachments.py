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
        return [self.post(written(attachment_parameters(one)), url).host for one in replies]

    def post(self, parameters: bytes, url: str | None = None) -> Answer:
        """Sends the Parameters of one reply. Raises as ``send`` does."""
        target = url or self._url
        if target is None:
            raise ConfigurationError(
                "no_attachment_address",
                "the payer named no address for documents (payer-url); state attachments_url",
            )
        base = target.rstrip("/").removesuffix("/$submit-attachment")
        with self._server.open(base) as http:
            return http.request("POST", "$submit-attachment", body=parameters, headers=HEADERS)


def tracking_of(parameters: Any) -> str:
    """The number under which documents were sent; empty where the content is none of ours."""
    listed = parameters.get("parameter") if isinstance(parameters, dict) else None
    for one in listed or ():
        if isinstance(one, dict) and one.get("name") == "TrackingId":
            return str((one.get("valueIdentifier") or {}).get("value") or "")
    return ""
