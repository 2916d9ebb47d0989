"""Until when the plan of care is certified, and the alert when that day has passed.

The reminder ahead is a milestone and shows for some days only. That treatment goes on without a
certified plan is told for as long as it is so: it is what a claim or a packet lacks (features of
the reference: missing papers before a claim; WebPT: recertification within 90 days).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from connector.pipeline.signal import Signal
from connector.pipeline.wording import long_date
from connector.progress import Chart, EpisodeView, RuleSet
from connector.records import TreatmentPlan

RULE = "plan_of_care_ended"


class Certification(NamedTuple):
    """The last certified day of a plan; ``stated`` False: counted by ``recertification_days``."""

    plan: TreatmentPlan
    until: date
    stated: bool


def plan_begun(chart: Chart, today: date) -> TreatmentPlan | None:
    """The newest plan that has begun; a newer plan takes the older one's place."""
    return next((p for p in reversed(chart.plans) if p.starts_on <= today), None)


def certification(
    chart: Chart, episode: EpisodeView, rules: RuleSet, today: date
) -> Certification | None:
    """The certification of the newest plan, in physical therapy also of one that states no end."""
    plan = plan_begun(chart, today)
    if plan is None:
        return None
    if plan.certified_until is not None:
        return Certification(plan, plan.certified_until, stated=True)
    if episode.discipline != "physical_therapy":
        return None
    until = plan.starts_on + timedelta(days=rules.recertification_days)
    return Certification(plan, until, stated=False)


def certification_ended(
    chart: Chart, episode: EpisodeView, rules: RuleSet, today: date
) -> Iterator[Signal]:
    """That care goes on after the certified days; not of a plan of an earlier course of care."""
    found = certification(chart, episode, rules, today)
    if found is None or not episode.started_on <= found.until < today:
        return
    plan, until = found.plan, long_date(found.until)
    how = (
        "ended"
        if found.stated
        else f"states no end; its {rules.recertification_days} days were over"
    )
    yield Signal(
        rule=RULE,
        severity="action",
        audiences=("therapist", "billing"),
        summary="The plan of care must be certified again",
        text=f"The plan of care of {long_date(plan.starts_on)} {how} on {until}. "
        "Have it certified again, or record the new end.",
        on=found.until + timedelta(days=1),
        causes=(plan.id,),
        score=found.until.isoformat(),
        sources=(plan.id,),
    )
