"""A 275 as the JSON of an attachment request: whose, for which request, the documents in base64."""

from __future__ import annotations

import base64
import io
from typing import Any

from connector.errors import Rejected
from connector.x12.content.attachment_reader import Received, media_type, read_attachment
from connector.x12.envelope import transaction_sets
from connector.x12.finding import Finding
from connector.x12.reader import read


def attachment_request(content: bytes) -> dict[str, Any]:
    """The request. Raises Rejected for anything but a 275 with its documents whole."""
    received = _received(content)
    found, patient = received.content, received.content.get("patient") or {}
    documents = []
    for document, payload in zip(found.get("documents", ()), received.payloads, strict=True):
        if payload is None:
            raise _refused()
        documents.append(
            {
                "controlNumber": document.get("control_number", ""),
                "contentType": media_type(payload),
                "title": "Supporting documentation",
                "data": base64.b64encode(payload).decode(),
            }
        )
    if not documents:
        raise _refused()
    return {
        "payerId": (found.get("payer") or {}).get("id", ""),
        "provider": {"npi": (found.get("provider") or {}).get("npi", "")},
        "patient": {
            "lastName": patient.get("family_name", ""),
            "firstName": patient.get("given_name", ""),
        },
        "subscriber": {"memberId": patient.get("member_id", "")},
        "referenceNumber": found.get("reference", ""),
        "attachments": documents,
    }


def _received(content: bytes) -> Received:
    findings: list[Finding] = []
    for found in transaction_sets(read(io.BytesIO(content), findings.append), findings.append):
        if found.segments and found.segments[0].element(1) == "275":
            return read_attachment(found.segments)
    raise _refused()


def _refused() -> Rejected:
    return Rejected("not_an_attachment", "only a 275 with its documents can be sent this way")
