"""The fields that a mapping may fill, read off the canonical records themselves."""

from __future__ import annotations

import types
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from connector.mapping.file import TransformName
from connector.records import RECORD_TYPES, Record

MADE_BY_THE_ENGINE = frozenset(
    {"id", "version", "provenance", "deleted", "kind", "judged_by", "findings"}
)

_DEFAULT_TRANSFORM: dict[Any, TransformName] = {
    str: "text",
    int: "integer",
    Decimal: "decimal",
    bool: "yes_no",
    date: "date",
    datetime: "datetime",
}
TEXTS: frozenset[TransformName] = frozenset({"text", "upper", "lower", "reference_id"})
_FITTING: dict[TransformName, frozenset[TransformName]] = {
    "text": TEXTS,
    "integer": frozenset({"integer", "minutes"}),
}
LINKS: frozenset[TransformName] = frozenset({"reference", "fhir_reference"})
_REFERENCES = {"patient_id": "patient", "clinician_id": "clinician"}
_INSTRUMENTS = frozenset({"instrument", "primary_instrument"})
CONTEXT = "context."
"""How fields begin that are answers to an assessment's further questions, by the question's key."""
ANSWERS: frozenset[TransformName] = frozenset({"items", "fhir_answers"})


@dataclass(frozen=True, slots=True)
class Target:
    """A field of a record kind: is it required, which words may it hold, which transforms fit.

    ``silent_default``: the record has a default other than None, which must not fill a blank.
    """

    name: str
    required: bool
    words: tuple[str, ...]
    default_transform: TransformName
    transforms: frozenset[TransformName]
    refers_to: str | None = None
    silent_default: bool = False


@cache
def targets_of(model: type[Record]) -> dict[str, Target]:
    """The fields of a record kind that a mapping may fill, by name."""
    return {
        name: _target(name, info)
        for name, info in model.model_fields.items()
        if name not in MADE_BY_THE_ENGINE | {"context"}
    }


def target_of(model: type[Record], name: str) -> Target | None:
    """The field called ``name``, ``context.KEY`` of an assessment included; None without one."""
    key = name.removeprefix(CONTEXT)
    if key != name and "context" in model.model_fields and key.isidentifier():
        return Target(name, False, (), "yes_no", frozenset({"yes_no", "integer"}))
    return targets_of(model).get(name)


def kinds() -> tuple[str, ...]:
    """All record kinds."""
    return tuple(RECORD_TYPES)


def _target(name: str, info: FieldInfo) -> Target:
    silent = not info.is_required() and info.default not in (None, ())
    words: tuple[str, ...] = ()
    default: TransformName
    bare = _without_none(info.annotation)
    if name in _REFERENCES:
        return Target(name, info.is_required(), (), "reference", LINKS, _REFERENCES[name])
    if name in _INSTRUMENTS:
        default, fitting = "instrument", frozenset[TransformName]({"instrument"})
    elif get_origin(bare) is Literal:
        words = tuple(str(word) for word in get_args(bare))
        default, fitting = "text", TEXTS
    elif get_origin(bare) is tuple:
        listed = get_args(bare)[0] is str
        default = "split" if listed else "items"
        fitting = frozenset({"split"}) if listed else ANSWERS
    else:
        default = _DEFAULT_TRANSFORM[bare]
        fitting = _FITTING.get(default, frozenset({default}))
    return Target(name, info.is_required(), words, default, fitting, None, silent)


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        annotation = parts[0]
    if hasattr(annotation, "__metadata__"):
        return _without_none(annotation.__origin__)
    # pydantic's AwareDatetime is a class of its own outside type checking
    return datetime if getattr(annotation, "__name__", "") == "AwareDatetime" else annotation
