"""A case as JSON: read with errors that name each field and never a value, or its schema."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from connector.errors import InvalidRecord
from connector.json_text import read_object

T = TypeVar("T", bound=BaseModel)
_SHOWN = 20
_PLAIN = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of a case",
    "string_type": "must be text, in quotes",
    "int_type": "must be a whole number, without quotes",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "model_type": "must be an object",
}


def read_case(body: bytes, kind: type[T]) -> T:
    """The case in ``body``.

    Raises:
        InvalidRecord: ``case_invalid`` with a line for each field that is wrong; or what is wrong
            with the JSON itself.
    """
    read_object(body)
    try:
        return kind.model_validate_json(body.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as fault:
        errors = fault.errors(include_url=False, include_input=False)
        raise InvalidRecord("case_invalid", _sentence(errors, kind)) from None


def _sentence(errors: list[ErrorDetails], kind: type[BaseModel]) -> str:
    lines = [f"{_place(error)} {_why(error, kind)}" for error in errors[:_SHOWN]]
    if len(errors) > _SHOWN:
        lines.append(f"and {len(errors) - _SHOWN} more")
    count = "1 fault" if len(errors) == 1 else f"{len(errors)} faults"
    return f"the case has {count}: " + "; ".join(lines)


def _place(error: ErrorDetails) -> str:
    """Where it is, such as ``event.services[0].code``. An unknown key is not repeated."""
    text = ""
    parts = error["loc"][:-1] if error["type"] == "extra_forbidden" else error["loc"]
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    if error["type"] == "extra_forbidden":
        return f"a key of {text or 'the case'}"
    return text or "the case"


def _why(error: ErrorDetails, kind: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        return f"{_PLAIN['extra_forbidden']}{_meant(error, kind)}"
    if error["type"] in _PLAIN:
        return _PLAIN[error["type"]]
    if error["type"] == "value_error":
        return str(error.get("ctx", {}).get("error", "is wrong"))
    message = error["msg"]
    return message.replace("Input should be", "must be").replace("String should", "must")


def _meant(error: ErrorDetails, kind: type[BaseModel]) -> str:
    """The fields that there are, and the one that was probably meant."""
    import difflib

    known = _fields(kind, error["loc"][:-1])
    if not known:
        return ""
    close = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
    meant = f". Did you mean {close[0]!r}?" if close else "."
    return f"{meant} Fields: {', '.join(known)}"


def _fields(kind: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """The field names of the part of a case at ``place``."""
    schema: dict[str, Any] = kind.model_json_schema()
    parts = schema.get("$defs", {})
    current: dict[str, Any] = schema
    for step in place:
        if isinstance(step, int):
            current = current.get("items", {})
        else:
            current = current.get("properties", {}).get(step, {})
        for option in (current, *current.get("anyOf", ())):
            if "$ref" in option:
                current = parts.get(option["$ref"].rsplit("/", 1)[-1], {})
                break
            if "items" in option:
                current = option
                break
    return list(current.get("properties", {}))
