"""Reasons to report now. Each has one key, so it gives one report however often the rules run.

A milestone shows from ``milestone_lead_days`` before its day until as many days after: late data
or a day without a run loses none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from connector.measures import Instrument
from connector.pipeline.baseline import counts
from connector.pipeline.certification import certification, plan_begun
from connector.pipeline.identity import cause_key
from connector.pipeline.letters_due import find_letters_due
from connector.pipeline.wording import long_date, ordinal
from connector.progress import Chart, EpisodeView, Measured, Milestone, RuleSet
from connector.records import TreatmentPlan


def find_milestones(
    chart: Chart,
    measured: Measured,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    today: date,
) -> tuple[Milestone, ...]:
    """The milestones in their window at ``today``, by day.

    Of care that has ended, only the discharge, for who referred the person.
    """
    episode = chart.episode
    if episode is None:
        return ()
    lead = timedelta(days=rules.milestone_lead_days)
    asked = find_letters_due(chart, episode, rules, today)
    letters = [m for m in asked if today <= m.due_on + lead]
    if not episode.active:
        return tuple(m for m in letters if m.kind == "discharge")
    dated = [
        *_visits(chart, episode, rules),
        *_plan(chart, episode, rules, today),
    ]
    found = [
        *(m for m in dated if m.due_on - lead <= today <= m.due_on + lead),
        *_assessment(chart, measured, instruments),
        *_authorizations(chart, measured),
        *letters,
    ]
    return tuple(sorted(found, key=lambda m: (m.due_on, m.kind, m.key)))


def _visits(chart: Chart, episode: EpisodeView, rules: RuleSet) -> Iterator[Milestone]:
    """Every n-th treatment day, attended or booked; several visits on a day are one."""
    days = sorted(
        {
            v.starts_at.date()
            for v in chart.visits
            if v.status in ("attended", "scheduled") and v.starts_at.date() >= episode.started_on
        }
    )
    for every in rules.visit_milestones:
        for place in range(every, len(days) + 1, every):
            name = f"{ordinal(place)} treatment day"
            what = "progress report" if episode.discipline == "physical_therapy" else "review"
            causes = (episode.started_on.isoformat(), str(place))
            on = days[place - 1]
            yield Milestone(
                kind="visit_number",
                key=cause_key(chart.patient.id, "visit_number", causes),
                due_on=on,
                text=f"{name} on {long_date(on)}: {what} due",
            )


def _plan(chart: Chart, episode: EpisodeView, rules: RuleSet, today: date) -> Iterator[Milestone]:
    """Review and recertification of the newest plan; a newer plan takes the older one's place."""
    plan = plan_begun(chart, today)
    if plan is not None and plan.review_on is not None:
        yield _of_plan(chart, plan, "plan_review", plan.review_on, "plan review due")
    certified = certification(chart, episode, rules, today)
    if certified is not None:
        yield _of_plan(
            chart, certified.plan, "recertification", certified.until, "plan of care ends"
        )


def _of_plan(chart: Chart, plan: TreatmentPlan, kind: str, on: date, what: str) -> Milestone:
    return Milestone.model_validate(
        {
            "kind": kind,
            "key": cause_key(chart.patient.id, kind, (plan.id, on.isoformat())),
            "due_on": on,
            "text": f"{what} on {long_date(on)}",
        }
    )


def _assessment(
    chart: Chart, measured: Measured, instruments: Mapping[str, Instrument]
) -> Iterator[Milestone]:
    """The newest valid form."""
    forms = [
        (m.taken_on, m.assessment_id, s)
        for s in measured.series
        for m in s.measurements
        if counts(m)
    ]
    if not forms:
        return
    on, assessment_id, series = max(forms, key=lambda form: form[:2])
    yield Milestone(
        kind="assessment_completed",
        key=cause_key(chart.patient.id, "assessment_completed", (assessment_id,)),
        due_on=on,
        text=f"{instruments[series.instrument].short_name} completed on {long_date(on)}",
    )


def _authorizations(chart: Chart, measured: Measured) -> Iterator[Milestone]:
    for one in measured.needs:
        if one.due_on is not None:
            causes = ("first", one.coverage_id, str(one.from_visit))
            yield Milestone(
                kind="authorization",
                key=cause_key(chart.patient.id, "authorization", causes),
                due_on=one.due_on,
                text=f"ask {one.payer} for an authorization: {one.reason}",
            )
    for view in measured.authorizations:
        if view.renewal_due and view.renewal_on is not None:
            causes = (view.authorization_id, str(view.authorized), str(view.ends_on))
            yield Milestone(
                kind="authorization",
                key=cause_key(chart.patient.id, "authorization", causes),
                due_on=view.renewal_on,
                text=f"renew the authorization: {view.renewal_reason}",
            )
