"""Rows of an export's files (NDJSON): resources, lists of what was deleted, what went wrong."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from adapters.fhir_r4.manifest import ExportFile
from adapters.fhir_r4.own import is_ours
from connector.errors import InvalidRecord
from connector.fhir_json import Entry, entries, odd_text, parse
from connector.ports import RawRow

ROWS_AT_ONCE = 200
_CODE = re.compile(r"[a-z-]{1,30}")
_SEVERE = ("fatal", "error")
_log = logging.getLogger("connector.fhir_r4")


def rows_of(
    lines: Iterable[bytes | None], file: ExportFile, start: int, system: str
) -> Iterator[tuple[list[RawRow], int]]:
    """Rows in groups, and how many lines were read with them; the first ``start`` are passed over.

    What has an identifier of ``system`` is our own and left out. A line that can't be read is a row
    with a fault.
    """
    held: list[RawRow] = []
    number = 0
    for number, line in enumerate(lines, start=1):
        if number <= start or line == b"":
            continue
        for entry in _entries(number, line):
            held += _row(entry, file, system)
        if len(held) >= ROWS_AT_ONCE:
            yield held, number
            held = []
    if held:
        yield held, number


def _entries(number: int, line: bytes | None) -> list[Entry]:
    if line is None:
        return [_faulty(number, "line_too_long", "it is too long")]
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        if not text.strip():
            return []
        # A line is one resource, but lists of deletions come as lines that are bundles.
        found = list(entries(parse(text), suspect=odd_text(text)))
    except UnicodeDecodeError:
        return [_faulty(number, "bad_json", "it is not UTF-8")]
    except InvalidRecord as fault:
        return [_faulty(number, fault.code, fault.message)]
    return [replace(entry, place=number) for entry in found]


def _row(entry: Entry, file: ExportFile, system: str) -> list[RawRow]:
    if file.what == "error":
        fault = entry.fault or _error(entry.place, entry.resource)
        return [] if fault is None else [RawRow(entry.place, {}, fault)]
    if entry.fault is None and (wrong := _wrong(entry, file)) is not None:
        return [RawRow(entry.place, {}, wrong)]
    if is_ours(entry.resource, system):
        return []
    data = {} if entry.fault else entry.resource
    return [RawRow(entry.place, data, entry.fault, deleted=entry.deleted)]


def _wrong(entry: Entry, file: ExportFile) -> InvalidRecord | None:
    """A list of deletions names deletions alone, another file resources of its type."""
    if file.what == "deleted":
        fits = entry.deleted
    else:
        fits = not entry.deleted and entry.resource["resourceType"] == file.kind
    if fits:
        return None
    return InvalidRecord("other_type", f"line {entry.place}: it is not what the file should hold")


def _error(number: int, resource: Mapping[str, Any]) -> InvalidRecord | None:
    """What the server could not export, by code; its words may quote anything. None: a remark."""
    listed = resource.get("issue")
    issues = [one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, dict)]
    codes = {
        str(one.get("code"))
        for one in issues
        if one.get("severity", "error") in _SEVERE and _CODE.fullmatch(str(one.get("code")))
    }
    if issues and not codes:
        _log.warning("the server remarks on its export")
        return None
    named = ", ".join(sorted(codes)) or "without a code"
    return InvalidRecord(
        "export_error",
        f"the server could not export something ({named}); its administrator can see what. The "
        "polls read every type from its beginning, so that nothing is missed",
    )


def _faulty(number: int, code: str, why: str) -> Entry:
    fault = InvalidRecord(code, f"line {number} of the export: {why}")
    return Entry(number, {"resourceType": "Resource"}, fault=fault)
