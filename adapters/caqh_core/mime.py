"""HTTP MIME envelopes: each field of the rule is a part of a form, the payload too."""

from __future__ import annotations

import re

from adapters.caqh_core.message import EXCHANGES, RULE, Message, checksum
from adapters.caqh_core.multipart import Part, join, split
from connector.errors import RetryLater

_NAME = re.compile(r'name\s*=\s*"?([A-Za-z]{1,60})"?')


def wrap(message: Message, user: str | None, password: str) -> tuple[str, bytes]:
    """The content type and the body."""
    fields = [
        ("PayloadType", message.payload_type),
        ("ProcessingMode", message.mode),
        ("PayloadID", message.payload_id),
        ("TimeStamp", message.stamp),
        ("SenderID", message.sender_id),
        ("ReceiverID", message.receiver_id),
        ("CORERuleVersion", RULE),
    ]
    if user is not None:
        fields += [("UserName", user), ("Password", password)]
    exchange = EXCHANGES[message.action]
    summed = exchange.answer_summed if message.error_code else exchange.summed
    if message.payload is not None and summed:
        fields.append(("PayloadLength", str(len(message.payload))))
        fields.append(("CheckSum", checksum(message.payload)))
    if message.error_code:
        fields += [("ErrorCode", message.error_code), ("ErrorMessage", message.error_message)]
    parts = [
        Part({"content-disposition": f'form-data; name="{name}"'}, value.encode())
        for name, value in fields
    ]
    if message.payload is not None:
        head = {"content-disposition": 'form-data; name="Payload"'}
        parts.append(Part(head, message.payload))
    boundary, body = join(parts)
    return f'multipart/form-data; boundary="{boundary}"', body


def unwrap(content_type: str, body: bytes) -> tuple[dict[str, str], bytes | None]:
    """The fields and the payload. Raises RetryLater ("garbage_answer") where it is no such form."""
    fields: dict[str, str] = {}
    payload: bytes | None = None
    for part in split(body, content_type):
        name = _NAME.search(part.headers.get("content-disposition", ""))
        if name is None:
            continue
        if name[1] == "Payload":
            payload = part.content if part.content.strip() else None
        else:
            fields[name[1]] = part.content.decode("utf-8", errors="replace").strip()
    if not fields:
        raise RetryLater("garbage_answer", "the answer is no form of the rule's fields")
    return fields, payload
