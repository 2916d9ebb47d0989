"""Who takes part in a request: payer, providers, subscriber, dependent, and how to reach them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from connector.records import Frozen
from connector.x12.content.fields import (
    City,
    Day,
    Identifier,
    Line,
    Name25,
    Name35,
    Name60,
    Npi,
    Phone,
    PostalCode,
    Reference,
    State,
    Suffix,
    Taxonomy,
)

Sex = Literal["female", "male", "unknown"]
Relationship = Literal["spouse", "child", "employee", "unknown", "life_partner", "other"]


class Address(Frozen):
    """A postal address in the United States (N3 and N4)."""

    line1: Line
    line2: Line | None = None
    city: City
    state: State
    postal_code: PostalCode


class Contact(Frozen):
    """Whom the payer may ask (PER): at least one way to reach them."""

    name: Name60 | None = None
    phone: Phone | None = None
    extension: Annotated[str, Field(pattern=r"^[0-9]{1,6}$")] | None = None
    fax: Phone | None = None
    email: Line | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Contact:
        if not (self.phone or self.fax or self.email):
            raise ValueError("needs phone, fax or email")
        if self.extension and not self.phone:
            raise ValueError("extension needs phone")
        if all((self.extension, self.fax, self.email)):
            raise ValueError("is one too many: at most three of phone, extension, fax, email")
        return self


class Payer(Frozen):
    """Who decides: the payer or its utilization management organization (2010A, NM1*X3).

    ``id_type``: PI payer's own, XV plan id of CMS, 46 clearinghouse, 24 employer's number.
    """

    name: Name60
    id: Identifier
    id_type: Literal["PI", "XV", "46", "24"] = "PI"


class _Provider(Frozen):
    """An organization, or a person with family and given name; one of the two."""

    organization: Name60 | None = None
    family_name: Name60 | None = None
    given_name: Name35 | None = None
    middle_name: Name25 | None = None
    npi: Npi
    taxonomy: Taxonomy | None = None
    address: Address | None = None
    contact: Contact | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> _Provider:
        person = self.family_name or self.given_name or self.middle_name
        if bool(self.organization) == bool(person):
            raise ValueError("needs either organization or family_name, not both")
        if person and not self.family_name:
            raise ValueError("a person needs family_name")
        return self


class Requester(_Provider):
    """Who asks (2010B): ``1P`` a provider, ``FA`` a facility."""

    role: Literal["1P", "FA"] = "1P"


class CareProvider(_Provider):
    """Who takes part in the care (2010EA, 2010F).

    ``role``: SJ performs the service, 71 attends, DK ordered, DN referred, FA is the facility.
    """

    role: Literal["SJ", "71", "DK", "DN", "FA"] = "SJ"


class _Person(Frozen):
    family_name: Name60
    given_name: Name35
    middle_name: Name25 | None = None
    suffix: Suffix | None = None
    birth_date: Day
    sex: Sex = "unknown"
    address: Address | None = None


class Subscriber(_Person):
    """Who holds the insurance (2010C); the patient, where there is no dependent."""

    member_id: Identifier
    group_number: Reference | None = None


class Dependent(_Person):
    """The patient, where somebody else holds the insurance (2010D)."""

    relationship: Relationship = "unknown"
