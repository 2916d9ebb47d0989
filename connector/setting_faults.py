"""What is wrong with a section of settings, in words for the person who writes the file.

A key that does not exist comes first: what looks missing is often the same key, misspelt.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from connector.errors import ConfigurationError

_UNKNOWN = "extra_forbidden"
_WHERE_SECRETS_LIE = (
    "a secret is never written into the settings; say where it lies: {env: NAME}, a variable that "
    "the service is started with, or {file: data/secret}, a file that nobody else can read"
)
_WORDS = {
    "missing": "is missing",
    "string_type": 'must be text; put it into quotes: "..."',
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list, such as [one, two]",
    "list_type": "must be a list, such as [one, two]",
    "set_type": "must be a list, such as [one, two]",
    "frozen_set_type": "must be a list, such as [one, two]",
    "dict_type": "must be keys with values, such as {key: value}",
    "mapping_type": "must be keys with values, such as {key: value}",
    "model_type": "must be keys with values, such as {key: value}",
}
_LIMITS = {
    "greater_than_equal": ("ge", "must be {} or more"),
    "greater_than": ("gt", "must be more than {}"),
    "less_than_equal": ("le", "must be {} or less"),
    "less_than": ("lt", "must be less than {}"),
}
_FORMS = {
    r"^[a-z][a-z0-9_-]{1,39}$": (
        "must be 2 to 40 small letters, digits, - or _, beginning with a letter, such as riverside"
    ),
    r"^\S[^,]*, *\S": 'must be a name and, after a comma, the credential: "Dana Example, LCSW"',
}
_QUOTED = re.compile(r"'([^']*)'")
_CLOSE = 0.6


def first_fault(
    model: type[BaseModel], fault: ValidationError, where: str, data: Any = None
) -> ConfigurationError:
    """The fault to begin with, and how many there are besides; ``data`` is what was checked."""
    first, *others = _errors(fault)
    more = f" (and {len(others)} more)" if others else ""
    return _finding(model, first, where, data, more)


def all_faults(
    model: type[BaseModel], fault: ValidationError, where: str, data: Any = None
) -> list[ConfigurationError]:
    """Every fault; those of keys that do not exist first."""
    return [_finding(model, error, where, data) for error in _errors(fault)]


def _errors(fault: ValidationError) -> list[ErrorDetails]:
    """The faults without those that only follow: a list is "too short" when its entry is wrong."""
    found = fault.errors()
    inner = {error["loc"][:n] for error in found for n in range(1, len(error["loc"]))}
    kept = [e for e in found if not (e["type"] == "too_short" and e["loc"] in inner)]
    return sorted(kept, key=lambda error: error["type"] != _UNKNOWN)


def _finding(
    model: type[BaseModel], error: ErrorDetails, where: str, data: Any, more: str = ""
) -> ConfigurationError:
    """One fault of a section as an error that names the key and what would be right."""
    key = _key(error["loc"], data)
    if error["type"] == _UNKNOWN:
        allowed = _keys_at(model, error["loc"][:-1])
        return ConfigurationError(
            "unknown_key", f"unknown key {key}{more}", where=where, allowed=allowed,
            suggestion=_closest(str(error["loc"][-1]), allowed),
        )  # fmt: skip
    if error["type"] in ("literal_error", "enum"):
        allowed = _QUOTED.findall(str(error.get("ctx", {}).get("expected", "")))
        given = str(error["input"])
        return ConfigurationError(
            "invalid_value", f"{key}: not one of the values that it can have{more}", where=where,
            allowed=allowed, suggestion=_closest(given, allowed),
        )  # fmt: skip
    # What concerns several keys together names them itself.
    begin = f"{key}: " if key else ""
    return ConfigurationError("invalid_value", f"{begin}{_said(error)}{more}", where=where)


def _said(error: ErrorDetails) -> str:
    """What is wrong with a value; nothing of the value, which may be a secret, is quoted."""
    kind, context = error["type"], error.get("ctx") or {}
    if context.get("class_name") == "SecretReference":
        return _WHERE_SECRETS_LIE
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return words.format(context[name])
    if kind.startswith("datetime"):
        return "must be a date with a time, such as 2026-11-20T17:00:00-05:00"
    if kind.startswith("date"):
        return "must be a date, such as 2026-11-20"
    if kind == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        return _FORMS.get(pattern, f"does not have the form that it must have: {pattern}")
    return _WORDS.get(kind) or error["msg"].removeprefix("Value error, ")


def _key(loc: Sequence[int | str], data: Any) -> str:
    """The key as a path; an entry of a list by its own name where it has one, else counted."""
    parts: list[str] = []
    for part in loc:
        data = _inside(data, part)
        if isinstance(part, int):
            name = data.get("name") if isinstance(data, Mapping) else None
            parts.append(name if isinstance(name, str) and name else f"entry {part + 1}")
        else:
            parts.append(part)
    return ".".join(parts)


def _inside(data: Any, part: int | str) -> Any:
    if isinstance(part, int):
        return data[part] if isinstance(data, list | tuple) and part < len(data) else None
    return data.get(part) if isinstance(data, Mapping) else None


def _closest(given: str, allowed: Sequence[str]) -> str | None:
    found = difflib.get_close_matches(given, allowed, n=1, cutoff=_CLOSE)
    return found[0] if found else None


def _keys_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The valid keys of the section that ``loc`` points to (best effort through annotations)."""
    current: Any = model
    for part in loc:
        if isinstance(part, int):
            continue
        field = getattr(current, "model_fields", {}).get(part)
        if field is None:
            return []
        current = _model_in(field.annotation)
        if current is None:
            return []
    fields = getattr(current, "model_fields", {})
    return sorted(field.alias or name for name, field in fields.items())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _model_in(part)
        if found is not None:
            return found
    return None
