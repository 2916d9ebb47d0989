"""Canonical records: what every source is mapped to, and all that the pipeline ever sees.

Frozen and strict (no silent conversion; the mapping converts and says so). Ids are made by
``RecordIds`` from the practice's key, so they are the same at every re-read and tell nothing about
the patient. A record's ``version`` orders it against other readings of itself: an older version
never overwrites a newer one. ``deleted`` is a retraction by the source.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

# Letter, digit, digit or A/B, then up to four characters after a point (CMS ICD-10-CM format).
_ICD10CM = re.compile(r"[A-Z][0-9][0-9AB](\.[0-9A-Z]{1,4})?")


def is_icd10cm(code: str) -> bool:
    """Whether a code has the form of an ICD-10-CM code; not whether such a code exists."""
    return _ICD10CM.fullmatch(code) is not None


# Validation context for records read back from the store: they were checked when they came in, and
# a check that has become stricter since must not make them unreadable.
STORED = {"stored": True}


class Frozen(BaseModel):
    """Base of every value object in the product: immutable, strict, no unknown fields."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Provenance(Frozen):
    """Where a record came from, so that every number in a report can be traced back."""

    source: str
    origin: str = Field(description="file name or endpoint; never a patient identifier")
    row: int | None = Field(default=None, description="1-based line or entry number in the origin")
    source_id: str = Field(description="the source's own id of this record")
    table: str = Field(default="", description="the source's table or resource type")
    row_id: str = Field(default="", description="the id of the row, where the record has another")
    mapping: str
    mapping_version: str = Field(description="digest of the mapping that produced the record")


class Record(Frozen):
    """Fields that every canonical record has."""

    id: str
    version: AwareDatetime = Field(description="when the source last changed it; orders re-reads")
    provenance: Provenance
    deleted: bool = False


class PatientRecord(Record):
    """A record that belongs to one patient."""

    patient_id: str


Discipline = Literal["mental_health", "physical_therapy"]


class Practice(Record):
    kind: Literal["practice"] = "practice"
    name: str
    phone: str | None = None


class Clinician(Record):
    kind: Literal["clinician"] = "clinician"
    name: str
    credentials: str | None = None
    npi: str | None = None


class Patient(Record):
    """``id`` is the patient_id of all the person's other records.

    A form tool may know a person by a number alone; documents then name the chart number.
    """

    kind: Literal["patient"] = "patient"
    chart_number: str
    given_name: str | None = None
    family_name: str | None = None
    birth_date: date | None = None
    sex: Literal["female", "male", "other", "unknown"] = "unknown"
    clinician_id: str | None = None
    status: Literal["active", "inactive", "discharged"] = "active"
    discipline: Discipline | None = None


class Coverage(PatientRecord):
    kind: Literal["coverage"] = "coverage"
    payer: str
    plan: str | None = None
    member_id: str | None = None
    group_number: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    priority: int = 1


class Episode(PatientRecord):
    """A course of care as the source states it; without one, ``compile`` derives it from visits."""

    kind: Literal["episode"] = "episode"
    clinician_id: str | None = None
    discipline: Discipline | None = None
    started_on: date
    ended_on: date | None = None
    primary_instrument: str | None = None


class Diagnosis(PatientRecord):
    kind: Literal["diagnosis"] = "diagnosis"
    system: Literal["icd10cm", "snomed", "other"] = "icd10cm"
    code: str
    description: str | None = None
    onset_on: date | None = None
    resolved_on: date | None = None
    primary: bool = False

    @field_validator("code")
    @classmethod
    def _is_a_code(cls, value: str, info: ValidationInfo) -> str:
        # Payers take ICD-10-CM codes; a DSM name in their place breaks every later step.
        if info.context == STORED:
            return value
        if info.data.get("system") == "icd10cm" and not is_icd10cm(value):
            raise ValueError("not an ICD-10-CM code, such as F33.1")
        return value


class TreatmentPlan(PatientRecord):
    kind: Literal["treatment_plan"] = "treatment_plan"
    clinician_id: str | None = None
    starts_on: date
    review_on: date | None = None
    certified_until: date | None = None
    modality: str | None = None
    frequency: str | None = None
    signed: bool | None = None
    client_participated: bool | None = None
    discharge_criteria: str | None = None


class Goal(PatientRecord):
    kind: Literal["goal"] = "goal"
    plan_source_id: str | None = None
    text: str
    level: Literal["goal", "objective"] = "goal"
    status: Literal["not_started", "in_progress", "achieved", "not_achieved", "discontinued"]
    start_value: str | None = None
    current_value: str | None = None
    target_value: str | None = None
    target_on: date | None = None
    achieved_on: date | None = None
    weight: Decimal = Decimal(1)
    attainment: int | None = Field(default=None, ge=-2, le=2, description="GAS level, -2 to +2")


VisitStatus = Literal[
    "scheduled", "attended", "no_show", "late_cancel", "client_cancel", "practice_cancel"
]


class Visit(PatientRecord):
    """``status`` is as the source says it; ``compile`` reads a future "attended" as scheduled."""

    kind: Literal["visit"] = "visit"
    clinician_id: str | None = None
    starts_at: AwareDatetime
    minutes: int | None = None
    status: VisitStatus
    visit_type: Literal["evaluation", "treatment", "re_evaluation", "discharge", "other"] = (
        "treatment"
    )
    cpt: str | None = None
    telehealth: bool | None = None
    authorization_number: str | None = None


