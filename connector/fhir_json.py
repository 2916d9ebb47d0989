"""Takes resources out of FHIR JSON: bundles of any kind, single resources.

Adapters that read FHIR share this module, because adapters may not import each other. A file that
is wrong anywhere is refused whole (``parse``); of an answer of a server only the resources that are
wrong are (``parse_answer``), because the next poll would meet the same one again, for ever.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from connector.errors import InvalidRecord

_RESOURCE_TYPE = re.compile(r"[A-Z][A-Za-z]{2,63}")
_RECORD = re.compile(r"(?:^|/)([A-Z][A-Za-z]{2,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/?]+)?$")
_KEY = re.compile(r"[A-Za-z_]\w{0,63}")
_URN_PREFIXES = ("urn:uuid:", "urn:oid:")
_DEEPEST = 200
_ODD_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of a document, or what is known of a deleted one: its type, id and time."""

    place: int
    resource: dict[str, Any]
    deleted: bool = False
    fault: InvalidRecord | None = None


class _Unsound(dict[str, Any]):
    """Stands in an answer for an object or number that can't be read, until its resource is."""

    fault = InvalidRecord("bad_json", "not valid JSON")


def parse(text: str) -> dict[str, Any]:
    """The JSON object. Raises InvalidRecord with line and column, never with content."""
    found = _resource(_load(text, _once_each, _no_constant))
    _check_depth(found)
    return found


def parse_answer(text: str) -> tuple[dict[str, Any], bool]:
    """The JSON object, and whether ``entries`` must suspect its resources of being unreadable.

    Raises InvalidRecord where it can't be read at all.
    """
    unsound: list[_Unsound] = []

    def aside(fault: InvalidRecord) -> _Unsound:
        unsound.append(_Unsound())
        unsound[-1].fault = fault
        return unsound[-1]

    def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        try:
            return _once_each(pairs)
        except InvalidRecord as fault:
            return aside(fault)

    def no_constant(name: str) -> Any:
        return aside(_constant(name))

    found = _resource(_load(text, once_each, no_constant))
    if _depth(found) > _DEEPEST:
        _cut(found, aside(_too_deep()))
    return found, bool(unsound) or odd_text(text)


def odd_text(text: str) -> bool:
    """Whether JSON text may hold escapes that stand for no character of a text."""
    return _ODD_ESCAPE.search(text) is not None


def entries(document: dict[str, Any], *, suspect: bool = False) -> Iterator[Entry]:
    """The resources of a document with their place in it; references lead to ``Type/id``.

    In a transaction, entries refer to each other by ``urn:uuid``, and a resource may have no id of
    its own yet; it then takes the one of its ``fullUrl``. ``suspect``: look for what makes a
    resource unreadable, such as characters that no text may hold.
    """
    for entry in _entries(document):
        fault = _unreadable(entry.resource) if suspect and entry.fault is None else None
        if fault is not None:
            kind = entry.resource["resourceType"]
            entry = Entry(entry.place, {"resourceType": kind}, fault=fault)
        yield entry


def _entries(document: dict[str, Any]) -> Iterator[Entry]:
    if document["resourceType"] != "Bundle":
        yield Entry(1, document)
        return
    listed = document.get("entry")
    if not isinstance(listed, list):
        listed = []
    names = _names(listed)
    for place, entry in enumerate(listed, start=1):
        if not isinstance(entry, dict):
            fault = InvalidRecord("not_fhir", "an entry of a bundle must be an object")
            yield Entry(place, {"resourceType": "Resource"}, fault=fault)
            continue
        request, resource = entry.get("request"), entry.get("resource")
        if isinstance(request, dict) and request.get("method") == "DELETE":
            yield _deletion(place, entry, request)
        elif isinstance(resource, _Unsound):
            yield Entry(place, {"resourceType": "Resource"}, fault=resource.fault)
        elif not isinstance(resource, dict):
            continue  # an answer without content
        elif not _is_resource(resource):
            fault = InvalidRecord("not_fhir", "a resource must say its resourceType")
            yield Entry(place, {"resourceType": "Resource"}, fault=fault)
        elif resource["resourceType"] == "Bundle":
            yield from (replace(inner, place=place) for inner in _entries(resource))
        else:
            own = names.get(str(entry.get("fullUrl")))
            if own and not resource.get("id"):
                resource = {**resource, "id": own.split("/")[1]}
            yield Entry(place, _rewritten(_dated(resource, entry), names))


