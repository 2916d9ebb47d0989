"""One exchange with an endpoint: wrapped, posted once, unwrapped, its error code judged."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.caqh_core import mime, soap
from adapters.caqh_core.errors import SUCCESS, fault_of
from adapters.caqh_core.message import Exchange, Message, is_damaged
from adapters.caqh_core.settings import CoreServer
from connector.errors import ConfigurationError, Rejected, RetryLater
from connector.http import Answer, Http, in_doubt
from connector.ports import AdapterContext


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: the rule's fields and the payload; ``damaged``: its checksum is not right."""

    fields: dict[str, str]
    payload: bytes | None
    damaged: bool = False


class Line:
    """An endpoint that we exchange messages with. Threads may share it.

    Raises ConfigurationError where a secret or the address can't be used.
    """

    def __init__(self, settings: CoreServer, context: AdapterContext, where: str) -> None:
        self._settings, self._now = settings, context.now
        self._wrapping = soap if settings.envelope == "soap" else mime
        self._password = ""
        if settings.password is not None:
            try:
                self._password = settings.password.read(context.home)
            except ConfigurationError as fault:
                raise ConfigurationError(fault.code, fault.message, where=where) from None
        home = context.home
        self._http = Http(
            settings.url,
            private_network=settings.private_network,
            ca_file=home / settings.ca_file if settings.ca_file else None,
            certificate=home / settings.certificate if settings.certificate else None,
            read_seconds=settings.timeout_seconds,
            max_bytes=settings.max_bytes,
            attempts=1,
            now=context.now,
        )

    @property
    def host(self) -> str:
        """Its name in messages."""
        return self._http.name

    def exchange(
        self, exchange: Exchange, payload_type: str, payload_id: str, payload: bytes | None = None
    ) -> Response:
        """Sends one message; the answer, if it says success.

        Raises RetryLater "answer_lost" where a payload may have arrived, and otherwise the error
        that the answer means.
        """
        message = Message(
            action=exchange.action,
            payload_type=payload_type,
            mode=exchange.mode,
            payload_id=payload_id,
            at=self._now(),
            sender_id=self._settings.sender_id,
            receiver_id=self._settings.receiver_id,
            payload=payload,
        )
        kind, body = self._wrapping.wrap(message, self._settings.user, self._password)
        try:
            answer = self._http.request(
                "POST", "", headers={"Content-Type": kind, "Accept": "*/*"}, body=body,
                expect=(400, 500), repeatable=payload is None,
            )  # fmt: skip
        except RetryLater as fault:
            raise (fault if payload is None else in_doubt(fault)) from None
        return self._read(answer, submitted=payload is not None)

    def _read(self, answer: Answer, *, submitted: bool) -> Response:
        try:
            kind = answer.headers.get("content-type", "")
            fields, payload = self._wrapping.unwrap(kind, answer.body)
        except RetryLater as fault:
            if answer.status == 400:
                raise Rejected("refused", f"{self.host} finds the request faulty (400)") from None
            if not submitted:
                raise
            raise RetryLater(
                "answer_lost",
                f"{self.host} answered something unreadable; whether it took the file is not known",
                detail=fault.code,
            ) from None
        code = "Receiver" if fields.get("Fault") == "Receiver" else fields.get("ErrorCode", "")
        if fields.get("Fault") == "Sender":
            raise Rejected("core_refused", f"{self.host} does not understand the envelope (Sender)")
        if not code and answer.status < 400 and payload is not None:
            code = SUCCESS  # some leave it out where they answer in full
        fault_found = fault_of(code, self.host)
        if fault_found is not None:
            raise fault_found
        stated = fields.get("CheckSum", "")
        return Response(fields, payload, payload is not None and is_damaged(payload, stated))

    def close(self) -> None:
        """Closes all connections."""
        self._http.close()
