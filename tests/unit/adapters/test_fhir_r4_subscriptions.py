"""Our subscriptions at a server: made once each, corrected, shown, taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.fhir_r4 import FhirSourceSettings
from adapters.fhir_r4.source import FhirServer
from connector.announced import Subscribes
from connector.errors import ConfigurationError
from connector.ports import AdapterContext

SECRET = "a-secret-of-the-subscription"
ENDPOINT = "https://connector.example/webhooks/ehr"
TOPIC = "https://ehr.example/topics/{type}-changed"
EXTENSION = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)


def source(fhir: Any, home: Path, **more: Any) -> FhirServer:
    subscription = {"secret": {"env": "HOOK_SECRET"}, "endpoint": ENDPOINT, **more}
    given = {
        "base_url": fhir.url, "private_network": True, "types": ["Observation", "Encounter"],
        "parameters": {"Observation": {"category": "survey"}}, "subscription": subscription,
    }  # fmt: skip
    return FhirServer(FhirSourceSettings.model_validate(given), AdapterContext("ehr", home))


def test_one_for_each_type_with_the_extensions_of_the_backport(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    asking = source(fhir_counterpart, tmp_path, topic=TOPIC, heartbeat_seconds=120)
    assert isinstance(asking, Subscribes)
    told = asking.subscribe()
    assert [(one.about, one.status, one.trouble) for one in told] == [
        ("Encounter?", "requested", ""), ("Observation?category=survey", "requested", ""),
    ]  # fmt: skip
    (made,) = [o for o in fhir_counterpart.documents("Subscription") if "Observ" in o["criteria"]]
    assert made["criteria"] == "https://ehr.example/topics/Observation-changed"
    assert made["channel"]["endpoint"] == ENDPOINT and made["channel"]["type"] == "rest-hook"
    assert made["channel"]["header"] == [f"Authorization: Bearer {SECRET}"]
    (payload,) = made["channel"]["_payload"]["extension"]
    assert payload == {"url": EXTENSION + "backport-payload-content", "valueCode": "id-only"}
    beat = {"url": EXTENSION + "backport-heartbeat-period", "valueUnsignedInt": 120}
    assert beat in made["channel"]["extension"]
    assert SECRET not in str(told)


def test_what_is_there_stays_and_what_differs_is_put_right(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    source(fhir_counterpart, tmp_path, topic=TOPIC).subscribe()
    before = json.dumps(fhir_counterpart.documents("Subscription"))
    source(fhir_counterpart, tmp_path, topic=TOPIC).subscribe()
    assert json.dumps(fhir_counterpart.documents("Subscription")) == before
    stopped = fhir_counterpart.documents("Subscription")[0]
    stopped["status"], stopped["error"] = "error", "could not reach Avery Samplewood"
    (bad,) = [one for one in source(fhir_counterpart, tmp_path).subscriptions() if one.trouble]
    assert "Avery" not in str(bad)
    told = source(fhir_counterpart, tmp_path, topic=TOPIC, payload="full-resource").subscribe()
    assert len(told) == 2 and {one.status for one in told} == {"requested"}
    for one in fhir_counterpart.documents("Subscription"):
        assert one["channel"]["_payload"]["extension"][0]["valueCode"] == "full-resource"


def test_a_server_that_hides_the_secret_is_not_written_to_again(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    source(fhir_counterpart, tmp_path).subscribe()
    for one in fhir_counterpart.documents("Subscription"):
        one["channel"]["header"], one["status"] = ["Authorization: ***"], "active"
    wrote = len([m for m, _, _ in fhir_counterpart.seen if m in ("POST", "PUT")])
    source(fhir_counterpart, tmp_path).subscribe()
    assert len([m for m, _, _ in fhir_counterpart.seen if m in ("POST", "PUT")]) == wrote


def test_only_ours_are_taken_back(fhir_counterpart: Any, tmp_path: Path) -> None:
    other = {"endpoint": "https://other.example/hook", "type": "rest-hook"}
    fhir_counterpart.put("Subscription", "theirs", status="active", criteria="x", channel=other)
    asking = source(fhir_counterpart, tmp_path)
    asking.subscribe()
    assert len(asking.unsubscribe()) == 2 and asking.subscriptions() == []
    assert [one["id"] for one in fhir_counterpart.documents("Subscription")] == ["theirs"]


@pytest.mark.parametrize("status", [400, 404, 405, 422])
def test_a_server_without_subscriptions_is_told_in_words(
    fhir_counterpart: Any, tmp_path: Path, status: int
) -> None:
    fhir_counterpart.refuses = {"Subscription": status}
    with pytest.raises(ConfigurationError) as caught:
        source(fhir_counterpart, tmp_path).subscribe()
    assert caught.value.code == "no_subscriptions"
    fhir_counterpart.refuses = {}
    fhir_counterpart.override = lambda fhir, method, path, query: (
        (status, {}) if method == "POST" else None
    )
    with pytest.raises(ConfigurationError) as caught:
        source(fhir_counterpart, tmp_path).subscribe()
    assert caught.value.code == "subscription_refused" and SECRET not in str(caught.value)


def test_our_address_must_be_known(fhir_counterpart: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        source(fhir_counterpart, tmp_path, endpoint=None).subscribe()
    assert caught.value.code == "no_endpoint"
