"""The shipped FHIR R4 mapping on small resources, with the shipped instruments."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.mapping import fhir
from connector.mapping.apply import MappingContext, MappingResult, apply
from connector.mapping.load import check_instruments, load_mapping
from connector.measures import Instrument, parse_instrument
from connector.ports import RawBatch, RawRow
from connector.record_ids import RecordIds
from connector.records import Assessment
from connector.resources import Resources

LOINC = "http://loinc.org"
PHQ9_ITEMS = [
    "44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3",
    "44260-8",
]  # fmt: skip
SPEC = load_mapping("fhir_r4", Resources())


def shipped() -> dict[str, Instrument]:
    files = Resources().files("mappings/instruments", "*.yaml")
    found = [parse_instrument(file.text(), name) for name, file in files.items()]
    return {instrument.id: instrument for instrument in found}


INSTRUMENTS = shipped()
CONTEXT = MappingContext("ehr", RecordIds(b"k" * 32, "riverside"), "America/New_York", INSTRUMENTS)


def mapped(*resources: dict[str, Any]) -> MappingResult:
    before = copy.deepcopy(resources)
    rows = tuple(RawRow(n, r) for n, r in enumerate(resources, start=1))
    kind = resources[0]["resourceType"]
    when = datetime(2026, 11, 20, tzinfo=UTC)
    result = apply(SPEC, RawBatch("k", kind, "bundle", when, rows), CONTEXT)
    assert resources == before
    return result


def score(code: str, **value: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation", "id": f"o-{code}", "status": "final",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "1"},
                            {"system": LOINC, "code": code}]},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2026-05-02T03:30:00Z", **value,
    }  # fmt: skip


def response(answers: dict[str, Any], prefix: str = "/", **more: Any) -> dict[str, Any]:
    items = [{"linkId": prefix + code, "answer": [answer]} for code, answer in answers.items()]
    return {
        "resourceType": "QuestionnaireResponse", "id": "q1", "status": "completed",
        "subject": {"reference": "Patient/p1"}, "authored": "2026-05-02", **more,
        "item": [{"linkId": "group", "item": items}],
    }  # fmt: skip


def only(result: MappingResult) -> Any:
    assert result.errors == ()
    (record,) = result.records
    return record


def test_every_code_is_that_of_the_instrument_it_stands_for() -> None:
    check_instruments(SPEC, INSTRUMENTS)
    (plan,) = SPEC.tables["Observation"].records
    values = next(rule.values for rule in plan.rules if rule.target == "instrument")
    for code, instrument in values.items():
        if instrument in INSTRUMENTS:
            loinc = INSTRUMENTS[instrument].loinc
            assert code in (loinc.panel, loinc.total, *loinc.other_panels, *loinc.other_totals)
    for plan in SPEC.tables["QuestionnaireResponse"].records:
        rules = {rule.target: rule for rule in plan.rules}
        form = str(rules["instrument"].file.constant)
        if form in INSTRUMENTS and INSTRUMENTS[form].loinc_items:
            assert tuple(rules["items"].file.item_codes or ()) == INSTRUMENTS[form].loinc_items


@pytest.mark.parametrize(
    "value",
    [{"valueQuantity": {"value": 12}}, {"valueInteger": 12}, {"valueString": "12"},
     {"valueQuantity": {"value": 12.0}}],
)  # fmt: skip
def test_a_score_comes_in_any_of_its_shapes(value: dict[str, Any]) -> None:
    record = only(mapped(score("44261-6", **value)))
    assert (record.instrument, record.total) == ("phq9", Decimal(12))
    assert record.taken_on == date(2026, 5, 1)
    assert record.taken_at == datetime(2026, 5, 2, 3, 30, tzinfo=UTC)


def test_a_record_with_an_id_of_its_own_knows_the_id_of_its_row() -> None:
    items = INSTRUMENTS["phq9"].loinc_items
    form = only(mapped(response({code: {"valueInteger": 1} for code in items})))
    assert form.provenance.source_id != form.provenance.row_id == "q1"
    total = only(mapped(score("44261-6", valueInteger=5)))
    assert (total.provenance.source_id, total.provenance.row_id) == ("o-44261-6", "")


def test_a_number_under_the_panel_code_is_taken_with_a_notice() -> None:
    result = mapped(score("69737-5", valueInteger=9))
    assert only(result).instrument == "gad7"
    assert "whole form" in result.notices[0].text
    assert mapped(score("70274-6", valueInteger=9)).notices == ()


def test_other_observations_are_skipped_without_error() -> None:
    result = mapped(
        score("8480-6", valueQuantity={"value": 120}),
        score("69737-5", hasMember=[{"reference": "Observation/x"}]),
        score("44261-6", valueInteger=3, status="preliminary"),
    )
    assert (result.records, result.errors, result.skipped) == ((), (), 3)


def test_a_score_out_of_range_is_refused() -> None:
    result = mapped(score("44261-6", valueInteger=28))
    assert [e.error.code for e in result.errors] == ["total_out_of_range"]


def test_an_observation_entered_in_error_is_a_retraction_even_without_content() -> None:
    record = only(mapped(score("44261-6", status="entered-in-error")))
    assert record.deleted and record.id == only(mapped(score("44261-6", valueInteger=5))).id


ANSWERS = [
    pytest.param({"valueInteger": 2}, id="integer"),
    pytest.param({"valueDecimal": 2.0}, id="decimal"),
    pytest.param({"valueCoding": {"system": LOINC, "code": "LA6570-1"}}, id="answer code"),
    pytest.param(
        {"valueCoding": {"code": "x", "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/ordinalValue", "valueDecimal": 2}]}},
        id="ordinal",
    ),
]  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("prefix", ["/", "", "http://example.org/Questionnaire/phq#"])
def test_answers_come_in_any_of_their_shapes(answer: dict[str, Any], prefix: str) -> None:
    record = only(mapped(response(dict.fromkeys(PHQ9_ITEMS, answer), prefix)))
    assert isinstance(record, Assessment)
    assert (record.instrument, record.items) == ("phq9", (Decimal(2),) * 9)
    assert (record.taken_on, record.taken_at) == (date(2026, 5, 2), None)


def test_an_item_that_is_not_there_is_blank() -> None:
    answers = {code: {"valueInteger": 1} for code in PHQ9_ITEMS if code != "44260-8"}
    assert only(mapped(response(answers))).items == (*(Decimal(1),) * 8, None)


def test_the_first_two_items_alone_are_the_phq2() -> None:
    record = only(mapped(response({code: {"valueInteger": 1} for code in PHQ9_ITEMS[:2]})))
    assert (record.instrument, len(record.items)) == ("phq2", 2)


def test_one_response_may_hold_two_forms() -> None:
    gad7 = INSTRUMENTS["gad7"].loinc_items
    both = response({code: {"valueInteger": 1} for code in [*PHQ9_ITEMS, *gad7]})
    result = mapped(both)
    assert {record.instrument for record in result.records} == {"phq9", "gad7"}
    assert len({record.id for record in result.records}) == 2


def test_an_unknown_answer_code_names_the_item() -> None:
    answers = {code: {"valueCoding": {"code": "LA6570-1"}} for code in PHQ9_ITEMS}
    answers["44260-8"] = {"valueCoding": {"code": "LA9999-9"}}
    result = mapped(response(answers))
    assert result.errors[0].error.code == "unmapped_value"
    assert "item 9" in result.errors[0].error.message
    assert result.screening[0].items == (*(Decimal(2),) * 8, None)


def test_other_questionnaires_and_unfinished_ones_are_skipped() -> None:
    other = response({"housing-1": {"valueString": "yes"}})
    unfinished = response({c: {"valueInteger": 1} for c in PHQ9_ITEMS}, status="in-progress")
    result = mapped(other, unfinished)
    assert (result.records, result.errors, result.skipped) == ((), (), 2)


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("urn:uuid:6f1c-2", "6f1c-2"),
        ("Patient/p1", "p1"),
        ("Patient/p1/_history/3", "p1"),
        ("https://ehr.example/fhir/r4/Patient/p1", "p1"),
        ("#contained", None),
        ("Patient?identifier=x|1", None),
        ("p1", None),
    ],
)
def test_references(reference: str, found: str | None) -> None:
    assert fhir.reference_id(reference) == found


def test_all_shapes_of_a_reference_lead_to_the_same_patient() -> None:
    patient = {"resourceType": "Patient", "id": "p1", "birthDate": "1990-01-01",
               "name": [{"use": "old", "family": "Before", "given": ["X"]},
                        {"use": "official", "family": "Now", "given": ["A", "B"]}]}  # fmt: skip
    record = only(mapped(patient))
    assert (record.given_name, record.family_name, record.sex) == ("A", "Now", "unknown")
    for reference in ("urn:uuid:p1", "Patient/p1", "https://ehr.example/fhir/Patient/p1"):
        observed = score("44261-6", valueInteger=1) | {"subject": {"reference": reference}}
        assert only(mapped(observed)).patient_id == record.id


def test_a_reference_that_names_nobody_is_an_error_where_it_is_needed() -> None:
    observed = score("44261-6", valueInteger=1) | {"subject": {"reference": "#p"}}
    assert mapped(observed).errors[0].error.code == "reference_unresolved"


def visit(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Encounter", "id": "e1", "status": "finished",
            "class": {"code": "AMB"}, "subject": {"reference": "Patient/p1"},
            "period": {"start": "2026-05-01T10:00:00-04:00"}, **more}  # fmt: skip


def test_an_encounter_of_an_appointment_is_the_same_visit() -> None:
    appointment = {
        "resourceType": "Appointment", "id": "a1", "status": "booked",
        "start": "2026-05-01T14:00:00Z", "minutesDuration": 50,
        "participant": [{"actor": {"reference": "Practitioner/k1"}},
                        {"actor": {"reference": "Patient/p1"}}],
    }  # fmt: skip
    booked = only(mapped(appointment))
    held = only(mapped(visit(appointment=[{"reference": "Appointment/a1"}])))
    alone = only(mapped(visit(id="a1")))
    assert (booked.status, booked.minutes, held.status) == ("scheduled", 50, "attended")
    assert held.id == booked.id != alone.id
    assert held.starts_at == booked.starts_at


@pytest.mark.parametrize(
    ("ends", "minutes"),
    [
        ("2026-05-01T14:50:00Z", 50), ("2026-05-01T10:00:00-04:00", None), ("2026-05-03", None),
        ("2026-05-01T09:00:00-04:00", None), ("2026-05-03T10:00:00-04:00", None), (None, None),
    ],
)  # fmt: skip
def test_a_visit_lasts_from_its_beginning_to_its_end(ends: str | None, minutes: int | None) -> None:
    period = {"start": "2026-05-01T10:00:00-04:00"} | ({"end": ends} if ends else {})
    assert only(mapped(visit(period=period))).minutes == minutes
    assert only(mapped(visit(period=period, length={"value": 45, "code": "min"}))).minutes == 45


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [("noshow", None, "no_show"), ("fulfilled", None, "attended"),
     ("cancelled", "pat", "client_cancel"), ("cancelled", "prov-pers", "practice_cancel"),
     ("cancelled", None, "client_cancel")],
)  # fmt: skip
def test_appointments_that_did_not_take_place(
    status: str, reason: str | None, expected: str
) -> None:
    appointment: dict[str, Any] = {
        "resourceType": "Appointment", "id": "a1", "status": status,
        "start": "2026-05-01T14:00:00Z", "participant": [{"actor": {"reference": "Patient/p1"}}],
    }  # fmt: skip
    if reason:
        appointment["cancelationReason"] = {"coding": [{"code": reason}]}
    assert only(mapped(appointment)).status == expected


def test_hospital_stays_are_no_visits_and_conditional_references_are_left_out() -> None:
    assert mapped(visit(**{"class": {"code": "IMP"}})).skipped == 1
    conditional = [{"individual": {"reference": "Practitioner?identifier=npi|1"}}]
    record = only(mapped(visit(participant=conditional, **{"class": {"code": "VR"}})))
    assert (record.clinician_id, record.telehealth) == (None, True)


def test_a_condition_prefers_its_icd10_code() -> None:
    condition = {
        "resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "370143000"},
                            {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F33.1"}]},
        "onsetDateTime": "2019",
    }  # fmt: skip
    record = only(mapped(condition))
    assert (record.code, record.system, record.onset_on) == ("F33.1", "icd10cm", None)


def test_a_goal_merely_completed_is_not_taken_as_achieved() -> None:
    goal = {"resourceType": "Goal", "id": "g1", "lifecycleStatus": "completed",
            "description": {"text": "walk"}, "subject": {"reference": "Patient/p1"}}  # fmt: skip
    assert mapped(goal).errors[0].error.code == "unmapped_value"
    achieved = goal | {"achievementStatus": {"coding": [{"code": "achieved"}]},
                       "statusDate": "2026-05-01"}  # fmt: skip
    record = only(mapped(achieved))
    assert (record.status, record.achieved_on) == ("achieved", date(2026, 5, 1))


def test_a_coverage_cancelled_without_end_is_retracted() -> None:
    coverage = {"resourceType": "Coverage", "id": "v1", "status": "cancelled",
                "beneficiary": {"reference": "Patient/p1"},
                "payor": [{"display": "Evergreen"}]}  # fmt: skip
    assert only(mapped(coverage)).deleted
    ended = coverage | {"period": {"end": "2026-01-31"}}
    record = only(mapped(ended))
    assert (record.deleted, record.ends_on, record.payer) == (False, date(2026, 1, 31), "Evergreen")


def test_an_episode_and_a_plan() -> None:
    episode = {"resourceType": "EpisodeOfCare", "id": "x", "status": "active",
               "patient": {"reference": "Patient/p1"}, "period": {"start": "2026-01-05"},
               "careManager": {"reference": "Practitioner/k1"}}  # fmt: skip
    assert only(mapped(episode)).started_on == date(2026, 1, 5)
    plan = {"resourceType": "CarePlan", "id": "x", "status": "active", "title": "CBT",
            "subject": {"reference": "Patient/p1"}, "period": {"start": "2026-01-05"},
            "author": {"reference": "Practitioner/k1"}}  # fmt: skip
    record = only(mapped(plan))
    assert (record.modality, record.starts_on) == ("CBT", date(2026, 1, 5))
    assert record.clinician_id == only(mapped(episode)).clinician_id is not None


def test_resources_without_a_table_are_skipped_and_counted() -> None:
    result = mapped({"resourceType": "Immunization", "id": "i"})
    assert (result.records, result.errors, result.skipped) == ((), (), 1)


@pytest.mark.parametrize("name", [[{"given": "Ada"}], "Ada", {"given": [{}]}, 3])
def test_an_odd_resource_is_an_error_and_no_crash(name: Any) -> None:
    result = mapped({"resourceType": "Patient", "id": "p", "name": name, "birthDate": "1990-01-01"})
    assert result.records == () and result.errors
