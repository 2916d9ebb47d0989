"""A form tool beside the EHR: its patients join the charts by name and birth date, or wait."""

from __future__ import annotations

from typing import Any

import pytest

from connector.identity_desk import find_patient, merge, unmerge

FORMS = {
    "name": "forms",
    "adapter": "csv_files",
    "mapping": "csv_export",
    "identity": {"joins": "csv"},
    "options": {"folder": "forms", "settle_seconds": 0},
}
EHR = {**FORMS, "name": "csv", "options": {"folder": "inbox", "settle_seconds": 0}}
EHR.pop("identity")
SAME = {"first_name": "AVERY", "last_name": "Sample-Wood"}
POSITIVE = [1, 1, 1, 1, 1, 1, 1, 1, 2]


class Two:
    """A bench with both sources, and rows for each."""

    def __init__(self, bench: Any, rows: Any) -> None:
        self.bench, self.rows = bench, rows

    def forms(self, **who: str) -> None:
        """A client of the form tool and a form with a positive safety item."""
        self._drop("clients.csv", [self.rows.client("T-7", **who)])
        self._drop("assessment_items.csv", [self.rows.form("F-1", "T-7", POSITIVE)])
        self._run("forms")

    def ehr(self, *numbers: str, **who: str) -> None:
        """Clients of the EHR."""
        given = [self.rows.client(number, **who) for number in numbers]
        self.bench.site.drop_rows(f"clients_{'_'.join(numbers)}.csv", given)
        self._run("csv")

    def _run(self, source: str) -> None:
        from connector.engine import ingest

        ingest.pick_up(self.bench.work, source)
        self.bench.map_all()
        self.bench.evaluate_all()

    def _drop(self, name: str, given: list[dict[str, str]]) -> None:
        made = self.bench.site.drop_rows(name, given)
        folder = self.bench.site.home / "forms"
        folder.mkdir(exist_ok=True)
        made.replace(folder / name)

    def id(self, number: str) -> str:
        return str(self.bench.store.read(lambda tx: find_patient(tx, number)).id)

    def progress(self, number: str) -> Any:
        id = self.id(number)
        return self.bench.store.read(lambda tx: tx.progress.get(id))

    def outputs(self) -> dict[str, str]:
        found = self.bench.store.read(lambda tx: list(tx.progress.all()))
        return {one.chart.patient.id: one.model_dump_json() for one in found}

    def identities(self) -> dict[str, tuple[str, str]]:
        rows = self.bench.store.read(lambda tx: tx.identities.list())
        return {one.patient_id: (one.state, one.reason) for one in rows}


@pytest.fixture
def two(bench: Any, rows: Any) -> Two:
    made = bench(extra={"sources": [EHR, FORMS]})
    (made.site.home / "forms").mkdir()
    return Two(made, rows)


def test_a_form_is_judged_in_the_chart_of_the_person_who_filled_it_in(two: Two) -> None:
    two.ehr("C-1")
    two.forms(**SAME)
    assert two.identities() == {two.id("T-7"): ("matched", "name_and_given_name")}
    chart = two.progress("C-1")
    assert [m.assessment_id for s in chart.measured.series for m in s.measurements] == [
        form.id for form in chart.chart.assessments
    ]
    assert len(chart.chart.assessments) == 1 and two.progress("T-7") is None
    told = [row.alert for row in two.bench.alerts() if row.alert.rule == "safety_item_positive"]
    assert len(told) == 2, "therapist and on call, each once"
    assert any(a.rule == "safety_item_positive" for a in chart.alerts), "the page says it"


def test_the_form_may_come_first_and_its_safety_item_calls_at_once(two: Two) -> None:
    two.forms(**SAME)
    assert two.identities() == {two.id("T-7"): ("waiting", "nobody")}
    assert two.progress("T-7") is None, "nobody is judged whose chart is not known"
    safety = [row for row in two.bench.alerts("open") if row.alert.severity == "page"]
    assert len(safety) == 2, "a safety item waits for no chart"
    two.ehr("C-1")
    assert two.identities() == {two.id("T-7"): ("matched", "name_and_given_name")}
    assert len(two.progress("C-1").chart.assessments) == 1
    assert len([r for r in two.bench.alerts() if r.alert.severity == "page"]) == 2


def test_several_who_fit_hold_the_rows_and_lose_none(two: Two) -> None:
    two.ehr("C-1", "C-2")
    two.forms(**SAME)
    assert two.identities() == {two.id("T-7"): ("waiting", "several")}
    kinds = two.bench.store.read(lambda tx: tx.records.counts())
    assert kinds["assessment"] == 1 and kinds["patient"] == 3
    assert all(not p.chart.assessments for p in (two.progress("C-1"), two.progress("C-2")))


def test_merging_and_taking_apart_leaves_everybody_as_before(two: Two) -> None:
    two.ehr("C-1")
    two.ehr("C-2", first_name="Robin")
    two.forms(**SAME)
    before = two.outputs(), two.identities()
    now = two.bench.clock()
    merge(two.bench.store, "C-2", "C-1", by="Dana Okafor", now=now)
    two.bench.evaluate_all()
    assert two.outputs() != before[0] and two.progress("C-2") is None
    unmerge(two.bench.store, "C-2", by="Dana Okafor", now=now)
    two.bench.evaluate_all()
    assert (two.outputs(), two.identities()) == before
    rows = two.bench.store.read(lambda tx: list(tx.audit.rows()))
    said = [(row.action, row.actor) for row in rows if row.action.startswith("identity_")]
    assert ("identity_merged", "Dana Okafor") in said
    assert ("identity_unmerged", "Dana Okafor") in said
