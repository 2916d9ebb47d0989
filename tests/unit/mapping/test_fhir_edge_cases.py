"""FHIR as EHRs really send it: versions, retractions, odd references, partial and zoned dates."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.mapping.apply import MappingContext, MappingResult, apply
from connector.mapping.load import load_mapping
from connector.measures import Instrument, parse_instrument
from connector.ports import RawBatch, RawRow
from connector.record_ids import RecordIds
from connector.resources import Resources

AS_OF = datetime(2026, 11, 20, tzinfo=UTC)
SPEC = load_mapping("fhir_r4", Resources())
PATIENT = {"reference": "Patient/p1"}


def shipped() -> dict[str, Instrument]:
    files = Resources().files("mappings/instruments", "*.yaml")
    found = [parse_instrument(file.text(), name) for name, file in files.items()]
    return {instrument.id: instrument for instrument in found}


CONTEXT = MappingContext("ehr", RecordIds(b"k" * 32, "riverside"), "America/New_York", shipped())


def mapped(*resources: dict[str, Any], deleted: bool = False) -> MappingResult:
    rows = tuple(RawRow(n, r, None, deleted) for n, r in enumerate(resources, start=1))
    kind = resources[0]["resourceType"]
    return apply(SPEC, RawBatch("k", kind, "bundle", AS_OF, rows), CONTEXT)


def only(result: MappingResult) -> Any:
    assert [str(error.error) for error in result.errors] == []
    (record,) = result.records
    return record


def codes(result: MappingResult) -> list[tuple[str, str]]:
    return [(error.error.code, error.error.field) for error in result.errors]


def score(value: int | None = 9, **more: Any) -> dict[str, Any]:
    made = {
        "resourceType": "Observation", "id": "o1", "status": "final", "subject": PATIENT,
        "code": {"coding": [{"system": "http://loinc.org", "code": "70274-6"}]},
        "effectiveDateTime": "2026-05-02T10:00:00-04:00", **more,
    }  # fmt: skip
    return made if value is None else made | {"valueInteger": value}


def goal(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Goal", "id": "g1", "lifecycleStatus": "active", "subject": PATIENT,
            "description": {"text": "Walk 20 minutes a day"}, **more}  # fmt: skip


def visit(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Encounter", "id": "e1", "status": "finished",
            "class": {"code": "AMB"}, "subject": PATIENT,
            "period": {"start": "2026-05-01T10:00:00-04:00"}, **more}  # fmt: skip


def test_the_version_is_when_the_source_changed_it_last() -> None:
    changed = "2026-05-03T01:02:03.456-04:00"
    record = only(mapped(score(meta={"versionId": "7", "lastUpdated": changed})))
    assert record.version == datetime.fromisoformat(changed)
    assert only(mapped(score())).version == AS_OF


def test_two_versions_in_one_bundle_are_two_records_of_one_id() -> None:
    old = score(9, meta={"lastUpdated": "2026-05-02T10:00:00Z"})
    new = score(7, status="amended", meta={"lastUpdated": "2026-05-04T10:00:00Z"})
    result = mapped(new, old)
    assert result.errors == ()
    assert len({record.id for record in result.records}) == 1
    assert [r.version.day for r in result.records] == [4, 2]


def test_a_wrong_version_date_is_an_error_and_no_silent_now() -> None:
    assert codes(mapped(score(meta={"lastUpdated": "yesterday"}))) == [
        ("impossible_date", "version")
    ]


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_a_retraction_needs_no_content(status: str) -> None:
    bare = {"resourceType": "Observation", "id": "o1", "status": status,
            "meta": {"lastUpdated": "2026-05-04T10:00:00Z"}}  # fmt: skip
    result = mapped(bare)
    assert (result.records, result.errors) == ((), ())
    (gone,) = result.retractions
    assert gone.id == only(mapped(score())).id
    assert gone.version == datetime(2026, 5, 4, 10, tzinfo=UTC)
    assert gone.provenance.source_id == "o1"


def test_a_bare_answer_sheet_entered_in_error_takes_back_each_form_it_may_have_held() -> None:
    answers = [{"linkId": "/69725-0", "answer": [{"valueInteger": 1}]}]
    full = {"resourceType": "QuestionnaireResponse", "id": "q1", "status": "completed",
            "subject": PATIENT, "authored": "2026-05-02", "item": answers}  # fmt: skip
    made = only(mapped(full))
    result = mapped(
        {"resourceType": "QuestionnaireResponse", "id": "q1", "status": "entered-in-error"}
    )
    assert made.id in {gone.id for gone in result.retractions}
    assert (result.records, result.errors) == ((), ())


@pytest.mark.parametrize("full", [score(), goal(), visit()], ids=lambda r: r["resourceType"])
def test_a_deletion_takes_back_the_record_of_its_id(full: dict[str, Any]) -> None:
    made = only(mapped(full))
    result = mapped({"resourceType": full["resourceType"], "id": full["id"]}, deleted=True)
    assert (result.records, result.errors) == ((), ())
    assert made.id in {gone.id for gone in result.retractions}
    assert {gone.version for gone in result.retractions} == {AS_OF}


def test_a_deletion_without_an_id_is_an_error_and_one_without_a_table_is_skipped() -> None:
    assert codes(mapped({"resourceType": "Goal"}, deleted=True)) == [
        ("required_missing", "source_id")
    ]
    result = mapped({"resourceType": "Claim", "id": "c"}, deleted=True)
    assert (result.errors, result.retractions, result.skipped) == ((), (), 1)


def test_a_diagnosis_ruled_out_takes_the_suspected_one_back() -> None:
    condition = {"resourceType": "Condition", "id": "c1", "subject": PATIENT,
                 "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm",
                                      "code": "F33.1"}]}}  # fmt: skip
    suspected = only(
        mapped(condition | {"verificationStatus": {"coding": [{"code": "provisional"}]}})
    )
    refuted = only(mapped(condition | {"verificationStatus": {"coding": [{"code": "refuted"}]}}))
    assert (suspected.deleted, refuted.deleted) == (False, True)
    assert suspected.id == refuted.id


@pytest.mark.parametrize(
    "subject", [None, {}, {"display": "J. S."}, {"reference": ""}, {"identifier": {"value": "1"}}]
)
def test_a_score_of_nobody_is_an_error_and_no_default(subject: Any) -> None:
    assert codes(mapped(score() | {"subject": subject})) == [("required_missing", "patient_id")]


@pytest.mark.parametrize("reference", ["#p", "Patient?identifier=a|1", "p1", "javascript:alert(1)"])
def test_a_reference_that_leads_nowhere_is_named_as_such(reference: str) -> None:
    result = mapped(score() | {"subject": {"reference": reference}})
    assert codes(result) == [("reference_unresolved", "patient_id")]
    assert reference not in str(result.errors[0].error)
    assert reference in result.errors[0].error.sentence()


def test_a_contained_clinician_is_left_out_and_the_visit_kept() -> None:
    record = only(mapped(visit(participant=[{"individual": {"reference": "#doc"}}])))
    assert record.clinician_id is None


@pytest.mark.parametrize(
    ("effective", "on", "at"),
    [
        ("2026-05-02T03:30:00Z", date(2026, 5, 1), datetime(2026, 5, 2, 3, 30, tzinfo=UTC)),
        ("2026-05-02T23:30:00-04:00", date(2026, 5, 2), datetime(2026, 5, 3, 3, 30, tzinfo=UTC)),
        ("2026-05-02T12:00:00.123456789Z", date(2026, 5, 2), None),
        ("2026-05-02", date(2026, 5, 2), None),
    ],
)
def test_a_moment_has_the_date_of_the_practice(
    effective: str, on: date, at: datetime | None
) -> None:
    record = only(mapped(score(effectiveDateTime=effective)))
    assert record.taken_on == on
    if at is not None or len(effective) == 10:
        assert record.taken_at == at


@pytest.mark.parametrize(
    "effective", ["2026-05", "2026", "2026-02-30", "2026-05-02T25:00:00Z", "0"]
)
def test_a_score_needs_a_whole_date(effective: str) -> None:
    assert ("impossible_date", "taken_on") in codes(mapped(score(effectiveDateTime=effective)))


def test_a_month_alone_is_no_date_of_a_goal_or_diagnosis() -> None:
    record = only(mapped(goal(target=[{"dueDate": "2026-05"}])))
    assert record.target_on is None
    condition = {"resourceType": "Condition", "id": "c", "subject": PATIENT,
                 "code": {"coding": [{"system": "http://snomed.info/sct", "code": "1"}]},
                 "onsetDateTime": "2019"}  # fmt: skip
    assert only(mapped(condition)).onset_on is None


@pytest.mark.parametrize(
    ("said", "status"),
    [("achieved", "achieved"), ("sustaining", "achieved"), ("improving", "in_progress"),
     ("not-achieved", "not_achieved"), ("not-attainable", "not_achieved")],
)  # fmt: skip
def test_what_a_goal_achieved_comes_before_its_life_cycle(said: str, status: str) -> None:
    given = goal(
        lifecycleStatus="completed", achievementStatus={"coding": [{"code": said}]},
        statusDate="2026-06-01",
    )  # fmt: skip
    record = only(mapped(given))
    assert record.status == status
    assert record.achieved_on == (date(2026, 6, 1) if said == "achieved" else None)


def test_an_encounter_without_a_period_is_an_error() -> None:
    given = visit()
    del given["period"]
    assert codes(mapped(given)) == [("required_missing", "starts_at")]
    assert codes(mapped(visit(period={"end": "2026-05-01T10:00:00Z"}))) == [
        ("required_missing", "starts_at")
    ]


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [("noshow", None, "no_show"), ("cancelled", "pat", "client_cancel"),
     ("cancelled", "prov-pers", "practice_cancel"), ("cancelled", None, "client_cancel"),
     ("fulfilled", None, "attended"), ("booked", None, "scheduled")],
)  # fmt: skip
def test_appointments(status: str, reason: str | None, expected: str) -> None:
    given: dict[str, Any] = {
        "resourceType": "Appointment", "id": "a1", "status": status,
        "start": "2026-05-01T10:00:00-04:00",
        "participant": [{"actor": {"reference": "Practitioner/k"}}, {"actor": PATIENT}],
    }  # fmt: skip
    if reason:
        given["cancelationReason"] = {"coding": [{"code": reason}]}
    record = only(mapped(given))
    assert record.status == expected
    assert record.patient_id == only(mapped(score())).patient_id


@pytest.mark.parametrize(
    ("payor", "expected"),
    [([{"display": "Riverbend Health"}], "Riverbend Health"),
     ([{"reference": "Organization/o1", "display": "Riverbend Health"}], "Riverbend Health"),
     ([{"identifier": {"value": "60054"}}], "60054")],
)  # fmt: skip
def test_the_payer_of_a_coverage(payor: Any, expected: str) -> None:
    given = {"resourceType": "Coverage", "id": "c1", "status": "active", "beneficiary": PATIENT,
             "payor": payor, "subscriberId": "M1"}  # fmt: skip
    assert only(mapped(given)).payer == expected


def test_a_payer_that_only_a_reference_names_is_asked_for() -> None:
    given = {"resourceType": "Coverage", "id": "c1", "status": "active", "beneficiary": PATIENT,
             "payor": [{"reference": "Organization/o1"}]}  # fmt: skip
    assert codes(mapped(given)) == [("required_missing", "payer")]


def test_a_plan_of_care_of_a_draft_makes_no_record() -> None:
    plan = {"resourceType": "CarePlan", "id": "t", "status": "active", "intent": "plan",
            "subject": PATIENT, "period": {"start": "2026-01-05"}, "title": "CBT"}  # fmt: skip
    record = only(mapped(plan))
    assert (record.starts_on, record.modality) == (date(2026, 1, 5), "CBT")
    assert mapped(plan | {"status": "draft"}).skipped == 1


@pytest.mark.parametrize(
    "value",
    [{"valueQuantity": {"value": 1e400}}, {"valueInteger": 10**4000}, {"valueString": "1e999999"},
     {"valueString": "\uff11\uff12"}, {"valueString": "12 points"}, {"valueInteger": True},
     {"valueQuantity": {"value": "=1+1"}}],
)  # fmt: skip
def test_what_is_no_number_of_a_score_is_refused(value: dict[str, Any]) -> None:
    result = mapped(score(None) | value)
    assert result.records == ()
    assert {code for code, _ in codes(result)} <= {"not_a_number", "total_out_of_range"}
    assert result.errors


def test_a_comparator_is_no_exact_score() -> None:
    """A score of "less than 5" is a band, not a number."""
    given = score(None) | {"valueQuantity": {"value": 5, "comparator": "<"}}
    assert mapped(given).records == ()


def test_a_score_keeps_its_decimals() -> None:
    promis = score(None, code={"coding": [{"system": "http://loinc.org", "code": "77861-3"}]})
    record = only(mapped(promis | {"valueQuantity": {"value": 61.7}}))
    assert record.total == Decimal("61.7")
