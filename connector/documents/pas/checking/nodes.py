"""Walking through JSON whose shape is not to be trusted: nothing here raises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from connector.http.fhir_words import ELEMENTS

_DEEPEST = 60


class Node(NamedTuple):
    """A value and its path."""

    path: str
    value: Any


def listed(value: Any) -> list[Any]:
    """The list; one thing alone as a list of it; nothing as an empty one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects among ``listed``."""
    return [one for one in listed(value) if isinstance(one, dict)]


def kind_of(node: Node) -> str:
    """The resource's type; empty where it says none."""
    kind = node.value.get("resourceType") if isinstance(node.value, dict) else None
    return kind if isinstance(kind, str) else ""


def profiles_of(resource: Any) -> set[str]:
    """The profiles that a resource says to follow, without versions."""
    meta = resource.get("meta") if isinstance(resource, dict) else None
    given = listed(meta.get("profile")) if isinstance(meta, dict) else []
    return {one.split("|")[0] for one in given if isinstance(one, str)}


def below(node: Node, name: str) -> list[Node]:
    """The values of the element ``name`` of an object, each with its own path."""
    found = node.value.get(name) if isinstance(node.value, dict) else None
    path = f"{node.path}.{name}"
    if isinstance(found, list):
        return [Node(f"{path}[{place}]", one) for place, one in enumerate(found)]
    return [] if found is None else [Node(path, found)]


def walk(node: Node, path: str) -> list[Node]:
    """All values at a dotted path below ``node``."""
    found = [node]
    for name in path.split("."):
        found = [inner for one in found for inner in step(one, name)]
    return found


def step(node: Node, name: str) -> list[Node]:
    """The values of an element of ``node``; a name that ends with ``[x]`` is any of its types."""
    if not name.endswith("[x]"):
        return below(node, name)
    stem = name.removesuffix("[x]")
    names = list(node.value) if isinstance(node.value, dict) else []
    chosen = [n for n in names if n.startswith(stem) and n[len(stem) : len(stem) + 1].isupper()]
    return [inner for one in chosen for inner in below(node, one)]


def extensions(node: Node, url: str, name: str = "extension") -> list[Node]:
    """The extensions of ``node`` with this url."""
    return [
        one
        for one in below(node, name)
        if isinstance(one.value, dict) and one.value.get("url") == url
    ]


def value_of(node: Node) -> Any:
    """The ``value[x]`` of an extension or parameter; None without one."""
    return next((one.value for one in step(node, "value[x]")), None)


def codes(concept: Any, system: str | None = None) -> list[str]:
    """The codes of a CodeableConcept or Coding, of one system where it is named."""
    if not isinstance(concept, dict):
        return []
    codings = objects(concept.get("coding")) or ([concept] if "code" in concept else [])
    return [
        coding["code"]
        for coding in codings
        if isinstance(coding.get("code"), str)
        and (system is None or coding.get("system") == system)
    ]


def references(node: Node) -> Iterator[Node]:
    """Every ``reference`` text below ``node``. Stops where things are nested without end."""
    waiting = [(node, 0)]
    while waiting:
        one, depth = waiting.pop()
        if depth > _DEEPEST:
            continue
        if isinstance(one.value, dict):
            for name, inner in one.value.items():
                if name == "reference" and isinstance(inner, str):
                    yield Node(one.path, inner)
                else:
                    waiting.append((Node(f"{one.path}.{shown(name)}", inner), depth + 1))
        elif isinstance(one.value, list):
            waiting += [
                (Node(f"{one.path}[{place}]", inner), depth + 1)
                for place, inner in enumerate(one.value)
            ]


def shown(name: str) -> str:
    """An element's name; anything else may be a value in the wrong place and is not shown."""
    return name if name in ELEMENTS else "?"
