"""When each measure is due: at intake, by days or sessions after the last score, at discharge.

The site's rules say so for an instrument (``rules.cadence``); else its own rhythm holds, for
measures that have begun in the episode and may be primary. What is overdue is decided here too, so
that the front desk's list, its alert and the requests never disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Literal

from connector.measures import Instrument
from connector.measures.scales import form_of
from connector.pipeline.identity import cause_key
from connector.pipeline.wording import things
from connector.progress import EpisodeView, Measurement, MeasureSeries, Progress, RuleSet
from connector.records import Frozen, Visit
from connector.rules import Cadence

Slot = Literal["intake", "repeat", "discharge"]


class DueAssessment(Frozen):
    """One measure that is or will be due, with the key of its slot: the same until it is taken.

    ``overdue_on`` is None where the visits that make it overdue are still to come, and at
    discharge. ``ask``: the practice's rules want the client to be asked for it.
    """

    patient_id: str
    instrument: str
    slot: Slot
    key: str
    due_on: date
    overdue_on: date | None = None
    last_on: date | None = None
    rhythm: str
    ask: bool = False


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often an instrument is taken; both None: once, or as the practice sees fit."""

    days: int | None = None
    sessions: int | None = None

    @property
    def known(self) -> bool:
        """Whether it ever comes due again."""
        return self.days is not None or self.sessions is not None

    def words(self) -> str:
        """Such as "every 4 sessions or 28 days"."""
        given = ((self.sessions, "session"), (self.days, "day"))
        parts = [what if n == 1 else things(n, what) for n, what in given if n is not None]
        return f"every {' or '.join(parts)}" if parts else "no rhythm"


def rhythm_of(instrument: Instrument, rules: RuleSet) -> Rhythm:
    """The practice's own rhythm of an instrument, else the instrument's."""
    own = rules.cadence.get(form_of(instrument.id))
    if own is not None and (own.days is not None or own.sessions is not None):
        return Rhythm(own.days, own.sessions)
    return Rhythm(instrument.cadence_days)


def attended_days(visits: Iterable[Visit], since: date) -> list[date]:
    """Treatment days from ``since`` on: several visits on a day are one."""
    days = {v.starts_at.date() for v in visits if v.status == "attended"}
    return sorted(day for day in days if day >= since)


def due_from(last: date, rhythm: Rhythm, treatment: Sequence[date], min_days: int) -> date | None:
    """The day from which a measure last taken on ``last`` is due; None while it is not known.

    ``treatment`` are treatment days, booked ones too where they should count. A number of sessions
    never asks again inside the recall window (``min_days``); a number of days is as written.
    """
    found = []
    if rhythm.days is not None:
        found.append(last + timedelta(days=rhythm.days))
    if rhythm.sessions is not None:
        later = [day for day in treatment if day > last]
        if len(later) >= rhythm.sessions:
            found.append(max(later[rhythm.sessions - 1], last + timedelta(days=min_days)))
    return min(found, default=None)


def overdue_since(
    last: date, rhythm: Rhythm, attended: Sequence[date], min_days: int, rules: RuleSet
) -> date | None:
    """The day from which it is overdue: after ``overdue_factor`` times its rhythm."""
    days, sessions = (
        None if n is None else ceil(rules.overdue_factor * n)
        for n in (rhythm.days, rhythm.sessions)
    )
    return due_from(last, Rhythm(days, sessions), attended, min_days)


def assessments_due(
    progress: Progress, instruments: Mapping[str, Instrument], rules: RuleSet, today: date
) -> tuple[DueAssessment, ...]:
    """Every measure with a known due day, past or to come, earliest first.

    Nothing in care that has lapsed; of care that has ended only what discharge asks for, until
    ``milestone_lead_days`` after the end.
    """
    episode = progress.chart.episode
    if episode is None:
        return ()
    begun = _begun(progress.measured.series)
    if episode.active:
        given = (progress.measured.series, progress.chart.visits, episode, instruments, rules)
        found = [
            _due(
                progress, one.form, "repeat", one.last.assessment_id, one.rhythm,
                _asked(rules, one.form, episode), due_on=one.due_on, overdue_on=one.overdue_on,
                last_on=one.last.taken_on,
            )
            for one in repeats(*given, today)
        ]  # fmt: skip
        found += _intakes(progress, episode, begun, instruments, rules)
    else:
        found = list(_discharges(progress, episode, begun, instruments, rules, today))
    return tuple(sorted(found, key=lambda one: (one.due_on, one.instrument)))


