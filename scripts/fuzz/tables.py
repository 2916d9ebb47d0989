"""CSV exports and Excel workbooks, mapped; and the look that ``map sniff`` and ``new`` take."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from scripts.fuzz.target import Folder, Mapped, Run, Target, refused_plainly

ROOT = Path(__file__).parents[2]
_MODULES = ("adapters.csv_files", "connector.columns", "connector.mapping")
_NAMES = (
    "appointments.csv", "clients.csv", "assessment_items.csv", "authorizations.csv", "goals.csv",
    "coverage.csv", "journal.csv", "assessment_totals.csv",
)  # fmt: skip
_PARTS = (
    "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml",
    "[Content_Types].xml", "xl/_rels/workbook.xml.rels",
)  # fmt: skip
_WHOLE = len(_PARTS)


def _csv_seeds() -> Mapping[str, bytes]:
    inbox = ROOT / "config/sample_practice/inbox"
    found = {}
    for number, name in enumerate(_NAMES):
        head = b"".join((inbox / name).read_bytes().splitlines(keepends=True)[:3])
        found[f"{number}-utf8"] = bytes([number]) + head
        found[f"{number}-utf16"] = bytes([number]) + head.decode().encode("utf-16")
        found[f"{number}-semicolons"] = bytes([number]) + head.replace(b",", b";")
        found[f"{number}-quotes"] = bytes([number]) + head.replace(b"Show", b'"Sh\r\now"')
    return found


def _csv(home: Path) -> Run:
    from adapters.csv_files import ADAPTER

    folder = Folder(ADAPTER, home, Mapped("csv_export"))

    def run(data: bytes) -> None:
        name = _NAMES[data[0] % len(_NAMES)] if data else _NAMES[0]
        folder.read(name, data[1:])

    return run


def _sniff(home: Path) -> Run:
    """The look without a mapping: beginning, proposal, draft."""
    from adapters.csv_files import ADAPTER
    from connector.mapping.load import load_mapping
    from connector.mapping.proposal import draft, propose, vocabulary
    from connector.resources import Resources

    known = vocabulary([load_mapping("csv_export", Resources())])
    looked = home / "looked.csv"

    def run(data: bytes) -> None:
        looked.write_bytes(data[1:])
        assert ADAPTER.sample is not None
        with refused_plainly():
            rows = ADAPTER.sample(looked, 20).rows
            if rows:
                draft(propose(rows[0], rows[1:], known, file="looked"), "t", "*.csv", "CSV")

    return run


def _workbook() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (
        (ROOT / "config/sample_practice/inbox/appointments.csv").read_text().splitlines()[:4]
    ):
        sheet.append(line.split(","))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _xlsx_seeds() -> Mapping[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(_workbook())) as archive:
        found = {
            f"part-{number}": bytes([number]) + archive.read(name)
            for number, name in enumerate(_PARTS) if name in archive.namelist()
        }  # fmt: skip
    return {**found, "whole": bytes([_WHOLE]) + _workbook()}


def _xlsx(home: Path) -> Run:
    """The bytes replace one part of a workbook, because a changed archive is only ever damaged."""
    from adapters.csv_files import ADAPTER

    folder = Folder(ADAPTER, home, Mapped("csv_export"))
    with zipfile.ZipFile(io.BytesIO(_workbook())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}

    def run(data: bytes) -> None:
        which = data[0] % (_WHOLE + 1) if data else _WHOLE
        content = data[1:]
        if which != _WHOLE:
            made = io.BytesIO()
            with zipfile.ZipFile(made, "w") as archive:
                for name, part in {**parts, _PARTS[which]: data[1:]}.items():
                    archive.writestr(name, part)
            content = made.getvalue()
        folder.read("appointments.xlsx", content)

    return run


CSV = Target((*_MODULES, "csv"), _csv_seeds, _csv)
SNIFF = Target(_MODULES, _csv_seeds, _sniff, longest=1_000)
XLSX = Target(_MODULES, _xlsx_seeds, _xlsx, longest=12_000)
