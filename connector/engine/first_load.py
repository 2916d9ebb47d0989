"""The first load of a source that gives everything at once; the normal polls go on behind it."""

from __future__ import annotations

from connector.engine.inflow import store_pages
from connector.engine.work import Work
from connector.errors import ConfigurationError
from connector.ports import Exports
from connector.store.store import Tx

_STATE = "exporting: "  # no source can have such a name


def first_load(work: Work, source_name: str, *, anew: bool = False) -> int:
    """Store everything that an export gives; how many rows were new.

    Begins where an earlier run was cut off, unless ``anew``. Each page and how far the export is
    are committed together. Raises ConfigurationError where the source has no export.
    """
    source = work.sources[source_name]
    if not isinstance(source, Exports):
        raise ConfigurationError(
            "no_export", f"source {source_name!r} can't be loaded by an export; it is polled"
        )
    name, rows = _STATE + source_name, 0
    state = None if anew else work.store.read(lambda tx: tx.cursors.get(name)) or None
    for page in source.export(state):
        given = [(source_name, page)]
        rows += sum(store_pages(work.store, given, work.now(), _STATE + "{source}"))
        work.report.advance("read", sum(len(batch.rows) for batch in page.batches))
        if page.left is not None:
            work.report.expect("read", page.left)
        if page.token:
            _finish(work, source_name, page.token)
    return rows


def _finish(work: Work, source_name: str, cursor: str) -> None:
    """The poll goes on from the moment of the export; a later export begins anew."""

    def write(tx: Tx) -> None:
        tx.cursors.set(source_name, cursor, work.now())
        tx.cursors.set(_STATE + source_name, "", work.now())

    work.store.write(write)
