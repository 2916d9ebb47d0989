"""SOAP 1.2 envelopes: the payload inside in real time, as an MTOM attachment in a batch."""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from adapters.caqh_core.message import EXCHANGES, RULE, Message, checksum
from adapters.caqh_core.multipart import Part, join, split
from connector.errors import Rejected, RetryLater

CORE = "http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
_XOP = "http://www.w3.org/2004/08/xop/include"
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_TEXT = (
    "http://docs.oasis-open.org/wss/2004/01/"
    "oasis-200401-wss-username-token-profile-1.0#PasswordText"
)
_IN_XML = re.compile(rb"[\x20-\x7e\r\n\t]*")
_MOST_ELEMENTS = 1000
"""Of an envelope; the rule's have twenty or so. Each costs far more memory than its bytes."""
_ROOT, _ATTACHED = "envelope@core", "payload@core"


def wrap(message: Message, user: str | None, password: str) -> tuple[str, bytes]:
    """The content type and the body. Raises Rejected for a payload that XML can't hold."""
    exchange = EXCHANGES[message.action]
    payload = message.payload or b""
    attached = exchange.answer_summed if message.error_code else exchange.summed
    if not attached and not _IN_XML.fullmatch(payload):
        raise Rejected(
            "payload_not_plain",
            "the file holds signs that can't be sent in real time; its separators must be visible",
        )
    inner = _fields(message)
    if message.payload is not None:
        if attached:
            inner += f"<PayloadLength>{len(payload)}</PayloadLength>"
            inner += f"<CheckSum>{checksum(payload)}</CheckSum>"
            include = f'<xop:Include xmlns:xop="{_XOP}" href="cid:{_ATTACHED}"/>'
            inner += f"<Payload>{include}</Payload>"
        else:
            inner += f"<Payload>{escape(payload.decode())}</Payload>"
    name = exchange.response if message.error_code else exchange.request
    if message.error_code:
        inner += f"<ErrorCode>{escape(message.error_code)}</ErrorCode>"
        inner += f"<ErrorMessage>{escape(message.error_message)}</ErrorMessage>"
    envelope = (
        f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{SOAP}">'
        f"<soap:Header>{_proof(user, password)}</soap:Header><soap:Body>"
        f'<core:{name} xmlns:core="{CORE}">{inner}</core:{name}></soap:Body></soap:Envelope>'
    ).encode()
    if not attached or message.payload is None:
        return f'application/soap+xml; charset=UTF-8; action="{message.action}"', envelope
    root = Part(
        {
            "content-type": 'application/xop+xml; charset=UTF-8; type="application/soap+xml"',
            "content-transfer-encoding": "8bit",
            "content-id": f"<{_ROOT}>",
        },
        envelope,
    )
    file = Part(
        {
            "content-type": "application/octet-stream",
            "content-transfer-encoding": "binary",
            "content-id": f"<{_ATTACHED}>",
        },
        payload,
    )
    boundary, body = join((root, file))
    return (
        f'multipart/related; type="application/xop+xml"; start="<{_ROOT}>"; '
        f'start-info="application/soap+xml"; action="{message.action}"; boundary="{boundary}"',
        body,
    )


def _fields(message: Message) -> str:
    fields = (
        ("PayloadType", message.payload_type),
        ("ProcessingMode", message.mode),
        ("PayloadID", message.payload_id),
        ("TimeStamp", message.stamp),
        ("SenderID", message.sender_id),
        ("ReceiverID", message.receiver_id),
        ("CORERuleVersion", RULE),
    )
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields)


def _proof(user: str | None, password: str) -> str:
    if user is None:
        return ""
    return (
        f'<wsse:Security xmlns:wsse="{_WSSE}" soap:mustUnderstand="true"><wsse:UsernameToken>'
        f"<wsse:Username>{escape(user)}</wsse:Username>"
        f'<wsse:Password Type="{_TEXT}">{escape(password)}</wsse:Password>'
        "</wsse:UsernameToken></wsse:Security>"
    )


def unwrap(content_type: str, body: bytes) -> tuple[dict[str, str], bytes | None]:
    """The fields and the payload of an envelope; a SOAP fault has the field ``Fault``.

    Raises RetryLater ("garbage_answer") where it is none.
    """
    attached: dict[str, bytes] = {}
    if content_type.lower().startswith("multipart/"):
        parts = split(body, content_type)
        attached = {part.headers.get("content-id", "").strip("<>"): part.content for part in parts}
        start = re.search(r'start\s*=\s*"?<?([^">;]+)', content_type)
        body = attached.get(start[1], parts[0].content) if start else parts[0].content
    root = _root(body)
    fault = root.find(f".//{{{SOAP}}}Fault")
    if fault is not None:
        value = fault.find(f"{{{SOAP}}}Code/{{{SOAP}}}Value")
        code = (value.text or "").rpartition(":")[2].strip() if value is not None else ""
        return {"Fault": code if code in ("Sender", "Receiver") else "unknown"}, None
    found = root.find(f"{{{SOAP}}}Body")
    if found is None or len(found) != 1:
        raise _unreadable()
    fields: dict[str, str] = {}
    payload: bytes | None = None
    for element in found[0]:
        name = element.tag.rpartition("}")[2]
        include = element.find(f"{{{_XOP}}}Include")
        if include is not None:
            payload = attached.get(include.get("href", "").removeprefix("cid:"))
            if payload is None:
                raise _unreadable()
        elif name == "Payload":
            payload = _inline((element.text or "").strip())
        else:
            fields[name] = (element.text or "").strip()
    return fields, payload


def _inline(text: str) -> bytes | None:
    """A payload within the envelope: X12 as it is in real time; in batches base64, which MTOM
    senders leave in place where it is short."""
    if text and not text.startswith(("ISA", "TA1")):
        with suppress(ValueError):
            return base64.b64decode("".join(text.split()), validate=True)
    return text.encode() or None


class _Plain(ElementTree.TreeBuilder):
    """Refuses document types, which SOAP forbids and entities need, and more than an envelope."""

    def __init__(self) -> None:
        super().__init__()
        self._elements = 0

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Called where one begins, in any encoding."""
        raise ValueError("a document type")

    def start(self, tag: Any, attrs: Any) -> ElementTree.Element:
        """Counts."""
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            raise ValueError("too many elements")
        return super().start(tag, attrs)


def _root(body: bytes) -> ElementTree.Element:
    """The envelope."""
    parser = ElementTree.XMLParser(target=_Plain())  # noqa: S314 - no document type, no entities
    try:
        parser.feed(body)
        root: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError):
        raise _unreadable() from None
    if root.tag != f"{{{SOAP}}}Envelope":
        raise _unreadable()
    return root


def _unreadable() -> RetryLater:
    return RetryLater("garbage_answer", "the answer is no SOAP 1.2 envelope, as the rule says")
