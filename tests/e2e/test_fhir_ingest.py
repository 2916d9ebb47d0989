"""FHIR from an independent generator through the command line: init, ingest, reports on disk.

The site is the one that ``connector init`` makes; the only change is a longer gap between episodes,
because the generated people see their doctor a few times a year, and a frozen clock.
"""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from connector.cli import main_group

AS_OF, GAP_DAYS = date(2026, 11, 20), 900
GAD7, PHQ2 = "70274-6", "55758-7"
NO_VISIT = {"EMER", "IMP", "ACUTE", "NONAC", "OBSENC", "PRENC", "SS"}


def command(*arguments: str | Path) -> str:
    """The installed command, in a process of its own."""
    installed = Path(sys.executable).with_name("connector")
    done = subprocess.run(
        [str(installed), *map(str, arguments)], capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def connector(*arguments: str | Path) -> str:
    """The same in this process, which has everything imported."""
    said = io.StringIO()
    with redirect_stdout(said):
        code = main_group.main(
            [str(one) for one in arguments], prog_name="connector", standalone_mode=False
        )
    logging.getLogger("dbos").handlers.clear()  # the engine's library keeps this call's stream
    assert code in (None, 0), said.getvalue()
    return said.getvalue()


def make_site(home: Path, run: Callable[..., str] = connector) -> Path:
    run("init", home, "--name", 'Elm "Street" {Therapy}', "--timezone", "America/New_York")
    site = home / "site.yaml"
    text = site.read_text()
    assert "{{" not in text and "fhir_files" in text and "csv_files" in text
    site.write_text(
        f"{text}\nrules: {{new_episode_gap_days: {GAP_DAYS}}}\n"
        f"as_of: {AS_OF.isoformat()}T17:00:00-05:00\n"
    )
    return home


def status(home: Path) -> dict[str, Any]:
    found = json.loads(connector("--home", home, "status", "--json"))
    assert isinstance(found, dict)
    return found


def resources(bundles: list[Path]) -> Iterator[dict[str, Any]]:
    for bundle in bundles:
        for entry in json.loads(bundle.read_text())["entry"]:
            yield entry["resource"]


@dataclass(frozen=True)
class Person:
    """What the raw bundle says about one person, worked out without the product."""

    chart_number: str
    family: str
    scores: dict[str, list[tuple[date, int]]]
    contacts: list[date]

    def episode_start(self) -> date:
        days = sorted(day for day in self.contacts if day <= AS_OF)
        start = days[0]
        for before, day in pairwise(days):
            start = day if (day - before).days > GAP_DAYS else start
        return start

    def in_episode(self, code: str) -> list[int]:
        first = self.episode_start() - timedelta(days=14)
        return [value for day, value in sorted(self.scores[code]) if first <= day <= AS_OF]


def read_people(bundles: list[Path]) -> list[Person]:
    people = []
    for bundle in bundles:
        scores: dict[str, list[tuple[date, int]]] = defaultdict(list)
        contacts: set[date] = set()
        for one in resources([bundle]):
            kind = one["resourceType"]
            if kind == "Patient":
                (mrn,) = (
                    i["value"] for i in one["identifier"]
                    if "MR" in json.dumps(i.get("type", {}).get("coding", []))
                )  # fmt: skip
                family = one["name"][0]["family"]
            elif kind == "Encounter" and one["class"]["code"] not in NO_VISIT:
                contacts.add(date.fromisoformat(one["period"]["start"][:10]))
            elif kind == "Observation" and (code := _score_code(one)):
                day = date.fromisoformat(one["effectiveDateTime"][:10])
                scores[code].append((day, int(one["valueQuantity"]["value"])))
                contacts.add(day)
        people.append(Person(mrn, family, scores, sorted(contacts)))
    return people


def _score_code(observation: dict[str, Any]) -> str | None:
    codes = {coding["code"] for coding in observation["code"]["coding"]}
    return next((code for code in (GAD7, PHQ2) if code in codes), None)


ONE_IN = 8
"""Of the observations that are no score of ours, one in so many is kept: reading takes long."""


@pytest.fixture(scope="module")
def bundles(bundles: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The generated bundles with fewer laboratory values (test_synthea_mapping.py reads all)."""
    folder = tmp_path_factory.mktemp("bundles")
    for path in bundles:
        bundle = json.loads(path.read_text())
        bundle["entry"] = [
            entry for number, entry in enumerate(bundle["entry"])
            if entry["resource"]["resourceType"] != "Observation"
            or _score_code(entry["resource"]) or number % ONE_IN == 0
        ]  # fmt: skip
        (folder / path.name).write_text(json.dumps(bundle))
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, bundles: list[Path]) -> Path:
    home = make_site(tmp_path_factory.mktemp("site") / "elm", run=command)
    assert "No mistakes found" in command("--home", home, "check")
    command("--home", home, "ingest", *bundles)
    return home


def documents(home: Path, kind: str, ending: str) -> list[Path]:
    return sorted((home / "out").glob(f"**/*_{kind}_*{ending}"))


def decision_of(home: Path, patient_id: str) -> dict[str, Any]:
    (found,) = (p for p in documents(home, "decision", ".json") if p.parent.name == patient_id)
    loaded = json.loads(found.read_text())["context"]
    assert isinstance(loaded, dict)
    return loaded


def test_every_kind_of_record_is_stored(home: Path, bundles: list[Path]) -> None:
    raw = Counter(one["resourceType"] for one in resources(bundles))
    visits = sum(
        one["resourceType"] == "Encounter" and one["class"]["code"] not in NO_VISIT
        for one in resources(bundles)
    )
    stored = status(home)["records"]
    assert stored["patient"] == raw["Patient"] == len(bundles)
    assert stored["diagnosis"] == raw["Condition"]
    assert stored["goal"] == raw["Goal"]
    assert stored["coverage"] == raw["Coverage"]
    assert stored["treatment_plan"] == raw["CarePlan"]
    assert stored["clinician"] == raw["Practitioner"]
    assert stored["visit"] == visits
    scores = sum(
        len(listed) for person in read_people(bundles) for listed in person.scores.values()
    )
    assert stored["assessment"] >= scores


def test_nothing_is_left_behind(home: Path) -> None:
    found = status(home)
    assert found["quarantine"] == {}
    assert set(found["inbox"]) == {"done"}
    assert found["patients_due"] == 0
    assert {one["state"] for one in found["deliveries"]} == {"delivered"}
    left = [path for path in (home / "inbox_fhir").rglob("*") if path.is_file()]
    assert left == []


def test_each_person_has_a_report_with_the_decision_that_the_scores_call_for(
    home: Path, bundles: list[Path]
) -> None:
    reports = {path.parent.name: path for path in documents(home, "therapist", ".html")}
    pdfs = documents(home, "therapist", ".pdf")
    assert len(reports) == len(bundles)
    assert {path.parent.name for path in pdfs} == set(reports)
    assert all(path.read_bytes().startswith(b"%PDF") for path in pdfs)
    for person in read_people(bundles):
        (patient_id,) = (
            name for name, path in reports.items() if person.chart_number in path.read_text()
        )
        text = reports[patient_id].read_text()
        assert person.family in text
        check_decision(decision_of(home, patient_id), person.in_episode(GAD7))


def check_decision(decision: dict[str, Any], gad7: list[int]) -> None:
    """GAD-7 is the one measure of the two that may carry a decision; lower is better."""
    assert len(gad7) >= 2
    first, last = gad7[0], gad7[-1]
    assert decision["instrument"] == "gad7"
    assert (decision["baseline"]["total"], decision["current"]["total"]) == (first, last)
    assert f"GAD-7 went from {first} " in decision["reason"]
    if last - first >= 4:  # beyond the measurement error: worse
        assert decision["decision"] == "below"
    elif first < 10 and last < 10:  # never above the cut-off: staying there is what is wanted
        assert decision["decision"] == "meets"
    else:  # beyond the measurement error and back below the cut-off
        assert first - last >= 4 and first >= 10 > last
        assert decision["decision"] in ("meets", "exceeds")


def test_the_same_bundle_again_changes_nothing(home: Path, bundles: list[Path]) -> None:
    before, files = status(home), sorted(p.name for p in (home / "out").rglob("*.*"))
    connector("--home", home, "ingest", *bundles)
    assert status(home) == before
    assert sorted(p.name for p in (home / "out").rglob("*.*")) == files


def test_a_bulk_export_of_a_person_gives_the_same_decision(
    bundles: list[Path], tmp_path: Path
) -> None:
    export = tmp_path / "export"
    export.mkdir()
    smallest = [min(bundles, key=lambda path: path.stat().st_size)]
    written = dict(_addressed(smallest))
    for kind in {kind for kind, _ in written}:
        lines = [text for (of, _), text in written.items() if of == kind]
        (export / f"{kind}.000.ndjson").write_text("\n".join(lines) + "\n")
    other = make_site(tmp_path / "bulk")
    connector("--home", other, "ingest", export)
    stored = status(other)
    raw = Counter(one["resourceType"] for one in resources(smallest))
    assert stored["quarantine"] == {}
    for kind, resource in ("patient", "Patient"), ("diagnosis", "Condition"), ("goal", "Goal"):
        assert stored["records"][kind] == raw[resource]
    (report,) = documents(other, "decision", ".json")
    (person,) = read_people(smallest)
    check_decision(json.loads(report.read_text())["context"], person.in_episode(GAD7))


def _addressed(bundles: list[Path]) -> Iterator[tuple[tuple[str, str], str]]:
    """Each resource as a bulk export has it: with an id, and with ``Type/id`` references."""
    for bundle in bundles:
        entries = json.loads(bundle.read_text())["entry"]
        text = bundle.read_text()
        names = {
            e["fullUrl"]: f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in entries
        }
        for url, name in names.items():
            text = text.replace(f'"{url}"', f'"{name}"')
        for entry in json.loads(text)["entry"]:
            resource = entry["resource"]
            yield (resource["resourceType"], resource["id"]), json.dumps(resource)


def test_a_deletion_takes_a_score_out_of_the_decision(
    home: Path, bundles: list[Path], tmp_path: Path
) -> None:
    """A history bundle of the source deletes the newest GAD-7; the report is made anew without."""
    bundle, person = max(
        ((bundle, *read_people([bundle])) for bundle in bundles),
        key=lambda pair: len(pair[1].in_episode(GAD7)),
    )
    newest = max(
        (one for one in resources([bundle])
         if one["resourceType"] == "Observation" and _score_code(one) == GAD7),
        key=lambda one: one["effectiveDateTime"],
    )  # fmt: skip
    deletion = {"request": {"method": "DELETE", "url": f"Observation/{newest['id']}"}}
    history = tmp_path / "history.json"
    history.write_text(
        json.dumps({"resourceType": "Bundle", "type": "history", "entry": [deletion]})
    )
    before = status(home)
    connector("--home", home, "ingest", history)
    after = status(home)
    assert after["records"]["assessment"] == before["records"]["assessment"] - 1
    assert after["quarantine"] == {}
    latest = [
        json.loads(path.read_text())["context"] for path in documents(home, "decision", ".json")
    ]
    left = person.in_episode(GAD7)[:-1]
    ends = {(one["baseline"]["total"], one["current"]["total"]) for one in latest}
    assert (left[0], left[-1]) in ends
    connector("--home", home, "ingest", bundle)  # the old bundle does not bring it back
    assert status(home)["records"] == after["records"]
