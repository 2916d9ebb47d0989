"""Joins the patients of one source with those of another as they come in.

Judged again whenever somebody who might fit comes, changes or goes, so that the order of arrival
does not matter. What a person decided stays, unless birth dates turn out to differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from connector.engine.work import Work
from connector.identity import Verdict, keys_of, not_one, verdict
from connector.records import Patient, Record
from connector.store.audit import AuditEntry
from connector.store.identities import Identity, IdentityState
from connector.store.store import Tx

BY_RULES = "rules"
_PAGE = 200


def observe(tx: Tx, work: Work, changed: Sequence[Record], now: datetime) -> None:
    """Judge who is whom after these records changed; makes due whose chart that concerns."""
    patients = [record for record in changed if isinstance(record, Patient)]
    if not patients:
        return
    concerned = _taken_apart(tx, patients, now)
    if work.identity:
        concerned |= _judged_again(tx, work, patients, now)
    tx.due.add(concerned, now)


def rebuild(work: Work) -> None:
    """Judge everybody anew, page by page: the site's rules on who joins whom have changed."""
    now = work.now()

    def release(tx: Tx) -> None:
        gone = [
            one
            for one in tx.identities.list("matched", "waiting")
            if one.by == BY_RULES and _source(tx, one.patient_id) not in work.identity
        ]
        for one in gone:
            tx.identities.remove(one.patient_id)
        tx.due.add({id for one in gone for id in (one.patient_id, one.chart_id) if id}, now)

    work.store.write(release)
    after = ""
    while page := _page(work, after):
        after = page[-1].id
        work.store.write(lambda tx, page=page: observe(tx, work, page, now))  # type: ignore[misc]


def _page(work: Work, after: str) -> list[Patient]:
    return work.store.read(lambda tx: tx.records.patients(_PAGE, after))


def _source(tx: Tx, patient_id: str) -> str:
    found = tx.records.get(patient_id)
    return "" if found is None else found.provenance.source


def _taken_apart(tx: Tx, patients: Iterable[Patient], now: datetime) -> set[str]:
    """Whose birth date now differs from that of the chart: never judged as one person."""
    ids = {patient.id for patient in patients}
    charts = {str(one.chart_id) for one in tx.identities.links(ids) if one.joined}
    concerned: set[str] = set()
    links = [one for one in tx.identities.links(charts) if one.joined and one.chart_id in charts]
    people = tx.records.of_ids({one.patient_id for one in links} | charts)
    for chart_id in sorted(charts):
        chart = people.get(chart_id)
        if not isinstance(chart, Patient):
            continue
        inside = [people.get(one.patient_id) for one in links if one.chart_id == chart_id]
        for id in sorted(not_one(chart, [one for one in inside if isinstance(one, Patient)])):
            _keep(tx, Identity(id, None, "waiting", "birth_dates_differ", BY_RULES, now))
            concerned |= {id, chart_id}
    return concerned


def _judged_again(tx: Tx, work: Work, patients: Iterable[Patient], now: datetime) -> set[str]:
    touched: set[str] = set()
    waiting: set[str] = set()
    targets = {rules.joins for rules in work.identity.values()}
    for patient in patients:
        source = patient.provenance.source
        if source not in targets and source not in work.identity:
            continue
        keys = frozenset() if patient.deleted else _keys(work, patient)
        touched |= keys | tx.identities.set_keys(patient.id, source, keys)
        if source in work.identity:
            waiting.add(patient.id)
    for found in tx.identities.sharing(touched).values():
        waiting |= {id for id, source in found if source in work.identity}
    concerned: set[str] = set()
    people = tx.records.of_ids(waiting)
    known = tx.identities.of(waiting)
    for id in sorted(waiting):
        person = people.get(id)
        if isinstance(person, Patient):
            concerned |= _judge(tx, work, person, known.get(id), now)
    return concerned


def _judge(tx: Tx, work: Work, person: Patient, known: Identity | None, now: datetime) -> set[str]:
    """Judges one person of a joining source; whose charts that changes."""
    if known is not None and known.by != BY_RULES:
        return set()
    before = {id for id in (known.chart_id if known else None,) if id}
    if person.deleted:
        tx.identities.remove(person.id)
        return before | {person.id} if known else set()
    found = _of_one_chart(tx, work, person, _verdict(tx, work, person))
    state: IdentityState = "waiting" if found.chart_id is None else "matched"
    fresh = Identity(person.id, found.chart_id, state, found.reason, BY_RULES, now)
    if known and (known.state, known.chart_id, known.reason) == (
        fresh.state, fresh.chart_id, fresh.reason,
    ):  # fmt: skip
        return set()
    _keep(tx, fresh)
    return before | {id for id in (person.id, found.chart_id) if id}


def _verdict(tx: Tx, work: Work, person: Patient) -> Verdict:
    """Of all people of the other source who share a number, or name and birth date."""
    rules = work.identity[person.provenance.source]
    shared = tx.identities.sharing(_keys(work, person)).values()
    ids = {id for found in shared for id, source in found if source == rules.joins}
    # Who is part of another chart stands for that chart: two numbers of one person are one fit.
    charts = {one.patient_id: one.chart_id for one in tx.identities.links(ids) if one.joined}
    people = tx.records.of_ids(ids)
    found = [
        one.model_copy(update={"id": charts.get(id) or id})
        for id, one in people.items()
        if isinstance(one, Patient)
    ]
    return verdict(person, found, rules)


def _of_one_chart(tx: Tx, work: Work, person: Patient, found: Verdict) -> Verdict:
    """The verdict; a conflict where others who fit the same chart were born on another day.

    A chart with a birth date of its own has settled that already.
    """
    chart = tx.records.get(found.chart_id) if found.chart_id is not None else None
    if not isinstance(chart, Patient) or chart.birth_date is not None:
        return found
    near = tx.identities.sharing(_keys(work, person) | _keys(work, chart)).values()
    ids = {id for one in near for id, source in one if source in work.identity}
    rivals = [
        one
        for one in tx.records.of_ids(ids - {person.id}).values()
        if isinstance(one, Patient) and _verdict(tx, work, one).chart_id == chart.id
    ]
    return Verdict(None, "conflict") if not_one(chart, [person, *rivals]) else found


def _keys(work: Work, patient: Patient) -> frozenset[str]:
    return keys_of(patient, work.contexts[patient.provenance.source].ids)


def _keep(tx: Tx, fresh: Identity) -> None:
    tx.identities.put(fresh)
    detail: dict[str, str | int] = {"reason": fresh.reason}
    if fresh.chart_id is not None:
        detail["chart"] = fresh.chart_id
    entry = AuditEntry(f"identity_{fresh.state}", fresh.patient_id, detail=detail)
    tx.audit.append([entry], fresh.decided_at)
