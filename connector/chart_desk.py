"""Charts looked at from intake to discharge, and single records: for pages and commands.

What is shown of a record is where it came from and its dates, codes and states, so that a person
finds it again in the source. Free text (notes, goals, entries) and item answers stay out.

Charts are judged in a read, so that nobody's write waits for it. Whoever shows what was found
leaves a trace in the audit log first (``trace``): reading charts is reading about patients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connector.records import Patient, PatientRecord, Record
from connector.store.audit import AuditEntry
from connector.store.store import Store, Tx

if TYPE_CHECKING:
    from connector.measures import Instrument
    from connector.progress import PracticeProfile, RuleSet
    from connector.thread import Documented, GoldenThread

_PAGE = 200
_SHOWN = {
    "patient": ("chart_number", "status", "discipline"),
    "coverage": ("payer", "starts_on", "ends_on"),
    "episode": ("discipline", "started_on", "ended_on", "primary_instrument"),
    "diagnosis": ("system", "code", "onset_on", "resolved_on", "primary"),
    "treatment_plan": (
        "starts_on", "review_on", "certified_until", "signed", "client_participated",
    ),
    "goal": ("level", "status", "target_on", "achieved_on"),
    "visit": ("starts_at", "minutes", "status", "visit_type", "cpt", "telehealth"),
    "note": ("note_type", "written_on", "signed"),
    "assessment": ("instrument", "variant", "taken_on", "taken_at", "encoding"),
    "home_program": ("week_of", "prescribed", "done"),
    "journal_entry": ("entry", "written_on"),
    "authorization": (
        "payer", "unit", "requested", "authorized", "starts_on", "ends_on", "requested_on",
        "decided_on", "status",
    ),
    "consent": ("scope", "granted_on", "expires_on", "revoked_on"),
    "contact": ("role",),
}  # fmt: skip
"""The fields of each kind of record that are shown; a kind that is not here shows none."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One patient's chart as checked. ``elements`` are as a payer may see the chart."""

    patient: Patient
    in_care: bool
    thread: GoldenThread
    elements: tuple[Documented, ...]


@dataclass(frozen=True, slots=True)
class RecordSheet:
    """One record for a person who looks for it in the source: pairs of a label and a value.

    ``patient`` is whose chart it is judged in: who it is about, or whose chart theirs is part of.
    None where it is about nobody, or where that chart is unknown.
    """

    id: str
    kind: str
    origin: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str], ...]
    patient: Patient | None = None


@dataclass(frozen=True)
class ChartDesk:
    """Looks at charts and records as the store has them now."""

    practice: PracticeProfile
    instruments: Mapping[str, Instrument]
    rules: RuleSet
    now: Callable[[], datetime]

    def check(self, tx: Tx, patients: Sequence[Patient]) -> Iterator[Checked]:
        """The patients' charts, made anew from the records: dates decide too."""
        from connector import pipeline
        from connector.documents.disclosure import wall_of
        from connector.documents.payer_view import payer_view
        from connector.pipeline.golden_thread import golden_thread
        from connector.pipeline.necessity import checklist
        from connector.store.joined import together

        shared = tx.records.shared()
        now, rules = self.now(), self.rules.with_own(tx.benchmarks.courses())
        for start in range(0, len(patients), _PAGE):
            page = patients[start : start + _PAGE]
            records = together(tx, [p.id for p in page]).records
            for patient in page:
                progress = pipeline.progress(
                    [*records[patient.id], *shared], practice=self.practice,
                    instruments=self.instruments, rules=rules, now=now,
                )  # fmt: skip
                if progress is None:
                    continue
                given = (self.instruments, rules, progress.as_of.date())
                wall = wall_of(progress.chart, self.practice, progress.as_of.date())
                episode = progress.chart.episode
                yield Checked(
                    patient=patient,
                    in_care=episode is not None and episode.active,
                    thread=golden_thread(progress, *given),
                    elements=checklist(payer_view(progress, self.instruments, wall), *given),
                )

    def one(self, tx: Tx, patient_id: str) -> Checked | None:
        """The chart that a patient is judged in; None for an id that no patient has.

        None too while the patient waits to be matched, and where the source took the chart back.
        """
        patient = tx.records.get(_chart_of(tx, patient_id))
        if not isinstance(patient, Patient) or patient.deleted:
            return None
        return next(self.check(tx, [patient]), None)

    def record(self, tx: Tx, record_id: str) -> RecordSheet | None:
        """One record; None for an id that no record has."""
        found = tx.records.get(record_id)
        if found is None:
            return None
        zone = ZoneInfo(self.practice.timezone)
        about = found.patient_id if isinstance(found, PatientRecord) else found.id
        patient = tx.records.get(_chart_of(tx, about))
        return RecordSheet(
            id=found.id,
            kind=_words(_kind(found)),
            origin=_origin(found, zone),
            fields=_fields(found, zone),
            patient=patient if isinstance(patient, Patient) else None,
        )


def trace(store: Store, action: str, subject: str, detail: dict[str, Any]) -> None:
    """Writes down that somebody looks at a chart, all charts or a record; before it is shown."""
    entry = AuditEntry(action=action, subject=subject, detail=detail)
    store.write(lambda tx: tx.audit.append([entry], datetime.now(UTC)))


def _chart_of(tx: Tx, patient_id: str) -> str:
    """In whose chart a patient is judged: its own, or that of which it is part."""
    identity = tx.identities.of([patient_id]).get(patient_id)
    joined = identity.chart_id if identity is not None and identity.joined else None
    return joined or patient_id


def _origin(record: Record, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    came = record.provenance
    rows = (
        ("Source", came.source),
        ("File or endpoint", came.origin),
        ("Row", "" if came.row is None else str(came.row)),
        ("Table", came.table),
        ("Id in the source", came.source_id),
        ("Mapping", f"{came.mapping}, version {came.mapping_version}"),
        ("Changed there", _text(record.version, zone)),
        ("Taken back by the source", "yes" if record.deleted else ""),
    )
    return tuple((label, value) for label, value in rows if value)


def _fields(record: Record, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    return tuple(
        (_words(name.removesuffix("_on").removesuffix("_at")), _text(value, zone))
        for name in _SHOWN.get(_kind(record), ())
        if (value := getattr(record, name)) is not None
    )


def _text(value: object, zone: ZoneInfo) -> str:
    """A field's value as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    if isinstance(value, date | Decimal | int):
        return str(value)
    return str(value).replace("_", " ")


def _kind(record: Record) -> str:
    return str(getattr(record, "kind", "record"))


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
