"""All alerts of one patient; each has the same key at every run, so it is raised once.

Alerts never change the decision. ``raised_on`` is the day of the cause, not of the run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date

from connector.measures import Instrument
from connector.pipeline.attendance import MISSED, missed_row, recent
from connector.pipeline.certification import certification_ended
from connector.pipeline.entries import recent_alerts
from connector.pipeline.identity import cause_key
from connector.pipeline.overdue import overdue
from connector.pipeline.payer_sight import NO_REQUEST
from connector.pipeline.progress_alerts import progress_alerts
from connector.pipeline.routing import routed
from connector.pipeline.safety import POSITIVE, safety_alerts
from connector.pipeline.signal import Signal
from connector.pipeline.wording import long_date, number
from connector.progress import (
    Alert,
    Audience,
    Chart,
    DecisionView,
    EpisodeView,
    Measured,
    RuleSet,
    Severity,
    day_of,
)
from connector.records import Assessment

_SEVERITY_ORDER: tuple[Severity, ...] = ("page", "urgent", "action", "notice")


def find_alerts(
    chart: Chart,
    measured: Measured,
    decision: DecisionView,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    today: date,
    requests: Iterable[Signal] = (),
    held_back: Collection[str] = (),
) -> tuple[Alert, ...]:
    """Every alert that holds at ``today``, most severe first.

    ``requests`` are what payers' answers call for. ``held_back`` are the authorizations, and the
    coverages, under which nothing may be asked for without a consent.
    """
    episode = chart.episode
    found = [*_data(chart, measured), *_authorizations(measured, today, held_back), *requests]
    if episode is not None:
        found += progress_alerts(measured, decision, instruments)
        if episode.active:
            found += overdue(measured, chart.visits, episode, instruments, rules, today)
            found += _missed_visits(chart, episode, measured, rules, today)
            found += certification_ended(chart, episode, rules, today)
    alerts = [
        *_safety(chart, instruments, rules, today),
        *recent_alerts(chart.entries, today, rules.acute_days),
        *(
            _alert(chart.patient.id, signal, to)
            for signal in (routed(one, rules) for one in found)
            for to in signal.audiences
        ),
    ]
    return with_raised(alerts, ())


def with_raised(found: Iterable[Alert], raised: Iterable[Alert]) -> tuple[Alert, ...]:
    """Each alert once, most severe first; what was found holds before what was raised earlier."""
    unique = {alert.key: alert for alert in (*raised, *found)}
    return tuple(
        sorted(
            unique.values(),
            key=lambda a: (_SEVERITY_ORDER.index(a.severity), a.raised_on, a.rule, a.key),
        )
    )


def _alert(patient_id: str, signal: Signal, audience: Audience) -> Alert:
    key = cause_key(patient_id, f"{signal.rule}/{audience}", signal.causes, signal.score)
    return Alert(
        key=key,
        patient_id=patient_id,
        rule=signal.rule,
        severity=signal.severity,
        audience=audience,
        summary=f"{signal.summary} for {patient_id}",
        text=signal.text,
        raised_on=signal.on,
        sources=signal.sources,
    )


def _safety(
    chart: Chart, instruments: Mapping[str, Instrument], rules: RuleSet, today: date
) -> Iterator[Alert]:
    """Safety alerts of the episode's forms, and of forms with a date in the future.

    An open question (no answer, only a total) is settled by the next form of the same measure.
    Old forms page nobody: they come with a first import.
    """
    earliest = chart.episode.scores_from if chart.episode else None
    forms = [f for f in chart.assessments if earliest is None or f.taken_on >= earliest]
    latest: dict[str, Assessment] = {form.instrument: form for form in forms}
    for form in forms:
        instrument = instruments.get(form.instrument)
        if instrument is None:
            continue
        old = (today - form.taken_on).days > rules.acute_days
        for alert in safety_alerts(form, instrument, chart.patient.id):
            if alert.rule == POSITIVE or latest[form.instrument] is form:
                yield _of_old_form(alert, rules) if old else alert


def _of_old_form(alert: Alert, rules: RuleSet) -> Alert:
    """The alert as a notice; that it was dealt with at the time has to be checked, not assumed."""
    head = alert.text.removesuffix(" Review at once.").removesuffix(" Ask before the visit ends.")
    text = f"{head} Older than {rules.acute_days} days: check that it was followed up."
    return alert.model_copy(update={"severity": "notice", "text": text})


def _missed_visits(
    chart: Chart, episode: EpisodeView, measured: Measured, rules: RuleSet, today: date
) -> Iterator[Signal]:
    visits = [v for v in chart.visits if v.starts_at.date() >= episode.started_on]
    row = missed_row(visits)
    seen = measured.attendance.recent_percent
    missed = [v for v in recent(visits, rules, today) if v.status in MISSED]
    if len(row) >= rules.missed_in_a_row:
        cause, text = row[0], f"{len(row)} visits missed in a row"
    elif seen is not None and missed and seen < rules.attendance_floor_percent:
        cause = missed[-1]
        text = (
            f"{number(seen)} percent of visits attended in the last "
            f"{rules.attendance_window_weeks} weeks, below {rules.attendance_floor_percent}"
        )
    else:
        return
    on = cause.starts_at.date()
    yield Signal(
        rule="missed_visits",
        severity="action",
        audiences=("front_desk", "therapist"),
        summary="Missed visits need attention",
        text=f"{text}; the last one on {long_date(on)}.",
        on=on,
        causes=(cause.id,),
        sources=(cause.id,),
    )


def _authorizations(
    measured: Measured, today: date, held_back: Collection[str]
) -> Iterator[Signal]:
    for view in measured.authorizations:
        if not view.renewal_due or view.renewal_on is None:
            continue
        number_ = f" {view.number}" if view.number else ""
        how = NO_REQUEST if view.authorization_id in held_back else ""
        yield Signal(
            rule="authorization",
            severity="action",
            audiences=("billing",),
            summary="An authorization needs attention",
            text=f"Authorization{number_} ({view.payer}) must be renewed: {view.renewal_reason}."
            f"{how}",
            on=min(view.renewal_on, today),
            causes=(view.authorization_id,),
            score=f"{view.authorized}/{view.ends_on}",
            sources=(view.authorization_id,),
        )
    for one in measured.needs:
        if one.due_on is not None:
            yield Signal(
                rule="authorization",
                severity="action",
                audiences=("billing",),
                summary="An authorization must be asked for",
                text=f"Ask {one.payer} for an authorization: {one.reason}."
                f"{NO_REQUEST if one.coverage_id in held_back else ''}",
                on=min(one.due_on, today),
                causes=(one.coverage_id, str(one.from_visit)),
                sources=(one.coverage_id,),
            )


def _data(chart: Chart, measured: Measured) -> Iterator[Signal]:
    for note in (*chart.data_notes, *measured.data_notes):
        if note.alert:
            yield Signal(
                rule=note.kind,
                severity="notice",
                audiences=("data_owner",),
                summary="A data question needs review",
                text=f"{note.text[:1].upper()}{note.text[1:]}.",
                on=note.on or day_of(chart.patient.version, chart.timezone),
                causes=note.sources,
                sources=note.sources,
            )
