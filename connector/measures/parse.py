"""Reads an instrument file: YAML text to a checked ``Instrument``, or an error to act on."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from pydantic import BaseModel, ValidationError

from connector.errors import ConfigurationError
from connector.measures.consistency import faults
from connector.measures.instrument import THRESHOLDS, Instrument

_LIMIT = re.compile(r"^\s*(>=|<=|>|<)\s*(-?[0-9]+(?:\.[0-9]+)?)\s*$")
_LIMIT_KEYS = frozenset({*THRESHOLDS, "positive", "trigger", "item_trigger", "otherwise"})
_LIMITS_BY_VALUE = "screen_by"
_TAGGED_BY_KIND = "scoring"


def parse_instrument(text: str, where: str) -> Instrument:
    """The instrument that ``text`` (YAML) describes; ``where`` names its file in errors.

    Raises ConfigurationError naming the file, the key, the valid values and the nearest one.
    """
    data = _expanded(_loaded(text, where), where)
    _add_threshold_sources(data)
    try:
        instrument = Instrument.model_validate_json(json.dumps(data, default=str))
    except ValidationError as fault:
        _refuse(fault, where)
    problem = next(faults(instrument), None)
    if problem is not None:
        raise ConfigurationError(
            "instrument_inconsistent",
            f"{problem.key}: {problem.message}",
            where=where,
            allowed=problem.allowed,
            suggestion=_nearest(problem.value, problem.allowed),
        )
    return instrument


def _loaded(text: str, where: str) -> dict[str, Any]:
    from connector.yaml_text import load_yaml  # here: importing the measures must stay cheap

    loaded = load_yaml(text, where, "instrument_unreadable")
    if not isinstance(loaded, dict):
        raise ConfigurationError(
            "instrument_unreadable",
            "an instrument file is a list of 'key: value' lines",
            where=where,
        )
    return loaded


def _expanded(node: Any, where: str, key: str = "") -> Any:
    """``node`` with every limit such as ">=10" as operator and value."""
    if isinstance(node, dict) and key == _LIMITS_BY_VALUE:
        limits = {name: _expanded(limit, where, "trigger") for name, limit in _values(node)}
        return {**_expanded({**node, "values": {}}, where), "values": limits}
    if isinstance(node, dict):
        return {
            str(name): value if name == "sources" else _expanded(value, where, str(name))
            for name, value in node.items()
        }
    if isinstance(node, list):
        return [_expanded(value, where) for value in node]
    if key in _LIMIT_KEYS and node is not None:
        found = _LIMIT.match(str(node))
        if found is None:
            raise ConfigurationError(
                "invalid_value",
                f"{key}: {str(node)!r} is not a limit such as '>=10' or '<5'",
                where=where,
            )
        return {"op": found[1], "value": found[2]}
    return node


def _values(node: dict[str, Any]) -> list[tuple[str, Any]]:
    values = node.get("values")
    return (
        [(str(name), limit) for name, limit in values.items()] if isinstance(values, dict) else []
    )


def _add_threshold_sources(data: dict[str, Any]) -> None:
    sources = data.get("sources")
    if isinstance(sources, dict):
        for name in THRESHOLDS:
            if isinstance(data.get(name), dict) and isinstance(sources.get(name), str):
                data[name]["source"] = sources[name]


def _refuse(fault: ValidationError, where: str) -> NoReturn:
    """Raises the most telling fault as a ConfigurationError."""
    # A mistyped key also leaves its right name missing: name the mistyped one.
    first = min(fault.errors(), key=lambda error: error["type"] != "extra_forbidden")
    loc = _without_tag(first["loc"])
    key = ".".join(str(part) for part in loc) or "(top level)"
    more = f" (and {fault.error_count() - 1} more)" if fault.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        allowed: Sequence[str] = _keys_at(first["loc"][:-1])
        raise ConfigurationError(
            "unknown_key",
            f"unknown key {key}{more}",
            where=where,
            allowed=allowed,
            suggestion=_nearest(str(loc[-1]), allowed),
        ) from None
    context = first.get("ctx", {})
    allowed = re.findall(
        r"'([^']*)'", str(context.get("expected_tags", context.get("expected", "")))
    )
    given = context.get("tag", first["input"])
    if allowed:
        raise ConfigurationError(
            "invalid_value",
            f"{key}: {str(given)!r} is not a valid value{more}",
            where=where,
            allowed=allowed,
            suggestion=_nearest(str(given), allowed),
        ) from None
    message = first["msg"].removeprefix("Value error, ")
    raise ConfigurationError("invalid_value", f"{key}: {message}{more}", where=where) from None


def _without_tag(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """``loc`` as the file's author sees it: without the scoring kind that pydantic puts in."""
    return (loc[0], *loc[2:]) if len(loc) > 2 and loc[0] == _TAGGED_BY_KIND else loc


def _keys_at(loc: tuple[int | str, ...]) -> list[str]:
    """The valid keys of the section that ``loc`` points to."""
    found: list[type[BaseModel]] = [Instrument]
    for part in loc:
        if isinstance(part, int):
            continue
        fields = [model.model_fields[part] for model in found if part in model.model_fields]
        if fields:
            found = [model for field in fields for model in _models_in(field.annotation)]
        else:  # the tag of a union: keep the members that take it
            found = [model for model in found if _takes_kind(model, part)] or found
    return sorted({name for model in found for name in model.model_fields})


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]


def _takes_kind(model: type[BaseModel], kind: str) -> bool:
    field = model.model_fields.get("kind")
    return field is not None and kind in getattr(field.annotation, "__args__", ())


def _nearest(given: str, allowed: Sequence[str]) -> str | None:
    return next(iter(difflib.get_close_matches(given, allowed, n=1)), None)
