"""What R4 itself does not allow: the models of FHIR 4.0.1 read each resource strictly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from connector.documents.pas.checking.bundle_rules import Contents, kind_of
from connector.documents.pas.checking.finding import Finding, error
from connector.http.fhir_words import ELEMENTS

_STEP = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_MOST = 20


def base_findings(found: Contents) -> Iterator[Finding]:
    """A finding for each place in a resource that the model refuses."""
    for node in found.resources:
        if not isinstance(node.value, dict):
            continue
        model = model_of(kind_of(node))
        if model is None:
            yield error(node.path, "base_r4", "there is no such type of resource in R4")
            continue
        for place in _faults(model, node.value)[:_MOST]:
            told = "R4 does not allow what stands here (a type, a name or a missing element)"
            yield error(f"{node.path}{place}", "base_r4", told)


def model_of(kind: str) -> Any:
    """The model's class. None for a type that R4 does not have."""
    from importlib import import_module

    if not re.fullmatch(r"[A-Z][A-Za-z]{2,40}", kind):
        return None
    try:
        return getattr(import_module(f"fhirclient.models.{kind.lower()}"), kind, None)
    except ImportError:
        return None


def _faults(model: Any, resource: dict[str, Any]) -> list[str]:
    """Where the model refuses the resource, as path endings."""
    try:
        model(resource, strict=True)
    except Exception as fault:  # noqa: BLE001 - the library raises many kinds; none may leave here
        return list(dict.fromkeys(_places(fault)))
    return []


def _places(fault: BaseException, above: str = "") -> Iterator[str]:
    """The paths in a nested validation error. Only names of FHIR elements are shown."""
    inner = getattr(fault, "errors", None)
    path = above + _shown(getattr(fault, "path", None))
    if isinstance(inner, list) and inner:
        for one in inner:
            if isinstance(one, BaseException):
                yield from _places(one, path)
    else:
        yield path


def _shown(path: Any) -> str:
    if not isinstance(path, str):
        return ""
    steps = [one for one in _STEP.findall(path) if one in ELEMENTS]
    return "".join(f".{one}" for one in steps)
