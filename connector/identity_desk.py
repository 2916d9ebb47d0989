"""What a person does about who is whom: match, reject, merge, take apart again.

Each act is one transaction with its audit entry. Records are never changed, so taking apart gives
back exactly what was there before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.errors import ConfigurationError, Rejected
from connector.identity import IdentityRules, keys_of, not_one
from connector.record_ids import RecordIds
from connector.records import Patient
from connector.store.audit import AuditEntry
from connector.store.identities import Identity, IdentityState
from connector.store.quarantine import QuarantineEntry
from connector.store.store import Store, Tx

_MERGED = "patients_merged"
_NUMBERS = re.compile(r"old number (.+), new number (.+)")
_JUDGED_ELSEWHERE = "its chart is judged together with another one"
_APART = "the charts were taken apart"


@dataclass(frozen=True, slots=True)
class Line:
    """A patient with its identity; ``candidates`` are the people that it may be."""

    row: Identity
    patient: Patient | None
    chart: Patient | None
    candidates: Sequence[Patient] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two charts that the EHR says are one (HL7 A40), by what waits in quarantine."""

    entry: QuarantineEntry
    old: Patient
    new: Patient


def lines(
    tx: Tx, states: Sequence[IdentityState], rules: Mapping[str, IdentityRules], ids: RecordIds
) -> list[Line]:
    """Who is in these states, longest first."""
    rows = tx.identities.list(*states)
    people = tx.records.of_ids({i for row in rows for i in (row.patient_id, row.chart_id) if i})
    found = []
    for row in rows:
        patient, chart = people.get(row.patient_id), people.get(row.chart_id or "")
        near: Sequence[Patient] = ()
        if row.state == "waiting" and isinstance(patient, Patient):
            near = _near(tx, patient, rules, ids)
        found.append(
            Line(
                row,
                patient if isinstance(patient, Patient) else None,
                chart if isinstance(chart, Patient) else None,
                near,
            )
        )
    return found


def proposals(tx: Tx, ids: RecordIds) -> list[Proposal]:
    """Merges that an EHR has told of and nobody has acted on."""
    found = []
    for entry in tx.quarantine.list("open", 1_000_000):
        told = _NUMBERS.fullmatch(entry.value or "") if entry.code == _MERGED else None
        if told is None:
            continue
        old, new = (ids.make("patient", entry.source, number) for number in told.groups())
        people = tx.records.of_ids([old, new])
        one, two = people.get(old), people.get(new)
        joined = tx.identities.of([old])
        if isinstance(one, Patient) and isinstance(two, Patient) and old not in joined:
            found.append(Proposal(entry, one, two))
    return found


def find_patient(tx: Tx, given: str) -> Patient:
    """The patient of a connector id or a chart number. Raises ConfigurationError naming several."""
    record = tx.records.get(given)
    if isinstance(record, Patient):
        return record
    matching, after = [], ""
    while page := tx.records.patients(500, after):
        after = page[-1].id
        matching += [one for one in page if one.chart_number == given]
    if not matching:
        raise ConfigurationError(
            "no_such_patient", "no patient has that chart number or connector id"
        )
    if len(matching) > 1:
        said = ", ".join(f"{one.id} ({one.provenance.source})" for one in matching)
        raise ConfigurationError(
            "several_patients", f"several patients have that chart number; give one of: {said}"
        )
    return matching[0]


def match(store: Store, patient: str, chart: str, *, by: str, now: datetime) -> None:
    """Say that a patient of one source is a patient of another. Raises Rejected or not found."""
    _join(store, patient, chart, "matched", by, now)


def merge(store: Store, patient: str, into: str, *, by: str, now: datetime) -> None:
    """Judge two patients as one, in the chart of the second. Raises Rejected or not found."""
    _join(store, patient, into, "merged", by, now)


def reject(store: Store, patient: str, *, by: str, now: datetime) -> None:
    """Say that a patient who waits is nobody else: it gets a chart of its own."""

    def write(tx: Tx) -> None:
        person = find_patient(tx, patient)
        known = tx.identities.of([person.id]).get(person.id)
        if known is None or known.joined:
            raise Rejected("not_waiting", "this patient does not wait to be matched")
        _keep(tx, Identity(person.id, None, "own", "by_person", by, now), {person.id})

    store.write(write)


