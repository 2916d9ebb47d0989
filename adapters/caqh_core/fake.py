"""A stand-in for a receiver that speaks CORE, for trials and tests. It listens on 127.0.0.1 alone.

It reads messages with the standard library's own mail and XML parsers. ``script`` says how the next
submissions are treated: "lose" (taken, and the answer lost), "garbage", "fault Sender", "fault
Receiver", or an error code of the rule. ``effects`` is what it took, by PayloadID. With
``gives_again`` results stay with it, and each round of retrievals brings all of them; with
``spoils`` an approval turns into a denial on the way, so that checksums are wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message as Mail
from typing import Any
from xml.etree import ElementTree

from adapters.caqh_core import mime, soap
from adapters.caqh_core.message import EXCHANGES, REAL_TIME, SUBMIT, Message
from connector.fakes.server import FakeServer, Reply, Request

USER, PASSWORD = "practice", "trial-password"
_XOP = "{http://www.w3.org/2004/08/xop/include}Include"


def receipt_of(content: bytes) -> bytes:
    """A 999 that accepts the file."""
    terminator, separator = content[105:106].decode(), content[3:4].decode()
    lines_in = content.decode("latin-1").split(terminator)
    segments = [one.strip().split(separator) for one in lines_in]
    isa = next(one for one in segments if one[0] == "ISA")
    group = next(one for one in segments if one[0] == "GS")
    start = next(one for one in segments if one[0] == "ST")
    head = [*isa[:5], isa[7], isa[8], isa[5], isa[6], *isa[9:]]
    version = "005010X231A1"
    lines = [
        head,
        ["GS", "FA", group[3], group[2], group[4], group[5], "1", "X", version],
        ["ST", "999", "0001", version],
        ["AK1", group[1], group[6], group[8]],
        ["AK2", start[1], start[2], start[3]],
        ["IK5", "A"],
        ["AK9", "A", "1", "1", "1"],
        ["SE", "6", "0001"],
        ["GE", "1", "1"],
        ["IEA", "1", isa[13]],
    ]
    return "".join(separator.join(line) + terminator for line in lines).encode()


@dataclass(slots=True)
class _Asked:
    """A message as it came."""

    action: str
    fields: dict[str, str]
    payload: bytes | None
    soap: bool


class FakeReceiver(FakeServer):
    """One endpoint at ``/core``. ``recognises``: a PayloadID that comes again counts once."""

    def __init__(
        self,
        *,
        recognises: bool = True,
        answer: Callable[[bytes], bytes | None] = receipt_of,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(now)
        self.recognises = recognises
        self.answer = answer
        self.script: list[str] = []
        self.effects: list[tuple[str, bytes]] = []
        self.results: dict[str, list[bytes]] = {}
        self.gives_again = self.spoils = False
        self._answers: dict[str, bytes | None] = {}
        self._given: dict[str, int] = {}

    def trial(self) -> str:
        """The site file's lines with which a site talks to it."""
        options = (
            f"url: {self.url}/core, sender_id: PRACTICE, receiver_id: PAYER, user: {USER}, "
            "password: {env: CORE_PASSWORD}, private_network: true"
        )
        return (
            "destinations:\n  - name: core-trial\n    adapter: caqh_core\n"
            "    receives: [authorization_request, attachment]\n"
            f"    options: {{{options}, answers_to: core-answers}}\n"
            "sources:\n  - name: core-answers\n    adapter: caqh_core\n"
            f"    options: {{{options}}}\n"
        )

    def reply(self, request: Request) -> Reply:
        """What the rule says of the message, or what the script says instead."""
        try:
            asked = _read(request)
        except (KeyError, IndexError, ValueError, ElementTree.ParseError):
            return Reply(400, b"not understood", {"Content-Type": "text/plain"})
        wrong = _wrong(asked)
        if wrong:
            return self._wrapped(asked, "CoreEnvelopeError", wrong)
        if asked.action in (REAL_TIME.action, SUBMIT.action):
            return self._submitted(asked)
        kind = asked.fields["PayloadType"]
        if asked.action == "BatchSubmitAckRetrievalTransaction":
            payload = self._answers.get(asked.fields["PayloadID"])
        else:
            payload = self._result(kind)
        return self._wrapped(asked, kind, "Success", payload)

    def _result(self, kind: str) -> bytes | None:
        """The next batch result of a payload type; None where a round is over."""
        waiting = self.results.get(kind, [])
        if not self.gives_again:
            return waiting.pop(0) if waiting else None
        place = self._given.get(kind, 0)
        self._given[kind] = place + 1 if place < len(waiting) else 0
        return waiting[place] if place < len(waiting) else None

    def _submitted(self, asked: _Asked) -> Reply:
        order = self.script.pop(0) if self.script else ""
        if order.startswith("fault"):
            return _fault(order.split()[1])
        if order and order not in ("lose", "garbage"):
            return self._wrapped(asked, "CoreEnvelopeError", order)
        id, payload = asked.fields["PayloadID"], asked.payload or b""
        if not (self.recognises and id in self._answers):
            self.effects.append((id, payload))
            self._answers[id] = self.answer(payload)
        if order == "lose":
            return Reply(502, b"gateway", {"Content-Type": "text/plain"})
        if order == "garbage":
            return Reply(200, b"<html>maintenance</html>", {"Content-Type": "text/html"})
        if asked.action == SUBMIT.action:
            return self._wrapped(asked, "X12_BatchReceiptConfirmation", "Success")
        return self._wrapped(asked, "X12_999_Response_005010X231A1", "Success", self._answers[id])

    def _wrapped(self, asked: _Asked, kind: str, code: str, payload: bytes | None = None) -> Reply:
        message = Message(
            action=asked.action, payload_type=kind, mode=asked.fields.get("ProcessingMode", ""),
            payload_id=asked.fields.get("PayloadID", ""), at=self.now(),
            sender_id=asked.fields.get("ReceiverID", ""),
            receiver_id=asked.fields.get("SenderID", ""),
            payload=payload, error_code=code, error_message="",
        )  # fmt: skip
        kind, body = (soap if asked.soap else mime).wrap(message, None, "")
        if self.spoils and payload:
            body = body.replace(payload, payload.replace(b"A1", b"A3"))
        return Reply(200, body, {"Content-Type": kind})


