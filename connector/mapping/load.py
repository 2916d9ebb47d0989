"""Reads mapping files: ``extends``, the check key by key, the digest. The only part that reads."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from connector.errors import ConfigurationError
from connector.mapping.compile import compile_mapping
from connector.mapping.file import FieldFile, MappingFile
from connector.mapping.spec import InstrumentLike, MappingSpec, Table
from connector.mapping.targets import CONTEXT
from connector.mapping.transforms import nearest
from connector.mapping.value_files import with_value_files
from connector.resources import Resources
from connector.yaml_text import load_yaml

_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,63}")
_VALUE_FROM = frozenset({"source", "first_of", "constant"})


def load_mapping(name: str, resources: Resources) -> MappingSpec:
    """The mapping ``mappings/<name>/mapping.yaml``, with what it extends.

    Raises ConfigurationError naming file, table, record, field and the valid values.
    """
    return build_mapping(name, _document(name, resources, ()))


def build_mapping(name: str, document: Mapping[str, Any]) -> MappingSpec:
    """The mapping of an effective document (``extends`` merged), saved or still being edited.

    The words of its value files are in it already (``effective``).
    """
    where = f"mappings/{name}/mapping.yaml"
    file = _checked(document, where)
    return compile_mapping(name, _digest(document), document, file, where)


def effective(name: str, text: str, resources: Resources) -> dict[str, Any]:
    """The effective document of a mapping's text that is saved nowhere yet. Raises as loading."""
    where = f"mappings/{name}/mapping.yaml"
    return _merged(name, load_yaml(text, where, "mapping_unreadable"), resources, (), where)


def check_instruments(spec: MappingSpec, instruments: Mapping[str, InstrumentLike]) -> None:
    """Refuses a mapping that names an unknown instrument, or feeds answers without an encoding.

    Also one that fills a ``context`` question that no instrument asks: it would never be read.

    Some forms are stored with answers already turned round; only the mapping's author knows.
    """
    asked = sorted({q.key for found in instruments.values() for q in found.context})
    for table in spec.tables.values():
        _check_context(spec, table, asked)
        unknown = [i for i in table.encodings if i not in instruments]
        for plan in table.records:
            rule = next((r for r in plan.rules if r.target == "instrument"), None)
            if rule is None:
                continue
            fed = [*map(str, rule.values.values()), *_constant(rule.file)]
            if rule.file.unmapped != "skip":
                unknown += [i for i in fed if i and i not in instruments]
            targets = {r.target for r in plan.rules}
            stated = set(table.encodings) if "encoding" not in targets else set(fed)
            unstated = [i for i in fed if i in instruments and instruments[i].encoding_required]
            if "items" in targets and set(unstated) - stated:
                raise ConfigurationError(
                    "encoding_missing",
                    f"{sorted(set(unstated) - stated)[0]} forms exist with answers already turned "
                    "round; state encodings: {instrument: weighted or raw}",
                    where=f"mapping {spec.name}, table {table.name}",
                )
        if unknown:
            raise ConfigurationError(
                "unknown_instrument", f"no instrument {unknown[0]!r} is installed",
                where=f"mapping {spec.name}, table {table.name}",
                allowed=sorted(instruments), suggestion=nearest(unknown[0], instruments),
            )  # fmt: skip


def _check_context(spec: MappingSpec, table: Table, asked: Sequence[str]) -> None:
    for rule in (rule for plan in table.records for rule in plan.rules):
        key = rule.target.removeprefix(CONTEXT)
        if key != rule.target and key not in asked:
            raise ConfigurationError(
                "unknown_target", f"no instrument asks {key!r} beside its items",
                where=f"mapping {spec.name}, table {table.name}",
                allowed=[CONTEXT + one for one in asked], suggestion=nearest(key, asked),
            )  # fmt: skip


def _constant(file: FieldFile) -> list[str]:
    return [str(value) for value in (file.constant, file.default) if value is not None]


def _document(name: str, resources: Resources, seen: tuple[str, ...]) -> dict[str, Any]:
    where = f"mappings/{name}/mapping.yaml"
    if name in seen:
        raise ConfigurationError(
            "extends_circle", "extends itself: " + " -> ".join((*seen, name)), where=where
        )
    if not _NAME.fullmatch(name) or where not in resources.files("mappings", "*/mapping.yaml"):
        raise _unknown_mapping(name, resources, seen)
    text = resources.find(where).text()
    return _merged(name, load_yaml(text, where, "mapping_unreadable"), resources, seen, where)


def _merged(
    name: str, document: Any, resources: Resources, seen: tuple[str, ...], where: str
) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise ConfigurationError("mapping_unreadable", "not a list of keys", where=where)
    loaded: dict[str, Any] = with_value_files(name, document, resources)
    base_name = loaded.pop("extends", None)
    if base_name is None:
        return loaded
    base = _document(str(base_name), resources, (*seen, name))
    merged: dict[str, Any] = merge(base, loaded)
    return merged


def _unknown_mapping(name: str, resources: Resources, seen: tuple[str, ...]) -> ConfigurationError:
    names = [path.split("/")[1] for path in resources.files("mappings", "*/mapping.yaml")]
    close = get_close_matches(name[:64], names, n=1)
    return ConfigurationError(
        "unknown_mapping", f"no mapping {name[:64]!r}", allowed=names,
        where=f"extends in mappings/{seen[-1]}/mapping.yaml" if seen else "",
        suggestion=close[0] if close else None,
    )  # fmt: skip


def merge(base: Any, change: Any) -> Any:
    """``base`` with ``change`` on top: mappings are merged, ``null`` removes, the rest replaces."""
    if isinstance(base, str) and isinstance(change, dict) and not _VALUE_FROM & set(change):
        base = {"source": base}  # a field in its short form
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    kept = dict(base)
    if _VALUE_FROM & set(change):
        kept = {key: value for key, value in base.items() if key not in _VALUE_FROM}
    for key, value in change.items():
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = merge(kept[key], value) if key in kept else value
    return kept


def _digest(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _checked(document: Mapping[str, Any], where: str) -> MappingFile:
    try:
        return MappingFile.model_validate(document)
    except ValidationError as fault:
        # A misspelt key also leaves the right one missing; the misspelling is what helps.
        first = min(fault.errors(), key=lambda error: error["type"] != "extra_forbidden")
        loc = [str(part) for part in first["loc"]]
        key = ".".join(loc) or "(top level)"
        if first["type"] == "extra_forbidden":
            allowed = _keys_at(first["loc"][:-1])
            close = get_close_matches(loc[-1], allowed, n=1)
            raise ConfigurationError(
                "unknown_key", f"unknown key {key}", where=where, allowed=allowed,
                suggestion=close[0] if close else None,
            ) from None  # fmt: skip
        message = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError("invalid_value", f"{key}: {message}", where=where) from None


def _keys_at(loc: tuple[int | str, ...]) -> list[str]:
    """The valid keys of the part of a mapping file that ``loc`` points to."""
    current: Any = MappingFile
    for part in loc:
        fields = getattr(current, "model_fields", None)
        if fields is not None:
            current = fields[str(part)].annotation if str(part) in fields else None
        else:  # a name in a mapping of named parts, or a place in a list
            current = get_args(current)[-1] if get_args(current) else None
        while get_args(current) and not _is_container(current):
            current = get_args(current)[0]
    if isinstance(current, type) and issubclass(current, BaseModel):
        return sorted(info.alias or name for name, info in current.model_fields.items())
    return []


def _is_container(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) in (dict, list)
