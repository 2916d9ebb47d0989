"""Reads X12 files: one row for each transaction, as ``connector x12 parse`` shows it.

A file that ends too early or does not count right may have lost a part of an answer, so it is
refused whole; the sender gives it again. File names may be patients' names, so an origin is named
by its digest.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from connector import pickup
from connector.errors import InvalidRecord
from connector.pickup import Pickup, PickupSettings
from connector.ports import RawBatch, RawPage, RawRow
from connector.x12.content.parse import parse
from connector.x12.finding import Finding

TABLE = "x12"
_INCOMPLETE = frozenset(
    {
        "empty_file", "no_interchange", "isa_malformed", "delimiters_clash",
        "segment_not_terminated", "segment_too_long", "trailer_missing", "trailer_without_header",
        "outside_envelope", "envelope_empty", "count_wrong", "control_number_mismatch",
        "binary_length_invalid", "binary_length_wrong", "binary_truncated", "binary_too_long",
    }
)  # fmt: skip
"""Findings after which nobody knows whether the whole answer is there."""


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
            parsed = parse(file)
        _refuse_incomplete(parsed.findings)
        rows = tuple(
            RawRow(number, _row(one))
            for number, one in enumerate(parsed.as_json()["transactions"], 1)
        )
        if not rows:
            raise InvalidRecord("nothing_inside", "the file holds an envelope and no transaction")
        as_of = pickup.as_of(path)
        stamp = pickup.key(pickup.digest(path), TABLE, as_of.isoformat())
        batch = RawBatch(stamp, TABLE, origin, as_of, rows)
        yield RawPage(batches=(batch,), token=pickup.done(path, seen))


def _refuse_incomplete(findings: list[Finding]) -> None:
    fault = next((one for one in findings if one.code in _INCOMPLETE), None)
    if fault is not None:
        raise InvalidRecord(
            "x12_damaged",
            f"segment {fault.position}: {fault.message}; part of an answer may be missing, so get "
            "the file again",
        )


def _row(transaction: dict[str, Any]) -> dict[str, Any]:
    """What the engine ties to a request; ``case`` is for a person who knows which one it is."""
    return {
        "case": "",
        "type": transaction.get("type", ""),
        "direction": transaction.get("direction", ""),
        "content": transaction.get("content", {}),
        "summary": transaction.get("summary", {}),
        "envelope": transaction.get("envelope") or {},
    }


def _origin(path: Path) -> str:
    try:
        stamp = "link" if path.is_symlink() else pickup.digest(path)[:12]
    except OSError:
        stamp = "unreadable"
    return f"{stamp}.x12"
