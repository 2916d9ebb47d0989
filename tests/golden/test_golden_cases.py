"""Input folder -> expected folder, through store, mapping, pipeline and templates.

Run with UPDATE_GOLDEN=1 to write the expected folders anew; then read the difference, look at the
reports (make pages) and only then commit it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.app import App, open_app
from connector.documents import compose
from connector.engine import evaluate, ingest
from connector.store.crypto import ENVIRONMENT_VARIABLE
from connector.store.store import Store

CASES = Path(__file__).parent / "cases"
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))
KEYS = json.dumps(
    {
        "version": 1,
        "active": "00000001",
        "keys": {"00000001": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
        "index_key": "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",
        "signing_key": "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=",
    }
)


@pytest.mark.parametrize("case", sorted(p.name for p in CASES.iterdir()))
def test_case_gives_what_was_looked_at(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, KEYS)
    app = _site(case, tmp_path)
    with app.open_store() as store:
        _run(app, store)
        found = dict(_dump(app, store))
    expected_folder = CASES / case / "expected"
    if UPDATE:
        shutil.rmtree(expected_folder, ignore_errors=True)
        expected_folder.mkdir()
        for name, text in found.items():
            (expected_folder / name).write_text(text, encoding="utf-8")
    expected = {p.name: p.read_text(encoding="utf-8") for p in expected_folder.iterdir()}
    assert sorted(found) == sorted(expected)
    for name, text in expected.items():
        assert found[name] == text, f"{case}/expected/{name} differs"


def _site(case: str, home: Path) -> App:
    given = yaml.safe_load((CASES / case / "input" / "case.yaml").read_text(encoding="utf-8"))
    shutil.copytree(CASES / case / "input" / "inbox", home / "inbox")
    for file in sorted((home / "inbox").iterdir()):
        # Files carry their time; a checkout does not keep it.
        os.utime(file, (1_700_000_000, 1_700_000_000))
    site = {
        "practice": {
            "id": "golden",
            "name": "Golden Practice",
            "synthetic": True,
            "phone": "555-0100",
        },
        "sources": [
            {
                "name": "csv",
                "adapter": "csv_files",
                "mapping": "csv_export",
                "options": {"folder": "inbox", "settle_seconds": 0},
            }
        ],
        "destinations": [
            {
                "name": "filing",
                "adapter": "folder",
                "receives": [
                    "therapist",
                    "patient",
                    "insurer",
                    "referrer",
                    "decision",
                    "packet_manifest",
                    "alert",
                ],
                "options": {"folder": "out"},
            }
        ],
        "as_of": str(given["as_of"]),
    }
    (home / "site.yaml").write_text(yaml.safe_dump(site), encoding="utf-8")
    return open_app(home)


def _run(app: App, store: Store) -> None:
    # These units of work render nothing, so no renderer is started.
    work = app.work(store, renderer=None)  # type: ignore[arg-type]
    ingest.pick_up(work, "csv")
    while ingest.map_new(work):
        pass
    while evaluate.evaluate_due(work):
        pass


def _dump(app: App, store: Store) -> Iterator[tuple[str, str]]:
    records = store.read(
        lambda tx: [
            *tx.records.shared(),
            *(
                record
                for of_one in tx.records.of_patients(
                    patient.id for patient in tx.records.patients()
                ).values()
                for record in of_one
            ),
        ]
    )
    lines = sorted(record.model_dump_json(exclude_none=True) for record in records)
    yield "records.jsonl", "\n".join(lines) + "\n"
    progress = store.read(lambda tx: list(tx.progress.all()))
    by_chart = {one.chart.patient.id: one.chart.patient.chart_number for one in progress}
    yield (
        "decisions.json",
        _json({by_chart[p.chart.patient.id]: p.decision.model_dump(mode="json") for p in progress}),
    )
    alerts = store.read(lambda tx: tx.alerts.open())
    raised = [
        [by_chart.get(row.alert.patient_id, "?"), row.alert.model_dump(mode="json")]
        for row in alerts
    ]
    yield "alerts.json", _json(sorted(raised, key=lambda a: (a[0], a[1]["rule"], a[1]["key"])))
    aside = store.read(lambda tx: tx.quarantine.list())
    yield "quarantine.json", _json([[e.origin, e.row, e.field, e.code, e.message] for e in aside])
    for row in store.read(lambda tx: tx.documents.list(limit=1000)):
        if row.kind == "alert":
            continue
        spec = store.read(lambda tx, row=row: tx.documents.spec(row.document_id))
        assert spec is not None
        stem = f"{by_chart[row.patient_id]}_{row.kind}"
        if "html" in spec.formats:
            page = compose.html(spec, app.resources, "Letter")
            yield f"{stem}.txt", _text(page)
            for number, drawing in enumerate(re.findall(r"<svg.*?</svg>", page, re.S), start=1):
                yield f"{stem}_{number}.svg", drawing + "\n"
        else:
            yield f"{stem}.json", _json(json.loads(compose.json_bytes(spec)))


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


class _Words(HTMLParser):
    """Collects the text that a person reads, without styles and drawings."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden += tag in ("style", "svg")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "svg")

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.words.append(" ".join(data.split()))


def _text(page: str) -> str:
    words = _Words()
    words.feed(page)
    return "\n".join(words.words) + "\n"
