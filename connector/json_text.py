"""Reads JSON that somebody posted: one plain error for all that can be wrong, never its content.

Beyond what the library checks: a key stated twice (two readers would see two different things),
nesting without end, NaN and infinite numbers, and characters that no text may hold.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from connector.errors import InvalidRecord

DEEPEST = 64
"""Levels of objects and lists in an event; no form needs a tenth of them."""

_ODD_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_ODD_BYTES = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]")
_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")
_LEADING_MARK = b"\xef\xbb\xbf"


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in ``body``. Raises InvalidRecord that says what is wrong, and where."""
    found = read_value(body)
    if not isinstance(found, dict):
        kind = "a list" if isinstance(found, list) else "a single value"
        raise InvalidRecord("not_an_object", f"a JSON object was expected, not {kind}")
    return found


def read_value(body: bytes) -> Any:
    """The JSON value in ``body``. Raises InvalidRecord that says what is wrong, and where."""
    text = _text(body)
    try:
        found = _DECODER.decode(text)
    except json.JSONDecodeError as fault:
        raise InvalidRecord(
            "bad_json", f"not valid JSON at line {fault.lineno}, column {fault.colno}"
        ) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise InvalidRecord("bad_json", "a number in it has thousands of digits") from None
    _check_depth(found)
    if _ODD_ESCAPE.search(text) is not None:
        _check_characters(found)
    return found


def mended(found: Any, body: bytes) -> Any:
    """A value that was read from ``body``, without NULs and halves of characters.

    Some programs cut a text in the middle of an emoji, and nothing can store the half. In what we
    asked for, one such text must keep neither the answer away nor the record that it stands in.
    """
    return _mended(found) if _ODD_BYTES.search(body) else found


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _NO_TEXT.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_mended(key): _mended(part) for key, part in value.items()}
    return [_mended(part) for part in value] if isinstance(value, list) else value


def _text(body: bytes) -> str:
    try:
        text = body.removeprefix(_LEADING_MARK).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRecord("not_utf8", "not UTF-8 text") from None
    if not text.strip():
        raise InvalidRecord("empty_body", "empty; a JSON object was expected")
    return text


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # The key is not named: where people make keys of names, it would tell one.
        raise InvalidRecord("doubled_key", "a key is there twice in one object")
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise InvalidRecord("not_finite", "a number in it is too large to be one")
    return number


def _no_constant(name: str) -> None:
    raise InvalidRecord("not_finite", f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_once_each, parse_float=_finite, parse_constant=_no_constant
)


def _check_depth(value: Any) -> None:
    level, depth = [value] if isinstance(value, dict | list) else [], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise _too_deep()
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]


def _too_deep() -> InvalidRecord:
    return InvalidRecord("too_deep", f"the JSON is nested more than {DEEPEST} levels deep")


def _check_characters(value: Any) -> None:
    """Refuses text that can't be written down: half a surrogate pair, NUL."""
    written = json.dumps(value, ensure_ascii=False)
    try:
        written.encode("utf-8")
    except UnicodeEncodeError:
        pass
    else:
        if "\\u0000" not in written.replace("\\\\", ""):
            return
    raise InvalidRecord(
        "bad_character", "a text in it holds a character that no text may hold (NUL, half a pair)"
    )
