"""A packet from JSON: as a file, or inside a document of ours (its ``context``)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import ValidationError

from connector.documents.pas.packet import Packet
from connector.errors import InvalidRecord
from connector.json_text import read_object

_SHOWN = 20


def read_packet(body: bytes) -> Packet:
    """The packet in ``body``, or what ``connector x12 make`` takes: a case alone.

    Raises InvalidRecord ("packet_invalid") naming each field that is wrong and never a value.
    """
    content = read_object(body)
    context = content.get("context")
    if isinstance(context, dict) and "case" in context:
        content = context
    if "case" not in content and "event" in content:
        content = {"case": content}
    try:
        return Packet.model_validate_json(json.dumps(content))
    except ValidationError as fault:
        errors = fault.errors(include_url=False, include_input=False)
        told = "; ".join(
            f"{_place(one['type'], one['loc'])}: {_why(one['type'], one['msg'])}"
            for one in errors[:_SHOWN]
        )
        raise InvalidRecord("packet_invalid", f"the request is not complete: {told}") from None


def packet_bytes(packet: Packet) -> bytes:
    """The packet as JSON, the same bytes at every making."""
    return packet.model_dump_json(exclude_none=True).encode()


def _why(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "has a key that there is not"
    return message.removeprefix("Value error, ")


def _place(kind: str, loc: Sequence[int | str]) -> str:
    """Where it is. A key that there is not may be a value in the wrong place; it is not shown."""
    known = loc[:-1] if kind == "extra_forbidden" else loc
    return ".".join(str(part) for part in known) or "the packet"
