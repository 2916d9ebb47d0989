"""A 278 request as the JSON of a service review.

Field names are those of the vendor's published description of version 2.0.0 of its service reviews;
the codes inside are the 278's own (UM, HI, SV1, HSD), which that description says it stands for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.errors import Rejected
from connector.x12.content.parse import parse
from connector.x12.content.party_writer import RELATIONSHIPS

Json = dict[str, Any]
_SELF = "18"
_SEXES = {"female": "F", "male": "M", "unknown": "U"}
_QUANTITIES = {"visits": "VS", "units": "FL", "hours": "HS", "days": "DY", "months": "MN"}


def request_of(content: bytes) -> Json:
    """The one request in an X12 file, by the names of a case. Raises Rejected."""
    transactions = parse(content).as_json()["transactions"]
    requests = [one for one in transactions if one.get("direction") == "request"]
    if len(requests) != 1 or requests[0].get("type") != "278":
        raise Rejected("not_a_review", "only a file with one 278 request can be sent this way")
    found = requests[0]["content"]
    return dict(found)


def service_review(case: Mapping[str, Any]) -> Json:
    """The review to create or update."""
    event = case.get("event") or {}
    person = case.get("dependent") or case.get("subscriber") or {}
    relation = (case.get("dependent") or {}).get("relationship")
    return _stated(
        payer=_stated(id=(case.get("payer") or {}).get("id")),
        requestingProvider=_provider(case.get("requester")),
        subscriber=_stated(
            memberId=(case.get("subscriber") or {}).get("member_id"),
            lastName=(case.get("subscriber") or {}).get("family_name"),
            firstName=(case.get("subscriber") or {}).get("given_name"),
        ),
        patient=_stated(
            lastName=person.get("family_name"),
            firstName=person.get("given_name"),
            birthDate=person.get("birth_date"),
            genderCode=_SEXES.get(person.get("sex", "unknown")),
            subscriberRelationshipCode=RELATIONSHIPS.get(relation) if relation else _SELF,
        ),
        referenceNumber=case.get("reference"),
        requestTypeCode=event.get("category"),
        serviceTypeCode=event.get("service_type"),
        placeOfServiceCode=event.get("place_of_service"),
        serviceLevelCode="U" if event.get("urgent") else None,
        **_period(event),
        **_quantity(event),
        diagnoses=_diagnoses(event),
        procedures=[_procedure(line, event) for line in event.get("services") or ()],
        renderingProviders=[
            _stated(roleCode=one.get("role"), **_provider(one))
            for one in event.get("providers") or ()
        ],
        providerNotes=[{"message": event["message"]}] if event.get("message") else None,
        certificationNumber=event.get("previous_authorization"),
        supplementalInformation=_stated(refAuthNumber=event.get("previous_reference")),
    )


def _diagnoses(event: Mapping[str, Any]) -> list[Json]:
    codes = [one.get("code") for one in event.get("diagnoses") or ()]
    return [
        {"qualifierCode": "ABF" if number else "ABK", "code": code}
        for number, code in enumerate(codes)
    ]


def _procedure(line: Mapping[str, Any], event: Mapping[str, Any]) -> Json:
    modifiers = {f"modifierCode{n}": code for n, code in enumerate(line.get("modifiers") or (), 1)}
    return _stated(
        qualifierCode="HC",
        code=line.get("code"),
        quantity=_text(line.get("amount")),
        quantityTypeCode=line.get("unit"),
        **modifiers,
        **_period(line if line.get("period") else event),
    )


def _period(of: Mapping[str, Any]) -> Json:
    period = of.get("period") or {}
    return _stated(fromDate=period.get("starts_on"), toDate=period.get("ends_on"))


def _quantity(event: Mapping[str, Any]) -> Json:
    quantity = event.get("quantity") or {}
    unit = _QUANTITIES.get(quantity.get("unit", "")) if quantity else None
    return _stated(quantity=_text(quantity.get("amount")), quantityTypeCode=unit)


def _provider(given: Mapping[str, Any] | None) -> Json:
    given = given or {}
    address, contact = given.get("address") or {}, given.get("contact") or {}
    return _stated(
        lastName=given.get("organization") or given.get("family_name"),
        firstName=given.get("given_name"),
        npi=given.get("npi"),
        specialtyCode=given.get("taxonomy"),
        addressLine1=address.get("line1"),
        addressLine2=address.get("line2"),
        city=address.get("city"),
        stateCode=address.get("state"),
        zipCode=address.get("postal_code"),
        contactName=contact.get("name"),
        phone=contact.get("phone"),
        fax=contact.get("fax"),
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _stated(**given: Any) -> Json:
    """The fields that have a value."""
    empty: Sequence[Any] = (None, "", [], {})
    return {name: value for name, value in given.items() if value not in empty}