def _fault(code: str) -> Reply:
    body = (
        f'<s:Envelope xmlns:s="{soap.SOAP}"><s:Body><s:Fault><s:Code><s:Value>s:{code}</s:Value>'
        "</s:Code><s:Reason><s:Text>no</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"
    )
    kind = {"Content-Type": "application/soap+xml"}
    return Reply(400 if code == "Sender" else 500, body.encode(), kind)


def _wrong(asked: _Asked) -> str:
    """The error code of what the rule demands and is not there."""
    fields = asked.fields
    if fields.get("UserName") != USER or fields.get("Password") != PASSWORD:
        return "UnAuthorized"
    for name in ("PayloadType", "ProcessingMode", "PayloadID", "TimeStamp", "SenderID",
                 "ReceiverID", "CORERuleVersion"):  # fmt: skip
        if not fields.get(name):
            return f"{name}Required"
    if fields["CORERuleVersion"] != "2.2.0":
        return "VersionMismatch"
    if not fields["PayloadType"].startswith("X12_"):
        return "PayloadTypeIllegal"
    if asked.action == SUBMIT.action:
        payload = asked.payload or b""
        if fields.get("PayloadLength") != str(len(payload)):
            return "PayloadLengthIllegal"
        if fields.get("CheckSum") != hashlib.sha1(payload, usedforsecurity=False).hexdigest():
            return "ChecksumMismatched"
    return ""


def _read(request: Request) -> _Asked:
    kind = request.headers["content-type"]
    mail = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body)
    if kind.startswith("multipart/form-data"):
        return _read_form(mail)
    return _read_soap(mail, kind)


def _read_form(mail: Mail) -> _Asked:
    fields: dict[str, str] = {}
    payload: bytes | None = None
    for part in _parts(mail):
        name = str(part.get_param("name", header="content-disposition"))
        content = _bytes_of(part)
        if name == "Payload":
            payload = content
        else:
            fields[name] = content.decode()
    summed = "CheckSum" in fields
    real_time = fields["ProcessingMode"] == "RealTime"
    action = REAL_TIME.action if real_time else SUBMIT.action
    if not real_time and not summed:
        results = "Results" in fields["PayloadType"]
        action = "BatchResultsRetrievalTransaction"
        action = action if results else "BatchSubmitAckRetrievalTransaction"
    return _Asked(action, fields, payload, soap=False)


def _read_soap(mail: Mail, kind: str) -> _Asked:
    attached: dict[str, bytes] = {}
    if mail.is_multipart():
        root, *others = _parts(mail)
        content = _bytes_of(root)
        attached = {str(part["content-id"]).strip("<>"): _bytes_of(part) for part in others}
    else:
        content = _bytes_of(mail)
    envelope = ElementTree.fromstring(content)  # noqa: S314 - the connector's own messages
    fields = {_bare(one): one.text or "" for one in envelope.iter() if not len(one)}
    fields["UserName"] = fields.pop("Username", "")
    body = envelope.find(f"{{{soap.SOAP}}}Body")
    assert body is not None
    action = next(e.action for e in EXCHANGES.values() if e.request == _bare(body[0]))
    if f'action="{action}"' not in kind:
        raise ValueError("another action in the header than in the body")
    include = next(envelope.iter(_XOP), None)
    payload = fields.get("Payload", "").encode() or None
    if include is not None:
        payload = attached[include.attrib["href"].removeprefix("cid:")]
    return _Asked(action, fields, payload, soap=True)


def _parts(mail: Mail) -> list[Any]:
    found = mail.get_payload()
    return found if isinstance(found, list) else []


def _bytes_of(part: Mail) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _bare(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
