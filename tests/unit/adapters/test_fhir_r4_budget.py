"""A FHIR server with a budget: plan, refusal, every request counted, one budget for both ways."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.fhir_r4 import ADAPTER, FhirDestinationSettings, FhirSourceSettings
from connector import ways_in
from connector.budget import Budget, Quotas
from connector.errors import ConfigurationError, RetryLater
from connector.ports import AdapterContext, Outgoing, PatientReference
from connector.settings import SourceSettings

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
TYPES = ["Patient", "Observation", "Encounter"]


def given(every: int, **more: Any) -> SourceSettings:
    options = {"base_url": "https://ehr.example/fhir", "types": TYPES, **more}
    return SourceSettings.model_validate(
        {"name": "ehr", "adapter": "fhir_r4", "mapping": "fhir_r4", "every_seconds": every,
         "budget": {"per_minute": 10, "per_day": 500}, "options": options}
    )  # fmt: skip


def test_the_plan_counts_every_type_and_the_daily_comparison() -> None:
    assert ways_in.plan(given(900)).cost() == (
        "every 15 min x 3 requests + 3 a day = 291 a day of 500 (58 %)"
    )
    assert ways_in.plan(given(900, deletions="history")).per_poll == 6
    told = {"secret": {"env": "X"}, "payload": "id-only"}
    assert ways_in.plan(given(900, subscription=told)).per_day == 291 + 50


def test_a_schedule_above_ninety_percent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        ways_in.source(given(300), AdapterContext("ehr", tmp_path))
    assert refused.value.code == "schedule_too_fast" and "580 or more" in str(refused.value)


@pytest.fixture
def quotas() -> Quotas:
    made = Quotas(lambda: AT)
    made.set("ehr", Budget(per_day=4))
    return made


def context(name: str, home: Path, quota_of: Callable[[str], Any]) -> AdapterContext:
    return AdapterContext(name, home, now=lambda: AT, quota_of=quota_of)


def test_no_request_is_sent_once_the_budget_is_spent(
    fhir_counterpart: Any, tmp_path: Path, quotas: Quotas
) -> None:
    settings = FhirSourceSettings.model_validate(
        {"base_url": fhir_counterpart.url, "private_network": True, "types": TYPES}
    )
    assert ADAPTER.source is not None
    source = ADAPTER.source(settings, context("ehr", tmp_path, quotas.of))
    list(source.fetch(None))
    asked = len(fhir_counterpart.seen)
    with pytest.raises(RetryLater) as spent:
        list(source.fetch(None))
    assert spent.value.code == "budget_spent"
    assert (asked, len(fhir_counterpart.seen)) == (3, 4)


def test_a_destination_draws_on_the_budget_of_its_source(
    fhir_counterpart: Any, tmp_path: Path, quotas: Quotas
) -> None:
    settings = FhirDestinationSettings.model_validate(
        {"base_url": fhir_counterpart.url, "private_network": True, "patient_source": "ehr"}
    )
    assert ADAPTER.destination is not None
    chart = ADAPTER.destination(settings, context("chart", tmp_path, quotas.of))
    quotas.hold("ehr", timedelta(hours=1))
    with pytest.raises(RetryLater) as spent:
        chart.find(
            Outgoing("key-1", "p/a.pdf", "application/pdf", b"%PDF", {"kind": "therapist"},
                     PatientReference("ehr", "p-1", "C-1"))
        )  # fmt: skip
    assert spent.value.code == "budget_spent" and fhir_counterpart.seen == []
