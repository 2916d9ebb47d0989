"""Services that treat substance use: unconsented, none reaches a payer, a letter, a patient."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector import pipeline
from connector.authorizations.payer_file import PayerFile
from connector.authorizations.payers import PayerBook
from connector.documents import disclosure
from connector.documents.wording import us_day
from connector.pipeline.payer_sight import NO_REQUEST
from connector.progress import Outcome, PracticeProfile
from connector.registry import load_substance_use
from connector.resources import Resources
from tests.unit.pipeline.conftest import PRACTICE, Course
from tests.unit.pipeline.whole_charts import whole

DAY = 43
OUTSIDE = ("insurer", "authorization_request", "attachment", "copy_sheet", "referrer")
TOLD = ("H0015", "h0005", "90837-HF", "97110 HG U1", "G2086", "99408", "H0015HF", "0078U")
HARMLESS = ("90837", "97110", "H0004", "90837-95", None)
PROCEDURES = {"H0015", "H0005", "G2086", "99408", "0078U", "90837-HF", "97110 HG U1", "-HF", " HG"}
AUTHORIZED = (("H0015",), ("H0015", "G2086"), ("90837", "H0015"), ("90837",), ())


@cache
def practice(*, knows: bool = True) -> PracticeProfile:
    if not knows:
        return PRACTICE
    return PRACTICE.model_copy(update={"substance_use": load_substance_use(Resources())})


@cache
def book() -> PayerBook:
    said = {"source": "made up for the test"}
    rule = {"id": "one", "authorization": {"value": "needed", **said}}
    rule["from_visit"] = {"value": 3, **said}
    rule["service_type"] = {"value": "AI", **said}
    file = {"id": "harbor", "name": "Harbor Plan", "names": ["HHP"], "rules": [rule]}
    return PayerBook([PayerFile.model_validate(file)])


def care(course: Course, *, coverage: bool = True) -> Course:
    """Six weeks of psychotherapy, a payer, and who referred the person."""
    whole(course)
    course.add("contact", role="referring_provider", name="Dr Rae Fictional")
    if coverage:
        course.add("coverage", payer="Harbor Plan", member_id="SYN1")
    return course


def consented(course: Course) -> Course:
    course.add("consent", scope="sud_disclosure", granted_on=course.start)
    return course


def run(course: Course, *, knows: bool = True) -> Outcome:
    found = pipeline.run(
        course.records, practice=practice(knows=knows), instruments=course.instruments,
        rules=course.rules, now=course.now(DAY), payers=book(),
    )  # fmt: skip
    assert found is not None
    return found


def contexts(outcome: Outcome, *kinds: str) -> str:
    return json.dumps([d.context for d in outcome.documents if d.kind in kinds])


@st.composite
def charts(draw: Any) -> tuple[Course, list[Any], list[str]]:
    """A chart, its visits that may not be told of, and numbers of authorizations for only such."""
    course = care(Course(), coverage=draw(st.booleans()))
    hidden = []
    # Days that no other record of the chart has.
    for day in sorted(draw(st.sets(st.integers(1, 33).filter(lambda d: d % 7 == 4), max_size=5))):
        code = draw(st.sampled_from(TOLD))
        kind = draw(st.sampled_from(["evaluation", "treatment", "other"]))
        status = draw(st.sampled_from(["attended", "no_show", "scheduled"]))
        visit = course.visit(day, status, cpt=code, visit_type=kind)
        course.add("note", visit_source_id=visit.provenance.source_id, note_type="progress",
                   written_on=course.day(day), signed=draw(st.booleans()))  # fmt: skip
        hidden.append(visit)
    for day in sorted(draw(st.sets(st.sampled_from([3, 10, 17, 24]), max_size=3))):
        course.visit(day, cpt=draw(st.sampled_from(HARMLESS)))
    numbers = []
    for number, cpt in enumerate(draw(st.lists(st.sampled_from(AUTHORIZED), max_size=3))):
        named = f"AUTH-77{number}"
        course.add("authorization", payer="Harbor Plan", number=named, cpt=cpt, authorized=2,
                   starts_on=course.start, ends_on=course.day(200), status="approved")  # fmt: skip
        if cpt and set(cpt) <= PROCEDURES:
            numbers.append(named)
            booked = course.visit(DAY + 2, "scheduled", authorization_number=named)
            hidden.append(booked)
    text = draw(st.sampled_from(["Attend H0015 twice a week", "Finish G2086 by fall", "Sleep"]))
    course.add("goal", text=text, status="in_progress", current_value="1", target_value="2")
    return course, hidden, numbers


QUICK = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@QUICK
@given(charts())
def test_no_unconsented_service_reaches_a_payer_a_letter_or_the_patient(
    found: tuple[Course, list[Any], list[str]],
) -> None:
    course, hidden, numbers = found
    outcome = run(course)
    outside = contexts(outcome, *OUTSIDE)
    for code in PROCEDURES:
        assert code.upper() not in outside.upper(), code
        assert code not in contexts(outcome, "packet_manifest")
        assert code not in contexts(outcome, "patient")
    for visit in hidden:
        day = visit.starts_at.date()
        assert visit.id not in outside
        assert str(us_day(day)) not in outside and day.isoformat() not in outside
    for number in numbers:
        assert number not in outside
    assert '"service_type": "AI"' not in outside


@QUICK
@given(charts())
def test_what_is_counted_for_a_payer_is_what_it_may_be_told_of(
    found: tuple[Course, list[Any], list[str]],
) -> None:
    course, hidden, _ = found
    alike = Course()
    ids = {visit.id for visit in hidden}
    alike.records = [r for r in course.records if r.id not in ids]
    kept = [row for row in _rows(run(course)) if row["label"] == "Visits kept"]
    bare = [row for row in _rows(run(alike)) if row["label"] == "Visits kept"]
    assert not kept or not bare or kept == bare


def _rows(outcome: Outcome) -> list[dict[str, Any]]:
    shown = [d.context["attendance"]["rows"] for d in outcome.documents if d.kind == "insurer"]
    return shown[0] if shown else []


def renewal(course: Course, cpt: tuple[str, ...] = ("H0015",)) -> Course:
    """A chart whose authorization is nearly used."""
    care(course)
    course.visit(31, cpt="H0015", authorization_number="AUTH-1")
    course.add("authorization", payer="Harbor Plan", number="AUTH-1", cpt=cpt, authorized=1,
               starts_on=course.start, ends_on=course.day(200), status="approved")  # fmt: skip
    return course


def test_with_a_consent_the_request_goes_with_the_notice(course: Course) -> None:
    outcome = run(consented(renewal(course)))
    [request] = [d for d in outcome.documents if d.kind == "authorization_request"]
    [report] = [d for d in outcome.documents if d.kind == "insurer"]
    assert request.context["event"]["procedures"] == ["H0015"]
    assert request.context["event"]["service_type"] == "AI"
    assert request.context["event"]["notice"] and report.context["redisclosure_notice"]
    assert not any(NO_REQUEST in alert.text for alert in outcome.progress.alerts)


def test_without_one_nothing_is_drafted_and_billing_is_told_why(course: Course) -> None:
    outcome = run(renewal(course))
    assert not [d for d in outcome.documents if d.kind == "authorization_request"]
    [alert] = [a for a in outcome.progress.alerts if a.rule == "authorization"]
    assert NO_REQUEST in alert.text and "H0015" not in alert.text
    assert "Part 2" not in alert.summary


def test_of_a_mixed_authorization_the_rest_is_asked_for(course: Course) -> None:
    renewal(course, ("90837", "H0015"))
    course.visit(32, cpt="90837")
    outcome = run(course)
    [request] = [d for d in outcome.documents if d.kind == "authorization_request"]
    assert request.context["event"]["procedures"] == ["90837"]
    assert request.context["event"]["service_type"] is None
    [manifest] = [d for d in outcome.documents if d.kind == "packet_manifest"]
    [row] = [r for r in manifest.context["left_out"] if "substance" in r["what"]]
    assert row["count"] == 2  # the visit and the authorization
    assert manifest.context["substance_use_list"] == practice().substance_use.version


def test_a_visit_held_back_by_its_authorization_is_in_the_manifest(course: Course) -> None:
    """A visit without a procedure of its own, booked on an authorization that may not be named."""
    renewal(course)
    course.visit(32, authorization_number="AUTH-1")
    progress = run(course).progress
    wall = disclosure.wall_of(progress.chart, practice(), course.day(DAY))
    assert len(disclosure.hidden_visits(progress.chart, wall)) == 2
    rows = disclosure.left_out(progress, {}, wall)
    [row] = [r for r in rows if "substance" in r["what"]]
    assert row["count"] == 3  # two visits and the authorization


@pytest.mark.parametrize("days", [1, 2])
def test_a_consent_that_ended_holds_back_again(days: int, course: Course) -> None:
    renewal(course)
    ends = course.day(DAY) - timedelta(days=days - 1)
    course.add("consent", scope="sud_disclosure", granted_on=course.start, expires_on=ends)
    made = [d for d in run(course).documents if d.kind == "authorization_request"]
    assert len(made) == (1 if days == 1 else 0)


def test_a_chart_without_such_services_is_what_it_was(course: Course) -> None:
    care(course)
    for day, code in zip((3, 10, 17, 24), HARMLESS, strict=False):
        course.visit(day, cpt=code)
    made = [
        {d.kind: d.digest for d in run(course, knows=knows).documents} for knows in (True, False)
    ]
    # The payer's file states a type of service that only the list knows: the request differs.
    alike = {kind for kind in made[0] if made[0][kind] == made[1].get(kind)}
    assert alike == {"therapist", "patient", "decision", "insurer", "referrer"}
    assert set(made[0]) == set(made[1])
