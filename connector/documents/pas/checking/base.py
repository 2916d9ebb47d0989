"""What R4 itself does not allow, element by element: names, types, how often, codes.

The definitions are those of the models of ``fhirclient``, which are made from FHIR 4.0.1. Its own
reading lets pass what is checked here besides: two of ``value[x]``, codes outside of a required
binding, single values where a list must be.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from connector.documents.pas.checking.bundle_rules import Contents
from connector.documents.pas.checking.finding import Finding, error
from connector.documents.pas.checking.nodes import Node, kind_of
from connector.documents.pas.checking.r4_codes import CODES_OF
from connector.documents.pas.checking.r4_rules import type_findings

_MOST = 40
_DEEPEST = 60
_DAY = r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_ZONE = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_FORMS = {
    "FHIRDate": (re.compile(_DAY), "a date: YYYY, YYYY-MM or YYYY-MM-DD"),
    "FHIRDateTime": (
        re.compile(rf"{_DAY}|[0-9]{{4}}-(0[1-9]|1[0-2])-[0-3][0-9]T{_CLOCK}{_ZONE}"),
        "a date, or a date and time with seconds and zone",
    ),
    "FHIRInstant": (
        re.compile(rf"[0-9]{{4}}-(0[1-9]|1[0-2])-[0-3][0-9]T{_CLOCK}{_ZONE}"),
        "a date and time with seconds and zone",
    ),
    "FHIRTime": (re.compile(_CLOCK), "a time: hh:mm:ss"),
}
_TEXTS = {
    "id": (re.compile(r"[A-Za-z0-9.-]{1,64}"), "an id: letters, digits, - and ., 64 at most"),
    "uri": (re.compile(r"\S+"), "an address or URI without white space"),
    "code": (re.compile(r"\S+( \S+)*"), "a code, without white space around it"),
    "base64": (re.compile(r"[A-Za-z0-9+/\s]*={0,2}\s*"), "base64 text"),
}
_TEXT_OF = {
    "Attachment.data": "base64", "Attachment.hash": "base64", "Attachment.contentType": "code",
    "Coding.code": "code", "Coding.system": "uri", "Extension.url": "uri",
    "FHIRReference.reference": "uri", "Identifier.system": "uri", "Quantity.code": "code",
    "Quantity.system": "uri", "Meta.profile": "uri", "BundleEntry.fullUrl": "uri",
    "Resource.id": "id",
}  # fmt: skip
"""Texts that have a form. ``Resource.id`` is the id of every resource."""
_NAMES = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false"}


class _Row(NamedTuple):
    type: Any
    is_list: bool
    choice: str | None
    required: bool


def base_findings(found: Contents) -> Iterator[Finding]:
    """A finding for each place in a resource that R4 does not allow, and in what holds them."""
    yield from islice(_object(_shell(found.root), model_of("Bundle"), 0), _MOST)
    for node in found.resources:
        if isinstance(node.value, dict):
            yield from islice(resource_findings(node), _MOST)


def resource_findings(node: Node, depth: int = 0) -> Iterator[Finding]:
    """The same of one resource."""
    model = model_of(kind_of(node))
    if model is None:
        path = f"{node.path}.resourceType"
        yield error(path, "base_r4", "there is no such type of resource in R4")
        return
    yield from _object(node, model, depth)


def _shell(bundle: Node) -> Node:
    """The bundle without the resources in it, which are looked at one by one."""
    if not isinstance(bundle.value, dict):
        return bundle
    kept = dict(bundle.value)
    if isinstance(kept.get("entry"), list):
        kept["entry"] = [
            {name: value for name, value in one.items() if name != "resource"}
            if isinstance(one, dict)
            else one
            for one in kept["entry"]
        ]
    return Node(bundle.path, kept)


def model_of(kind: str) -> Any:
    """The model's class. None for a type that R4 does not have."""
    from importlib import import_module

    if not re.fullmatch(r"[A-Z][A-Za-z]{2,40}", kind):
        return None
    try:
        found = getattr(import_module(f"fhirclient.models.{kind.lower()}"), kind, None)
    except ImportError:
        return None
    from fhirclient.models.resource import Resource

    return found if found is not None and issubclass(found, Resource) else None


@cache
def _rows(model: Any) -> dict[str, _Row]:
    return {name: _Row(type_, many, choice, required)
            for _, name, type_, many, choice, required in model().elementProperties()}  # fmt: skip


