"""The link "diagnosis": one in force whose code has the form of ICD-10-CM.

The form is all that is checked. Whether a code exists, is complete to its last character and was
valid on the day of service is not: those lists change twice a year.
"""

from __future__ import annotations

from connector.pipeline.golden_thread.case import Case, ref
from connector.pipeline.golden_thread.rules import link
from connector.pipeline.wording import long_date, things
from connector.records import Diagnosis, is_icd10cm
from connector.thread import Documented, RecordRef

# External causes (chapter 20) describe how an injury came about and never stand alone. In DSM-IV
# the letter V marked other conditions, so that such a code is mostly an old one.
_EXTERNAL_CAUSE = ("V", "W", "X", "Y")


def diagnosis(case: Case) -> Documented:
    """Whether a usable diagnosis is in force; else what stands in its place."""
    known = case.chart.diagnoses
    live = [d for d in known if in_force(d, case)]
    usable = [d for d in live if is_usable(d)]
    if usable:
        many = things(len(usable), "ICD-10-CM code")
        named = "" if len(usable) == 1 or any(d.primary for d in usable) else ", none of them first"
        return link("diagnosis", "present", f"{many} in force{named}.", _refs(usable))
    if not known:
        return link(
            "diagnosis",
            "absent",
            "No diagnosis is on file.",
            action="Record the ICD-10-CM code. A row whose code is none is set aside: see "
            "quarantine.",
        )
    if not live:
        last = max(d.resolved_on for d in known if d.resolved_on is not None)
        return link(
            "diagnosis",
            "stale",
            f"Every diagnosis on file is resolved, the last on {long_date(last)}.",
            _refs(known),
            "Record the diagnosis that care is for now.",
        )
    return link("diagnosis", "absent", _no_code(live), _refs(live), _WHAT_TO_DO[_fault(live)])


def in_force(diagnosis: Diagnosis, case: Case) -> bool:
    """Not resolved by the day."""
    return diagnosis.resolved_on is None or diagnosis.resolved_on > case.on


def is_usable(diagnosis: Diagnosis) -> bool:
    """An ICD-10-CM code by its form, that can stand alone."""
    return (
        diagnosis.system == "icd10cm"
        and is_icd10cm(diagnosis.code)
        and not diagnosis.code.startswith(_EXTERNAL_CAUSE)
    )


# What a group of codes is about, as domains of measures, the plainest word first. Measures of
# general distress and well-being fit each of them.
_GENERAL = ("distress", "wellbeing", "child_screen")
_ABOUT = {
    ("F32", "F33", "F34.1"): (
        "depression", "depression_youth", "perinatal_depression", "depression_anxiety_stress",
        "child_anxiety_depression",
    ),
    ("F40", "F41"): (
        "anxiety", "depression_anxiety_stress", "child_anxiety", "child_anxiety_depression",
    ),
    ("F42",): ("OCD", "ocd"),
    ("F43.1",): ("post-traumatic stress", "ptsd"),
    ("F51.0", "G47.0"): ("sleep",),
    ("F90",): ("attention", "child_adhd"),
}  # fmt: skip


def domains_of(case: Case) -> tuple[str, ...]:
    """What the first diagnosis is about, as domains of measures; empty where nothing is known.

    The first is the word for a sentence.
    """
    live = [d for d in case.chart.diagnoses if in_force(d, case) and is_usable(d)]
    first = [d for d in live if d.primary] or (live if len(live) == 1 else [])
    for groups, domains in _ABOUT.items():
        if first and first[0].code.startswith(groups):
            return (*domains, *_GENERAL)
    return ()


_WHAT_TO_DO = {
    "external": "Record the condition itself; a V code of DSM-IV is a Z code in ICD-10-CM.",
    "form": "Correct the code in the source: letter, digit, digit, then up to four more.",
    "system": "Add the ICD-10-CM code: payers take no DSM wording and no other code system.",
}


def _fault(live: list[Diagnosis]) -> str:
    icd = [d for d in live if d.system == "icd10cm"]
    if not icd:
        return "system"
    return "external" if any(is_icd10cm(d.code) for d in icd) else "form"


def _no_code(live: list[Diagnosis]) -> str:
    return {
        "external": "The only ICD-10-CM codes are external causes (V to Y).",
        "form": "The diagnosis has no code of the form of ICD-10-CM.",
        "system": "No ICD-10-CM code: only words or codes of another system.",
    }[_fault(live)]


def _refs(diagnoses: tuple[Diagnosis, ...] | list[Diagnosis]) -> list[RecordRef]:
    return [ref(d, d.onset_on) for d in diagnoses]
