"""Diagnoses, procedures and quantities: their form, not whether a code is in this year's list."""

from __future__ import annotations

import re
from functools import partial

from connector.x12.elements import Place
from connector.x12.finding import Report, Severity
from connector.x12.loop import Loop
from connector.x12.rules.each import apply
from connector.x12.values import is_decimal, whole

_ICD10 = re.compile(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}\Z")
"""ICD-10-CM without the dot: a letter, a digit, five more letters or digits at most."""

_ICD9 = {"BK": "ABK", "BF": "ABF", "BJ": "ABJ", "PR": "APR"}
_ICD10_KINDS = ("ABK", "ABF", "ABJ", "APR")
_PROCEDURE = re.compile(r"[0-9]{4}[0-9AFMTU]\Z|[A-V][0-9]{4}\Z")
"""CPT (five digits, or four and a letter for its categories) or HCPCS level II."""

_MODIFIER = re.compile(r"[0-9A-Z]{2}\Z")
_LOINC = re.compile(r"[0-9]{1,7}-[0-9]\Z")
_NDC = re.compile(r"[0-9]{11}\Z")
_WEEKS = {"34": 5, "35": 1}
"""Weeks that a period of HSD05 touches at most: month, week."""


def check(root: Loop, report: Report) -> None:
    """Report what is wrong with diagnoses, procedures and quantities of a set."""
    rules = {"HI": _diagnoses, "SV1": _service, "SV2": _institutional, "SV3": _dental}
    apply(root, report, rules | {"HSD": _delivery, "STC": _asked})
    if root.id == "278":
        head = root.first("BHT")
        asks = head is not None and head.element(2) == "13"
        apply(root, report, {"HSD": partial(_halves_and_sum, asks=asks)})
    else:
        apply(root, report, {"HSD": _sum})


def _diagnoses(place: Place) -> None:
    seen: set[str] = set()
    segment = place.segment
    for index in range(1, len(segment.elements) + 1):
        kind, code = segment.component(index, 1), segment.component(index, 2)
        if kind in _ICD9:
            message = f"{place.name(index, 1)}: {kind} is ICD-9. Use {_ICD9[kind]} with ICD-10."
            place.tell("icd9_qualifier", message, index, 1)
        if kind in _ICD10_KINDS:
            _diagnosis(place, index, code, seen)
        if kind == "LOI":
            _loinc(place, index, code)
        if kind == "ABK" and index > 1:
            message = "The principal diagnosis (ABK) must come first, and once."
            place.tell("principal_diagnosis_place", message, index, 1)


def _asked(place: Place) -> None:
    """STC: what a payer asks for is a LOINC code where its list is LOI."""
    for index in (1, 10, 11):
        if place.segment.component(index, 4) == "LOI":
            _loinc(place, index, place.segment.component(index, 2))


def _loinc(place: Place, index: int, code: str) -> None:
    if code and not _LOINC.match(code):
        message = f"{place.name(index, 2)} must be a LOINC code, such as 18842-5."
        place.tell("loinc_format", message, index, 2)


def _diagnosis(place: Place, index: int, code: str, seen: set[str]) -> None:
    name = place.name(index, 2)
    if code and not _ICD10.match(code):
        message = f"{name} must be an ICD-10 code without the dot, such as F411."
        place.tell("icd10_format", message, index, 2)
    if code in seen:
        place.tell("diagnosis_repeated", f"{name} repeats a diagnosis.", index, 2, "warning")
    seen.add(code)


def _service(place: Place) -> None:
    _procedure(place, 1)
    _positive(place, 4)


def _institutional(place: Place) -> None:
    _procedure(place, 2)
    _positive(place, 5)


def _dental(place: Place) -> None:
    _procedure(place, 1)
    _positive(place, 6)


def _procedure(place: Place, index: int) -> None:
    segment = place.segment
    kind = segment.component(index, 1)
    for part in (2, 8):
        code = segment.component(index, part)
        if kind == "HC" and code and not _PROCEDURE.match(code):
            message = f"{place.name(index, part)} must be a CPT or HCPCS code of five characters."
            place.tell("procedure_format", message, index, part)
        if kind == "N4" and code and not _NDC.match(code):
            message = f"{place.name(index, part)} must be an NDC of eleven digits."
            place.tell("drug_code_format", message, index, part)
    for part in range(3, 7):
        modifier = segment.component(index, part)
        if modifier and not _MODIFIER.match(modifier):
            message = f"{place.name(index, part)} must be a modifier of two letters or digits."
            place.tell("modifier_format", message, index, part)


def _positive(place: Place, index: int) -> None:
    text = place.segment.element(index)
    nothing = is_decimal(text) and not any("1" <= sign <= "9" for sign in text)
    if nothing or text.startswith("-"):
        place.tell("quantity_not_positive", f"{place.name(index)} must be above 0.", index)


def _delivery(place: Place) -> None:
    """HSD: total, rate and period must be whole things."""
    segment = place.segment
    for index in (2, 4, 6):
        _positive(place, index)
    total = whole(segment.element(2))
    if segment.element(1) == "VS" and is_decimal(segment.element(2)) and total is None:
        place.tell("visits_not_whole", "HSD02 must be a whole number of visits.", 2)
    if segment.element(4) and not segment.element(3):
        message = "HSD04 says how many, but HSD03 does not say in what time (DA, WK, MO)."
        place.tell("delivery_rate_incomplete", message, 3)


def _sum(place: Place, severity: Severity = "warning") -> None:
    """HSD: total, rate and period must not contradict each other; what we ask for above all."""
    segment = place.segment
    total, rate, periods = (whole(segment.element(index)) for index in (2, 4, 6))
    if total is None or rate is None or not rate:
        return
    most = _most(segment.element(3), segment.element(5), rate, periods)
    if rate > total or (most is not None and total > most):
        message = "The total (HSD02) does not fit the frequency (HSD04) over the period (HSD06)."
        place.tell("delivery_contradicts", message, 2, severity=severity)


def _halves_and_sum(place: Place, *, asks: bool) -> None:
    _halves(place)
    _sum(place, "error" if asks else "warning")


def _halves(place: Place) -> None:
    """A time without how many: as the 837 writes a frequency, which means another thing here.

    Only in a 278: a 271 states what remains (HSD05 29) without a number of periods.
    """
    segment = place.segment
    if segment.element(3) and not segment.element(4):
        message = "HSD03 gives the time of a frequency, but HSD04 does not say how many."
        place.tell("delivery_rate_incomplete", message, 4)
    if segment.element(5) and not segment.element(6):
        message = "HSD05 gives the unit of a period, but HSD06 does not say how many of them."
        place.tell("delivery_rate_incomplete", message, 6, severity="warning")


def _most(unit: str, span: str, rate: int, periods: int | None) -> int | None:
    """The most visits that a rate each week allows in so many months or weeks."""
    if unit != "WK" or periods is None or span not in _WEEKS:
        return None
    return rate * _WEEKS[span] * periods
