"""Safety items: judged on each form by itself, before and apart from totals and decisions.

Used on the ingest path (an alert must not wait for a report) and by ``alerts``; both make the same
keys, so that nobody is called twice for one answer.
"""

from __future__ import annotations

from connector.measures import Instrument
from connector.measures.triage import level_of
from connector.pipeline.forms import form_safety
from connector.pipeline.identity import cause_key
from connector.pipeline.wording import long_date
from connector.progress import Alert, Severity
from connector.records import Assessment

POSITIVE = "safety_item_positive"
MISSING = "safety_item_missing"
TOTAL_ONLY = "safety_unknown_total_only"


def safety_alerts(
    assessment: Assessment, instrument: Instrument, patient_id: str
) -> tuple[Alert, ...]:
    """Alerts on the form's safety items; also when the form is incomplete or out of range.

    A positive item goes to the therapist and to the person on call at once ("page"). An item that
    is not answered, or hidden in a total, goes to the therapist before the visit ends ("action").
    A level of a triage form that pages nobody (C-SSRS low) goes to the therapist ("urgent").
    """
    flags = form_safety(assessment, instrument)
    return tuple(
        alert for flag in flags for alert in _alerts(flag, assessment, instrument, patient_id)
    )


def _alerts(
    flag: str, assessment: Assessment, instrument: Instrument, patient_id: str
) -> list[Alert]:
    rule, _, item = flag.partition(":")
    form = f"{instrument.short_name} of {long_date(assessment.taken_on)}"
    if rule == MISSING:
        text = f"{form}: {_unanswered(item)}. Ask before the visit ends."
        return [_alert(rule, flag, "therapist", "action", text, assessment, patient_id)]
    if rule == TOTAL_ONLY:
        text = (
            f"{form}: only a total came, its safety item is not known. Ask before the visit ends."
        )
        return [_alert(rule, flag, "therapist", "action", text, assessment, patient_id)]
    # Any flag that is not known here is treated as positive: better one call too many.
    answer = _answer(assessment, item)
    text = f"{form}: {_positive(rule, item)}{answer}. Review at once."
    level = level_of(instrument, flag)
    if level is not None and not level.pages:
        return [_alert(POSITIVE, flag, "therapist", "urgent", text, assessment, patient_id)]
    return [
        _alert(POSITIVE, flag + answer, "therapist", "page", text, assessment, patient_id),
        _alert(POSITIVE, flag + answer, "on_call", "page", text, assessment, patient_id),
    ]


def _unanswered(item: str) -> str:
    """What is not known: one item, several (3,4,5), or something about one (6_recency)."""
    number, _, what = item.partition("_")
    if what:
        return f"the {what} of safety item {number} is not known"
    if "," in item:
        return f"safety items {item.replace(',', ', ')} have no usable answer"
    return f"safety item {item} has no usable answer"


def _positive(rule: str, item: str) -> str:
    """What was answered: an item, a question beside the items, or the level of a triage form."""
    said = item.replace("_", " ")
    return {
        POSITIVE: f"safety item {said} is positive",
        "safety_supplement": f"the safety question on {said} was answered yes",
    }.get(rule, f"{rule.replace('_', ' ')} is {said}")


def _answer(assessment: Assessment, item: str) -> str:
    items = assessment.items or ()
    if not item.isdecimal() or int(item) > len(items):
        return ""
    return f" (answer {items[int(item) - 1]})"


def _alert(
    rule: str,
    score: str,
    audience: str,
    severity: Severity,
    text: str,
    assessment: Assessment,
    patient_id: str,
) -> Alert:
    return Alert.model_validate(
        {
            "key": cause_key(patient_id, f"{rule}/{audience}", (assessment.id,), score),
            "patient_id": patient_id,
            "rule": rule,
            "severity": severity,
            "audience": audience,
            "summary": f"A safety item needs review for {patient_id}",
            "text": text,
            "raised_on": assessment.taken_on,
            "sources": (assessment.id,),
        }
    )
