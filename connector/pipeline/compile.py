"""Step 1: one patient's records become a ``Chart``. Next: ``measure``.

Retracted records are gone, the rest is in date order, times are the practice's, and what the
source states impossibly (a future visit "attended", one form twice) is put right by a stated rule
with a ``DataNote``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

from connector.authorizations.records_of import merged
from connector.pipeline.duplicates import without_doubled_totals
from connector.pipeline.episode import find_episode
from connector.pipeline.goals import goals_of_episode
from connector.pipeline.wording import long_date, things
from connector.progress import Chart, DataNote, RuleSet
from connector.records import (
    Assessment,
    Authorization,
    Clinician,
    Consent,
    Contact,
    Coverage,
    Diagnosis,
    Episode,
    Goal,
    HomeProgram,
    JournalEntry,
    Note,
    Patient,
    PatientRecord,
    Record,
    TreatmentPlan,
    Visit,
)

R = TypeVar("R", bound=PatientRecord)
_Kinds = dict[type[PatientRecord], list[PatientRecord]]
REFERRING = "referring_provider"


def compile_chart(
    records: Sequence[Record], rules: RuleSet, now: datetime, timezone: str
) -> Chart | None:
    """The chart of the one patient in ``records``; None when there is no (undeleted) Patient.

    Raises ValueError when the records hold more than one patient: the caller mixed up charts.
    """
    current = newest_versions(records)
    patients = [r for r in current if isinstance(r, Patient)]
    if len(patients) > 1:
        raise ValueError("compile_chart takes the records of one patient, got more")
    if not patients:
        return None
    patient = patients[0]
    own = _by_kind(current, patient)
    local_now = now.astimezone(ZoneInfo(timezone))
    today = local_now.date()

    visits, visit_notes = _visits(_of(own, Visit), local_now)
    forms = sorted(_of(own, Assessment), key=_form_order)
    assessments, doubled, doubled_notes = without_doubled_totals(forms)
    notes = _of(own, Note)
    episode = find_episode(
        patient,
        stated=_of(own, Episode),
        visits=visits,
        assessments=assessments,
        notes=notes,
        rules=rules,
        today=today,
    )
    plans = _by_date(_of(own, TreatmentPlan), lambda r: r.starts_on)
    goals = goals_of_episode(_of(own, Goal), plans, episode, rules)
    clinician_id = episode.clinician_id if episode else patient.clinician_id
    return Chart(
        patient=patient,
        clinician=next(
            (r for r in current if isinstance(r, Clinician) and r.id == clinician_id), None
        ),
        episode=episode,
        diagnoses=_by_date(_of(own, Diagnosis), lambda r: r.onset_on),
        coverages=_by_date(_of(own, Coverage), lambda r: r.starts_on),
        plans=plans,
        goals=tuple(sorted(goals, key=lambda r: (r.provenance.source_id, r.id))),
        visits=visits,
        notes=_by_date(
            [note for note in notes if note.note_type != "psychotherapy"], lambda r: r.written_on
        ),
        psychotherapy_notes=sum(note.note_type == "psychotherapy" for note in notes),
        assessments=assessments,
        doubled_totals=doubled,
        home_programs=_by_date(_of(own, HomeProgram), lambda r: r.week_of),
        entries=_by_date(_of(own, JournalEntry), lambda r: r.written_on),
        authorizations=_by_date(merged(_of(own, Authorization)), lambda r: r.starts_on),
        consents=_by_date(_of(own, Consent), lambda r: r.granted_on),
        referrers=_referrers(_of(own, Contact)),
        timezone=timezone,
        data_notes=(*visit_notes, *doubled_notes, *_future_forms(assessments, today)),
    )


def newest_versions(records: Iterable[Record]) -> list[Record]:
    """Each record once, in its newest version, retracted ones left out; order of id."""
    newest: dict[str, Record] = {}
    for record in records:
        known = newest.get(record.id)
        if known is None or (record.version, record.deleted) > (known.version, known.deleted):
            newest[record.id] = record
    return [newest[key] for key in sorted(newest) if not newest[key].deleted]


def _referrers(contacts: Iterable[Contact]) -> tuple[Contact, ...]:
    """The referring providers, the one that the source changed last first."""
    found = sorted((c for c in contacts if c.role == REFERRING), key=lambda c: c.id)
    return tuple(sorted(found, key=lambda c: c.version, reverse=True))


def _by_kind(records: Iterable[Record], patient: Patient) -> _Kinds:
    """The patient's records by kind: looked through once, and not once for each kind."""
    found: _Kinds = defaultdict(list)
    for record in records:
        if isinstance(record, PatientRecord) and record.patient_id == patient.id:
            found[type(record)].append(record)
    return found


def _of(records: _Kinds, kind: type[R]) -> list[R]:
    return cast("list[R]", records.get(kind, []))


def _by_date(records: Iterable[R], on: Callable[[R], date | None]) -> tuple[R, ...]:
    return tuple(sorted(records, key=lambda record: (on(record) or date.min, record.id)))


def _form_order(form: Assessment) -> tuple[date, bool, datetime, datetime, str]:
    """Date first; the same day by time where the source has one, else by when it was recorded."""
    return (
        form.taken_on,
        form.taken_at is None,
        form.taken_at or form.version,
        form.version,
        form.id,
    )


def _visits(visits: Iterable[Visit], now: datetime) -> tuple[tuple[Visit, ...], list[DataNote]]:
    """Visits in the practice's time and in order; a future "attended" is only booked."""
    corrected: list[Visit] = []
    early: list[str] = []
    open_: list[str] = []
    for visit in sorted(visits, key=lambda v: (v.starts_at, v.id)):
        local = visit.starts_at.astimezone(now.tzinfo)
        changes: dict[str, object] = {"starts_at": local}
        if visit.status == "attended" and local > now:
            # SimplePractice shows every future appointment as "Show".
            changes["status"] = "scheduled"
            early.append(visit.id)
        elif visit.status == "scheduled" and local.date() < now.date():
            open_.append(visit.id)
        corrected.append(visit.model_copy(update=changes))
    notes = []
    if early:
        notes.append(
            DataNote(
                kind="future_attended",
                text=f"{things(len(early), 'future appointment')} marked as attended in the source "
                "counted as booked",
                sources=tuple(early),
            )
        )
    if open_:
        notes.append(
            DataNote(
                kind="past_scheduled",
                text=f"{things(len(open_), 'past appointment')} still marked as scheduled: whether "
                "attended or missed is not known, so counted as neither",
                sources=tuple(open_),
            )
        )
    return tuple(corrected), notes


def _future_forms(forms: Iterable[Assessment], today: date) -> list[DataNote]:
    return [
        DataNote(
            kind="future_date",
            text=f"a form ({form.instrument}) is dated {long_date(form.taken_on)}, in the future: "
            "not counted",
            sources=(form.id,),
            on=form.taken_on,
            alert=True,
        )
        for form in forms
        if form.taken_on > today
    ]
