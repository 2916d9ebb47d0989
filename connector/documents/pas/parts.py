"""The resources of a bundle, each once, under an id made of what it holds.

So the same content has the same GUID in all bundles of one request, other content another one, and
the same packet is the same bundle, byte for byte. Two requests share no GUID (spec-17).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID

_SPACE = b"progress-connector/pas/"

Resource = dict[str, Any]


def guid(*parts: object) -> str:
    """A GUID of what is given, the same at every call.

    It is in the form of version 4, the only one that the guide's test kit takes in a fullUrl.
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(_SPACE + text.encode()).digest()
    return str(UUID(bytes=digest[:16], version=4))


class Parts:
    """Collects resources; ``owner`` sets apart the same content of two requests or practices."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._resources: dict[str, Resource] = {}

    def add(self, kind: str, profile: str, content: Resource) -> Resource:
        """Adds a resource unless it is there; a reference to it."""
        own = guid(self._owner, kind, content)
        meta = {"meta": {"profile": [profile]}} if profile else {}
        self.put({"resourceType": kind, "id": own, **meta, **content})
        return {"reference": f"urn:uuid:{own}"}

    def put(self, resource: Resource) -> None:
        """Adds a resource that has its id."""
        self._resources.setdefault(resource["id"], resource)

    def entries(self, first: str) -> list[Resource]:
        """The entries that ``first`` needs, directly or through others; it comes first."""
        wanted, waiting = [first], [first]
        while waiting:
            for own in _named(self._resources[waiting.pop(0)]):
                if own in self._resources and own not in wanted:
                    wanted.append(own)
                    waiting.append(own)
        return [{"fullUrl": f"urn:uuid:{own}", "resource": self._resources[own]} for own in wanted]


def _named(value: Any) -> list[str]:
    """The ids that ``value`` refers to, in order."""
    if isinstance(value, dict):
        text = value.get("reference")
        own = [text.removeprefix("urn:uuid:")] if isinstance(text, str) else []
        return own + [one for inner in value.values() for one in _named(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in _named(inner)]
    return []


def concept(system: str, code: str, display: str = "") -> Resource:
    """A CodeableConcept of one code."""
    shown = {"display": display} if display else {}
    return {"coding": [{"system": system, "code": code, **shown}]}


def extension(url: str, **value: Any) -> Resource:
    """An extension with one value."""
    return {"url": url, **value}


def stated(content: Resource) -> Resource:
    """``content`` without what is empty: FHIR has no empty elements."""
    return {name: value for name, value in content.items() if value not in (None, "", [], {})}
