"""Service lines of a case as items of a Claim, and what an item needs beside itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connector.documents.pas import terms
from connector.documents.pas.parts import Parts, Resource, concept, extension, stated
from connector.errors import InvalidRecord
from connector.x12.content.case import PatientEvent, RequestCase
from connector.x12.content.services import Period, Quantity, ServiceLine

_HSD = {"visits": "VS", "units": "UN", "hours": "HS", "days": "DY", "months": "MN"}
_WORDS = {"visits": "visits", "units": "units", "hours": "hours", "days": "days",
          "months": "months"}  # fmt: skip
_LINE_WORDS = {"UN": "units", "MJ": "minutes"}
_UCUM = "http://unitsofmeasure.org"
_PERIOD_UNITS = {"day": "d", "week": "wk", "month": "mo"}


@dataclass(frozen=True, slots=True)
class Line:
    """What one item says, from a service line, or from an event that names no service."""

    trace: str
    product: Resource
    service: ServiceLine | None

    @property
    def number(self) -> str:
        """The key of the line over all versions of a request."""
        return self.trace


def lines_of(case: RequestCase) -> list[Line]:
    """The lines of a case; one for the kind of service where the case lists no procedure."""
    event = case.event
    if event.services:
        return [
            Line(str(one.trace), concept(_procedure_system(one.code), one.code), one)
            for one in event.services
        ]
    product = concept(terms.SERVICE_1365, str(_category(event, None)))
    return [Line(f"{event.trace}-1"[:50], product, None)]


def _procedure_system(code: str) -> str:
    """CPT codes begin with a digit, HCPCS codes with a letter."""
    return terms.CPT if code[0].isdigit() else terms.HCPCS


def item(case: RequestCase, line: Line, links: Resource, parts: Parts, patient: Resource
         ) -> Resource:  # fmt: skip
    """The item, without its sequence. ``links`` are its sequences of other parts.

    Raises InvalidRecord where the case lacks what a PAS item must say.
    """
    event, service = case.event, line.service
    period = (service.period if service else None) or event.period
    return stated(
        {
            "extension": _extensions(case, line, parts, patient),
            **links,
            "category": concept(terms.SERVICE_1365, _category(event, service)),
            "productOrService": line.product,
            "modifier": [
                concept(_procedure_system(code) if code[0].isdigit() else terms.HCPCS, code)
                for code in (service.modifiers if service else ())
            ],
            **_serviced(period),
            "locationCodeableConcept": concept(terms.PLACE_OF_SERVICE, _place(event)),
            "quantity": _amount(event, service),
        }
    )


def _category(event: PatientEvent, service: ServiceLine | None) -> str:
    found = (service.service_type if service else None) or event.service_type
    if not found:
        raise _lacks("event.service_type", "the kind of service (UM03)")
    return str(found)


def _place(event: PatientEvent) -> str:
    if not event.place_of_service:
        raise _lacks("event.place_of_service", "the place of service")
    return event.place_of_service


def _lacks(field: str, name: str) -> InvalidRecord:
    return InvalidRecord(
        "pas_incomplete",
        f"a PAS request needs {name}; the case does not state {field}",
        field=field,
    )


def _serviced(period: Period | None) -> Resource:
    if period is None:
        return {}
    if period.starts_on == period.ends_on:
        return {"servicedDate": period.starts_on.isoformat()}
    return {"servicedPeriod": period_of(period)}


def period_of(period: Period) -> Resource:
    """A FHIR Period of whole days."""
    return {"start": period.starts_on.isoformat(), "end": period.ends_on.isoformat()}


def _amount(event: PatientEvent, service: ServiceLine | None) -> Resource:
    if service is None:
        assert event.quantity is not None  # a case asks for services or for a quantity
        return quantity(event.quantity)
    return {"value": service.amount, "unit": _LINE_WORDS[service.unit]}


def quantity(given: Quantity) -> Resource:
    """A PAS quantity: the unit's code where it is one of HSD01."""
    code = _HSD[given.unit]
    coded = {"system": terms.UNITS_673, "code": code} if code in terms.UNIT_CODES else {}
    return {"value": given.amount, "unit": _WORDS[given.unit], **coded}


def _extensions(case: RequestCase, line: Line, parts: Parts, patient: Resource) -> list[Resource]:
    event, service = case.event, line.service
    category = (service.category if service else None) or event.category
    trace = {"system": f"urn:trnorg:{case.originator}", "value": line.trace}
    found = [extension(terms.ITEM_TRACE, valueIdentifier=trace)]
    if event.previous_authorization:
        number = event.previous_authorization
        found.append(extension(terms.AUTHORIZATION_NUMBER, valueString=number))
    if event.previous_reference:
        number = event.previous_reference
        found.append(extension(terms.ADMINISTRATIVE_NUMBER, valueString=number))
    found.append(
        extension(terms.REQUEST_TYPE, valueCodeableConcept=concept(terms.REQUEST_1525, category))
    )
    found.append(certification(event.certification))
    order = _order(event, line, parts, patient)
    if order is not None:
        found.append(extension(terms.REQUESTED_SERVICE, valueReference=order))
    return found


def certification(code: str) -> Resource:
    """The extension certificationType (UM02)."""
    return extension(
        terms.CERTIFICATION, valueCodeableConcept=concept(terms.CERTIFICATION_1322, code)
    )


def _order(event: PatientEvent, line: Line, parts: Parts, patient: Resource) -> Resource | None:
    """The ServiceRequest that counts visits, how often and how long: an item has no place for it.

    A quantity of the event holds for each of its services: so many visits, whatever is done there.
    """
    wanted = (line.service.quantity if line.service else None) or event.quantity
    if wanted is None or line.service is None:
        return None
    return parts.add(
        "ServiceRequest",
        terms.PAS + "profile-servicerequest",
        stated(
            {
                "status": "active",
                "intent": "order",
                "code": line.product,
                "quantityQuantity": quantity(wanted),
                "subject": patient,
                "occurrenceTiming": _timing(wanted),
            }
        ),
    )


def _timing(wanted: Quantity) -> Resource:
    repeat: dict[str, Any] = {}
    if wanted.over is not None:
        code = _PERIOD_UNITS[wanted.over.of]
        repeat["boundsDuration"] = {
            "value": wanted.over.count, "unit": wanted.over.of, "system": _UCUM, "code": code,
        }  # fmt: skip
    if wanted.rate is not None:
        repeat |= {"frequency": wanted.rate.times, "period": 1,
                   "periodUnit": _PERIOD_UNITS[wanted.rate.per]}  # fmt: skip
    elif repeat:
        repeat["count"] = wanted.amount  # prof-1: a timing says how often, or how many times
    return {"repeat": repeat} if repeat else {}
