"""Patient, subscriber, coverage, payer and providers of a case as resources."""

from __future__ import annotations

from connector.documents.pas import terms
from connector.documents.pas.packet import Packet
from connector.documents.pas.parts import Parts, Resource, concept, stated
from connector.x12.content.case import RequestCase
from connector.x12.content.parties import (
    Address,
    CareProvider,
    Contact,
    Dependent,
    Payer,
    Requester,
    Subscriber,
)
from connector.x12.content.party_writer import RELATIONSHIPS

_FHIR_RELATIONSHIP = {
    "spouse": "spouse",
    "child": "child",
    "life_partner": "common",
}
"""Of the FHIR code system; the others are ``other`` there, and exact in the X12 code beside it."""
_SELF = "18"


class People:
    """References to everybody of one case, added to ``parts``."""

    def __init__(self, case: RequestCase, packet: Packet, parts: Parts) -> None:
        self._packet, self._parts = packet, parts
        self.insurer = self._insurer(case.payer)
        self.requester = self._requester(case.requester)
        self.subscriber = self._person(case.subscriber, case, "subscriber")
        self.patient = self.subscriber
        if case.dependent is not None:
            self.patient = self._person(case.dependent, case, "beneficiary")
        self.coverage = self._coverage(case)

    def provider(self, given: CareProvider) -> Resource:
        """Who takes part in the care, as a careTeam refers to them."""
        if given.organization:
            return self._organization(given, "organization", given.role)
        return self._role(given, None)

    def _insurer(self, payer: Payer) -> Resource:
        systems = {"24": "http://terminology.hl7.org/NamingSystem/USEIN"}
        own: Resource = {
            "system": systems.get(payer.id_type, self._packet.payer_system),
            "value": payer.id,
        }
        if payer.id_type != "24":
            own = {"type": concept(terms.PAYER_ID_TYPE, "payerid"), **own}
        return self._parts.add(
            "Organization",
            terms.PAS + "profile-insurer",
            {
                "identifier": [own],
                "active": True,
                "type": [concept(terms.ENTITY_98, "X3")],
                "name": payer.name,
            },
        )

    def _requester(self, given: Requester) -> Resource:
        if given.organization:
            return self._organization(given, "requestor", given.role)
        return self._role(given, given.contact)

    def _organization(self, given: Requester | CareProvider, profile: str, role: str) -> Resource:
        contact = given.contact
        person = {"name": {"text": contact.name}} if contact and contact.name else {}
        return self._parts.add(
            "Organization",
            terms.PAS + f"profile-{profile}" if profile == "requestor" else "",
            stated(
                {
                    "identifier": [{"system": terms.NPI, "value": given.npi}],
                    "active": True,
                    "type": [concept(terms.ENTITY_98, role)],
                    "name": given.organization,
                    "telecom": _telecom(contact),
                    "address": _address(given.address),
                    "contact": [{**person, "telecom": _telecom(contact)}] if contact else [],
                }
            ),
        )

    def _role(self, given: Requester | CareProvider, contact: Contact | None) -> Resource:
        names = [name for name in (given.given_name, given.middle_name) if name]
        practitioner = self._parts.add(
            "Practitioner",
            terms.PAS + "profile-practitioner",
            stated(
                {
                    "identifier": [{"system": terms.NPI, "value": given.npi}],
                    "name": [stated({"family": given.family_name, "given": names})],
                    "telecom": _telecom(given.contact),
                    "address": _address(given.address),
                }
            ),
        )
        specialty = [concept(terms.TAXONOMY, given.taxonomy)] if given.taxonomy else []
        return self._parts.add(
            "PractitionerRole",
            terms.PAS + "profile-practitionerrole",
            stated(
                {
                    "practitioner": practitioner,
                    "specialty": specialty,
                    "telecom": _telecom(contact or given.contact),
                }
            ),
        )

    def _person(self, given: Subscriber | Dependent, case: RequestCase, profile: str) -> Resource:
        is_patient = profile == "beneficiary" or case.dependent is None
        account = case.patient_account if is_patient else None
        identifiers = [self._member(case)]
        if account:
            system = f"urn:trnorg:{case.originator}"
            kind = concept(terms.IDENTIFIER_TYPE, "AN")
            identifiers.append({"type": kind, "system": system, "value": account})
        return self._parts.add(
            "Patient",
            terms.PAS + f"profile-{profile}",
            stated(
                {
                    "identifier": identifiers,
                    "name": [
                        stated(
                            {
                                "family": given.family_name,
                                "given": [n for n in (given.given_name, given.middle_name) if n],
                                "suffix": [given.suffix] if given.suffix else [],
                            }
                        )
                    ],
                    "gender": given.sex,
                    "birthDate": given.birth_date.isoformat(),
                    "address": _address(given.address),
                }
            ),
        )

    def _member(self, case: RequestCase) -> Resource:
        return {
            "type": concept(terms.IDENTIFIER_TYPE, "MB"),
            "system": self._packet.member_system,
            "value": case.subscriber.member_id,
        }

    def _coverage(self, case: RequestCase) -> Resource:
        dependent = case.dependent
        relation = "self" if dependent is None else dependent.relationship
        fhir = "self" if dependent is None else _FHIR_RELATIONSHIP.get(relation, "other")
        x12 = _SELF if dependent is None else RELATIONSHIPS[dependent.relationship]
        group = case.subscriber.group_number
        return self._parts.add(
            "Coverage",
            terms.PAS + "profile-coverage",
            stated(
                {
                    "identifier": [self._member(case)],
                    "status": "active",
                    "subscriber": self.subscriber,
                    "subscriberId": case.subscriber.member_id,
                    "beneficiary": self.patient,
                    "relationship": {
                        "coding": [
                            {"system": terms.SUBSCRIBER_RELATIONSHIP, "code": fhir},
                            {"system": terms.RELATIONSHIP_1069, "code": x12},
                        ]
                    },
                    "payor": [self.insurer],
                    "class": [{"type": concept(terms.COVERAGE_CLASS, "group"), "value": group}]
                    if group
                    else [],
                }
            ),
        )


def _telecom(contact: Contact | None) -> list[Resource]:
    if contact is None:
        return []
    phone = contact.phone
    if phone and contact.extension:
        phone = f"{phone};ext={contact.extension}"
    ways = (("phone", phone), ("fax", contact.fax), ("email", contact.email))
    return [{"system": system, "value": value} for system, value in ways if value]


def _address(given: Address | None) -> list[Resource]:
    if given is None:
        return []
    return [
        {
            "line": [line for line in (given.line1, given.line2) if line],
            "city": given.city,
            "state": given.state,
            "postalCode": given.postal_code,
            "country": "US",
        }
    ]
