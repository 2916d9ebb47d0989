"""Names, identifiers, addresses, telephone numbers."""

from __future__ import annotations

import re

from connector.x12.elements import Place
from connector.x12.finding import Report
from connector.x12.loop import Loop
from connector.x12.npi import is_npi
from connector.x12.rules.each import apply

_NINE_DIGITS = re.compile(r"[0-9]{9}\Z")
_TAXONOMY = re.compile(r"[0-9A-Z]{9}X\Z")
_PHONE = re.compile(r"[2-9][0-9]{9}\Z")
_ZIP = re.compile(r"[0-9]{5}([0-9]{4})?\Z")
_OF_PERSONS = (4, 5, 7)
"""First name, middle name, suffix."""

_POSTAL = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ "
    "NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS FM GU MH MP PR PW VI AA AE AP"
)
_STATES = frozenset(_POSTAL.split())
"""States, territories and military addresses of the US Postal Service."""


def check(root: Loop, report: Report) -> None:
    """Report what is wrong with the parties of a set."""
    rules = {"NM1": _name, "REF": _reference, "PRV": _specialty, "N4": _city, "PER": _contact}
    apply(root, report, rules)


def _name(place: Place) -> None:
    segment = place.segment
    number = segment.element(9)
    _identifier(place, segment.element(8), number, 9)
    personal = [index for index in _OF_PERSONS if segment.element(index)]
    if segment.element(2) == "2" and personal:
        message = "NM102 says organization, but a first or middle name or a suffix is given."
        place.tell("organization_with_first_name", message, personal[0])


def _identifier(place: Place, kind: str, number: str, index: int) -> None:
    name = place.name(index)
    if not number:
        return
    if kind == "XX" and not is_npi(number):
        message = f"{name} is not a valid NPI: ten digits whose last one is a check digit."
        place.tell("npi_check_digit", message, index)
    elif kind in ("24", "EI") and not _NINE_DIGITS.match(number):
        message = f"{name} must be a tax number: nine digits without hyphen."
        place.tell("tax_number_format", message, index)
    elif kind in ("34", "SY") and not _NINE_DIGITS.match(number):
        message = f"{name} must be a social security number: nine digits without hyphens."
        place.tell("social_security_number_format", message, index)


def _reference(place: Place) -> None:
    _identifier(place, place.segment.element(1), place.segment.element(2), 2)


def _specialty(place: Place) -> None:
    code = place.segment.element(3)
    if place.segment.element(2) == "PXC" and code and not _TAXONOMY.match(code):
        message = "PRV03 must be a taxonomy code: ten letters and digits that end with X."
        place.tell("taxonomy_format", message, 3)


def _city(place: Place) -> None:
    """State and ZIP code of an address in the US."""
    segment = place.segment
    if segment.element(4) not in ("", "US"):
        return
    state, code = segment.element(2), segment.element(3)
    if segment.element(1) and not (state and code):
        message = "An address in the US has a state (N402) and a ZIP code (N403)."
        place.tell("address_incomplete", message, 3 if state else 2, severity="warning")
    if state and state not in _STATES:
        place.tell("state_unknown", "N402 is not a state of the US Postal Service.", 2)
    if code and not _ZIP.match(code):
        place.tell("zip_format", "N403 must be 5 or 9 digits without hyphen.", 3)


def _contact(place: Place) -> None:
    for index in (3, 5, 7):
        kind, number = place.segment.element(index), place.segment.element(index + 1)
        if kind in ("TE", "FX") and number and not _PHONE.match(number):
            message = f"{place.name(index + 1)} should be a number of ten digits, without signs."
            place.tell("phone_format", message, index + 1, severity="warning")
        if kind == "EM" and number and "@" not in number:
            message = f"{place.name(index + 1)} is not an e-mail address."
            place.tell("email_format", message, index + 1, severity="warning")
