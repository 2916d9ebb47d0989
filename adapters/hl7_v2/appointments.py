"""SIU: appointments. HL7 v2.5.1, chapter 10."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from adapters.hl7_v2 import times
from adapters.hl7_v2.reading import Reading, no_value, required
from adapters.hl7_v2.rows import Columns

_GONE = "S17"
# What the event itself says, whatever an out-of-date SCH-25 says beside it.
_BY_EVENT = {"S15": "cancelled", "S16": "discontinued", "S26": "noshow"}
EVENTS = frozenset({"S12", "S13", "S14", "S15", "S16", "S17", "S18", "S19", "S26"})
_IN_MINUTES = {"": 1, "M": 1, "MIN": 1, "MINS": 1, "MINUTE": 1, "MINUTES": 1, "H": 60, "HR": 60,
               "HOUR": 60, "HOURS": 60}  # fmt: skip
_LONGEST_MINUTES = 24 * 60
_STARTS = ("SCH_11_4", "TQ1_7_1", "AIS_4_1", "AIP_6_1", "AIG_8_1", "AIL_6_1")


def read_siu(reading: Reading) -> None:
    """A row for each patient of the appointment."""
    message = reading.message
    booking = required(message, "SCH")
    number = booking.value(2) or booking.value(1)
    if not number:
        raise no_value("SCH-2", "the number of the appointment")
    required(message, "PID")
    people = [reading.patient(pid) for pid in message.all("PID")]
    own = reading.columns(
        booking, *(message.first(name) for name in ("TQ1", "AIS", "AIP", "AIL", "AIG", "PV1"))
    )
    _put_times(own, reading.offset)
    own["status"] = _status(reading.event, booking.value(25))
    for person in people:
        # A group: each of its people has a visit of their own.
        own_number = f"{number}/{person['patient_id']}" if len(people) > 1 else number
        data = {**person, **own, "appointment_id": own_number}
        if reading.event != _GONE:
            reading.mention(person)
        reading.add("appointments", data, deleted=reading.event == _GONE)
    reading.clinicians(message.first("AIP"), 3)
    reading.clinicians(message.first("PV1"), 7)


def _status(event: str, stated: str) -> str:
    """The word of HL7 table 0278 in small letters."""
    return _BY_EVENT.get(event) or stated.casefold() or "booked"


def _put_times(own: Columns, offset: str) -> None:
    for name in ("SCH_11_4", "SCH_11_5"):  # times inside TQ, which is otherwise none
        if name in own:
            own[name] = times.iso(own[name], offset)
    starts = next((own[name] for name in _STARTS if own.get(name)), None)
    if starts:
        own["starts_at"] = starts
    minutes = _minutes(own)
    if minutes:
        own["minutes"] = str(minutes)


def _minutes(own: Columns) -> int | None:
    for number, unit in (("SCH_9_1", "SCH_10_1"), ("AIS_7_1", "AIS_8_1")):
        factor = _IN_MINUTES.get(str(own.get(unit, "")).upper())
        minutes = _whole(own.get(number)) if factor else None
        if minutes is not None and factor:
            return minutes * factor if 0 < minutes * factor <= _LONGEST_MINUTES else None
    begins, ends = (times.moment(str(own.get(name, ""))) for name in ("SCH_11_4", "SCH_11_5"))
    if begins is None or ends is None:
        return None
    minutes = int((ends - begins).total_seconds() // 60)
    return minutes if 0 < minutes <= _LONGEST_MINUTES else None


def _whole(text: object) -> int | None:
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > 6 or number != number.to_integral_value():
        return None
    return int(number)
