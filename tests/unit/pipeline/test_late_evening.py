"""Late in the evening in Los Angeles it is the next day in UTC: no day in a report may shift."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector import pipeline
from connector.authorizations.lifecycle import Asked, Event
from connector.cli.authorizations import _at
from connector.documents.fhir_data import report_data
from connector.errors import ConfigurationError
from connector.pipeline.golden_thread import golden_thread
from connector.pipeline.release import Act, signed_packet, signer
from connector.pipeline.report import report
from connector.records import Authorization
from connector.release.requested import record
from connector.store.crypto import KeyRing
from connector.store.store import Store
from tests.unit.pipeline.conftest import PRACTICE, Course
from tests.unit.pipeline.whole_charts import DAY, every, whole

ZONE = ZoneInfo("America/Los_Angeles")
WEST = PRACTICE.model_copy(update={"timezone": ZONE.key})


def evening(day: date) -> datetime:
    """Half past eight in the evening there, as systems tell it."""
    return datetime.combine(day, time(20, 30), ZONE).astimezone(UTC)


@pytest.fixture
def chart() -> Course:
    """Care whose last visit was in the evening of the day on which everything is looked at."""
    made = Course()
    whole(made)
    made.add("coverage", payer="Harbor Plan", member_id="SYN1")
    made.add("visit", starts_at=evening(made.day(DAY)) - timedelta(hours=1), status="attended")
    for plan in every(made, "treatment_plan"):
        made.replace(plan, review_on=made.day(DAY + 1))
    return made


def documents(chart: Course) -> dict[str, Any]:
    found = pipeline.progress(
        chart.records, practice=WEST, instruments=chart.instruments, rules=chart.rules,
        now=evening(chart.day(DAY)),
    )  # fmt: skip
    assert found is not None
    return {d.kind: d for d in report(found, WEST, chart.instruments, chart.rules)}


def test_reports_are_of_the_practices_day(chart: Course) -> None:
    made, today = documents(chart), chart.day(DAY)
    assert {d.as_of for d in made.values()} == {today}
    told = made["insurer"].context
    assert told["practice"]["date_written"] == f"{today:%m/%d/%Y}"
    [served] = [r["value"] for r in told["request"]["rows"] if "Service dates" in r["label"]]
    assert served.endswith(f"to {today:%m/%d/%Y}")


def test_a_signature_is_of_the_practices_day(chart: Course) -> None:
    made, today = documents(chart), chart.day(DAY)
    act = Act(evening(today), ZONE, 1, 1, None)
    who = signer("Dana Example, LCSW")
    signed = signed_packet(made["insurer"], made["packet_manifest"], {}, who, act)
    assert f"{today:%m/%d/%Y}" in signed[0].context["signature"]["signed_at"]


def test_the_data_inside_a_pdf_is_of_that_day_for_a_reader_there(chart: Course) -> None:
    spec = documents(chart)["insurer"]
    bundle = json.loads(report_data(spec, spec.context, "Report", chart.instruments))
    stamp = datetime.fromisoformat(bundle["timestamp"])
    assert stamp.astimezone(ZONE).date() == spec.as_of


def test_a_goal_was_changed_on_the_practices_day(chart: Course) -> None:
    for goal in every(chart, "goal"):
        chart.replace(goal, version=evening(chart.day(20)))
    found = pipeline.progress(
        chart.records, practice=WEST, instruments=chart.instruments, rules=chart.rules,
        now=evening(chart.day(DAY)),
    )  # fmt: skip
    assert found is not None
    thread = golden_thread(found, chart.instruments, chart.rules, chart.day(DAY))
    days = {r.on for link in thread.links for r in link.records if r.kind == "goal"}
    assert chart.day(20) in days and chart.day(21) not in days


def test_a_request_is_recorded_under_the_practices_day(tmp_path: Path) -> None:
    keys = KeyRing.create(tmp_path / "keys.json")
    at = evening(date(2026, 11, 20))
    event = Event(
        id="e-1", case="AR-0123456789", kind="requested", at=at, way="clinician",
        asked=Asked(payer="Harbor", visits=12),
    )  # fmt: skip
    with Store.open(f"sqlite:///{tmp_path}/store.db", keys, "riverside", ZONE) as store:
        store.write(lambda tx: record(tx, event, "patient-1", at))
        kept = store.read(lambda tx: tx.records.of_patients(["patient-1"]))["patient-1"][0]
    assert isinstance(kept, Authorization) and kept.requested_on == date(2026, 11, 20)


def test_what_a_payer_will_say_tomorrow_is_not_entered_today() -> None:
    now = evening(date(2026, 11, 20))
    assert _at(datetime(2026, 11, 20), now, ZONE).astimezone(ZONE).date() == date(2026, 11, 20)
    with pytest.raises(ConfigurationError, match="future"):
        _at(datetime(2026, 11, 21), now, ZONE)
