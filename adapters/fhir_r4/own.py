"""Tells what we filed at a server ourselves from what it knows of others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def is_ours(resource: Any, system: str) -> bool:
    """Whether a resource has an identifier of ours: then reading it would count a score twice."""
    return any(one.get("system") == system for one in identifiers(resource))


def has_key(resource: Any, system: str, key: str) -> bool:
    """Whether a resource has just this key of ours."""
    return any(
        one.get("system") == system and one.get("value") == key for one in identifiers(resource)
    )


def identifiers(resource: Any) -> Iterator[Mapping[str, Any]]:
    """The identifiers of a resource; a QuestionnaireResponse has one, others a list of them."""
    given = resource.get("identifier") if isinstance(resource, Mapping) else None
    listed: Iterable[Any] = given if isinstance(given, list) else [given]
    yield from (one for one in listed if isinstance(one, Mapping))
