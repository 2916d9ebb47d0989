"""Scores and answers as data in the chart: what is written, what is not, and each once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.fhir_r4 import FhirDestinationSettings
from adapters.fhir_r4.destination import FhirChart
from adapters.fhir_r4.score_resources import observation
from adapters.fhir_r4.settings import IDENTIFIER_SYSTEM
from connector.errors import Rejected, RetryLater
from connector.filed import Answer, ScoreRange
from connector.ports import AdapterContext, Outgoing, PatientReference, Scored

PERSON = PatientReference("ehr", "p-1", "CH-1001")
LABELS = {"kind": "therapist", "as_of": "2026-11-20", "release": "none", "patient_id": "patient-1"}
ANSWERS = (
    Answer(1, Decimal(2), "44250-9", "LA6570-1"), Answer(2, Decimal(1), "44255-8"),
    Answer(4, Decimal("0.5")),
)  # fmt: skip
SCORE = Scored(
    record="assessment-1/phq9", instrument="phq9", name="PHQ-9", taken_on=date(2026, 11, 18),
    taken_at=None, total=Decimal(12), unit="points", source="forms", table="event",
    source_id="f-1", loinc="44261-6", band="moderate",
    ranges=(ScoreRange("minimal", Decimal(0), Decimal(4)), ScoreRange("more", Decimal(5), None)),
    answers=ANSWERS,
)  # fmt: skip
BARE = replace(
    SCORE, record="assessment-2/tug", name="TUG", instrument="tug", total=Decimal("11.5"),
    unit="seconds", loinc=None, band=None, ranges=(), answers=(),
)  # fmt: skip
REPORT = Outgoing(
    "key-1", "x.pdf", "application/pdf", b"%PDF", LABELS, PERSON, scores=(SCORE, BARE)
)
ALL = ("document_reference", "observation", "questionnaire_response")


def chart(fhir: Any, home: Path, **options: Any) -> FhirChart:
    given = {"base_url": fhir.url, "private_network": True, "patient_source": "ehr", "write": ALL}
    settings = FhirDestinationSettings.model_validate({**given, **options})
    return FhirChart(settings, AdapterContext("chart", home))


def test_scores_go_with_the_report_and_refer_to_it(fhir_counterpart: Any, tmp_path: Path) -> None:
    receipt = chart(fhir_counterpart, tmp_path).deliver(REPORT)
    phq, tug = sorted(fhir_counterpart.documents("Observation"), key=lambda o: o["code"]["text"])
    assert phq["code"] == {
        "coding": [{"system": "http://loinc.org", "code": "44261-6"}], "text": "PHQ-9 total score",
    }  # fmt: skip
    assert phq["valueQuantity"]["value"] == 12 and phq["valueQuantity"]["code"] == "{score}"
    assert phq["subject"] == {"reference": "Patient/p-1"}
    assert phq["effectiveDateTime"] == "2026-11-18" and phq["status"] == "final"
    assert phq["interpretation"] == [{"text": "moderate"}]
    assert phq["referenceRange"] == [
        {"low": {"value": 0}, "high": {"value": 4}, "text": "minimal"},
        {"low": {"value": 5}, "text": "more"},
    ]
    (form,) = fhir_counterpart.documents("QuestionnaireResponse")
    told_in = {"reference": receipt.reference}
    assert phq["derivedFrom"] == [told_in, {"reference": f"QuestionnaireResponse/{form['id']}"}]
    assert tug["code"] == {"text": "TUG total score"} and tug["derivedFrom"] == [told_in]
    assert tug["valueQuantity"] == {"value": 11.5, "unit": "seconds"}
    assert not {"interpretation", "referenceRange"} & tug.keys()
    assert form["identifier"]["system"] == IDENTIFIER_SYSTEM
    coded = {"system": "http://loinc.org", "code": "LA6570-1"}
    assert form["item"] == [
        {"linkId": "/44250-9", "answer": [{"valueCoding": coded}]},
        {"linkId": "/44255-8", "answer": [{"valueInteger": 1}]},
        {"linkId": "4", "answer": [{"valueDecimal": 0.5}]},
    ]  # fmt: skip
    created = [h for h in fhir_counterpart.headers if "if-none-exist" in h]
    assert len(created) == 4  # the document, the form, two scores


def test_a_score_is_filed_once_with_whichever_report_comes_first(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    filing = chart(fhir_counterpart, tmp_path)
    first = filing.deliver(REPORT)
    before = json.dumps(fhir_counterpart.documents("Observation"))
    assert filing.deliver(REPORT) == first == filing.find(REPORT)
    filing.deliver(replace(REPORT, key="key-2"))
    assert json.dumps(fhir_counterpart.documents("Observation")) == before
    assert len(fhir_counterpart.documents()) == 2


def test_a_crash_between_report_and_scores_is_made_up_for(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    """The report alone is no proof of delivery: the scores are missing."""
    filing = chart(fhir_counterpart, tmp_path)
    fhir_counterpart.refuses = {"Observation": 503}
    with pytest.raises(RetryLater):
        filing.deliver(REPORT)
    fhir_counterpart.refuses = {}
    filing.deliver(replace(REPORT, scores=()))
    assert filing.find(replace(REPORT, scores=())) is not None and filing.find(REPORT) is None
    receipt = filing.deliver(REPORT)
    assert filing.find(REPORT) == receipt
    assert len(fhir_counterpart.documents()) == 1
    assert len(fhir_counterpart.documents("Observation")) == 2


def test_a_corrected_score_is_corrected_and_not_doubled(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    filing = chart(fhir_counterpart, tmp_path)
    filing.deliver(REPORT)
    answers = (replace(ANSWERS[0], value=Decimal(3), answer_code="LA6571-9"), *ANSWERS[1:])
    right = replace(SCORE, total=Decimal(13), answers=answers)
    again = replace(REPORT, key="key-2", scores=(right, BARE))
    assert filing.find(again) is None
    filing.deliver(again)
    assert filing.find(again) is not None
    found = {o["code"]["text"]: o for o in fhir_counterpart.documents("Observation")}
    phq = found["PHQ-9 total score"]
    assert (phq["valueQuantity"]["value"], phq["status"]) == (13, "corrected")
    (form,) = fhir_counterpart.documents("QuestionnaireResponse")
    assert form["status"] == "amended"
    assert found["TUG total score"]["status"] == "final" and len(found) == 2


def test_what_somebody_marked_as_an_error_there_stays_so(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    filing = chart(fhir_counterpart, tmp_path, write=["document_reference", "observation"])
    filing.deliver(REPORT)
    for one in fhir_counterpart.documents("Observation"):
        one["status"] = "entered-in-error"
    wrong = replace(REPORT, scores=(replace(SCORE, total=Decimal(1)), BARE))
    filing.deliver(wrong)
    states = {one["status"] for one in fhir_counterpart.documents("Observation")}
    assert states == {"entered-in-error"}


def test_what_the_ehr_had_itself_is_not_sent_back(fhir_counterpart: Any, tmp_path: Path) -> None:
    own = replace(SCORE, source="ehr", table="Observation")
    form = replace(
        BARE, source="ehr", table="QuestionnaireResponse", source_id="q-7", answers=ANSWERS
    )
    chart(fhir_counterpart, tmp_path).deliver(replace(REPORT, scores=(own, form)))
    assert fhir_counterpart.documents("QuestionnaireResponse") == []
    (made,) = fhir_counterpart.documents("Observation")
    assert {"reference": "QuestionnaireResponse/q-7"} in made["derivedFrom"]


def test_nothing_but_the_report_is_filed_unless_the_site_says_so(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    filing = chart(fhir_counterpart, tmp_path, write=["document_reference"])
    assert not filing.files_scores
    filing.deliver(REPORT)
    assert set(fhir_counterpart.held) == {"DocumentReference"}
    with pytest.raises(ValueError, match="document_reference"):
        chart(fhir_counterpart, tmp_path, write=["observation"])


def test_scores_tell_no_name_number_or_wording() -> None:
    text = json.dumps(observation(SCORE, "p-1", {"system": "urn:s", "value": "k"}, []))
    assert not [word for word in ("CH-1001", "f-1", "assessment-1", "answer") if word in text]


def test_an_alert_becomes_a_message_where_the_site_wants_one(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    words = {"summary": "A safety item needs review for patient-1", "severity": "page",
             "text": "Item 9 is positive.", "audience": "on_call", "note": "Not monitored.",
             "patient_id": "patient-1"}  # fmt: skip
    content = json.dumps({"context": words}).encode()
    alert = replace(REPORT, content=content, labels={**LABELS, "kind": "alert"}, scores=())
    filing = chart(fhir_counterpart, tmp_path, alerts="communication")
    receipt = filing.deliver(alert)
    assert filing.deliver(alert) == receipt == filing.find(alert)
    (made,) = fhir_counterpart.documents("Communication")
    assert made["priority"] == "stat" and made["recipient"] == [{"display": "on call"}]
    assert made["payload"] == [{"contentString": "Item 9 is positive. Not monitored."}]
    assert made["subject"] == {"reference": "Patient/p-1"}
    assert made["topic"] == {"text": "A safety item needs review"}


def test_a_score_that_is_there_twice_is_for_a_person(fhir_counterpart: Any, tmp_path: Path) -> None:
    filing = chart(fhir_counterpart, tmp_path)
    filing.deliver(REPORT)
    one = fhir_counterpart.documents("Observation")[0]
    fhir_counterpart.put("Observation", "copy", identifier=one["identifier"])
    with pytest.raises(Rejected) as caught:
        filing.deliver(replace(REPORT, key="key-2"))
    assert caught.value.code == "found_twice"
