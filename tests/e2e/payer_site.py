"""A practice whose clients need authorizations, at payers that are each reached by another way.

Charts are those of one client of the sample practice, moved to today and given other numbers and
names, so that a request is due as soon as a chart is read. Used by the test of kills and by
``tests/e2e/torture``. All people are invented; ``CANARIES`` may lie readable nowhere.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from connector.app import open_app

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "config" / "sample_practice"
CANARIES = ("Quillfeather", "Zephyrine", "SYNQ4")
WAYS = ("sftp", "core", "batch", "rest", "pas")
_CLIENT, _DAY = "1026", datetime(2026, 11, 20)
_TABLES = (
    "clients", "coverage", "authorizations", "diagnoses", "treatment_plans", "goals",
    "assessment_items", "appointments", "notes",
)  # fmt: skip
_DAYS = re.compile(r"\b(\d\d)/(\d\d)/(\d{4})\b|\b(\d{4})-(\d\d)-(\d\d)\b")


def payer_id(way: str) -> str:
    """The payer that is reached this way."""
    return f"plan_{way}"


def member_id(number: int) -> str:
    """A client's number at the payer."""
    return f"SYNQ4{number:06d}"


@cache
def _chart() -> Mapping[str, tuple[tuple[str, ...], tuple[dict[str, str], ...]]]:
    """The sample client's rows, by table, with the table's columns."""
    found = {}
    for table in _TABLES:
        text = (SAMPLE / "inbox" / f"{table}.csv").read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text))
        rows = tuple(row for row in reader if row.get("client_id") == f"C-{_CLIENT}")
        found[table] = (tuple(reader.fieldnames or ()), rows)
    return found


def add_clients(home: Path, ways: Mapping[int, str]) -> None:
    """New charts as an export of the EHR: for each number, the way to its payer."""
    shift = timedelta(days=(datetime.now(UTC).replace(tzinfo=None) - _DAY).days)
    stamp = "-".join(str(number) for number in (min(ways), max(ways)))
    clinicians = SAMPLE / "inbox" / "clinicians.csv"
    _lay(home / "inbox" / f"clinicians_{stamp}.csv", clinicians.read_text(encoding="utf-8-sig"))
    for table in _TABLES:
        columns, rows = _chart()[table]
        text = io.StringIO()
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        for number, way in ways.items():
            for row in rows:
                writer.writerow({k: _of(v or "", number, way, shift) for k, v in row.items()})
        _lay(home / "inbox" / f"{table}_{stamp}.csv", text.getvalue())


def _of(value: str, number: int, way: str, shift: timedelta) -> str:
    own = str(4000 + number)
    for old, new in (
        ("Harbor Health Plan (synthetic)", f"Plan {way} (synthetic)"),
        ("SYN102600", member_id(number)), ("HH-70077", f"HH-{own}"), ("Zion", "Zephyrine"),
        ("Demohaven", "Quillfeather"), (f"-{_CLIENT}", f"-{own}"),
    ):  # fmt: skip
        value = value.replace(old, new)

    def moved(found: re.Match[str]) -> str:
        us = found[1] is not None
        year, month, day = (found[3], found[1], found[2]) if us else (found[4], found[5], found[6])
        then = datetime(int(year), int(month), int(day)) + shift
        return then.strftime("%m/%d/%Y" if us else "%Y-%m-%d")

    return _DAYS.sub(moved, value)


def _lay(path: Path, text: str) -> None:
    """As an export should be laid: whole, under its name at once."""
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.rename(path)


def make_site(home: Path, options: Mapping[str, Mapping[str, Any]], ways: Sequence[str]) -> Path:
    """The site's files; ``options`` of each way's destination. ``home``.

    Answers come in by sources of their own, but for those of PAS, which are posted.
    """
    home.mkdir(parents=True)
    (home / "inbox").mkdir()
    (home / "config" / "payers").mkdir(parents=True)
    given = yaml.safe_load((SAMPLE / "config/payers/harbor_health_plan.yaml").read_text())
    for way in ways:
        (home / "config" / "payers" / f"{payer_id(way)}.yaml").write_text(
            yaml.safe_dump(_payer(given, way))
        )
    (home / "site.yaml").write_text(yaml.safe_dump(_site(options, ways), sort_keys=False))
    _ = open_app(home).keys
    return home


def _payer(given: Mapping[str, Any], way: str) -> dict[str, Any]:
    x12 = {**given["x12"], "payer_id": {"value": f"SYN{way.upper()}", "source": "made up"}}
    rule = {**given["rules"][0], "channels": {"value": _channels(way), "source": "made up"}}
    if way == "core":
        del rule["attachments"]  # one of the payers wants no report, so that none is made
    return {
        **given, "id": payer_id(way), "name": f"Plan {way} (synthetic)", "x12": x12,
        "rules": [rule],
    }  # fmt: skip


def _channels(way: str) -> list[str]:
    return ["pas"] if way == "pas" else ["x12"]


def _site(options: Mapping[str, Mapping[str, Any]], ways: Sequence[str]) -> dict[str, Any]:
    adapters = {
        "sftp": "sftp", "core": "caqh_core", "batch": "caqh_core", "rest": "clearinghouse_rest",
        "pas": "pas_fhir",
    }  # fmt: skip
    destinations = [
        {
            "name": f"to-{way}", "adapter": adapters[way], "payers": [payer_id(way)],
            "receives": ["authorization_request"] + (["attachment"] if way != "pas" else []),
            "formats": _channels(way), "options": dict(options[way]),
        }
        for way in ways
    ]  # fmt: skip
    destinations.append(
        {"name": "filing", "adapter": "folder", "receives": ["insurer"], "formats": ["json"],
         "options": {"folder": "out"}}
    )  # fmt: skip
    sources = [
        {"name": "ehr", "adapter": "csv_files", "mapping": "csv_export", "every_seconds": 5,
         "options": {"folder": "inbox", "settle_seconds": 0, "after_pickup": "delete"}},
    ]  # fmt: skip
    readers = {**adapters, "rest": "x12_files"}
    sources += [
        {"name": f"from-{way}", "adapter": readers[way], "every_seconds": 5,
         "options": dict(options[f"from-{way}"])}
        for way in ways
    ]  # fmt: skip
    return {
        "practice": {"id": "payers", "name": "Payer Practice", "timezone": "UTC",
                     "synthetic": True},
        "sources": sources,
        "destinations": destinations,
        "render": {"processes": 1},
        "payers": {
            "requester": {"organization": "Riverside Therapy Group", "npi": "1000000095"},
            "sender": {"id": "SYNRIVERSIDE"}, "originator": "9SYNTHETIC",
            "place_of_service": "11", "telehealth_place_of_service": "10",
        },
    }  # fmt: skip
