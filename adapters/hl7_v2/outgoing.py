"""What is sent: MDM^T02 with a document, ORU^R01 with scores; built and strictly checked by hl7apy.

Everything in a message follows from the document and its key, so that it is the same message, with
the same MSH-10, whenever it is sent. HL7 v2.5.1: chapter 9 (MDM, TXA), chapter 7 (ORU, OBR, OBX).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from adapters.hl7_v2.settings import DestinationSettings
from connector.errors import Rejected
from connector.ports import Outgoing, PatientReference

_SYSTEM = "99PGC"
"""Name of our own codes (HL7 v2.5.1, 2.A.13: local systems begin with 99)."""

_LATER = "PUT IN WHEN ALL ELSE IS CHECKED"
"""Stands for a value that hl7apy would refuse by its length: it takes OBX-5 for a string of 199
characters, whatever OBX-2 says (on paper, ED and TX have 64 kB; receivers of PDFs take more)."""

# LOINC codes of total scores, as in mappings/instruments/*.yaml; a test compares them.
TOTALS = {
    "phq9": "44261-6", "phqa": "89204-2", "phq2": "55758-7", "gad7": "70274-6", "bdi2": "89209-1",
    "pcl5": "101698-9", "audit": "75624-7", "auditc": "75626-2", "dast10": "82667-7",
    "epds": "99046-5", "odi": "97909-6", "ndi": "82237-9", "nprs": "72514-3",
    "koos_jr": "82332-8", "hoos_jr": "82323-7", "tug": "89423-8", "sixmwt": "64098-7",
    "promis_depression": "77861-3", "cssrs_screener": "93374-7",
}  # fmt: skip
_TITLES = {
    "therapist": "Progress report for the therapist",
    "patient": "Progress report for the patient",
    "insurer": "Progress report for the insurer",
}
_SEX = {"female": "F", "male": "M", "other": "O", "unknown": "U"}
# ESCAPE first: the others write it. HL7 v2.5.1, 2.7.1.
_ESCAPES = (("\\", "\\E\\"), ("|", "\\F\\"), ("^", "\\S\\"), ("&", "\\T\\"), ("~", "\\R\\"),
            ("\r", " "), ("\n", " "))  # fmt: skip


def control_id(key: str) -> str:
    """MSH-10: twenty characters (100 bits) made of the delivery's key."""
    return base64.b32encode(hashlib.sha256(key.encode()).digest()[:13]).decode()[:20]


def built(outgoing: Outgoing, settings: DestinationSettings) -> bytes:
    """The message for a document. Raises Rejected where it can't be one."""
    if outgoing.patient is None:
        raise Rejected("no_patient", "the document does not say whose chart it belongs to")
    if outgoing.media_type == "application/pdf":
        text = _document(outgoing, outgoing.patient, settings)
        later = base64.b64encode(outgoing.content).decode("ascii")
    else:
        said = _said(outgoing)
        text = _scores(said, outgoing, outgoing.patient, settings)
        later = _escaped(str(said.get("reason") or ""))
    _checked(text, settings.version)
    return text.replace(_LATER, later).encode()


def _document(outgoing: Outgoing, patient: PatientReference, settings: DestinationSettings) -> str:
    day, number = _day(outgoing), control_id(outgoing.key)
    kind = outgoing.labels.get("kind", "")
    released = outgoing.labels.get("release", "none") != "none"
    title = _TITLES.get(kind, "Document")
    lines = [
        *_head("MDM", "T02", "MDM_T02", outgoing, patient, settings),
        _segment("PV1", {1: "1", 2: "O"}, settings.version),
        _segment(
            "TXA",
            {
                1: "1", 2: settings.document_type, 3: "AP", 4: day, 6: day,
                12: f"{number}^{settings.application}", 16: outgoing.path.rpartition("/")[2],
                # HL7 table 0271: authenticated; or documented, which nobody has signed.
                17: "AU" if released else "DO", 19: "AV",
            },
            settings.version,
        ),
        _segment(
            "OBX",
            {1: "1", 2: "ED", 3: f"{kind.upper()}^{title}^{_SYSTEM}",
             4: "1", 5: f"^{settings.pdf_type}^PDF^Base64^{_LATER}", 11: "F"},
            settings.version,
        ),
    ]  # fmt: skip
    return "\r".join(lines) + "\r"


