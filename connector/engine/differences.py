"""What two mappings make of the same raw rows: the difference, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from connector.engine import set_aside
from connector.errors import ConnectorError
from connector.mapping.apply import MappingContext, MappingResult, RowError, apply
from connector.mapping.row import content
from connector.mapping.spec import MappingSpec
from connector.records import Record
from connector.store.inbox import InboxItem
from connector.store.store import Store

_BATCHES = 2


@dataclass(frozen=True, slots=True)
class Differences:
    """``made``: records that are new or other by the second mapping; ``gone``: those of the first
    that the second does not make, or makes at an earlier version. The errors are those of each.
    """

    made: list[Record] = field(default_factory=list)
    gone: list[Record] = field(default_factory=list)
    before: list[RowError] = field(default_factory=list)
    after: list[RowError] = field(default_factory=list)


def kept_batches(store: Store, source: str) -> Iterator[list[InboxItem]]:
    """A source's batches whose raw input is still there and was worked on, in order of arrival."""
    after = 0
    while True:
        start = after
        page = store.read(lambda tx, at=start: tx.inbox.done_with_body(source, at, _BATCHES))  # type: ignore[misc]
        if not page:
            return
        after = page[-1].seq
        yield page


def mapped(spec: MappingSpec | None, item: InboxItem, context: MappingContext) -> MappingResult:
    """What a mapping makes of a batch; rows that meet a defect are among its errors."""
    if spec is None:
        return MappingResult()
    try:
        return apply(spec, item.batch, context)
    except ConnectorError:
        raise
    except Exception:  # noqa: BLE001 - a defect met by one row must not stop the others
        return set_aside.row_by_row(spec, item.batch, context)


def differences(first: MappingResult, second: MappingResult) -> Differences:
    """What the second reading of a batch gives that the first does not, and the other way round."""
    old = {record.id: record for record in first.records}
    new = {record.id: record for record in second.records}
    return Differences(
        made=[r for id, r in new.items() if id not in old or content(old[id]) != content(r)],
        gone=[r for id, r in old.items() if id not in new or new[id].version < r.version],
        before=list(first.errors),
        after=list(second.errors),
    )
