"""Settings of the FHIR R4 source and destination. Secrets are named, never written here."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from adapters.fhir_r4.push_settings import ExportSettings, SubscriptionSettings
from adapters.fhir_r4.reachable import Reachable
from connector.sign_in import AuthorizationSettings

TYPES = (
    "Practitioner",
    "Patient",
    "Coverage",
    "EpisodeOfCare",
    "Condition",
    "Goal",
    "CarePlan",
    "Appointment",
    "Encounter",
    "Observation",
    "QuestionnaireResponse",
    "RelatedPerson",
)
"""What is polled by default: the resource types of the shipped mapping, people first. Last stands
what many servers can't be asked for like the others: nothing waits for it."""

IDENTIFIER_SYSTEM = "urn:uuid:5b0e7c52-8a3f-4c0b-9a55-5d1b7f6c2e10"
"""The default system of our delivery keys. Never change it: it is how what was sent is found."""

_TYPE = re.compile(r"[A-Z][A-Za-z]{2,63}")
_PARAMETER = re.compile(r"[a-z][A-Za-z-]*(?::[A-Za-z]+)?")
_QUESTIONNAIRE = re.compile(
    r"(?:https?://|urn:(?:uuid|oid):)[^\s|<>\"]+(?:\|[\w.-]+)?|Questionnaire/[A-Za-z0-9\-.]{1,64}"
)
_RECIPIENT = (
    r"^(Practitioner|PractitionerRole|CareTeam|Organization|HealthcareService|Group)"
    r"/[A-Za-z0-9\-.]{1,64}$"
)
"""Of the types that may receive a Communication (FHIR R4), those that stand for staff."""
_SYSTEM = r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s|,$\\\"<>]+$"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerSettings(_Section):
    """Where the FHIR server is. ``private_network``: it is in the practice's own network."""

    base_url: str
    private_network: bool = False
    ca_file: str | None = None
    authorization: AuthorizationSettings | None = None


class FhirSourceSettings(ServerSettings):
    """What is polled. ``since`` limits the first poll of events (not of people, plans, coverage).

    ``parameters`` are search parameters by type that narrow what is asked for. ``overlap_seconds``:
    how long a change may take to become visible. ``most_deleted_percent``: a comparison in which
    more of a type is gone is taken for a fault of the server. ``identifier_system`` is that of the
    destination which files there: what carries it is our own, and not read back. ``subscription``:
    the server also posts to us; ``export``: how everything is loaded at once. ``changes_a_day``:
    records that notifications are expected to name; it counts in the plan of requests only.
    """

    types: tuple[str, ...] | None = None
    parameters: dict[str, dict[str, str]] = {}
    since: date | None = None
    overlap_seconds: int = Field(default=120, ge=0, le=86_400)
    changes_a_day: int = Field(default=50, ge=0, le=100_000)
    page_size: int = Field(default=100, ge=1, le=1000)
    deletions: Literal["none", "history", "compare"] = "compare"
    most_deleted_percent: int = Field(default=50, ge=1, le=100)
    identifier_system: str = Field(default=IDENTIFIER_SYSTEM, pattern=_SYSTEM)
    subscription: SubscriptionSettings | None = None
    export: ExportSettings | None = None

    @field_validator("types")
    @classmethod
    def _types(cls, given: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if given is None:
            return None
        if not given or len(set(given)) != len(given):
            raise ValueError("list one or more resource types, each once")
        for name in given:
            if not _TYPE.fullmatch(name):
                raise ValueError(f"{name!r} is no resource type, such as Observation")
        return given

    @model_validator(mode="after")
    def _parameters(self) -> FhirSourceSettings:
        for name, given in self.parameters.items():
            if name not in self.asked:
                raise ValueError(
                    f"parameters: {name!r} is not polled; valid values: {', '.join(self.asked)}"
                )
            for parameter in given:
                if not _PARAMETER.fullmatch(parameter):
                    raise ValueError(f"parameters: {parameter!r} can't be set, such as category")
        return self

    @property
    def asked(self) -> tuple[str, ...]:
        """The types to poll, people first."""
        given = TYPES if self.types is None else self.types
        return tuple(sorted(given, key=lambda name: name not in TYPES[:2]))


class FhirDestinationSettings(ServerSettings):
    """Where documents are filed, and how the patient is found there.

    ``patient_source`` is the source whose patient ids are this server's. For patients of another
    source, ``patient_identifier_system`` says which identifier holds the practice's chart number.
    ``questionnaires`` says, by our instrument id, what the server calls a form that clients are
    asked for: the canonical URL of its Questionnaire, or ``Questionnaire/<id>``. ``write``: what is
    filed with a therapist's report; scores and answers that came from ``patient_source`` itself
    are not written back to it. ``sender`` is whom to ask about an alert sent as a Communication,
    ``recipients`` who gets it, by audience: one of that server's own, such as
    ``PractitionerRole/42``, or somebody with a name and a number.
    """

    patient_source: str | None = None
    patient_identifier_system: str | None = Field(default=None, pattern=_SYSTEM)
    identifier_system: str = Field(default=IDENTIFIER_SYSTEM, pattern=_SYSTEM)
    alerts: Literal["task", "flag", "communication", "none"] = "task"
    write: tuple[Literal["document_reference", "observation", "questionnaire_response"], ...] = (
        "document_reference",
    )
    questionnaires: dict[str, str] = {}
    sender: Reachable | None = None
    recipients: dict[
        Literal["therapist", "on_call", "front_desk", "billing", "data_owner"],
        Reachable | Annotated[str, Field(pattern=_RECIPIENT)],
    ] = {}

    @field_validator("questionnaires")
    @classmethod
    def _canonical(cls, given: dict[str, str]) -> dict[str, str]:
        for instrument, target in given.items():
            if not _QUESTIONNAIRE.fullmatch(target):
                raise ValueError(
                    f"{instrument}: {target!r} is neither a canonical URL, such as "
                    "https://ehr.example/fhir/Questionnaire/phq9, nor Questionnaire/<id>"
                )
        return given

    @field_validator("write")
    @classmethod
    def _the_document_too(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if "document_reference" not in given:
            raise ValueError(
                "must hold document_reference: scores and answers are filed with the report that "
                "they are told in, and refer to it"
            )
        return given

    @model_validator(mode="after")
    def _some_patient(self) -> FhirDestinationSettings:
        if self.patient_source is None and self.patient_identifier_system is None:
            raise ValueError(
                "state patient_source (the source whose patients are this server's), or "
                "patient_identifier_system (the system of the chart number there)"
            )
        return self
