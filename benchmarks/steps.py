"""The pure steps alone: mapping rows, evaluating patients, making report pages. In this process."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from machine import show
from scaled_practice import write_practice

from connector import pipeline
from connector.app import App, open_app
from connector.documents import compose
from connector.engine import ingest
from connector.mapping.apply import apply
from connector.ports import RawBatch
from connector.progress import Outcome
from connector.records import Record

_PATIENTS = 490
_PAGES_OF_A_KIND = 40
_KINDS = ("therapist", "patient", "insurer")


def mapping_alone() -> None:
    """Rows a second through ``apply``, for each table of the sample practice."""
    with tempfile.TemporaryDirectory() as folder:
        app = _site(Path(folder), _PATIENTS)
        spec, context = app.mappings["practice_csv"], app.context("practice_csv")
        found: dict[str, list[float]] = {}
        for batch in _batches(app):
            began = time.process_time()
            result = apply(spec, batch, context)
            seconds = time.process_time() - began
            counts = found.setdefault(batch.table, [0, 0, 0])
            for place, amount in enumerate((len(batch.rows), len(result.records), seconds)):
                counts[place] += amount
    rows = [(table, int(n), int(made), n / s) for table, (n, made, s) in sorted(found.items())]
    total = [sum(counts[place] for counts in found.values()) for place in range(3)]
    rows.append(("all", int(total[0]), int(total[1]), total[0] / total[2]))
    show("Mapping alone (one process)", ("table", "rows", "records", "rows/CPU s"), rows)


def evaluation_alone() -> None:
    """Patients a second through ``pipeline.run``, without and with making the documents."""
    with tempfile.TemporaryDirectory() as folder:
        app = _site(Path(folder), _PATIENTS)
        patients = _records(app)
    rows: list[tuple[object, ...]] = []
    for name, step in (("chart, scores, decision, alerts", pipeline.progress),
                       ("the same and document contents", pipeline.run)):  # fmt: skip
        began = time.process_time()
        for records in patients:
            step(
                records,
                practice=app.practice,
                instruments=app.instruments,
                rules=app.rules,
                now=app.site.now(),
            )
        rows.append((name, len(patients), len(patients) / (time.process_time() - began)))
    show("Evaluation alone (one process)", ("what", "patients", "patients/CPU s"), rows)


def reports() -> None:
    """Reports as HTML, and as PDF beside the library alone; memory over a thousand."""
    from report_speed import beside_the_library, memory_over_many

    with tempfile.TemporaryDirectory() as folder:
        app = _site(Path(folder), 49)
        outcomes = _outcomes(app, _records(app))
        made = [document for outcome in outcomes for document in outcome.documents]
        chosen = {
            kind: [one for one in made if one.kind == kind][:_PAGES_OF_A_KIND] for kind in _KINDS
        }
        rows = []
        for kind, documents in chosen.items():
            began = time.process_time()
            for document in documents:
                compose.html(document, app.resources, app.site.render.paper)
            rows.append((kind, len(documents), len(documents) / (time.process_time() - began)))
        show("Pages composed as HTML", ("report", "documents", "HTML/CPU s"), rows)
        beside_the_library(app, chosen)
        memory_over_many(app, chosen)


def _site(home: Path, patients: int) -> App:
    write_practice(home / "site", patients)
    return open_app(home / "site")


def _batches(app: App) -> Iterable[RawBatch]:
    for page in app.sources["practice_csv"].fetch(None):
        yield from page.batches


def _records(app: App) -> list[list[Record]]:
    """The records of each patient, with the clinicians, as evaluation reads them."""
    with app.open_store() as store:
        work = app.work(store, renderer=None)  # type: ignore[arg-type]  # nothing is rendered
        ingest.pick_up(work, "practice_csv")
        while ingest.map_new(work):
            pass
        found = store.read(
            lambda tx: (
                tx.records.of_patients(p.id for p in tx.records.patients(limit=10_000)),
                tx.records.shared(),
            )
        )
    return [[*own, *found[1]] for own in found[0].values()]


def _outcomes(app: App, patients: Iterable[Sequence[Record]]) -> list[Outcome]:
    found = [
        pipeline.run(
            records,
            practice=app.practice,
            instruments=app.instruments,
            rules=app.rules,
            now=app.site.now(),
        )
        for records in patients
    ]
    return [outcome for outcome in found if outcome is not None]