def _object(node: Node, model: Any, depth: int) -> Iterator[Finding]:
    """All that is wrong in an object of the type ``model``."""
    if not isinstance(node.value, dict):
        yield error(node.path, "base_r4", "an object belongs here")
        return
    if depth > _DEEPEST:
        return
    rows = _rows(model)
    for name, value in node.value.items():
        row = rows.get(name.removeprefix("_"))
        if row is None:
            if not (name == "resourceType" and _is_resource(model)):
                yield _unknown(node, name, rows)
        elif name.startswith("_"):
            yield from _beside(Node(f"{node.path}.{name}", value), row, depth)
        elif value is not None:
            yield from _element(node, name, value, row, model, depth)
    yield from _counted(node, rows)
    yield from type_findings(_name_of(model), node)


def _unknown(node: Node, name: str, rows: dict[str, _Row]) -> Finding:
    """An element that is not there. Its name may be anything, so it is not shown."""
    near = difflib.get_close_matches(name[:60], rows, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return error(node.path, "base_r4", f"R4 has no element of this name here{hint}")


def _counted(node: Node, rows: dict[str, _Row]) -> Iterator[Finding]:
    """What is missing, and choices of which more than one is there."""
    choices: dict[str, list[str]] = {}
    for name, row in rows.items():
        if row.choice is not None and (name in node.value or f"_{name}" in node.value):
            choices.setdefault(row.choice, []).append(name)
    for stem, given in choices.items():
        if len(given) > 1:
            told = f"only one of {stem}[x] may be there, not {' and '.join(sorted(given))}"
            yield error(f"{node.path}.{stem}[x]", "too_many", told)
    needed = {row.choice or name: row.choice for name, row in rows.items() if row.required}
    for name, choice in needed.items():
        there = choice in choices if choice else name in node.value or f"_{name}" in node.value
        if not there:
            told = f"{name}[x]" if choice else name
            yield error(f"{node.path}.{told}", "missing", f"{told} is required")


def _element(node: Node, name: str, value: Any, row: _Row, model: Any, depth: int
             ) -> Iterator[Finding]:  # fmt: skip
    path = f"{node.path}.{name}"
    if isinstance(value, list) != row.is_list:
        told = "a list belongs here" if row.is_list else "a single value belongs here, not a list"
        yield error(path, "base_r4", told)
        return
    found = enumerate(value) if row.is_list else [(None, value)]
    for place, one in found:
        here = Node(path if place is None else f"{path}[{place}]", one)
        if one is not None:
            owner = "Resource" if name == "id" and _is_resource(model) else _name_of(model)
            yield from _value(here, row.type, f"{owner}.{name}", depth)


def _value(node: Node, type_: Any, place: str, depth: int) -> Iterator[Finding]:
    kind = type_.__name__
    if kind == "Resource":
        yield from resource_findings(node, depth + 1)
    elif kind in _FORMS:
        form, told = _FORMS[kind]
        if not isinstance(node.value, str) or not form.fullmatch(node.value):
            yield error(node.path, "base_r4", f"{told} belongs here")
        elif len(node.value) >= 10 and kind != "FHIRTime" and not _is_a_day(node.value[:10]):
            yield error(node.path, "base_r4", "there is no such day")
    elif kind in _NAMES:
        yield from _primitive(node, kind, place)
    else:
        yield from _object(node, type_, depth + 1)


def _primitive(node: Node, kind: str, place: str) -> Iterator[Finding]:
    value = node.value
    right = {
        "str": isinstance(value, str),
        "bool": isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
    }[kind]
    if not right:
        yield error(node.path, "base_r4", f"{_NAMES[kind]} belongs here")
        return
    if kind != "str":
        return
    form = _TEXT_OF.get(place)
    if form and value.strip() and not _TEXTS[form][0].fullmatch(value):
        yield error(node.path, "base_r4", f"{_TEXTS[form][1]} belongs here")
    allowed = CODES_OF.get(place)
    if allowed is not None and value not in allowed:
        yield error(node.path, "wrong_code", f"R4 allows {', '.join(allowed)} here")


def _beside(node: Node, row: _Row, depth: int) -> Iterator[Finding]:
    """``_name``: the id and the extensions of a single value."""
    from fhirclient.models.element import Element

    if row.type.__name__ not in (*_NAMES, *_FORMS):
        yield error(node.path, "base_r4", "R4 has no element of this name here")
        return
    for place, one in enumerate(node.value if isinstance(node.value, list) else [node.value]):
        if one is not None:
            path = f"{node.path}[{place}]" if isinstance(node.value, list) else node.path
            yield from _object(Node(path, one), Element, depth + 1)


def _is_a_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_resource(model: Any) -> bool:
    from fhirclient.models.resource import Resource

    return issubclass(model, Resource)


def _name_of(model: Any) -> str:
    return str(model.__name__)
