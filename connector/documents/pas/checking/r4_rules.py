"""Rules of R4 over the parts of a data type that no single element shows (its invariants)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from connector.documents.pas.checking.finding import Finding, error
from connector.documents.pas.checking.nodes import Node


def type_findings(kind: str, node: Node) -> Iterator[Finding]:
    """What breaks a rule of the data type ``kind``. ``node`` holds an object."""
    rule = _RULES.get(kind)
    if rule is not None:
        yield from rule(node)


def reversed_period(one: Node) -> Iterator[Finding]:
    """A period that ends before it starts (per-1). Days that are partly stated are compared as far
    as both are."""
    if not isinstance(one.value, dict):
        return
    start, end = one.value.get("start"), one.value.get("end")
    if not isinstance(start, str) or not isinstance(end, str):
        return
    length = min(len(start), len(end), 10)
    if end[:length] < start[:length]:
        yield error(f"{one.path}.end", "period_reversed", "the end is before the start")


def _extension(node: Node) -> Iterator[Finding]:
    inner, valued = "extension" in node.value, _has_value(node.value)
    if inner and valued:
        told = "an extension has a value or extensions of its own, not both (ext-1)"
        yield error(node.path, "base_r4", told)
    if not inner and not valued:
        yield error(node.path, "base_r4", "an extension needs a value[x] or extensions (ext-1)")


def _has_value(extension: dict[str, Any]) -> bool:
    return any(name.lstrip("_").startswith("value") for name in extension)


def _quantity(node: Node) -> Iterator[Finding]:
    if "code" in node.value and "system" not in node.value:
        yield error(f"{node.path}.system", "base_r4", "a unit's code needs its system (qty-3)")


def _contact(node: Node) -> Iterator[Finding]:
    if "value" in node.value and "system" not in node.value:
        told = "a contact needs its system, such as phone or email (cpt-2)"
        yield error(f"{node.path}.system", "base_r4", told)


def _attachment(node: Node) -> Iterator[Finding]:
    if "data" in node.value and "contentType" not in node.value:
        yield error(f"{node.path}.contentType", "base_r4", "data needs its contentType (att-1)")


def _repeat(node: Node) -> Iterator[Finding]:
    for name in ("period", "duration"):
        if name in node.value and f"{name}Unit" not in node.value:
            told = f"{name} needs {name}Unit (tim-1, tim-2)"
            yield error(f"{node.path}.{name}Unit", "base_r4", told)


_RULES: dict[str, Callable[[Node], Iterator[Finding]]] = {
    "Attachment": _attachment,
    "ContactPoint": _contact,
    "Extension": _extension,
    "Period": reversed_period,
    "Quantity": _quantity,
    "TimingRepeat": _repeat,
}
