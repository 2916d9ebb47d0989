"""What is known about one patient's progress: the values the pipeline's steps hand to each other.

Read with ``pipeline/__init__.py``. Authorizations and documents read these values too, so they lie
below both.

All frozen, all JSON-serialisable: a ``DocumentSpec`` is stored (encrypted) and rendered later, in
another process, from nothing but itself.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

from connector.measures.values import Change, Score
from connector.records import (
    Assessment,
    Authorization,
    Clinician,
    Consent,
    Contact,
    Coverage,
    Diagnosis,
    Discipline,
    Frozen,
    Goal,
    HomeProgram,
    JournalEntry,
    Note,
    Patient,
    TreatmentPlan,
    Visit,
)
from connector.rules import Audience as Audience
from connector.rules import RuleSet as RuleSet
from connector.rules import Severity as Severity
from connector.substance_use import SubstanceUse

Decision = Literal["exceeds", "meets", "below", "too_early", "insufficient_data"]


class PracticeProfile(Frozen):
    """What reports say about the practice; from the site file.

    ``letters_need_consent``: a letter to who referred a person needs a consent on file.
    ``pages_at``: the address of the service's pages, for links to records; None: no links.
    ``substance_use``: the codes that tell of substance use treatment (42 CFR Part 2).
    """

    id: str
    name: str
    timezone: str
    phone: str | None = None
    crisis_text: str = "In crisis? Call or text 988 (US), or call 911."
    synthetic: bool = False
    letters_need_consent: bool = False
    pages_at: str | None = None
    substance_use: SubstanceUse = SubstanceUse()


def day_of(moment: datetime, timezone: str) -> date:
    """The day of a moment in a time zone, such as that of ``Chart.timezone``."""
    return moment.astimezone(ZoneInfo(timezone)).date()


class EpisodeView(Frozen):
    """The course of care the decision is about; ``derived`` when no source stated it.

    Scores count from ``scores_from``. ``active`` is False for care that has ended or lapsed:
    nothing is overdue then.
    """

    started_on: date
    ended_on: date | None = None
    discipline: Discipline | None = None
    clinician_id: str | None = None
    derived: bool = True
    reason: str = ""
    scores_from: date | None = None
    primary_instrument: str | None = None
    active: bool = True


class DataNote(Frozen):
    """Something about the source's data that a reader of the chart must know.

    ``alert`` marks the ones that the data owner has to put right; the others were settled by a
    stated rule and are only shown.
    """

    kind: str
    text: str
    sources: tuple[str, ...] = ()
    on: date | None = None
    alert: bool = False


class Chart(Frozen):
    """``compile``'s result: one patient's current records, in date order, without retracted ones.

    ``visits`` have their status corrected against ``now`` (a future "attended" is "scheduled").
    Times are in ``timezone``, the practice's. ``psychotherapy_notes`` is a count; their content is
    never here. ``doubled_totals`` are forms that came a second time, as item answers, which are
    among ``assessments`` and count in their place. ``referrers`` are referring providers, the one
    that the source changed last first.
    """

    patient: Patient
    clinician: Clinician | None
    episode: EpisodeView | None
    diagnoses: tuple[Diagnosis, ...] = ()
    coverages: tuple[Coverage, ...] = ()
    plans: tuple[TreatmentPlan, ...] = ()
    goals: tuple[Goal, ...] = ()
    visits: tuple[Visit, ...] = ()
    notes: tuple[Note, ...] = ()
    psychotherapy_notes: int = 0
    assessments: tuple[Assessment, ...] = ()
    doubled_totals: tuple[Assessment, ...] = ()
    home_programs: tuple[HomeProgram, ...] = ()
    entries: tuple[JournalEntry, ...] = ()
    authorizations: tuple[Authorization, ...] = ()
    consents: tuple[Consent, ...] = ()
    referrers: tuple[Contact, ...] = ()
    timezone: str = "UTC"
    data_notes: tuple[DataNote, ...] = ()


class Measurement(Frozen):
    """One scored administration, with the record it came from."""

    assessment_id: str
    taken_on: date
    score: Score
    variant: str | None = None
    source: str
    origin: str
    row: int | None = None


class MeasureSeries(Frozen):
    """One instrument (and variant) over the episode: all measurements, baseline, change.

    ``measurements`` holds valid and invalid ones in date order; ``baseline`` and ``current`` are
    valid ones (``score.status == "ok"``).
    """

    instrument: str
    variant: str | None = None
    primary: bool = False
    measurements: tuple[Measurement, ...] = ()
    baseline: Measurement | None = None
    baseline_late: bool = False
    current: Measurement | None = None
    best: Measurement | None = None
    change: Change | None = None
    loss_of_gains: bool = False
    expected_percent: Decimal | None = None
    next_due_on: date | None = None


class Attendance(Frozen):
    """Attended over attended + no-show + late cancel; practice cancellations do not count."""

    attended: int = 0
    no_show: int = 0
    late_cancel: int = 0
    client_cancel: int = 0
    practice_cancel: int = 0
    scheduled: int = 0
    percent: Decimal | None = None
    recent_percent: Decimal | None = None
    missed_in_a_row: int = 0


class GoalProgress(Frozen):
    """Objectives met, and the goal attainment T-score where every goal has a level."""

    total: int = 0
    achieved: int = 0
    percent: Decimal | None = None
    weighted_percent: Decimal | None = None
    gas_t: Decimal | None = None


class Adherence(Frozen):
    """Home programme done over prescribed, each week capped at 100 percent."""

    weeks: int = 0
    percent: Decimal | None = None


class AuthorizationView(Frozen):
    """One authorization and what is left of it, booked visits included.

    ``authorized - used - booked == left`` wherever ``left`` is known; a negative ``left`` means
    more is booked than authorized. ``left`` is None when the payer authorized no number, or in a
    unit that visits can't be counted in. ``renewal_on`` is the day that made the renewal due;
    ``renewal_from`` the day from which the end date will, None where somebody asked already.
    """

    authorization_id: str
    payer: str
    number: str | None
    authorized: int | None
    requested: int | None
    used: int
    booked: int
    left: int | None
    starts_on: date | None
    ends_on: date | None
    status: str
    renewal_due: bool = False
    renewal_reason: str = ""
    renewal_on: date | None = None
    renewal_from: date | None = None
    unit: str = "visits"


class AuthorizationNeed(Frozen):
    """A coverage whose payer wants an authorization that is not there, or nobody knows ("check").

    ``counted`` visits are attended or booked; ``due_on`` is the day that made asking due, None
    before it.
    """

    coverage_id: str
    payer: str
    verdict: Literal["needed", "check"]
    from_visit: int | None = None
    counted: int = 0
    due_on: date | None = None
    reason: str = ""


class Measured(Frozen):
    """``measure``'s result."""

    series: tuple[MeasureSeries, ...] = ()
    attendance: Attendance = Attendance()
    goals: GoalProgress = GoalProgress()
    adherence: Adherence = Adherence()
    authorizations: tuple[AuthorizationView, ...] = ()
    needs: tuple[AuthorizationNeed, ...] = ()
    data_notes: tuple[DataNote, ...] = ()


