"""A payer's X12 answer as rows of raw values, one for each transaction, whichever way it came."""

from __future__ import annotations

from typing import Any, BinaryIO

from connector.x12.content.parse import parse
from connector.x12.finding import Finding

TABLE = "x12"


def answer_rows(content: BinaryIO | bytes) -> tuple[list[dict[str, Any]], Finding | None]:
    """The rows, and the finding that says that a part of the answer may be missing, if one does.

    ``case`` of a row is empty; a person who knows which request it answers writes it there.
    """
    parsed = parse(content)
    rows = [
        {
            "case": "",
            "type": one.get("type", ""),
            "direction": one.get("direction", ""),
            "content": one.get("content", {}),
            "summary": one.get("summary", {}),
            "envelope": one.get("envelope") or {},
        }
        for one in parsed.as_json()["transactions"]
    ]
    return rows, parsed.damage
