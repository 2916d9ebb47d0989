"""The whole circle over FHIR, with a server that nobody here wrote.

Records are put on the server, polled, decided about, and the reports come back into its charts. The
server is Medplum's router and repository (tests/e2e/fhir_server). All people are invented.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from fhirclient.models.bundle import Bundle

from adapters.fhir_r4.settings import TYPES
from connector.app import open_app
from connector.errors import ConfigurationError

LOINC = "http://loinc.org"
PHQ9_ITEMS = (
    "44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3",
    "44260-8",
)  # fmt: skip
LAST = date(2026, 11, 18)
SET_BY_SERVER = ("resourceType", "id", "meta")


class Ehr:
    """The practice's EHR: what a person or its own program does there."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()

    def put(self, kind: str, own_id: str, **content: Any) -> None:
        resource = {"resourceType": kind, "id": own_id, **content}
        answer = self.session.put(f"{self.url}/{kind}/{own_id}", json=resource, timeout=120)
        assert answer.status_code == 200, answer.text

    def delete(self, kind: str, own_id: str) -> None:
        answer = self.session.delete(f"{self.url}/{kind}/{own_id}", timeout=120)
        assert answer.status_code == 200, answer.text

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every resource of a type, as the independent client's models read them."""
        answer = self.session.get(f"{self.url}/{kind}", params={"_count": 500}, timeout=120)
        bundle = answer.json()
        Bundle(bundle, strict=True)
        return [entry["resource"] for entry in bundle.get("entry") or ()]

    def patient(self, own_id: str, chart_number: str, family: str) -> None:
        self.put(
            "Patient", own_id, active=True, gender="female", birthDate="1988-04-12",
            name=[{"use": "official", "family": family, "given": ["Avery"]}],
            identifier=[{
                "type": {"coding": [{"code": "MR"}]}, "system": "urn:example:chart",
                "value": chart_number,
            }],
            generalPractitioner=[{"reference": "Practitioner/k-1"}],
        )  # fmt: skip

    def score(self, own_id: str, patient: str, day: date, total: int) -> None:
        self.put(
            "Observation", own_id, status="final", valueQuantity={"value": total},
            code={"coding": [{"system": LOINC, "code": "44261-6"}]},
            subject={"reference": f"Patient/{patient}"}, effectiveDateTime=day.isoformat(),
        )  # fmt: skip

    def form(self, own_id: str, patient: str, day: date, answers: list[int]) -> None:
        items = [
            {"linkId": f"/{code}", "answer": [{"valueInteger": answer}]}
            for code, answer in zip(PHQ9_ITEMS, answers, strict=True)
        ]
        self.put(
            "QuestionnaireResponse", own_id, status="completed", authored=day.isoformat(),
            subject={"reference": f"Patient/{patient}"}, item=items,
        )  # fmt: skip

    def visits(self, patient: str, weeks: int) -> None:
        for week in range(weeks):
            day = LAST - timedelta(weeks=week)
            self.put(
                "Encounter", f"{patient}-e{week}", status="finished", **{"class": {"code": "AMB"}},
                subject={"reference": f"Patient/{patient}"},
                period={"start": f"{day}T15:00:00Z", "end": f"{day}T15:50:00Z"},
            )  # fmt: skip


@pytest.fixture
def ehr(fhir_url: str) -> Iterator[Ehr]:
    """An EHR with one patient who improves, by scores, and one who answers forms."""
    ehr = Ehr(fhir_url)
    ehr.put("Practitioner", "k-1", name=[{"family": "Clinician", "given": ["Kim"]}])
    ehr.patient("p-1", "CH-1001", "Samplewood")
    ehr.patient("p-2", "CH-1002", "Testerly")
    for number, total in enumerate((21, 16, 12, 8)):
        ehr.score(f"o-{number}", "p-1", LAST - timedelta(weeks=3 * (3 - number)), total)
    ehr.visits("p-1", 10)
    ehr.visits("p-2", 5)
    ehr.form("q-1", "p-2", LAST - timedelta(weeks=4), [2, 2, 2, 2, 2, 2, 1, 1, 0])
    ehr.form("q-2", "p-2", LAST, [2, 2, 2, 2, 2, 2, 1, 1, 1])
    yield ehr
    ehr.session.close()


def make_site(home: Path, ehr: Ehr, page_size: int = 10, **chart: Any) -> Path:
    wire = {"base_url": ehr.url, "private_network": True}
    site = {
        "practice": {"id": "wire", "name": "Wire Practice", "synthetic": True},
        "sources": [{
            "name": "ehr", "adapter": "fhir_r4", "mapping": "fhir_r4",
            "options": {**wire, "page_size": page_size},
        }],
        "destinations": [
            {"name": "chart", "adapter": "fhir_r4", "receives": ["therapist", "alert"],
             "options": {**wire, "patient_source": "ehr", **chart}},
            {"name": "filing", "adapter": "folder", "receives": ["decision", "alert"],
             "options": {"folder": "out"}},
        ],
        "as_of": "2026-11-20T17:00:00-05:00",
    }  # fmt: skip
    home.mkdir()
    (home / "site.yaml").write_text(yaml.safe_dump(site))
    return home


