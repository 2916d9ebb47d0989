"""A receiver of HL7 v2 over MLLP: each document as one message, under an id that never changes."""

from __future__ import annotations

from adapters.hl7_v2.client import MllpClient
from adapters.hl7_v2.outgoing import built, control_id
from adapters.hl7_v2.receipt import check_answer
from adapters.hl7_v2.settings import DestinationSettings
from connector.errors import RetryLater
from connector.ports import AdapterContext, Outgoing, Receipt


class Hl7Destination:
    """Sends MDM^T02 and ORU^R01. May be used by several threads; one message is in flight."""

    def __init__(self, settings: DestinationSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._client = MllpClient(settings, context)

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Sends it. MSH-10 is made of the key: a receiver that looks at it has it once.

        Raises RetryLater, Rejected, ConfigurationError.
        """
        content = built(outgoing, self._settings)
        number = control_id(outgoing.key)
        answer = self._client.exchange(content)
        try:
            check_answer(answer, number, self._client.name, self._settings.retry_conditions)
        except RetryLater as fault:
            if fault.code in ("answer_lost", "garbage_answer"):
                self._client.close()  # a late answer to another message must not meet the next one
            raise
        return Receipt(outgoing.key, number)

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """None: HL7 v2 has no question for it. It is sent again, under the same MSH-10."""
        return None

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()
