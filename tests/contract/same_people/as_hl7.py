"""The people as HL7 v2 messages: ADT, SIU, ORU and MDM, in a file."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from tests.contract.same_people.as_fhir import ITEMS, TOTALS
from tests.contract.same_people.people import CLINICIAN_ID, TRUTH, UNREAD_FORMS, Row

_DOCTOR = f"{CLINICIAN_ID}^Marsh^Ada^^^^LCSW~1000000012^Marsh^Ada^^^^LCSW^^^^^^NPI"
_SEX = {"female": "F", "male": "M", "other": "O"}
_PANEL = {"phq9": "44249-1", "gad7": "69737-5", "pcl5": "101697-1", "odi": "97908-8"}


def write(folder: Path) -> None:
    """All messages in one file, as an interface engine writes them."""
    messages = [_adt(one) for one in TRUTH["patient"]]
    messages += [_siu(n, one) for n, one in enumerate(TRUTH["visit"])]
    messages += [
        _oru(n, one) for n, one in enumerate(TRUTH["assessment"])
        if one["instrument"] not in UNREAD_FORMS["hl7"]
    ]  # fmt: skip
    messages += [_mdm(n, one) for n, one in enumerate(TRUTH["note"])]
    text = "\r".join("\r".join(segments) for segments in messages) + "\r"
    (folder / "messages.hl7").write_bytes(text.encode())


def _head(kind: str, number: str) -> str:
    return (
        f"MSH|^~\\&|EHR|HARBOR|CONNECTOR|HARBOR|20261120100000-0500||{kind}|{number}|P|2.5.1"
        "||||||UNICODE UTF-8"
    )


def _pid(chart: str) -> str:
    [one] = [p for p in TRUTH["patient"] if p["chart_number"] == chart]
    names = f"{_text(one['family_name'])}^{_text(one['given_name'])}"
    return f"PID|1||{chart}^^^HARBOR^MR||{names}||{_day(one['birth_date'])}|{_SEX[one['sex']]}"


def _adt(one: Row) -> list[str]:
    chart = one["chart_number"]
    insurance = [
        f"IN1|{c['priority']}|X^{c['plan']}|9901|{c['payer']}||||{c.get('group_number', '')}||||"
        f"{_day(c['starts_on'])}|{_day(c.get('ends_on'))}" + "|" * 23 + c["member_id"]
        for c in TRUTH["coverage"] if c["patient_id"] == chart
    ]  # fmt: skip
    diagnoses = [
        f"DG1|{n}||{d['code'].replace('.', '')}^{d['description']}^I10||{_day(d['onset_on'])}|F"
        + "|" * 9 + ("1" if d.get("primary") else "2")
        for n, d in enumerate((d for d in TRUTH["diagnosis"] if d["patient_id"] == chart), start=1)
    ]  # fmt: skip
    return [
        _head("ADT^A08^ADT_A01", f"A-{chart}"), "EVN|A08|20261120100000", _pid(chart),
        f"PV1|1|O|||||{_DOCTOR}", *diagnoses, *insurance,
    ]  # fmt: skip


def _siu(number: int, one: Row) -> list[str]:
    event = {"no_show": "S26", "scheduled": "S12", "attended": "S14"}.get(one["status"], "S15")
    stated = {"S26": "Noshow", "S12": "Booked", "S14": "Complete"}.get(event, "Cancelled")
    starts = _time(one["starts_at"])
    return [
        _head(f"SIU^{event}^SIU_S12", f"S-{number}"),
        f"SCH|{number}|V-{number}|||||||{one['minutes']}|MIN|^^{one['minutes']}^{starts}"
        + "|" * 14 + stated,
        _pid(one["patient_id"]), "RGS|1", f"AIS|1||{one['cpt']}^^C4|{starts}",
        f"AIP|1||{_DOCTOR}",
    ]  # fmt: skip


def _oru(number: int, one: Row) -> list[str]:
    instrument = one["instrument"]
    codes = ITEMS.get(instrument) or (TOTALS[instrument],)
    values = one["items"] or (one["total"],)
    return [
        _head("ORU^R01^ORU_R01", f"O-{number}"), _pid(one["patient_id"]),
        f"OBR|1||F-{number}|{_PANEL[instrument]}^^LN|||{_time(one['taken_at'])}",
        *(f"OBX|{n}|NM|{code}^^LN||{value}||||||F"
          for n, (code, value) in enumerate(zip(codes, values, strict=True), start=1)
          if value is not None),
    ]  # fmt: skip


def _mdm(number: int, one: Row) -> list[str]:
    kind = {"progress": "PR", "discharge": "DS"}[one["note_type"]]
    signed = "LA" if one["signed"] else "DO"
    return [
        _head("MDM^T02^MDM_T02", f"M-{number}"), "EVN|T02|20261120100000", _pid(one["patient_id"]),
        f"PV1|1|O|||||{_DOCTOR}" + "|" * 12 + one["visit_source_id"],
        f"TXA|1|{kind}|TX|{_day(one['written_on'])}|{_DOCTOR}|||||||N-{number}" + "|" * 5 + signed,
        "OBX|1|TX|NOTE||What was said is never read.||||||F",
    ]  # fmt: skip


def _day(value: date | None) -> str:
    return "" if value is None else f"{value:%Y%m%d}"


def _time(value: datetime) -> str:
    return f"{value:%Y%m%d%H%M%S%z}"


def _text(value: str) -> str:
    return value.replace("&", "\\T\\")