def run(home: Path, *, compare: bool = False) -> None:
    app = open_app(home)
    with app.open_engine() as runner:
        runner.run_once([source.name for source in app.polled], compare=compare)


def look(home: Path) -> dict[str, Any]:
    """What the store holds: records, what was set aside, deliveries by state."""
    with open_app(home).open_store() as store:
        return store.read(
            lambda tx: {
                "records": tx.records.counts(),
                "patients": {p.chart_number: p.id for p in tx.records.patients()},
                "quarantine": tx.quarantine.counts(),
            }
        )


def decisions(home: Path, patient_id: str) -> list[dict[str, Any]]:
    """What was decided about a patient, oldest first."""
    files = (home / "out").glob(f"decisions/{patient_id}/*.json")
    ordered = sorted(files, key=lambda path: path.stat().st_mtime_ns)
    return [json.loads(path.read_text())["context"] for path in ordered]


def charts(ehr: Ehr, patient: str) -> list[dict[str, Any]]:
    return [
        one for one in ehr.all("DocumentReference")
        if one["subject"] == {"reference": f"Patient/{patient}"}
    ]  # fmt: skip


def test_records_are_polled_decided_about_and_reported_into_the_chart_once(
    ehr: Ehr, tmp_path: Path
) -> None:
    home = make_site(tmp_path / "site", ehr)
    run(home)
    found = look(home)
    assert found["quarantine"] == {}
    assert found["records"] == {"patient": 2, "clinician": 1, "visit": 15, "assessment": 6}
    first, second = (found["patients"][number] for number in ("CH-1001", "CH-1002"))
    (decision,) = decisions(home, first)
    assert (decision["instrument"], decision["baseline"]["total"]) == ("phq9", 21)
    assert decision["current"]["total"] == 8

    (document,) = charts(ehr, "p-1")
    assert len(charts(ehr, "p-2")) == 1
    assert document["status"] == "current" and document["docStatus"] == "preliminary"
    (content,) = document["content"]
    pdf = base64.b64decode(content["attachment"]["data"])
    assert pdf.startswith(b"%PDF") and content["attachment"]["size"] == len(pdf)
    assert base64.b64decode(content["attachment"]["hash"]) == hashlib.sha1(pdf).digest()
    outside = json.dumps({**document, "content": [], "subject": None})
    assert not [word for word in ("Samplewood", "CH-1001", "PHQ") if word in outside]
    tasks = ehr.all("Task")
    at_once = [task for task in tasks if task["priority"] == "stat"]
    assert {task["for"]["reference"] for task in at_once} == {"Patient/p-2"}
    assert {task["performerType"][0]["text"] for task in at_once} == {"therapist", "on call"}
    assert {task["status"] for task in tasks} == {"requested"}
    assert second not in json.dumps(tasks)

    run(home)
    run(home, compare=True)
    assert look(home) == found
    assert (len(charts(ehr, "p-1")), len(charts(ehr, "p-2"))) == (1, 1)
    assert ehr.all("Task") == tasks
    assert len(decisions(home, first)) == 1

    ehr.score("o-3", "p-1", LAST, 18)  # somebody had mistyped it
    run(home)
    assert decisions(home, first)[-1]["current"]["total"] == 18
    assert decisions(home, first)[-1]["decision"] != decision["decision"]
    assert (len(charts(ehr, "p-1")), len(charts(ehr, "p-2"))) == (2, 1)

    ehr.delete("Observation", "o-3")
    ehr.delete("QuestionnaireResponse", "q-1")
    run(home)  # the same day: what is gone is looked for once a day
    assert look(home)["records"]["assessment"] == 6
    run(home, compare=True)
    assert look(home)["records"]["assessment"] == 4
    assert decisions(home, first)[-1]["current"]["total"] == 12
    assert len(charts(ehr, "p-1")) == 3
    assert look(home)["quarantine"] == {}


def test_a_page_in_the_chart_for_a_patient_known_by_number_and_alerts_as_flags(
    ehr: Ehr, tmp_path: Path
) -> None:
    options = {"patient_source": "other", "patient_identifier_system": "urn:example:chart"}
    home = make_site(tmp_path / "site", ehr, alerts="flag", **options)
    run(home)
    assert (len(charts(ehr, "p-1")), len(charts(ehr, "p-2"))) == (1, 1)
    flags = ehr.all("Flag")
    (urgent,) = {flag["code"]["text"] for flag in flags if "Review at once" in flag["code"]["text"]}
    assert "safety item 9 is positive" in urgent
    assert {flag["status"] for flag in flags} == {"active"}
    assert ehr.all("Task") == []