def _scores(
    said: Mapping[str, Any], outgoing: Outgoing, patient: PatientReference,
    settings: DestinationSettings,
) -> str:  # fmt: skip
    day = _plain_day(said.get("assessed_on")) or _day(outgoing)
    number = control_id(outgoing.key)
    name = str(said.get("instrument") or "")
    lines = [
        *_head("ORU", "R01", "ORU_R01", outgoing, patient, settings),
        _segment(
            "OBR",
            {1: "1", 3: f"{number}^{settings.application}",
             4: f"PROGRESS^Progress by outcome measures^{_SYSTEM}", 7: day, 25: "F"},
            settings.version,
        ),
    ]  # fmt: skip
    total = said.get("total")
    found: list[tuple[str, str, str, str]] = []
    if name and total is not None:
        code = f"{TOTALS[name]}^{name} total^LN" if name in TOTALS else _own(name, f"{name} total")
        found.append(("NM", code, _number(total), "{score}"))
    for key, kind, unit, words in (
        ("severity_band", "ST", "", "Severity band"),
        ("baseline", "NM", "{score}", "Score at baseline"),
        ("percent_change", "NM", "%", "Improvement since baseline"),
        ("decision", "ST", "", "Progress decision"),
        ("rule", "ST", "", "Rule that decided"),
        ("reason", "TX", "", "Reason of the decision"),
    ):
        value = said.get(key)
        if value is not None and value != "":
            text = {"NM": _number(value), "TX": _LATER}.get(kind) or _escaped(str(value))
            found.append((kind, _own(key, words), text, unit))
    found += [
        ("ST", _own("safety_flag", "Needs a person"), _escaped(str(flag)), "")
        for flag in said.get("safety_flags") or ()
    ]
    if not found:
        raise Rejected("nothing_to_send", "the document holds no score and no decision")
    for place, (kind, code, value, unit) in enumerate(found, start=1):
        fields = {1: str(place), 2: kind, 3: code, 4: "1", 5: value, 6: unit, 11: "F", 14: day}
        lines.append(_segment("OBX", fields, settings.version))
    return "\r".join(lines) + "\r"


def _said(outgoing: Outgoing) -> Mapping[str, Any]:
    """What a summary or a decision says, under the names of a summary."""
    try:
        loaded = json.loads(outgoing.content)
    except ValueError:
        loaded = None
    if not isinstance(loaded, dict):
        raise Rejected("document_unreadable", "the document holds no scores that can be read")
    context = loaded.get("context")
    if not isinstance(context, dict):
        return loaded
    current, baseline = context.get("current") or {}, context.get("baseline") or {}
    return {
        **context, "total": current.get("total"), "assessed_on": current.get("taken_on"),
        "baseline": baseline.get("total"), "percent_change": context.get("percent"),
        "severity_band": context.get("band"),
    }  # fmt: skip


def _head(
    kind: str, event: str, structure: str, outgoing: Outgoing, patient: PatientReference,
    settings: DestinationSettings,
) -> list[str]:  # fmt: skip
    version, day = settings.version, _day(outgoing)
    own = patient.source == settings.patient_source
    number = patient.source_id if own else patient.chart_number
    # XPN.7 U: the name is not stated (HL7 table 0200).
    name = f"{_escaped(patient.family_name or '')}^{_escaped(patient.given_name or '')}"
    lines = [
        _segment(
            "MSH",
            {3: settings.application, 4: settings.facility, 5: settings.receiving_application,
             6: settings.receiving_facility, 7: f"{day}000000", 9: f"{kind}^{event}^{structure}",
             10: control_id(outgoing.key), 11: settings.processing_id, 12: version,
             18: "UNICODE UTF-8"},
            version,
        )
    ]  # fmt: skip
    if kind == "MDM":
        lines.append(_segment("EVN", {1: event, 2: f"{day}000000"}, version))
    lines.append(
        _segment(
            "PID",
            {1: "1", 3: f"{_escaped(number)}^^^{settings.patient_id_authority}"
                        f"^{settings.patient_id_type}",
             5: name if name != "^" else "^^^^^^U",
             7: patient.birth_date.strftime("%Y%m%d") if patient.birth_date else "",
             8: _SEX.get(patient.sex, "U")},
            version,
        )
    )  # fmt: skip
    return lines


def _segment(name: str, values: Mapping[int, str], version: str) -> str:
    """One segment, each field checked for its place, type and length."""
    from hl7apy.consts import VALIDATION_LEVEL
    from hl7apy.core import Segment
    from hl7apy.exceptions import HL7apyException

    strict = VALIDATION_LEVEL.STRICT
    made = Segment(name, version=version, validation_level=strict)
    for number, value in values.items():
        if not value:
            continue
        try:
            setattr(made, f"{name.lower()}_{number}", value)
        except HL7apyException as fault:
            raise Rejected(
                "message_refused",
                f"{name}-{number} would not be what HL7 {version} allows there; nothing was sent",
                detail=type(fault).__name__,
            ) from None
    text = str(made.to_er7())
    return text.replace("MSH||", "MSH|^~\\&|", 1) if name == "MSH" else text


def _own(code: str, words: str) -> str:
    return f"{code.upper()}^{words}^{_SYSTEM}"


def _escaped(text: str) -> str:
    for mark, written in _ESCAPES:
        text = text.replace(mark, written)
    return text


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _day(outgoing: Outgoing) -> str:
    """The day of the document; the message's time is this day, so that it never changes."""
    return _plain_day(outgoing.labels.get("as_of")) or "19700101"


def _plain_day(text: object) -> str:
    return text[:10].replace("-", "") if isinstance(text, str) and len(text) >= 10 else ""


def _checked(text: str, version: str) -> None:
    """Raises Rejected where the whole is not a message of its structure."""
    from hl7apy.consts import VALIDATION_LEVEL
    from hl7apy.exceptions import HL7apyException
    from hl7apy.parser import parse_message

    try:
        parse_message(text, validation_level=VALIDATION_LEVEL.STRICT).validate()
    except HL7apyException as fault:
        raise Rejected(
            "message_refused",
            f"the message would not be what HL7 {version} allows; nothing was sent",
            detail=type(fault).__name__,
        ) from None
