"""Reads X12 files: one row for each transaction, as ``connector x12 parse`` shows it.

A file that ends too early or does not count right may have lost a part of an answer, so it is
refused whole; the sender gives it again. File names may be patients' names, so an origin is named
by its digest.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from connector import pickup
from connector.errors import InvalidRecord
from connector.pickup import Pickup, PickupSettings
from connector.ports import RawBatch, RawPage, RawRow
from connector.x12.content.answer_rows import TABLE, answer_rows


class X12Files:
    """A folder of X12 files as a source. The files are its cursor."""

    def __init__(self, settings: PickupSettings, home: Path) -> None:
        self._pickup = Pickup(settings, home)

    def fetch(self, cursor: str | None) -> Iterator[RawPage]:
        """One page for each file that lies ready, oldest file first."""
        for path in self._pickup.claim():
            yield from self._pickup.pages(path, _origin(path), partial(self._page, path))

    def acknowledge(self, page: RawPage) -> None:
        """Deletes, archives or sets aside the file whose page this is."""
        self._pickup.acknowledge(page)

    def _page(self, path: Path) -> Iterator[RawPage]:
        seen, origin = pickup.fingerprint(path), _origin(path)
        with path.open("rb") as file:
            found, damage = answer_rows(file)
        if damage is not None:
            raise InvalidRecord(
                "x12_damaged",
                f"segment {damage.position}: {damage.message}; part of an answer may be missing, "
                "so get the file again",
            )
        rows = tuple(RawRow(number, one) for number, one in enumerate(found, 1))
        if not rows:
            raise InvalidRecord("nothing_inside", "the file holds an envelope and no transaction")
        as_of = pickup.as_of(path)
        stamp = pickup.key(pickup.digest(path), TABLE, as_of.isoformat())
        batch = RawBatch(stamp, TABLE, origin, as_of, rows)
        yield RawPage(batches=(batch,), token=pickup.done(path, seen))


def _origin(path: Path) -> str:
    return f"{pickup.stamp(path)}.x12"