def test_a_new_site_finds_what_an_earlier_one_filed(ehr: Ehr, tmp_path: Path) -> None:
    """The database is lost and the site set up again: the chart gets no second copy."""
    home = make_site(tmp_path / "site", ehr)
    run(home)
    before = ehr.all("DocumentReference")
    again = make_site(tmp_path / "again", ehr)
    (again / "data").mkdir(mode=0o700)
    shutil.copy(home / "data" / "keys.json", again / "data" / "keys.json")
    run(again)
    assert ehr.all("DocumentReference") == before


def test_a_patient_who_is_twice_on_the_server_gets_nothing_filed(ehr: Ehr, tmp_path: Path) -> None:
    options = {"patient_source": "other", "patient_identifier_system": "urn:example:chart"}
    home = make_site(tmp_path / "site", ehr, **options)
    ehr.patient("p-9", "CH-1001", "Samplewood")
    run(home)
    assert charts(ehr, "p-1") == charts(ehr, "p-9") == []
    with open_app(home).open_store() as store:
        dead = store.read(lambda tx: tx.deliveries.list("dead"))
    assert {row.code for row in dead} == {"patient_ambiguous"}
    assert not [row for row in dead if "CH-1001" in row.message]


MOST = 250
"""Resources of a type; the server looks at each of them at every search."""


def newest(bundle: Path) -> dict[str, list[dict[str, Any]]]:
    """The polled resources of a generated person, as a server has them: scores before others."""
    text = bundle.read_text()
    entries = json.loads(text)["entry"]
    for entry in entries:
        one = entry["resource"]
        text = text.replace(f'"{entry["fullUrl"]}"', f'"{one["resourceType"]}/{one["id"]}"')
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in TYPES}
    for entry in json.loads(text, parse_float=_number)["entry"]:
        if entry["resource"]["resourceType"] in found:
            found[entry["resource"]["resourceType"]].append(entry["resource"])
    found["Observation"].sort(key=lambda one: "70274-6" not in json.dumps(one["code"]))
    return {kind: listed[:MOST] for kind, listed in found.items()}


def _number(digits: str) -> int | float:
    """The number as a server in JavaScript writes it: 2 where 2.0 was sent."""
    number = float(digits)
    return int(number) if number.is_integer() else number


def but_where_it_was_read(value: Any) -> Any:
    """A decision without the origin and row of its numbers."""
    if isinstance(value, list):
        return [but_where_it_was_read(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {name: one for name, one in value.items() if name not in ("origin", "row")}
    return {name: but_where_it_was_read(one) for name, one in kept.items()}


def test_a_polled_person_and_the_same_person_from_a_file_give_the_same_decision(
    fhir_url: str, bundles: list[Path], tmp_path: Path
) -> None:
    """Somebody of an independent generator, by way of an independent server."""
    person = newest(min(bundles, key=lambda path: path.stat().st_size))
    ehr = Ehr(fhir_url)
    for kind, listed in person.items():
        for one in listed:
            ehr.put(kind, one["id"], **{k: v for k, v in one.items() if k not in SET_BY_SERVER})
    ehr.session.close()
    polled = make_site(tmp_path / "polled", ehr, page_size=70)
    with (polled / "site.yaml").open("a") as file:
        file.write("rules: {new_episode_gap_days: 900}  # they see their doctor twice a year\n")
    run(polled)
    filed = make_site(tmp_path / "filed", ehr)
    site = yaml.safe_load((polled / "site.yaml").read_text())
    site["sources"][0].update(
        adapter="fhir_files", options={"folder": "inbox", "settle_seconds": 0}
    )
    site["destinations"] = site["destinations"][1:]
    (filed / "site.yaml").write_text(yaml.safe_dump(site))
    (filed / "inbox").mkdir()
    (filed / "data").mkdir(mode=0o700)
    shutil.copy(polled / "data" / "keys.json", filed / "data" / "keys.json")
    entries = [{"resource": one} for listed in person.values() for one in listed]
    whole = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    (filed / "inbox" / "person.json").write_text(json.dumps(whole))
    run(filed)

    both = look(polled), look(filed)
    assert both[0] == both[1] and both[0]["quarantine"] == {}
    (patient,) = both[0]["patients"].values()
    (one,), (other,) = decisions(polled, patient), decisions(filed, patient)
    assert one["instrument"] == "gad7"
    assert but_where_it_was_read(one) == but_where_it_was_read(other)


def test_an_address_that_is_no_fhir_server_is_told_in_words(ehr: Ehr, tmp_path: Path) -> None:
    home = make_site(tmp_path / "site", ehr)
    text = (home / "site.yaml").read_text()
    (home / "site.yaml").write_text(text.replace("/fhir\n", "/fhir/nowhere\n"))
    with pytest.raises(ConfigurationError) as caught:
        run(home)
    assert "base_url" in caught.value.message
