"""X12 files of made-up people, for adapters that send them."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

from connector.ports import Destination, Outgoing, Receipt
from connector.x12.content.attachment_case import AttachmentCase
from connector.x12.content.attachment_writer import attachment_segments
from connector.x12.content.case_file import read_case
from connector.x12.writer import write

ROOT = Path(__file__).parent.parent
FILES = ROOT / "tests/unit/x12/files"
REQUEST = (FILES / "psychotherapy_initial_subscriber.x12").read_bytes().replace(b"\n", b"")


def request(reference: str = "PA-1") -> bytes:
    """A 278 request under a reference of one's own (BHT03)."""
    found = re.sub(rb"(BHT\*0007\*13\*)[^*]*", rb"\g<1>" + reference.encode(), REQUEST, count=1)
    assert reference.encode() in found
    return found


def reference_of(content: bytes) -> bytes:
    """BHT03 of such a file."""
    found = re.search(rb"BHT\*0007\*13\*([^*]*)", content)
    assert found is not None
    return found[1]


class AsX12:
    """A destination that is given the contract's short contents, each in a 278 of its own."""

    def __init__(self, inner: Destination) -> None:
        self._inner = inner

    def deliver(self, outgoing: Outgoing) -> Receipt:
        return self._inner.deliver(_in_x12(outgoing))

    def find(self, outgoing: Outgoing) -> Receipt | None:
        return self._inner.find(replace(_in_x12(outgoing), unsure=True))


def _in_x12(outgoing: Outgoing) -> Outgoing:
    content = request(outgoing.content.decode())
    labels = {"kind": "authorization_request"}
    return replace(outgoing, content=content, media_type="application/edi-x12", labels=labels)


def attachment(document: bytes) -> bytes:
    """A 275 with one document."""
    case = json.loads((ROOT / "docs/examples/x12/documents.json").read_text())
    case["documents"] = [case["documents"][0]]
    case["documents"][0].pop("file", None)
    case["documents"][0]["content"] = base64.b64encode(document).decode()
    return write(attachment_segments(read_case(json.dumps(case).encode(), AttachmentCase)))
