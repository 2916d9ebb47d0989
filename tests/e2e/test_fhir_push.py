"""What a FHIR server tells by itself, and scores as data in its charts, through the whole product.

The stand-in that nobody here wrote sends no notifications and has no export: there the sender is
ours, and the service a real one that is killed.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from connector.app import open_app
from tests.e2e.test_fhir_wire import Ehr, ehr, look, make_site, run
from tests.e2e.test_service import serving, wait_for

__all__ = ["ehr"]
SECRET = "a-secret-of-the-subscription"


def test_scores_become_data_in_the_chart_once_and_are_not_read_back(
    ehr: Ehr, tmp_path: Path
) -> None:
    write = ["document_reference", "observation", "questionnaire_response"]
    home = make_site(tmp_path / "site", ehr, write=write)
    before = look_after(home)
    made = [one for one in ehr.all("Observation") if one.get("identifier")]
    documents = {f"DocumentReference/{one['id']}" for one in ehr.all("DocumentReference")}
    # p-1's scores are the EHR's own; of p-2 it has the answers alone.
    assert {one["subject"]["reference"] for one in made} == {"Patient/p-2"} and len(made) == 2
    assert sorted(one["valueQuantity"]["value"] for one in made) == [14, 15]
    for one in made:
        told_in, made_of = (reference["reference"] for reference in one["derivedFrom"])
        assert told_in in documents and made_of in (
            "QuestionnaireResponse/q-1", "QuestionnaireResponse/q-2",
        )  # fmt: skip
    assert len(ehr.all("QuestionnaireResponse")) == 2
    assert look_after(home) == before
    assert [one for one in ehr.all("Observation") if one.get("identifier")] == made


def look_after(home: Path) -> dict[str, Any]:
    run(home)
    return look(home)


def notification(number: int, focus: str, resource: dict[str, Any] | None = None) -> bytes:
    parts = [{"name": "event-number", "valueString": str(number)},
             {"name": "focus", "valueReference": {"reference": focus}}]  # fmt: skip
    status = {"resourceType": "Parameters", "parameter": [
        {"name": "subscription", "valueReference": {"reference": "Subscription/s1"}},
        {"name": "type", "valueCode": "event-notification"},
        {"name": "events-since-subscription-start", "valueString": str(number)},
        {"name": "notification-event", "part": parts},
    ]}  # fmt: skip
    entries = [{"resource": status}, *([{"resource": resource}] if resource else [])]
    return json.dumps({"resourceType": "Bundle", "type": "history", "entry": entries}).encode()


@pytest.fixture
def pushed(fhir_counterpart: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site that is polled once an hour, and told."""
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    fhir_counterpart.offers = ["Patient", "Observation"]
    fhir_counterpart.put(
        "Patient", "p-1", name=[{"family": "Samplewood", "given": ["Avery"]}],
        birthDate="1988-04-12",
    )  # fmt: skip
    site = {
        "practice": {"id": "push", "name": "Push Practice", "synthetic": True},
        "sources": [{
            "name": "ehr", "adapter": "fhir_r4", "mapping": "fhir_r4", "every_seconds": 3600,
            "options": {"base_url": fhir_counterpart.url, "private_network": True,
                        "subscription": {"secret": {"env": "HOOK_SECRET"}}},
        }],
        "destinations": [{"name": "filing", "adapter": "folder", "receives": ["decision"],
                          "options": {"folder": "out"}}],
    }  # fmt: skip
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(site))
    return tmp_path


def score(total: int) -> dict[str, Any]:
    return {
        "status": "final", "valueQuantity": {"value": total}, "effectiveDateTime": "2026-11-18",
        "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
        "subject": {"reference": "Patient/p-1"},
    }  # fmt: skip


def totals(home: Path) -> list[str]:
    with open_app(home).open_store() as store:
        counts: dict[str, int] = store.read(lambda tx: tx.records.counts())
    return [f"{kind}:{count}" for kind, count in sorted(counts.items())]


def test_a_notification_is_not_lost_by_a_kill_between_storing_and_fetching(
    fhir_counterpart: Any, pushed: Path
) -> None:
    """The EHR can't be asked when the notification comes; then the service is killed."""
    headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/fhir+json"}
    with serving(pushed) as (process, base, _):
        address = f"{base}/webhooks/ehr"
        wait_for(lambda: "patient:1" in totals(pushed))
        fhir_counterpart.refuses = {"Observation": 503}
        fhir_counterpart.put("Observation", "o-1", **score(12))
        named = notification(1, "Observation/o-1")
        assert requests.post(address, data=named, headers={}, timeout=120).status_code == 401
        assert requests.post(address, data=named, headers=headers, timeout=120).status_code == 202
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    fhir_counterpart.refuses = {}
    with serving(pushed) as (_, base, _):
        address = f"{base}/webhooks/ehr"
        # The sender did not see the answer, and sends it again.
        assert requests.post(address, data=named, headers=headers, timeout=120).status_code == 202
        whole = notification(
            2, "Observation/o-2",
            {"resourceType": "Observation", "id": "o-2", **score(9),
             "meta": {"lastUpdated": "2026-11-20T10:00:00Z", "versionId": "1"}},
        )  # fmt: skip
        assert requests.post(address, data=whole, headers=headers, timeout=120).status_code == 202
        wait_for(lambda: "assessment:2" in totals(pushed))
    assert totals(pushed) == ["assessment:2", "patient:1"]
