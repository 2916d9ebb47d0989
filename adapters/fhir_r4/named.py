"""Fetches what notifications named: resources by their ids, a type at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.fhir_r4.feeds import Asker
from adapters.fhir_r4.own import is_ours
from adapters.fhir_r4.page import Item, as_item, digest
from adapters.fhir_r4.server import ACCEPT
from connector.errors import InvalidRecord, Rejected
from connector.fhir_json import Entry, entries, parse_answer
from connector.http import Answer
from connector.ports import RawBatch, RawFault, RawPage, RawRow


@dataclass(frozen=True, slots=True)
class Named:
    """The ids of one type, and the notices that named them."""

    kind: str
    ids: tuple[str, ...]
    notices: tuple[str, ...]


def by_type(notices: Sequence[str]) -> list[Named]:
    """The notices of records by type, people first; others are left out."""
    found: dict[str, dict[str, list[str]]] = {}
    for notice in notices:
        kind, _, own_id = notice.partition("|")[0].partition("/")
        if kind and own_id:
            found.setdefault(kind, {}).setdefault(own_id, []).append(notice)
    people = ("Practitioner", "Patient")
    return [
        Named(kind, tuple(ids), tuple(notice for listed in ids.values() for notice in listed))
        for kind, ids in sorted(found.items(), key=lambda one: (one[0] not in people, one[0]))
    ]


def fetched(ask: Asker, named: Named, system: str) -> RawPage:
    """The page that answers the notices. Raises RetryLater, ConfigurationError.

    A record that the server says is gone (410) is a deletion. One that it does not find may only
    not be visible yet: the poll will tell.
    """
    try:
        page = ask.get(ask.kind, {"_id": ",".join(named.ids), "_count": len(named.ids)})
        items = [item for item in page.items if item.id in named.ids or item.fault is not None]
        missing = set(named.ids) - {item.id for item in items}
        for own_id in sorted(missing):
            items += _alone(ask, own_id)
    except Rejected as fault:
        error = InvalidRecord(
            "fetch_refused", f"the server refused to give a {ask.kind} that it told of"
        )
        key = digest("refused", ask.kind, *sorted(named.notices))
        return RawPage(
            faults=(RawFault(key, f"{ask.kind} notified [{fault.code}]", error),),
            answers=named.notices,
        )
    rows = tuple(
        RawRow(number, {} if item.fault else item.resource, item.fault, deleted=item.deleted)
        for number, item in enumerate(items, start=1)
        if not is_ours(item.resource, system)
    )
    stamp = digest("named", ask.kind, *sorted(named.notices), *(item.mark for item in items))
    batch = RawBatch(stamp, ask.kind, f"{ask.kind} notified {stamp[:8]}", page.at, rows)
    return RawPage(batches=(batch,) if rows else (), answers=named.notices)


def _alone(ask: Asker, own_id: str) -> list[Item]:
    answer = ask.http.request("GET", f"{ask.kind}/{own_id}", headers=ACCEPT, expect=(404, 410))
    if answer.status == 404:
        return []
    if answer.status == 410:
        gone = {"resourceType": ask.kind, "id": own_id}
        mark = digest(ask.kind, own_id, "gone")[:16]
        return [Item(mark, 1, own_id, gone, deleted=True)]
    return [as_item(entry, ask.kind, entry.resource) for entry in _read(answer, ask.kind)]


def _read(answer: Answer, kind: str) -> list[Entry]:
    try:
        resource, suspect = parse_answer(answer.body.decode("utf-8-sig"))
    except (UnicodeDecodeError, InvalidRecord):
        fault = InvalidRecord("bad_json", "the server's answer can't be read")
        return [Entry(1, {"resourceType": kind}, fault=fault)]
    return list(entries(resource, suspect=suspect))
