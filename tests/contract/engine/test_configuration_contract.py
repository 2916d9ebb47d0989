"""A changed configuration: the preview says what happens, and going back restores all of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import yaml

from connector.app import edited_app, open_app
from connector.configuration import ledger
from connector.documents import compose
from connector.engine.changed import put_in_force
from connector.engine.impact import Sides, impact
from connector.pipeline.report import report

CASE, CHARTS = "mh_deteriorating_with_safety_item", 2
OTHER_WORDS = """
extends: csv_export
tables:
  appointments:
    records:
      visit:
        fields:
          status: {values: {No Show: client_cancel, Show: late_cancel}}
  assessment_items:
    records:
      assessment:
        fields:
          instrument: {values: {PHQ-9: gad7}}
"""


def start(bench: Any) -> None:
    """What a start of the service does with its configuration."""
    app = open_app(bench.site.home)
    app.__dict__["instruments"] = bench.app.instruments  # reading them takes longest
    bench.work = replace(
        app.work(bench.store, None), now=bench.clock, destinations={"filing": bench.destination}
    )
    put_in_force(bench.work, bench.site.home, app.files, app.site.approval is not None)
    bench.map_all()
    bench.evaluate_all()


def edit(bench: Any, **changes: Any) -> None:
    path = bench.site.home / "site.yaml"
    site = {**yaml.safe_load(path.read_text()), **changes}
    path.write_text(yaml.safe_dump({k: v for k, v in site.items() if v is not None}))


def use_mapping(bench: Any, text: str) -> None:
    """Another mapping for the bench's only source."""
    folder = bench.site.home / "mappings" / "ours"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mapping.yaml").write_text(text)
    [source] = yaml.safe_load((bench.site.home / "site.yaml").read_text())["sources"]
    edit(bench, sources=[{**source, "mapping": "ours"}])


def edited(bench: Any) -> Any:
    """What the units of work would work with, by the files as they are now."""
    app = edited_app(bench.site.home)
    app.__dict__["instruments"] = bench.app.instruments
    return replace(app.work(bench.store, None), now=bench.clock)


def outputs(bench: Any) -> dict[str, bytes]:
    """All that the service knows and would print of everybody, as bytes."""

    def read(tx: Any) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for progress in tx.progress.all():
            id = progress.chart.patient.id
            found[f"progress {id}"] = progress.model_dump_json().encode()
            for record in tx.records.of_patients([id])[id]:
                found[f"record {record.id}"] = record.model_dump_json().encode()
            given = (progress, bench.work.practice, bench.work.instruments, bench.work.rules)
            for spec in report(*given):
                found[f"{spec.kind} {id}"] = spec.model_dump_json().encode()
                if "html" in spec.formats:
                    page = compose.html(spec, bench.work.resources, "Letter")
                    found[f"{spec.kind} {id} page"] = page.encode()
        for entry in tx.quarantine.list("open", 1000):
            found[f"quarantine {entry.id}"] = entry.message.encode()
        return found

    result: dict[str, bytes] = bench.store.read(read)
    return result


def decisions(bench: Any) -> dict[str, str]:
    return {
        p.chart.patient.id: p.decision.decision
        for p in bench.store.read(lambda tx: list(tx.progress.all()))
    }


@pytest.fixture
def started(bench: Any) -> Any:
    """A bench that was started and has evaluated its charts."""
    made = bench(CASE, receives=("therapist", "decision", "alert"))
    made.pick_up()
    start(made)
    assert len(decisions(made)) == CHARTS
    return made


def test_going_back_restores_all_outputs_byte_by_byte(started: Any) -> None:
    first = outputs(started)
    before = decisions(started)
    use_mapping(started, OTHER_WORDS)
    edit(started, rules={"name": "ours", "missed_in_a_row": 5})
    candidate = edited(started)
    sides = Sides(started.work, candidate)
    told = impact(sides, started.clock())
    assert outputs(started) == first, "a preview changes nothing"

    start(started)
    changed = outputs(started)
    assert changed != first
    after = decisions(started)
    moved = Counter((before[id], after[id]) for id in before if before[id] != after[id])
    assert moved and told.decisions == moved, "the preview says what happens"
    assert told.patients == len(before)

    done, place = ledger.rollback(started.store, started.site.home, 1, "Dana Okafor")
    assert done == ["mappings/ours/mapping.yaml", "site.yaml"]
    assert (place / "mappings/ours/mapping.yaml").read_text() == OTHER_WORDS
    start(started)
    assert outputs(started) == first
    numbers = started.store.read(lambda tx: [one.number for one in tx.configurations.list()])
    assert numbers == [1, 2]
    ledger.rollback(started.store, started.site.home, 2, "Dana Okafor")
    start(started)
    assert outputs(started) == changed, "and forth again: no edit is lost"


def test_the_preview_counts_rows_that_another_mapping_takes_or_refuses(started: Any) -> None:
    use_mapping(started, OTHER_WORDS)
    candidate = edited(started)
    found = impact(Sides(started.work, candidate), started.clock())
    assert sum(found.refused.values()) > 0 and not found.accepted
    assert found.sources["csv"][0] > 0 and found.sources["csv"][1] == 0
    back = impact(Sides(candidate, started.work), started.clock())
    assert back.accepted == found.refused


def nothing_changes(found: Any) -> bool:
    counters = (
        found.decisions, found.appear, found.disappear, found.bands, found.documents,
        found.failures, found.accepted, found.refused,
    )  # fmt: skip
    return not any(counters) and found.patients == found.unchanged


def test_without_raw_input_the_records_as_stored_count(started: Any) -> None:
    started.store.write(lambda tx: tx.inbox.prune(started.clock().replace(year=2030)))
    use_mapping(started, OTHER_WORDS)
    candidate = edited(started)
    found = impact(Sides(started.work, candidate), started.clock())
    kept, gone = found.sources["csv"]
    assert kept == 0 and gone > 0
    assert nothing_changes(found) and found.patients == CHARTS


def test_the_same_configuration_asks_for_nothing(started: Any) -> None:
    state = started.state()
    start(started)
    assert started.state() == state
    sides = Sides(started.work, started.work)
    found = impact(sides, started.clock())
    assert nothing_changes(found) and found.unchanged == CHARTS and found.rows_read == 0


def test_a_crash_while_raw_input_is_put_back_is_made_good_at_the_next_start(
    started: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = outputs(started)
    use_mapping(started, OTHER_WORDS)
    monkeypatch.setattr(ledger, "now_in_force", lambda *_: (_ for _ in ()).throw(OSError("cut")))
    with pytest.raises(OSError, match="cut"):
        start(started)
    monkeypatch.undo()
    start(started)
    version = started.store.read(lambda tx: tx.configurations.in_force())
    assert version.number == 2 and outputs(started) != before
    ledger.rollback(started.store, started.site.home, 1, "Dana Okafor")
    start(started)
    assert outputs(started) == before
