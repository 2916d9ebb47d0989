"""A score as an Observation, its answers as a QuestionnaireResponse (FHIR R4, 4.0.1).

Numbers and codes alone: no item's wording, no free text, no name. LOINC codes only where they are
verified (mappings/instruments/*.yaml name their sources); without one the instrument's name stands
as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from adapters.fhir_r4.page import instant
from adapters.fhir_r4.resources import check
from connector.ports import Scored

_LOINC = "http://loinc.org"
# US Core, "Screening and Assessments": scores carry the category survey.
_SURVEY = {
    "system": "http://terminology.hl7.org/CodeSystem/observation-category",
    "code": "survey",
    "display": "Survey",
}
# UCUM's annotation for a score without a unit, as LOINC gives it for totals of forms.
_SCORE = {"unit": "{score}", "system": "http://unitsofmeasure.org", "code": "{score}"}
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def observation(
    scored: Scored, patient: str, identifier: Mapping[str, str], derived: Sequence[str]
) -> dict[str, Any]:
    """The total of one form. ``derived`` are the records that it is told in and made of.

    Bands are reference ranges, and the score's own band its interpretation, where the instrument
    has published ones.
    """
    from fhirclient.models.observation import Observation

    made: dict[str, Any] = {
        "resourceType": "Observation",
        "identifier": [dict(identifier)],
        "status": "final",
        "category": [{"coding": [_SURVEY]}],
        "code": _code(scored.loinc, f"{scored.name} total score"),
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": _when(scored),
        "valueQuantity": {"value": _number(scored.total), **_unit(scored.unit)},
    }
    if scored.band is not None:
        made["interpretation"] = [{"text": scored.band}]
    if scored.ranges:
        made["referenceRange"] = [
            {
                **({} if r.low is None else {"low": {"value": _number(r.low)}}),
                **({} if r.high is None else {"high": {"value": _number(r.high)}}),
                "text": r.label,
            }
            for r in scored.ranges
        ]
    references = [one for one in derived if _ID.fullmatch(one.rpartition("/")[2])]
    if references:
        made["derivedFrom"] = [{"reference": one} for one in references]
    check(Observation, made)
    return made


def questionnaire_response(
    scored: Scored, patient: str, identifier: Mapping[str, str], form: str | None
) -> dict[str, Any]:
    """The answers of one form. ``form`` is the server's own name of its Questionnaire."""
    from fhirclient.models.questionnaireresponse import QuestionnaireResponse

    made: dict[str, Any] = {
        "resourceType": "QuestionnaireResponse",
        "identifier": dict(identifier),
        "status": "completed",
        "subject": {"reference": f"Patient/{patient}"},
        "authored": _when(scored),
        "item": [
            {
                "linkId": f"/{one.code}" if one.code else str(one.number),
                "answer": [_answer(one.value, one.answer_code)],
            }
            for one in scored.answers
        ],
    }
    if form is not None:
        made["questionnaire"] = form
    check(QuestionnaireResponse, made)
    return made


def same(known: Mapping[str, Any], made: Mapping[str, Any]) -> bool:
    """Whether what the server has says the same: the value and time, or the answers.

    What a person there marked as entered in error stays so, whatever we say.
    """
    if known.get("status") == "entered-in-error":
        return True
    if made["resourceType"] == "Observation":
        return _total(known) == _total(made) and _same_time(known, made, "effectiveDateTime")
    return _given(known) == _given(made) and _same_time(known, made, "authored")


def _total(resource: Mapping[str, Any]) -> Decimal | None:
    quantity = resource.get("valueQuantity")
    value = quantity.get("value") if isinstance(quantity, dict) else None
    return _decimal(value)


def _given(resource: Mapping[str, Any]) -> dict[str, str]:
    """The answers by item; servers may add texts, and write numbers in other ways."""
    listed = resource.get("item")
    found = {}
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict) and isinstance(item.get("answer"), list):
            found[str(item.get("linkId"))] = json.dumps([_plain(one) for one in item["answer"]])
    return found


def _plain(answer: Any) -> str:
    if not isinstance(answer, dict):
        return ""
    coding = answer.get("valueCoding")
    if isinstance(coding, dict):
        return str(coding.get("code"))
    value = _decimal(answer.get("valueInteger", answer.get("valueDecimal")))
    return "" if value is None else str(value.normalize())


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Decimal(str(value))


def _same_time(known: Mapping[str, Any], made: Mapping[str, Any], name: str) -> bool:
    """Servers write the same moment in other zones, or with fractions of a second."""
    moments = instant(known.get(name)), instant(made.get(name))
    if None in moments:
        return str(known.get(name))[:10] == str(made.get(name))[:10]
    return bool(moments[0] is not None and moments[0].replace(microsecond=0) == moments[1])


def _code(loinc: str | None, text: str) -> dict[str, Any]:
    return {"text": text} if loinc is None else {
        "coding": [{"system": _LOINC, "code": loinc}], "text": text,
    }  # fmt: skip


def _unit(unit: str) -> dict[str, str]:
    return _SCORE if unit == "points" else {"unit": unit}


def _answer(value: Decimal, code: str | None) -> dict[str, Any]:
    if code is not None:
        return {"valueCoding": {"system": _LOINC, "code": code}}
    if value == value.to_integral_value():
        return {"valueInteger": int(value)}
    return {"valueDecimal": float(value)}


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _when(scored: Scored) -> str:
    if scored.taken_at is None:
        return scored.taken_on.isoformat()
    return scored.taken_at.replace(microsecond=0).isoformat()
