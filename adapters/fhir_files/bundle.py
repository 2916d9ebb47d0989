"""Takes resources out of FHIR JSON: bundles of any kind, single resources."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from connector.errors import InvalidRecord

_RESOURCE_TYPE = re.compile(r"[A-Z][A-Za-z]{2,63}")
_URN_PREFIXES = ("urn:uuid:", "urn:oid:")


def parse(text: str) -> dict[str, Any]:
    """The JSON object. Raises InvalidRecord with line and column, never with content."""
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as fault:
        raise InvalidRecord(
            "bad_json", f"not valid JSON at line {fault.lineno}, column {fault.colno}"
        ) from None
    except RecursionError:
        raise InvalidRecord("bad_json", "the JSON is nested too deeply") from None
    if not isinstance(found, dict) or not _is_resource(found):
        raise InvalidRecord("not_fhir", "a FHIR resource was expected: an object with resourceType")
    return found


def resources(document: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The resources of a document with their place in it; references lead to ``Type/id``.

    In a transaction, entries refer to each other by ``urn:uuid``, and a resource may have no id of
    its own yet; it then takes the one of its ``fullUrl``.
    """
    if document["resourceType"] != "Bundle":
        yield 1, document
        return
    entries = [entry for entry in document.get("entry") or () if isinstance(entry, dict)]
    names = _names(entries)
    for place, entry in enumerate(entries, start=1):
        resource = entry.get("resource")
        if not isinstance(resource, dict) or not _is_resource(resource):
            continue  # a deletion or a bare answer
        if resource["resourceType"] == "Bundle":
            yield from ((place, inner) for _, inner in resources(resource))
            continue
        own = names.get(str(entry.get("fullUrl")))
        if own and not resource.get("id"):
            resource = {**resource, "id": own.split("/")[1]}
        yield place, _rewritten(resource, names)


def _names(entries: list[dict[str, Any]]) -> dict[str, str]:
    """``Type/id`` of each entry by its urn."""
    names = {}
    for entry in entries:
        resource, url = entry.get("resource"), entry.get("fullUrl")
        if isinstance(resource, dict) and isinstance(url, str) and url.startswith(_URN_PREFIXES):
            own = resource.get("id") or url.rsplit(":", 1)[1]
            names[url] = f"{resource.get('resourceType')}/{own}"
    return names


def _rewritten(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: names.get(item, item)
            if key == "reference" and isinstance(item, str)
            else _rewritten(item, names)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_rewritten(item, names) for item in value]
    return value


def _is_resource(value: dict[str, Any]) -> bool:
    kind = value.get("resourceType")
    return isinstance(kind, str) and _RESOURCE_TYPE.fullmatch(kind) is not None


def _no_constant(name: str) -> None:
    raise InvalidRecord("bad_json", f"{name} is not a JSON number")
