"""One line of bytes to a JSON object, numbers as the decimals that are written there."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from connector.evaluation.line import LineFault

LONGEST = 1_000_000
"""Bytes in a line; a course of a thousand scores has about 20,000."""

_DEEPEST = 16


def read_line(raw: bytes | str) -> dict[str, Any]:
    """The object in one line. Raises LineFault saying why it is none."""
    if len(raw) > LONGEST:
        raise LineFault("line_too_long", f"the line is longer than {LONGEST} bytes")
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LineFault("not_utf8", "the line is not UTF-8 text") from None
    try:
        found = _DECODER.decode(text.strip())
    except json.JSONDecodeError as fault:
        raise LineFault("not_json", f"no valid JSON at column {fault.colno}: {fault.msg}") from None
    except RecursionError:
        raise _too_deep() from None
    if not isinstance(found, dict):
        raise LineFault("not_object", "a line must be one JSON object in braces")
    if _depth(found) > _DEEPEST:
        raise _too_deep()
    return found


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise LineFault("doubled_field", "a field stands twice in the line")
    return found


def _depth(found: Any) -> int:
    level, depth = [found], 0
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        if depth > _DEEPEST:
            break
        level = [
            inner for one in level for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return depth


def _too_deep() -> LineFault:
    return LineFault("too_deep", f"the line is nested more than {_DEEPEST} levels deep")


def _number(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent of twenty digits
        return Decimal("Infinity")


# NaN and Infinity are no JSON; as decimals that are not finite they fail where a number is asked.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_once_each, parse_float=_number, parse_int=_number, parse_constant=_number
)
