"""Segments that name somebody: NM1 and what follows it. Used by every transaction we write."""

from __future__ import annotations

from datetime import date

from connector.x12.content.envelope import TransactionText
from connector.x12.content.parties import (
    Address,
    CareProvider,
    Contact,
    Dependent,
    Payer,
    Requester,
    Subscriber,
)

SEXES = {"female": "F", "male": "M", "unknown": "U"}
RELATIONSHIPS = {
    "spouse": "01", "child": "19", "employee": "20", "unknown": "21", "life_partner": "53",
    "other": "G8",
}  # fmt: skip
"""INS02, as the 271 has them too (names: x12sdk, Apache-2.0)."""

PROVIDER_CODES = {"71": "AT", "DK": "OR", "DN": "RF"}
"""PRV01 by the role in NM101; PE (performing) for all others."""


def day(value: date) -> str:
    """CCYYMMDD."""
    return f"{value:%Y%m%d}"


def add_period(text: TransactionText, qualifier: str, start: date, end: date) -> None:
    """A DTP: D8 for one day, RD8 for several."""
    if start == end:
        text.add("DTP", qualifier, "D8", day(start))
    else:
        text.add("DTP", qualifier, "RD8", f"{day(start)}-{day(end)}")


def add_payer(text: TransactionText, role: str, payer: Payer) -> None:
    """NM1 of the payer as ``role`` (X3, PR)."""
    text.add("NM1", role, "2", payer.name, "", "", "", "", payer.id_type, payer.id)


def add_address(text: TransactionText, address: Address | None) -> None:
    """N3 and N4."""
    if address is not None:
        text.add("N3", address.line1, address.line2 or "")
        text.add("N4", address.city, address.state, address.postal_code)


def add_contact(text: TransactionText, contact: Contact | None) -> None:
    """PER."""
    if contact is None:
        return
    pairs = (
        ("TE", contact.phone), ("EX", contact.extension), ("FX", contact.fax),
        ("EM", contact.email),
    )  # fmt: skip
    numbers = [part for code, value in pairs if value for part in (code, value)]
    text.add("PER", "IC", contact.name or "", *numbers)


def add_provider_name(text: TransactionText, role: str, provider: Requester | CareProvider) -> None:
    """NM1 of a provider with its NPI."""
    if provider.organization:
        names = ["2", provider.organization, "", ""]
    else:
        names = ["1", provider.family_name or "", provider.given_name or ""]
        names.append(provider.middle_name or "")
    text.add("NM1", role, *names, "", "", "XX", provider.npi)


def add_provider(text: TransactionText, provider: Requester | CareProvider) -> None:
    """A provider's loop: NM1, N3, N4, PER, PRV."""
    add_provider_name(text, provider.role, provider)
    add_address(text, provider.address)
    add_contact(text, provider.contact)
    if provider.taxonomy:
        text.add("PRV", PROVIDER_CODES.get(provider.role, "PE"), "PXC", provider.taxonomy)


def add_subscriber(text: TransactionText, person: Subscriber, account: str | None) -> None:
    """2010C; ``account`` is ours, stated where the subscriber is the patient."""
    _name(text, "IL", person, person.member_id)
    if person.group_number:
        text.add("REF", "6P", person.group_number)
    if account:
        text.add("REF", "EJ", account)
    _demographics(text, person)


def add_dependent(text: TransactionText, person: Dependent, account: str | None) -> None:
    """2010D."""
    _name(text, "QC", person, "")
    if account:
        text.add("REF", "EJ", account)
    _demographics(text, person)
    text.add("INS", "N", RELATIONSHIPS[person.relationship])


def _name(text: TransactionText, role: str, person: Subscriber | Dependent, member_id: str) -> None:
    names = (person.family_name, person.given_name, person.middle_name or "", "")
    text.add(
        "NM1", role, "1", *names, person.suffix or "", "MI" if member_id else "", member_id
    )  # fmt: skip


def _demographics(text: TransactionText, person: Subscriber | Dependent) -> None:
    add_address(text, person.address)
    text.add("DMG", "D8", day(person.birth_date), SEXES[person.sex])
