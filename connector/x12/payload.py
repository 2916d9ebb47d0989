"""The payload of a BIN or BDS segment, as the document that was meant."""

from __future__ import annotations

import base64
import binascii

from connector.x12.segment import Segment

_LINE_ENDS = b"\r\n"


def document(carrier: Segment) -> bytes | None:
    """The document that a BIN or BDS brings; None where its base64 can't be decoded.

    Base64 may be cut into lines, as mail programs do (RFC 2045, 6.8).
    """
    if carrier.binary is None or carrier.tag != "BDS" or carrier.element(1) != "B64":
        return carrier.binary
    try:
        return base64.b64decode(carrier.binary.translate(None, _LINE_ENDS), validate=True)
    except (binascii.Error, ValueError):
        return None
