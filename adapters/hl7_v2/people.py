"""ADT: people, their coverage and diagnoses, and the visits that such messages tell of.

Events as in HL7 v2.5.1, chapter 3. A message about a person says all that is to be known; the
record is replaced by it. A message that only moves, cancels or merges something mentions the
person.
"""

from __future__ import annotations

from typing import Any

from adapters.hl7_v2 import times
from adapters.hl7_v2.message import Message, Segment
from adapters.hl7_v2.patient import Whose
from adapters.hl7_v2.reading import Reading, required
from connector.errors import InvalidRecord

_PERSON = frozenset({"A01", "A03", "A04", "A05", "A06", "A07", "A08", "A13", "A14", "A28", "A31"})
_VISIT = frozenset({"A01", "A03", "A04", "A06", "A07", "A08", "A13"})
_EXPECTED = frozenset({"A05", "A14"})
# A11 cancel admission or registration, A23 delete the visit, A27 and A38 cancel what was expected.
_VISIT_GONE = frozenset({"A11", "A23", "A27", "A38"})
_PERSON_GONE = "A29"
_MERGED = "A40"
EVENTS = _PERSON | _EXPECTED | _VISIT_GONE | {"A02", "A12", _PERSON_GONE, _MERGED}

_ICD10 = frozenset({"I10", "I10C", "ICD10", "ICD-10", "ICD10CM", "ICD-10-CM", "10", "ABK", "ABF"})
_SNOMED = frozenset({"SCT", "SNM", "SNOMED", "SNOMED-CT", "SNOMED CT"})


def read_adt(reading: Reading) -> None:
    """The rows of an ADT message."""
    message, event = reading.message, reading.event
    pid, pv1 = required(message, "PID"), message.first("PV1")
    person = reading.patient(pid)
    if event == _PERSON_GONE:
        reading.add("persons", {"patient_id": person["patient_id"]}, deleted=True)
        return
    if event in _PERSON:
        reading.add("persons", {**person, **reading.columns(message.first("PD1"), pv1)})
        reading.clinicians(pv1, 7)
        _coverages(reading, person)
        _diagnoses(reading, person)
    else:
        reading.mention(person)
    _encounter(reading, person, pv1)


def merged(message: Message, event: str, whose: Whose) -> InvalidRecord | None:
    """What a person must be told of an A40: two charts are one, and nobody joined them here."""
    if event != _MERGED:
        return None
    old = whose.of(required(message, "MRG"), 1)
    new = whose.of(required(message, "PID"))
    return InvalidRecord(
        "patients_merged",
        "the EHR made two charts into one (A40); records that came under the old number stay there "
        "until the EHR sends them again under the new one; look whether both are in reports",
        field="MRG-1",
        value=f"old number {old}, new number {new}",
    )


def _encounter(reading: Reading, person: dict[str, Any], pv1: Segment) -> None:
    number = pv1.value(19)
    if not number:
        return
    data = {"patient_id": person["patient_id"], "encounter_id": number}
    if reading.event in _VISIT_GONE:
        reading.add("encounters", data, deleted=True)
    elif reading.event in _VISIT | _EXPECTED:
        own = reading.columns(pv1, reading.message.first("PV2"))
        status = "expected" if reading.event in _EXPECTED else "arrived"
        starts = own.get("PV1_44_1") or own.get("PV2_8_1")
        if starts:
            found = {**data, **own, "encounter_status": status, "starts_at": starts}
            reading.add("encounters", found | _minutes(own))


def _minutes(own: dict[str, Any]) -> dict[str, str]:
    begins, ends = (times.moment(str(own.get(name, ""))) for name in ("PV1_44_1", "PV1_45_1"))
    if begins is None or ends is None:
        return {}
    minutes = int((ends - begins).total_seconds() // 60)
    return {"minutes": str(minutes)} if 0 < minutes < 24 * 60 else {}


def _coverages(reading: Reading, person: dict[str, Any]) -> None:
    for place, insurance in enumerate(reading.message.all("IN1"), start=1):
        own = reading.columns(insurance)
        own.setdefault("IN1_1_1", str(place))
        reading.add("coverages", {"patient_id": person["patient_id"], **own})


def _diagnoses(reading: Reading, person: dict[str, Any]) -> None:
    for segment in reading.message.all("DG1"):
        own = reading.columns(segment)
        code, system = segment.value(3, 1), segment.value(3, 3).upper()
        if not code:
            continue
        kind = "other"
        if system in _ICD10 or (not system and segment.value(2).upper() in _ICD10):
            kind, code = "icd10cm", _with_point(code.upper())
        elif system in _SNOMED:
            kind = "snomed"
        data = {"patient_id": person["patient_id"], **own, "code": code, "system": kind}
        reading.add("diagnoses", data, deleted=segment.value(21).upper() == "D")


def _with_point(code: str) -> str:
    """``F331`` as ``F33.1``: claims and many interfaces write ICD-10-CM without its point."""
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 and "." not in code else code
