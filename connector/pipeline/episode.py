"""Which course of care the decision is about: what the source states, else derived from contacts.

A contact is an attended visit or a completed form. Care starts anew at the first contact after a
gap (``new_episode_gap_days``), after an episode that the source ended, or after a discharge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise

from connector.pipeline.wording import long_date
from connector.progress import EpisodeView, RuleSet
from connector.records import Assessment, Episode, Note, Patient, Visit


def find_episode(
    patient: Patient,
    *,
    stated: Sequence[Episode],
    visits: Sequence[Visit],
    assessments: Sequence[Assessment],
    notes: Sequence[Note],
    rules: RuleSet,
    today: date,
) -> EpisodeView | None:
    """The episode in force at ``today``, or the last one; None before any contact."""
    known = sorted(
        (e for e in stated if e.started_on <= today), key=lambda e: (e.started_on, e.version, e.id)
    )
    contacts = _contacts(visits, assessments, today)
    in_force = [e for e in known if e.ended_on is None or e.ended_on > today]
    if in_force:
        return _stated(in_force[-1], known, patient, visits, contacts, rules, today)
    ends = {e.ended_on for e in known if e.ended_on is not None}
    discharges = _discharges(visits, notes, today)
    found = _derived(contacts, ends | discharges, rules)
    last_end = max(ends, default=None)
    if known and (found is None or (last_end is not None and found[0] <= last_end)):
        return _stated(known[-1], known, patient, visits, contacts, rules, today)
    if found is None:
        return None
    started_on, reason = found
    ended_on = min((d for d in discharges if d >= started_on), default=None)
    previous = max((d for d in ends | discharges if d < started_on), default=None)
    return EpisodeView(
        started_on=started_on,
        ended_on=ended_on,
        discipline=patient.discipline,
        clinician_id=patient.clinician_id or _last_clinician(visits),
        derived=True,
        reason=reason,
        scores_from=scores_from(started_on, previous, rules),
        active=_active(patient, ended_on, contacts, visits, rules, today),
    )


def _stated(
    episode: Episode,
    known: Sequence[Episode],
    patient: Patient,
    visits: Sequence[Visit],
    contacts: Sequence[date],
    rules: RuleSet,
    today: date,
) -> EpisodeView:
    previous = max(
        (e.ended_on for e in known if e.ended_on is not None and e.ended_on < episode.started_on),
        default=None,
    )
    return EpisodeView(
        started_on=episode.started_on,
        ended_on=episode.ended_on,
        discipline=episode.discipline or patient.discipline,
        clinician_id=episode.clinician_id or patient.clinician_id or _last_clinician(visits),
        derived=False,
        reason="as the source states it",
        scores_from=scores_from(episode.started_on, previous, rules),
        primary_instrument=episode.primary_instrument,
        active=_active(patient, episode.ended_on, contacts, visits, rules, today),
    )


def _contacts(
    visits: Iterable[Visit], assessments: Iterable[Assessment], today: date
) -> list[date]:
    seen = {v.starts_at.date() for v in visits if v.status == "attended"}
    seen |= {a.taken_on for a in assessments}
    return sorted(day for day in seen if day <= today)


def _discharges(visits: Iterable[Visit], notes: Iterable[Note], today: date) -> set[date]:
    found = {
        v.starts_at.date() for v in visits if v.visit_type == "discharge" and v.status == "attended"
    }
    found |= {n.written_on for n in notes if n.note_type == "discharge"}
    return {day for day in found if day <= today}


def _derived(contacts: Sequence[date], ends: set[date], rules: RuleSet) -> tuple[date, str] | None:
    """Start and reason of the last course of care that the contacts show."""
    if not contacts:
        return None
    start, reason = contacts[0], "first contact on record"
    for before, day in pairwise(contacts):
        gap = (day - before).days
        end = max((e for e in ends if before <= e < day), default=None)
        if end is not None:
            start, reason = day, f"first contact after care ended on {long_date(end)}"
        elif gap > rules.new_episode_gap_days:
            start, reason = day, f"first contact after {gap} days without one"
    return start, reason


def scores_from(started_on: date, previous_end: date | None, rules: RuleSet) -> date:
    """Scores from before the start count too, unless they belong to the care before it."""
    earliest = started_on - timedelta(days=rules.baseline_days_before)
    return earliest if previous_end is None else max(earliest, previous_end + timedelta(days=1))


def _active(
    patient: Patient,
    ended_on: date | None,
    contacts: Sequence[date],
    visits: Iterable[Visit],
    rules: RuleSet,
    today: date,
) -> bool:
    """Whether care goes on: not ended, and seen or booked within the gap that ends an episode."""
    if patient.status != "active" or (ended_on is not None and ended_on <= today):
        return False
    if any(v.status == "scheduled" and v.starts_at.date() >= today for v in visits):
        return True
    return bool(contacts) and (today - contacts[-1]).days <= rules.new_episode_gap_days


def _last_clinician(visits: Sequence[Visit]) -> str | None:
    return next(
        (v.clinician_id for v in reversed(visits) if v.status == "attended" and v.clinician_id),
        None,
    )
