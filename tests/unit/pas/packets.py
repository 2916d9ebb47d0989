"""Packets for the tests of PAS: synthetic people, from the golden cases of X12."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from connector.documents.pas.packet import Packet

GOLDEN = Path(__file__).parents[2] / "golden" / "x12"
CASES = sorted(path.stem for path in GOLDEN.glob("*.json"))
PDF = b"%PDF-1.7 a synthetic report"


def numbers(case: dict[str, Any]) -> list[str]:
    """The control numbers of a case's attachments that are sent."""
    event = case["event"]
    listed = [*event.get("attachments", []), *(a for s in event.get("services", [])
                                               for a in s.get("attachments", []))]  # fmt: skip
    return [one["control_number"] for one in listed if one.get("control_number")]


def version(case: dict[str, Any]) -> dict[str, Any]:
    """A case with a document for each number."""
    content = base64.b64encode(PDF).decode()
    return {
        "case": case,
        "documents": [{"control_number": n, "content": content} for n in numbers(case)],
    }


def packet_of(
    case: dict[str, Any], earlier: list[dict[str, Any]] | None = None, **more: Any
) -> Packet:
    """The packet of a case, with a document for each number that it announces."""
    given = {**version(case), "earlier": [version(one) for one in earlier or []], **more}
    return Packet.model_validate_json(json.dumps({"timezone": "America/New_York", **given}))
