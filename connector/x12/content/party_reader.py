"""From NM1 and what follows it to the fields of a case. What can't be read is left as it is."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from connector.x12.content.levels import Party
from connector.x12.content.party_writer import RELATIONSHIPS, SEXES
from connector.x12.segment import Segment

_SEX_NAMES = {code: name for name, code in SEXES.items()}
_RELATIONSHIP_NAMES = {code: name for name, code in RELATIONSHIPS.items()}
_NUMBERS = {"TE": "phone", "EX": "extension", "FX": "fax", "EM": "email"}


def stated(**values: Any) -> dict[str, Any]:
    """The values that say something."""
    return {name: value for name, value in values.items() if value not in (None, "", (), [], {})}


def as_day(text: str) -> date | None:
    """A CCYYMMDD; None for anything that is no day."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def as_moment(day_text: str, time_text: str) -> datetime | None:
    """Date and time of a BHT or GS; None where either is impossible."""
    day = as_day(day_text)
    digits = time_text[:6] if time_text.isascii() and time_text.isdigit() else ""
    if day is None or len(digits) not in (4, 6):
        return None
    try:
        hour, minute, second = int(digits[:2]), int(digits[2:4]), int(digits[4:] or 0)
        return datetime.combine(day, time(hour, minute, second))
    except ValueError:
        return None


def as_count(text: str) -> int | None:
    """A whole number without sign; None for anything else (12.0 is 12)."""
    whole, _, fraction = text.partition(".")
    if not (whole.isascii() and whole.isdigit()) or fraction.strip("0") or len(whole) > 9:
        return None
    return int(whole)


def as_period(segment: Segment | None) -> tuple[date | None, date | None] | None:
    """Start and end of a DTP (D8 or RD8); None where there is none or it says nothing."""
    if segment is None:
        return None
    start_text, _, end_text = segment.element(3).partition("-")
    start = as_day(start_text)
    end = as_day(end_text) if segment.element(2) == "RD8" else start
    return None if start is None and end is None else (start, end)


def payer(party: Party | None) -> dict[str, Any]:
    """A payer's name and number."""
    if party is None:
        return {}
    name = party.name
    return stated(name=name.element(3), id=name.element(9), id_type=name.element(8))


def provider(party: Party | None, *, with_role: bool = True) -> dict[str, Any]:
    """A provider: role, names, NPI, taxonomy, address, contact."""
    if party is None:
        return {}
    name = party.name
    found = stated(role=name.element(1)) if with_role else {}
    if name.element(2) == "1":
        found |= stated(
            family_name=name.element(3), given_name=name.element(4), middle_name=name.element(5)
        )
    else:
        found |= stated(organization=name.element(3))
    if name.element(8) == "XX":
        found |= stated(npi=name.element(9))
    else:
        found |= stated(id_type=name.element(8), id=name.element(9))
    taxonomy = next((s.element(3) for s in party.all("PRV") if s.element(2) == "PXC"), "")
    return found | stated(taxonomy=taxonomy, address=_address(party), contact=_contact(party))


def subscriber(party: Party | None) -> dict[str, Any]:
    """The subscriber; the account number is the case's, not theirs."""
    if party is None:
        return {}
    found = _person(party)
    return found | stated(member_id=party.name.element(9), group_number=reference(party, "6P"))


def dependent(party: Party | None) -> dict[str, Any] | None:
    """The dependent, or None."""
    if party is None:
        return None
    code = next((s.element(2) for s in party.all("INS")), "")
    return _person(party) | stated(relationship=_RELATIONSHIP_NAMES.get(code, code))


def reference(party: Party | None, qualifier: str) -> str:
    """REF02 of one kind, or an empty text."""
    found = party.all("REF") if party else []
    return next((s.element(2) for s in found if s.element(1) == qualifier), "")


def _person(party: Party) -> dict[str, Any]:
    name = party.name
    birth = next(iter(party.all("DMG")), None)
    day = as_day(birth.element(2)) if birth else None
    sex = birth.element(3) if birth else ""
    return stated(
        family_name=name.element(3),
        given_name=name.element(4),
        middle_name=name.element(5),
        suffix=name.element(7),
        birth_date=day.isoformat() if day else (birth.element(2) if birth else ""),
        sex=_SEX_NAMES.get(sex, sex),
        address=_address(party),
    )


def _address(party: Party) -> dict[str, Any]:
    street = next(iter(party.all("N3")), None)
    city = next(iter(party.all("N4")), None)
    found = stated(line1=street.element(1), line2=street.element(2)) if street else {}
    if city:
        found |= stated(city=city.element(1), state=city.element(2), postal_code=city.element(3))
    return found


def _contact(party: Party) -> dict[str, Any]:
    segment = next(iter(party.all("PER")), None)
    if segment is None:
        return {}
    found = stated(name=segment.element(2))
    for place in (3, 5, 7):
        kind = _NUMBERS.get(segment.element(place))
        if kind and segment.element(place + 1):
            found[kind] = segment.element(place + 1)
    return found