class Alert(Frozen):
    """Something a person must acknowledge. ``key`` is its identity: person, rule and cause.

    ``text`` may name scores (it is stored encrypted and shown inside); ``summary`` is PHI-free and
    may leave by e-mail or log.
    """

    key: str
    patient_id: str
    rule: str
    severity: Severity
    audience: Audience
    summary: str
    text: str
    raised_on: date
    sources: tuple[str, ...] = ()


class DecisionView(Frozen):
    """The decision with the rule that gave it, the inputs it used and the reason in plain words."""

    decision: Decision
    rule: str
    reason: str
    instrument: str | None
    inputs: dict[str, Any] = {}
    capped_by: str | None = None
    alerts: tuple[str, ...] = ()
    rules_version: str


class Milestone(Frozen):
    """A reason to report now: a form, a date, an n-th visit, an authorization nearly used.

    ``evaluation``, ``treatment_days`` and ``discharge`` ask for a letter; they are there only for
    a patient whom somebody referred. ``version``: of a request that is asked once more, from 2 on.
    """

    kind: Literal["assessment_completed", "visit_number", "plan_review", "recertification",
                  "authorization", "evaluation", "treatment_days", "discharge"]  # fmt: skip
    key: str
    due_on: date
    text: str
    version: int = 1


class Acknowledged(Frozen):
    """Who has taken an alert on, by its key; ``resolved``: who closed it, and what came of it."""

    key: str
    by: str
    at: AwareDatetime
    resolved: bool = False


class Progress(Frozen):
    """Everything known about one patient's progress at ``as_of``; what ``report`` reads.

    ``acknowledged`` says of which alerts somebody has taken care; the others are open.
    """

    as_of: AwareDatetime
    chart: Chart
    measured: Measured
    decision: DecisionView
    milestones: tuple[Milestone, ...] = ()
    alerts: tuple[Alert, ...] = ()
    acknowledged: tuple[Acknowledged, ...] = ()


class DocumentSpec(Frozen):
    """A document to be rendered: which template, and the whole context it may see.

    ``digest`` identifies it (same context, same digest). ``release`` says who must act before it
    may leave the practice; ``draft_id`` is the document that they acted on, once they have.
    """

    document_id: str
    kind: Literal[
        "therapist", "patient", "insurer", "referrer", "director", "decision", "summary",
        "packet_manifest", "alert", "request", "authorization_request", "attachment", "copy_sheet",
        "eligibility",
    ]  # fmt: skip
    patient_id: str
    as_of: date
    formats: tuple[Literal["pdf", "html", "json", "x12", "pas", "cdex"], ...]
    release: Literal["none", "therapist_release", "clinician_signature"] = "none"
    context: dict[str, Any]
    digest: str
    draft_id: str | None = None

    @property
    def unreleased(self) -> bool:
        """It is a draft: a person must sign or release it before it leaves."""
        return self.release != "none" and self.draft_id is None


class Outcome(Frozen):
    """What one run of the pipeline gives for one patient."""

    progress: Progress
    documents: tuple[DocumentSpec, ...] = ()
