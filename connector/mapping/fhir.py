"""FHIR shapes that an expression alone does not reach: references and questionnaire answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_ID = r"[A-Za-z0-9\-.]{1,64}"
_URN = re.compile(r"urn:(?:uuid|oid):([A-Za-z0-9\-.]+)")
_RESOURCE = re.compile(rf"(?:^|/)[A-Z][A-Za-z]+/({_ID})(?:/_history/{_ID})?$")
_ORDINALS = (
    "http://hl7.org/fhir/StructureDefinition/ordinalValue",
    "http://hl7.org/fhir/StructureDefinition/itemWeight",
)
_SIMPLE = ("valueInteger", "valueDecimal", "valueString", "valueBoolean")


def reference_id(reference: str) -> str | None:
    """The id a reference points to: ``urn:uuid:X``, ``Type/X`` or an absolute URL.

    None for references that name no record: contained (``#x``) and conditional (``Type?a=b``).
    """
    urn = _URN.fullmatch(reference)
    if urn:
        return urn[1]
    found = _RESOURCE.search(reference)
    return found[1] if found else None


def answers(items: Sequence[Any], codes: Sequence[str]) -> list[Any]:
    """One answer per code, in order, None where blank: a number, or the answer's own code.

    An item is recognised by the last part of its linkId or definition, as in ``/44250-9``.
    """
    found: dict[str, Any] = {}
    for item in _walk(items):
        for name in (item.get("linkId"), item.get("definition")):
            code = re.split(r"[/#]", str(name))[-1].split("|")[0] if name else ""
            if code in codes and code not in found:
                found[code] = _answer(item)
    return [found.get(code) for code in codes]


def _walk(items: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    for item in items:
        if not isinstance(item, Mapping):
            continue
        yield item
        nested = item.get("item")
        yield from _walk(nested if isinstance(nested, list) else [])
        for answer in item.get("answer") or ():
            inner = answer.get("item") if isinstance(answer, Mapping) else None
            yield from _walk(inner if isinstance(inner, list) else [])


def _answer(item: Mapping[str, Any]) -> Any:
    given = item.get("answer")
    first = given[0] if isinstance(given, list) and given else None
    if not isinstance(first, Mapping):
        return None
    for name in _SIMPLE:
        if name in first:
            return first[name]
    coding = first.get("valueCoding")
    if not isinstance(coding, Mapping):
        return None
    for extension in [*_extensions(coding), *_extensions(first)]:
        if extension.get("url") in _ORDINALS:
            return extension.get("valueDecimal", extension.get("valueInteger"))
    return coding.get("code") or coding.get("display")


def _extensions(element: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = element.get("extension")
    return [e for e in listed if isinstance(e, Mapping)] if isinstance(listed, list) else []