def unmerge(store: Store, patient: str, *, by: str, now: datetime) -> None:
    """Take a patient out of the chart that it was joined with; what was before holds again.

    One that the site's rules matched gets a chart of its own, and the rules leave it alone.
    """

    def write(tx: Tx) -> None:
        person = find_patient(tx, patient)
        known = tx.identities.of([person.id]).get(person.id)
        if known is None or not known.joined:
            raise Rejected("not_joined", "this patient is part of no other chart")
        chart_id = str(known.chart_id)
        _withdraw_alerts(tx, person.id, chart_id, now)
        entry = AuditEntry("identity_unmerged", person.id, by, detail={"chart": chart_id})
        tx.due.add({person.id, chart_id}, now)
        if known.by == "rules":
            tx.identities.put(Identity(person.id, None, "own", "by_person", by, now))
        elif (before := known.restored()) is not None:
            tx.identities.put(before)
        else:
            tx.identities.remove(person.id)
        tx.audit.append([entry], now)

    store.write(write)


def _join(
    store: Store, patient: str, chart: str, state: IdentityState, by: str, now: datetime
) -> None:
    def write(tx: Tx) -> None:
        person, other = find_patient(tx, patient), find_patient(tx, chart)
        before = _refuse(tx, person, other)
        kept = None if before is None else before.as_before()
        row = Identity(person.id, other.id, state, "by_person", by, now, kept)
        for one in tx.alerts.open_of([person.id])[person.id]:
            if not one.alert.rule.startswith("safety"):
                tx.alerts.retract([one.alert.key], _JUDGED_ELSEWHERE, now)
        _keep(tx, row, {person.id, other.id})

    store.write(write)


def _refuse(tx: Tx, person: Patient, other: Patient) -> Identity | None:
    """The patient's row so far. Raises Rejected where the two can't be one chart."""
    if person.id == other.id:
        raise Rejected("same_patient", "that is the same patient")
    links = {one.patient_id: one for one in tx.identities.links([person.id, other.id])}
    mine, its = links.get(person.id), links.get(other.id)
    if mine is not None and mine.joined:
        raise Rejected("already_joined", "this patient is part of a chart already: unmerge first")
    if its is not None and its.state != "own":
        raise Rejected(
            "chart_is_joined", "the other one has no chart of its own: join with that chart instead"
        )
    if any(one.joined and one.chart_id == person.id for one in links.values()):
        raise Rejected(
            "has_members", "others are part of this patient's chart: take them apart first"
        )
    inside = {i for i, one in links.items() if one.joined and one.chart_id == other.id}
    people = [p for p in tx.records.of_ids(inside).values() if isinstance(p, Patient)]
    if not_one(other, [*people, person]):
        raise Rejected(
            "birth_dates_differ",
            "the birth dates differ: they are two people, or one is wrong in its source; correct "
            "it there first",
        )
    return mine


def _withdraw_alerts(tx: Tx, member: str, chart_id: str, now: datetime) -> None:
    """Alerts that the chart had because of the member's records only; safety alerts stay."""
    own = {record.id for record in tx.records.of_patients([member])[member]}
    keys = [
        row.alert.key
        for row in tx.alerts.open_of([chart_id])[chart_id]
        if row.alert.sources
        and set(row.alert.sources) <= own
        and not row.alert.rule.startswith("safety")
    ]
    tx.alerts.retract(keys, _APART, now)
    tx.audit.append([AuditEntry("alert_retracted", key) for key in keys], now)


def _keep(tx: Tx, row: Identity, concerned: set[str]) -> None:
    tx.identities.put(row)
    tx.due.add(concerned, row.decided_at)
    detail: dict[str, str | int] = {"chart": row.chart_id} if row.chart_id else {}
    entry = AuditEntry(f"identity_{row.state}", row.patient_id, row.by, detail=detail)
    tx.audit.append([entry], row.decided_at)


def _near(
    tx: Tx, patient: Patient, rules: Mapping[str, IdentityRules], ids: RecordIds
) -> Sequence[Patient]:
    """The people of the other source who share a number, or name and birth date."""
    given = rules.get(patient.provenance.source)
    if given is None:
        return ()
    shared = tx.identities.sharing(keys_of(patient, ids)).values()
    near = {id for found in shared for id, source in found if source == given.joins}
    people = tx.records.of_ids(near)
    return [p for _, p in sorted(people.items()) if isinstance(p, Patient) and not p.deleted]
