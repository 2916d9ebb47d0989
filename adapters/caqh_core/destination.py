"""Sends an X12 file in one CORE message; the same delivery has the same PayloadID at every attempt.

A message whose answer was lost is not sent again blindly. A batch can be asked about (its
acknowledgment is fetched by PayloadID). Where the receiver counts a repeated PayloadID once, the
rule's own way is taken: again, not before 90 s. In all other cases a person must ask.
"""

from __future__ import annotations

from datetime import timedelta

from adapters.caqh_core.answers import answer_page
from adapters.caqh_core.line import Line, Response
from adapters.caqh_core.message import FETCH_ACK, REAL_TIME, SUBMIT, payload_id
from adapters.caqh_core.settings import PAYLOAD_TYPES, CoreDestinationSettings
from connector.errors import AwaitsPerson, ConfigurationError, ConnectorError, Rejected, RetryLater
from connector.ports import AdapterContext, Answered, Outgoing, Receipt

_ACK = "X12_999_RetrievalRequest_005010X231A1"


class CoreDestination:
    """A receiver that speaks CORE. May be used by several threads at once."""

    def __init__(self, settings: CoreDestinationSettings, context: AdapterContext) -> None:
        self._settings, self._now = settings, context.now
        self._line = Line(settings, context, f"destination {context.name!r}, password")

    @property
    def settle_seconds(self) -> int:
        """So long the receiver may be at work on what it was sent."""
        return self._settings.repeat_seconds

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Sends it. Raises RetryLater ("answer_lost" where it may have arrived), Rejected,
        ConfigurationError.
        """
        exchange = REAL_TIME if self._settings.mode == "real_time" else SUBMIT
        id = payload_id(outgoing.key)
        kind = self._payload_type(outgoing.content)
        try:
            response = self._line.exchange(exchange, kind, id, outgoing.content)
        except RetryLater as fault:
            if fault.code == "answer_lost":
                fault.until = self._now() + timedelta(seconds=self._settings.repeat_seconds)
            raise
        return self._receipt(outgoing, id, response)

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """The receipt, if the receiver acknowledges the batch of this PayloadID.

        None where it certainly did not arrive, or where sending it again does no harm. Raises
        AwaitsPerson where nobody can tell.
        """
        if not outgoing.unsure:
            return None
        id = payload_id(outgoing.key)
        if self._settings.mode == "batch":
            try:
                response = self._line.exchange(FETCH_ACK, _ACK, id)
            except (Rejected, ConfigurationError) as fault:
                if _is_of_us(fault):
                    raise
            else:
                if response.payload is not None:
                    return self._receipt(outgoing, id, response)
        if self._settings.repeats == "recognised":
            return None
        raise AwaitsPerson(
            "arrival_unknown",
            f"{self._line.host} may have taken the message with PayloadID {id}, and no program can "
            "ask about it; ask the payer's EDI support, and say what they answer",
        )

    def close(self) -> None:
        """Closes all connections."""
        self._line.close()

    def _receipt(self, outgoing: Outgoing, id: str, response: Response) -> Receipt:
        answer = None
        if response.payload is not None and self._settings.answers_to is not None:
            page = answer_page(response.payload, self._now(), damaged=response.damaged)
            answer = Answered(self._settings.answers_to, page)
        return Receipt(outgoing.key, id, answer)

    def _payload_type(self, content: bytes) -> str:
        transaction, version = _of(content)
        known = {**PAYLOAD_TYPES, **self._settings.payload_types}
        found = known.get(f"{transaction} {version}") or known.get(transaction)
        if found is None:
            raise ConfigurationError(
                "payload_type_unknown",
                f"no payload type is known for {transaction} {version}; name it in payload_types",
                allowed=sorted(known),
            )
        return found


def _of(content: bytes) -> tuple[str, str]:
    """Transaction and version of an X12 file of ours (ST01 and ST03)."""
    separator, terminator = content[3:4], content[105:106]
    if content[:3] != b"ISA" or not separator or not terminator:
        raise Rejected("not_x12", "only X12 files can be sent this way")
    for segment in content[106:1000].split(terminator)[:5]:
        elements = segment.strip().split(separator)
        if elements[0] == b"ST" and len(elements) >= 3:
            version = elements[3] if len(elements) > 3 else b""
            return elements[1].decode("latin-1"), version.decode("latin-1")
    raise Rejected("not_x12", "the file holds no transaction")


def _is_of_us(fault: ConnectorError) -> bool:
    """Whether it must be put right before anything can be asked."""
    return fault.code in ("not_signed_in", "not_allowed", "certificate_refused", "address_refused")
