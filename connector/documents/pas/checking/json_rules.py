"""What FHIR's JSON never holds: null, empty texts, empty objects and empty lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.documents.pas.checking.finding import Finding, error
from connector.documents.pas.checking.nodes import Node, shown

_DEEPEST = 80
_EMPTY = {
    "NoneType": "null has no place here; leave the element out",
    "str": "the text is empty; leave the element out",
    "dict": "the object is empty; leave the element out",
    "list": "the list is empty; leave the element out",
}


def empty_findings(document: Node) -> Iterator[Finding]:
    """A finding for each empty value (R4, "JSON representation": objects, lists and values are
    never empty; null stands only in a list beside that of the extensions of its values)."""
    waiting = [(document, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > _DEEPEST:
            continue
        if _is_empty(node.value):
            yield error(node.path, "empty", _EMPTY[type(node.value).__name__])
        elif isinstance(node.value, dict):
            waiting += [(inner, depth + 1) for inner in _inside(node)]


def _inside(node: Node) -> Iterator[Node]:
    """The values in an object; those of a list one by one."""
    for name, value in reversed(node.value.items()):
        path = f"{node.path}.{shown(name)}"
        if not isinstance(value, list) or not value:
            yield Node(path, value)
            continue
        beside = node.value.get(name[1:] if name.startswith("_") else f"_{name}")
        for place in range(len(value) - 1, -1, -1):
            if value[place] is not None or not _stands(beside, place):
                yield Node(f"{path}[{place}]", value[place])


def _is_empty(value: Any) -> bool:
    return value is None or value in ({}, []) or (isinstance(value, str) and not value.strip())


def _stands(beside: Any, place: int) -> bool:
    """Whether the list beside has something at this place."""
    return isinstance(beside, list) and place < len(beside) and beside[place] is not None
