"""Reads a notification bundle of a subscription (Subscriptions R5 Backport 1.1, for R4 and R4B).

Its first entry says of which subscription and kind it is: in R4 as ``Parameters``, in R4B as a
``SubscriptionStatus``. Anything in it may be forged or broken; what can't be read raises
InvalidRecord, whose words hold nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.errors import InvalidRecord
from connector.fhir_json import Entry, entries, parse_answer

KINDS = ("handshake", "heartbeat", "event-notification", "query-status", "query-event")
_REFERENCE = re.compile(
    r"(?:^|/)([A-Z][A-Za-z]{2,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/?#]+)?\Z"
)
_CHANNEL = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_COUNT = re.compile(r"[0-9]{1,18}")
_STATUS = ("Parameters", "SubscriptionStatus")
_MOST_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its number, and ``Type/id`` of what it is about (None in empty ones)."""

    number: int
    focus: str | None


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification. ``resources`` came with it, with their place in the bundle.

    ``named`` are ``Type/id`` of entries that came without their content.
    """

    kind: str
    channel: str
    total: int | None
    trouble: str
    events: tuple[Event, ...]
    resources: tuple[Entry, ...]
    named: tuple[str, ...] = ()


def read_notification(body: bytes) -> Notification:
    """Raises InvalidRecord where it is no notification that can be read."""
    try:
        bundle, suspect = parse_answer(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InvalidRecord("bad_json", "the body is not UTF-8", field="body") from None
    listed = bundle.get("entry")
    if bundle["resourceType"] != "Bundle" or not isinstance(listed, list) or not listed:
        raise _unreadable("a Bundle whose first entry is the status of a subscription was expected")
    first = listed[0].get("resource") if isinstance(listed[0], dict) else None
    if not isinstance(first, dict) or first.get("resourceType") not in _STATUS:
        raise _unreadable("the first entry must be the status of a subscription")
    told = _parameters(first) if first["resourceType"] == "Parameters" else _status(first)
    return _notification(told, _resources(bundle, suspect), _named(listed[1:]))


@dataclass(frozen=True, slots=True)
class _Told:
    """What the status says, of either form, as it stands there."""

    kind: Any
    channel: Any
    status: Any
    total: Any
    errors: bool
    events: list[tuple[Any, Any]]


def _parameters(resource: Mapping[str, Any]) -> _Told:
    parts = list(_objects(resource.get("parameter")))
    events = [
        (_value(inner, "event-number"), _reference(inner, "focus"))
        for part in parts
        if part.get("name") == "notification-event"
        for inner in (list(_objects(part.get("part"))),)
    ]
    return _Told(
        _value(parts, "type"), _reference(parts, "subscription"), _value(parts, "status"),
        _value(parts, "events-since-subscription-start"),
        any(part.get("name") == "error" for part in parts), events,
    )  # fmt: skip


def _status(resource: Mapping[str, Any]) -> _Told:
    events = [
        (one.get("eventNumber"), _of(one.get("focus")))
        for one in _objects(resource.get("notificationEvent"))
    ]
    return _Told(
        resource.get("type"), _of(resource.get("subscription")), resource.get("status"),
        resource.get("eventsSinceSubscriptionStart"), bool(resource.get("error")), events,
    )  # fmt: skip


def _notification(
    told: _Told, resources: tuple[Entry, ...], named: tuple[str, ...]
) -> Notification:
    if told.kind not in KINDS:
        raise InvalidRecord(
            "unknown_notification", "the notification's type is not known", field="type",
            allowed=KINDS,
        )  # fmt: skip
    channel = str(told.channel or "").rpartition("/")[2]
    if not _CHANNEL.fullmatch(channel):
        raise _unreadable("it does not say of which subscription it is")
    if len(told.events) > _MOST_EVENTS:
        raise _unreadable(f"it holds more than {_MOST_EVENTS} events")
    events = tuple(Event(_number(number), _focus(focus)) for number, focus in told.events)
    trouble = ""
    if told.errors or told.status in ("error", "off", "entered-in-error"):
        state = told.status if told.status in ("error", "off") else "in trouble"
        trouble = f"the server says that a subscription is {state}; polling goes on"
    total = None if told.total is None else _number(told.total)
    return Notification(str(told.kind), channel, total, trouble, events, resources, named)


def _resources(bundle: dict[str, Any], suspect: bool) -> tuple[Entry, ...]:
    """What came besides the status; of entries without content only deletions."""
    found = entries({**bundle, "entry": bundle["entry"][1:]}, suspect=suspect)
    return tuple(one for one in found if one.fault is not None or one.resource.get("id"))


def _named(listed: list[Any]) -> tuple[str, ...]:
    """The records of entries without content; of deletions the entry itself is the news."""
    bare = [e for e in _objects(listed) if e.get("resource") is None]
    found = [
        _REFERENCE.search(str(entry.get("fullUrl")))
        for entry in bare
        if not (isinstance(r := entry.get("request"), dict) and r.get("method") == "DELETE")
    ]
    return tuple(dict.fromkeys(f"{one[1]}/{one[2]}" for one in found if one is not None))


def _focus(reference: Any) -> str | None:
    if reference is None:
        return None
    found = _REFERENCE.search(str(reference))
    if found is None:
        raise _unreadable("an event's focus is no reference to a record (Type/id)")
    return f"{found[1]}/{found[2]}"


def _number(value: Any) -> int:
    """A number as integer or, as R4 has no 64-bit ones, as text."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18:
        return value
    if isinstance(value, str) and _COUNT.fullmatch(value):
        return int(value)
    raise _unreadable("a number of events is not a whole number")


def _value(parts: list[dict[str, Any]], name: str) -> Any:
    for part in parts:
        if part.get("name") == name:
            return next((v for k, v in part.items() if k.startswith("value")), None)
    return None


def _reference(parts: list[dict[str, Any]], name: str) -> Any:
    return _of(_value(parts, name))


def _of(reference: Any) -> Any:
    return reference.get("reference") if isinstance(reference, dict) else None


def _objects(listed: Any) -> Iterator[dict[str, Any]]:
    if isinstance(listed, list):
        yield from (one for one in listed if isinstance(one, dict))


def _unreadable(why: str) -> InvalidRecord:
    return InvalidRecord("not_a_notification", why, field="body")
