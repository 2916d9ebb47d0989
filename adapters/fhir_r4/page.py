"""Reads one page of a search or history: what is in it, when the server said so, what comes next.

Entries of the mode "outcome" are the server's remarks and "include" are resources nobody asked for
here; neither is a row. A resource that can't be read is a row with a fault.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connector.errors import InvalidRecord, RetryLater
from connector.fhir_json import Entry, entries, parse_answer
from connector.http import Answer

_log = logging.getLogger("connector.fhir_r4")
_CODE = re.compile(r"[a-z-]{1,30}")


@dataclass(frozen=True, slots=True)
class Item:
    """One resource as found, or what is known of a deleted one.

    ``mark`` is the digest of its id and version: the same version has the same mark. ``changed`` is
    when the server says that it changed; None where it does not say, and then ``mark`` is made of
    the content.
    """

    mark: str
    place: int
    id: str
    resource: Mapping[str, Any]
    changed: datetime | None = None
    fault: InvalidRecord | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page. ``at`` is the server's time, ``next`` the link to the next page.

    ``in_order``: the server states that it sorted by the time of change, and the page shows it.
    ``total`` is how many the server says that there are.
    """

    items: tuple[Item, ...]
    at: datetime
    next: str | None = None
    total: int | None = None
    in_order: bool = False


def read_page(answer: Answer, kind: str, now: Callable[[], datetime]) -> Page:
    """The page of resources of one ``kind``. Raises RetryLater where it is no Bundle.

    ``now`` is taken for the server's time where it does not tell.
    """
    try:
        bundle, suspect = parse_answer(answer.body.decode("utf-8-sig"))
    except (UnicodeDecodeError, InvalidRecord) as fault:
        raise _garbage(answer, kind, getattr(fault, "code", "not UTF-8")) from None
    if bundle["resourceType"] != "Bundle":
        raise _garbage(answer, kind, bundle["resourceType"])
    for part in ("entry", "link"):
        # Taken for an empty or last page, it would lose what it holds: the next poll begins later.
        if not isinstance(bundle.get(part) or [], list):
            raise _garbage(answer, kind, f"no list of {part}")
    listed = list(_asked_for(bundle, kind))
    found = entries({**bundle, "entry": listed}, suspect=suspect)
    items = tuple(as_item(entry, kind, listed[entry.place - 1]) for entry in found)
    links = _links(bundle)
    total = bundle.get("total")
    return Page(
        items=items,
        at=_server_time(answer, now),
        next=links.get("next"),
        total=total if isinstance(total, int) else None,
        in_order=_states_order(links.get("self", "")) and _ascending(items),
    )


def instant(value: Any) -> datetime | None:
    """A FHIR instant as an aware moment; None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        # The first moment of all, which some systems write for "never", has no earlier zone.
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def digest(*parts: object) -> str:
    """32 hexadecimal digits; the same parts give the same, and it tells nothing of them."""
    text = "\x1f".join(map(str, parts))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def _asked_for(bundle: Mapping[str, Any], kind: str) -> Iterator[Any]:
    listed = bundle.get("entry")
    remarks = []
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, dict):
            resource, search = entry.get("resource"), entry.get("search")
            mode = search.get("mode") if isinstance(search, dict) else None
            found = resource.get("resourceType") if isinstance(resource, dict) else None
            if mode == "outcome" or found == "OperationOutcome":
                remarks.append(resource)
                continue
            if mode == "include" or (mode != "match" and found not in (kind, None)):
                continue
        yield entry
    if remarks:
        _log.warning("the server remarks on a search of %s: %s", kind, _codes(remarks))


def _codes(remarks: list[Any]) -> str:
    """The issues' codes; their texts may quote anything."""
    issues = [
        issue.get("code")
        for remark in remarks
        if isinstance(remark, dict) and isinstance(remark.get("issue"), list)
        for issue in remark["issue"]
        if isinstance(issue, dict)
    ]
    known = {code for code in issues if isinstance(code, str) and _CODE.fullmatch(code)}
    return ", ".join(sorted(known)) or "without a code"


def as_item(entry: Entry, kind: str, raw: Any) -> Item:
    """The item of an entry that should be of one ``kind``; ``raw`` is how it came."""
    resource, fault = entry.resource, entry.fault
    if fault is None and resource["resourceType"] != kind:
        fault = InvalidRecord(
            "other_type", f"the server was asked for {kind} and gave something else"
        )
    meta = resource.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    changed = instant(meta.get("lastUpdated"))
    own_id = resource.get("id")
    own_id = own_id if isinstance(own_id, str) else ""
    if changed is None or not own_id or fault is not None:
        version: tuple[object, ...] = (json.dumps(raw, sort_keys=True),)
    else:
        version = (meta.get("versionId"), changed.isoformat())
    code = fault.code if fault is not None else ""
    return Item(
        mark=digest(kind, own_id, entry.deleted, code, *version)[:16],
        place=entry.place,
        id=own_id,
        resource=resource,
        changed=changed if fault is None else None,
        fault=fault,
        deleted=entry.deleted,
    )


def _links(bundle: Mapping[str, Any]) -> dict[str, str]:
    listed = bundle.get("link")
    return {
        link["relation"]: link["url"]
        for link in (listed if isinstance(listed, list) else ())
        if isinstance(link, dict)
        and isinstance(link.get("relation"), str)
        and isinstance(link.get("url"), str)
    }


def _states_order(own_link: str) -> bool:
    """FHIR R4, search, "Server Conformance": the self link states the parameters really used."""
    try:
        return parse_qs(urlsplit(own_link).query).get("_sort") == ["_lastUpdated"]
    except ValueError:
        return False


def _ascending(items: tuple[Item, ...]) -> bool:
    times = [item.changed for item in items if item.changed is not None]
    return all(before <= after for before, after in pairwise(times))


def _server_time(answer: Answer, now: Callable[[], datetime]) -> datetime:
    try:
        return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError, OverflowError):
        return now().astimezone(UTC)


def _garbage(answer: Answer, kind: str, detail: str) -> RetryLater:
    return RetryLater(
        "garbage_answer",
        f"{answer.host} answered a search of {kind} with something else than a Bundle; it may be "
        "under maintenance, or base_url is not the address of its FHIR API",
        detail=detail,
    )