class Note(PatientRecord):
    """Metadata and a summary. Psychotherapy notes (45 CFR 164.501) are counted, never stored."""

    kind: Literal["note"] = "note"
    clinician_id: str | None = None
    visit_source_id: str | None = None
    note_type: Literal["intake", "progress", "evaluation", "plan", "discharge", "psychotherapy"]
    written_on: date
    signed: bool | None = None
    summary: str | None = None

    @model_validator(mode="after")
    def _no_psychotherapy_text(self) -> Note:
        if self.note_type == "psychotherapy" and self.summary is not None:
            raise ValueError("a psychotherapy note's text is never stored; map no summary for it")
        return self


class Assessment(PatientRecord):
    """One administration of an instrument: item answers, or a total alone.

    ``context`` holds answers beside the items that scoring asks for (``context`` of the
    instrument's file), such as whether work does not apply. ``event_id`` is the sender's own id of
    the event that brought it, where one did: a summary of what came of it goes back under that id.
    """

    kind: Literal["assessment"] = "assessment"
    instrument: str
    variant: str | None = None
    taken_on: date
    taken_at: AwareDatetime | None = None
    items: tuple[Decimal | None, ...] | None = None
    total: Decimal | None = None
    encoding: Literal["weighted", "raw", "zero_based", "one_based"] | None = None
    entered_by: str | None = None
    context: dict[str, bool | int] | None = None
    event_id: str | None = None

    @model_validator(mode="after")
    def _items_or_total(self) -> Assessment:
        if self.items is None and self.total is None and not self.deleted:
            raise ValueError("an assessment needs item answers or a total")
        return self


class HomeProgram(PatientRecord):
    """Home exercise or homework of one week: sessions prescribed and done."""

    kind: Literal["home_program"] = "home_program"
    week_of: date
    prescribed: int = Field(ge=0)
    done: int = Field(ge=0)


Reading = Literal["as_said", "past", "negated", "other_person", "quoted", "idiom"]
"""How wording was read: as the person's own now, or as something milder."""


class WordingFinding(Frozen):
    """Crisis wording of one rule in one entry: how often, and how it was read. Never the words.

    ``level`` is the severity that the rule list gave it then; None is counted only.
    """

    rule: str
    group: str
    name: str = Field(description="the group as people call it")
    reading: Reading
    level: Literal["page", "urgent", "action", "notice"] | None
    mentions: int = Field(ge=1)


class JournalEntry(PatientRecord):
    """Something the patient wrote: a journal entry, a message, a free-text answer, a mood rating.

    ``text`` is there from the mapping until it was judged, no further: it is left out of every
    dump, so that no store, export or log can hold it. ``findings`` say what the rule list
    ``judged_by`` found in it. A mood rating says nothing without its scale.
    """

    kind: Literal["journal_entry"] = "journal_entry"
    entry: Literal["journal", "message", "free_text_answer", "mood"] = "journal"
    written_on: date
    written_at: AwareDatetime | None = None
    question: str | None = Field(default=None, description="the form's id of it, not its wording")
    mood: Decimal | None = None
    mood_min: Decimal | None = None
    mood_max: Decimal | None = None
    text: str | None = Field(default=None, exclude=True, repr=False)
    judged_by: str | None = None
    findings: tuple[WordingFinding, ...] = ()

    @model_validator(mode="after")
    def _mood_on_its_scale(self, info: ValidationInfo) -> JournalEntry:
        if self.mood is None or info.context == STORED:
            return self
        if self.mood_min is None or self.mood_max is None:
            raise ValueError("a mood rating needs its scale: mood_min and mood_max")
        if not self.mood_min <= self.mood <= self.mood_max:
            raise ValueError("the mood rating is not on its scale")
        return self


class Authorization(PatientRecord):
    kind: Literal["authorization"] = "authorization"
    payer: str
    number: str | None = None
    cpt: tuple[str, ...] = ()
    unit: Literal["visits", "units", "minutes"] = "visits"
    requested: int | None = Field(default=None, ge=0)
    authorized: int | None = Field(default=None, ge=0)
    used_reported: int | None = Field(default=None, ge=0)
    starts_on: date | None = None
    ends_on: date | None = None
    requested_on: date | None = None
    decided_on: date | None = None
    status: Literal[
        "requested", "pended", "approved", "partly", "denied", "peer_to_peer", "appeal", "expired",
        "exhausted", "cancelled",
    ] = "approved"  # fmt: skip


class Consent(PatientRecord):
    kind: Literal["consent"] = "consent"
    scope: Literal[
        "treatment_payment_operations", "sud_disclosure", "portal", "questionnaires", "other"
    ]
    granted_on: date
    expires_on: date | None = None
    revoked_on: date | None = None


class Contact(PatientRecord):
    """A person or place around the patient. The role ``referring_provider`` gets letters."""

    kind: Literal["contact"] = "contact"
    role: str
    name: str
    organization: str | None = None
    phone: str | None = None
    fax: str | None = None


AnyRecord = Annotated[
    Practice
    | Clinician
    | Patient
    | Coverage
    | Episode
    | Diagnosis
    | TreatmentPlan
    | Goal
    | Visit
    | Note
    | Assessment
    | HomeProgram
    | JournalEntry
    | Authorization
    | Consent
    | Contact,
    Field(discriminator="kind"),
]

RECORD_TYPES: dict[str, type[Record]] = {
    t.model_fields["kind"].default: t
    for t in (
        Practice, Clinician, Patient, Coverage, Episode, Diagnosis, TreatmentPlan, Goal, Visit,
        Note, Assessment, HomeProgram, JournalEntry, Authorization, Consent, Contact,
    )
}  # fmt: skip


class Retraction(Frozen):
    """A record that the source took back without saying again what was in it."""

    id: str
    version: AwareDatetime
    provenance: Provenance


def json_schemas() -> dict[str, Any]:
    """JSON Schema of each record kind, by kind; published by ``connector records schema``."""
    return {kind: model.model_json_schema() for kind, model in RECORD_TYPES.items()}