def _begun(series: Iterable[MeasureSeries]) -> dict[str, Measurement]:
    """The newest valid form of each instrument; forms with several scores have no total."""
    found: dict[str, Measurement] = {}
    for one in series:
        form = form_of(one.instrument)
        valid = [m for m in one.measurements if m.score.status == "ok"]
        if valid and (form not in found or _order(valid[-1]) > _order(found[form])):
            found[form] = valid[-1]
    return found


def _order(measurement: Measurement) -> tuple[date, str]:
    return measurement.taken_on, measurement.assessment_id


def tracked(
    series: Iterable[MeasureSeries], instruments: Mapping[str, Instrument], rules: RuleSet
) -> set[str]:
    """The forms that come due again by themselves: those that measure progress, and those listed.

    Screeners, alliance and risk forms are taken once or by their own rhythm.
    """
    usual = {form_of(s.instrument) for s in series if instruments[s.instrument].primary_allowed}
    return {form for form in (*usual, *rules.cadence) if form in instruments}


def _asked(rules: RuleSet, form: str, episode: EpisodeView) -> Cadence | None:
    """The practice's rule for a form, where it is for clients such as this one."""
    own = rules.cadence.get(form)
    if own is None or own.discipline not in (None, episode.discipline):
        return None
    return own


@dataclass(frozen=True, slots=True)
class Repeat:
    """A form that has begun and comes due again; days as in ``DueAssessment``."""

    form: str
    last: Measurement
    rhythm: Rhythm
    due_on: date
    overdue_on: date | None


def repeats(
    series: Sequence[MeasureSeries],
    visits: Sequence[Visit],
    episode: EpisodeView,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    today: date,
) -> Iterator[Repeat]:
    """The forms of the episode that come due again, where it is known when."""
    attended = attended_days(visits, episode.started_on)
    booked = {v.starts_at.date() for v in visits if v.status == "scheduled"}
    ahead = sorted({*attended, *(day for day in booked if day >= today)})
    known = tracked(series, instruments, rules)
    for form, last in _begun(series).items():
        instrument = instruments[form]
        rhythm, on, window = rhythm_of(instrument, rules), last.taken_on, instrument.min_days
        due_on = due_from(on, rhythm, ahead, window)
        if form in known and due_on is not None:
            overdue_on = overdue_since(on, rhythm, attended, window, rules)
            yield Repeat(form, last, rhythm, due_on, overdue_on)


def _intakes(
    progress: Progress,
    episode: EpisodeView,
    begun: Mapping[str, Measurement],
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
) -> Iterator[DueAssessment]:
    named = form_of(episode.primary_instrument or "")
    wanted = [form for form, own in rules.cadence.items() if own.intake]
    late = episode.started_on + timedelta(days=rules.baseline_days_after + 1)
    for form in dict.fromkeys([*wanted, named]):
        own = _asked(rules, form, episode)
        if form in begun or form not in instruments or (own is None and form != named):
            continue
        yield _due(
            progress, form, "intake", episode.started_on.isoformat(),
            rhythm_of(instruments[form], rules), own, due_on=episode.started_on, overdue_on=late,
        )  # fmt: skip


def _discharges(
    progress: Progress,
    episode: EpisodeView,
    begun: Mapping[str, Measurement],
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    today: date,
) -> Iterator[DueAssessment]:
    """A score within the recall window before the end is the discharge score already."""
    end = episode.ended_on
    if end is None or not end <= today <= end + timedelta(days=rules.milestone_lead_days):
        return
    for form, rule in rules.cadence.items():
        own = _asked(rules, form, episode)
        if own is None or not rule.discharge or form not in instruments or form not in begun:
            continue
        instrument, last = instruments[form], begun[form]
        if last.taken_on > end - timedelta(days=instrument.min_days):
            continue
        yield _due(
            progress, form, "discharge", end.isoformat(), rhythm_of(instrument, rules), own,
            due_on=end, last_on=last.taken_on,
        )  # fmt: skip


def _due(
    progress: Progress,
    form: str,
    slot: Slot,
    anchor: str,
    rhythm: Rhythm,
    own: Cadence | None,
    *,
    due_on: date,
    overdue_on: date | None = None,
    last_on: date | None = None,
) -> DueAssessment:
    patient_id = progress.chart.patient.id
    return DueAssessment(
        patient_id=patient_id,
        instrument=form,
        slot=slot,
        key=cause_key(patient_id, f"due/{form}/{slot}", (anchor,)),
        due_on=due_on,
        overdue_on=overdue_on,
        last_on=last_on,
        rhythm={"intake": "at intake", "discharge": "at discharge"}.get(slot, rhythm.words()),
        ask=own is not None and own.ask,
    )