def _deletion(place: int, entry: dict[str, Any], request: dict[str, Any]) -> Entry:
    found = next(
        (
            m
            for url in (request.get("url"), entry.get("fullUrl"))
            if (m := _RECORD.search(str(url)))
        ),
        None,
    )
    if found is None:
        fault = InvalidRecord(
            "deletion_unresolved",
            "a deletion must name one record as Type/id; this one names none, or a search",
            field="request.url",
        )
        return Entry(place, {"resourceType": "Resource"}, fault=fault)
    resource = {"resourceType": found[1], "id": found[2]}
    return Entry(place, _dated(resource, entry), deleted=True)


def _dated(resource: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """The resource with the time of change that a history states beside it."""
    response, meta = entry.get("response"), resource.get("meta", {})
    when = response.get("lastModified") if isinstance(response, dict) else None
    if not isinstance(when, str) or not isinstance(meta, dict) or "lastUpdated" in meta:
        return resource
    return {**resource, "meta": {**meta, "lastUpdated": when}}


def _names(listed: list[Any]) -> dict[str, str]:
    """``Type/id`` of each entry by its urn."""
    names = {}
    for entry in listed:
        if not isinstance(entry, dict):
            continue
        resource, url = entry.get("resource"), entry.get("fullUrl")
        if isinstance(resource, dict) and isinstance(url, str) and url.startswith(_URN_PREFIXES):
            own = resource.get("id") or url.rsplit(":", 1)[1]
            names[url] = f"{resource.get('resourceType')}/{own}"
    return names


def _rewritten(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, _Unsound):
        return value
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


def _load(
    text: str, pairs: Callable[[list[tuple[str, Any]]], Any], constant: Callable[[str], Any]
) -> Any:
    try:
        return json.loads(text, parse_constant=constant, object_pairs_hook=pairs)
    except json.JSONDecodeError as fault:
        raise InvalidRecord(
            "bad_json", f"not valid JSON at line {fault.lineno}, column {fault.colno}"
        ) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise InvalidRecord("bad_json", "a number in it has thousands of digits") from None


def _resource(found: Any) -> dict[str, Any]:
    if isinstance(found, _Unsound):
        raise found.fault
    if not isinstance(found, dict) or not _is_resource(found):
        raise InvalidRecord("not_fhir", "a FHIR resource was expected: an object with resourceType")
    return found


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object; a key that is there twice makes two readers see two different things."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        shown = f" ({twice})" if _KEY.fullmatch(twice) else ""
        raise InvalidRecord("bad_json", f"a key is there twice in one object{shown}")
    return found


def _check_depth(document: Any) -> None:
    if _depth(document) > _DEEPEST:
        raise _too_deep()


def _cut(document: dict[str, Any], mark: _Unsound) -> None:
    """Puts ``mark`` in the place of what makes an entry too deep. Raises where no entry does."""
    listed = document.get("entry")
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, dict) and _depth(entry) > _DEEPEST - 2:
            resource = entry.get("resource")
            kind = resource.get("resourceType") if isinstance(resource, dict) else None
            entry.clear()
            entry["resource"] = {"resourceType": kind, "deep": mark}
    _check_depth(document)


def _depth(document: Any) -> int:
    """Levels of objects and lists; counting stops beyond what is allowed."""
    level, depth = [document], 0
    while level and depth <= _DEEPEST:
        depth += 1
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
    return depth


def _too_deep() -> InvalidRecord:
    return InvalidRecord("bad_json", "the JSON is nested too deeply")


def _unreadable(resource: dict[str, Any]) -> InvalidRecord | None:
    """Why a resource can't be read, or None."""
    return _unsound(resource) or (None if _is_text(resource) else _bad_character())


def _unsound(value: Any) -> InvalidRecord | None:
    if isinstance(value, _Unsound):
        return value.fault
    if not isinstance(value, dict | list):
        return None
    parts = value.values() if isinstance(value, dict) else value
    return next((fault for part in parts if (fault := _unsound(part)) is not None), None)


def _is_text(value: Any) -> bool:
    """Whether all text in it can be written down: no half characters, no NUL."""
    if isinstance(value, dict):
        return all(_is_text(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return all(_is_text(part) for part in value)
    return not isinstance(value, str) or not any(
        letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in value
    )


def _bad_character() -> InvalidRecord:
    return InvalidRecord(
        "bad_character", "a text in it holds a character that no text may hold (NUL, half a pair)"
    )


def _is_resource(value: dict[str, Any]) -> bool:
    kind = value.get("resourceType")
    return isinstance(kind, str) and _RESOURCE_TYPE.fullmatch(kind) is not None


def _no_constant(name: str) -> None:
    raise _constant(name)


def _constant(name: str) -> InvalidRecord:
    return InvalidRecord("bad_json", f"{name} is not a JSON number")
