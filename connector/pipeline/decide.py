"""Step 3: the decision, by the first rule of the table that holds. Next: ``report``.

The table is in docs/measurement.md. Only the primary measure decides; another one can take
"exceeds" down to "meets", and nothing can raise a decision. Safety items, attendance, goals and
adherence are shown beside it and change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime

from connector.measures import Change, Instrument, compare
from connector.pipeline import reasons
from connector.pipeline.baseline import days_between, exact
from connector.pipeline.inputs import decision_inputs
from connector.pipeline.verdict import Judged, Verdict
from connector.progress import (
    Decision,
    DecisionView,
    Measured,
    MeasureSeries,
    RuleSet,
)


def decide(
    measured: Measured, instruments: Mapping[str, Instrument], rules: RuleSet, now: datetime
) -> DecisionView:
    """The decision as of ``now`` (in the practice's time zone), with rule, reason and inputs."""
    primary = next((s for s in measured.series if s.primary), None)
    if primary is None:
        return DecisionView(
            decision="insufficient_data",
            rule="R0",
            reason=reasons.no_primary(measured.series, instruments),
            instrument=None,
            inputs=decision_inputs(None, None, measured.series, instruments, rules, now.date()),
            alerts=("overdue_assessment",),
            rules_version=rules.version,
        )
    instrument = instruments[primary.instrument]
    judged = _judged(primary, instrument, now.date())
    verdict = _insufficient() if judged is None else _first_that_holds(judged, rules)
    worse = _reliably_worse_secondary(measured, instruments)
    capped_by = worse.instrument if worse and verdict.decision == "exceeds" else None
    reason = reasons.reason(verdict, primary, judged, instrument, rules)
    if capped_by is not None:
        reason += " " + reasons.capped(instruments[capped_by], worse.change if worse else None)
    return DecisionView(
        decision="meets" if capped_by else verdict.decision,
        rule=verdict.rule,
        reason=reason,
        instrument=instrument.id,
        inputs=decision_inputs(primary, judged, measured.series, instruments, rules, now.date()),
        capped_by=capped_by,
        alerts=verdict.alerts,
        rules_version=rules.version,
    )


def _judged(primary: MeasureSeries, instrument: Instrument, today: date) -> Judged | None:
    """What the rules look at; None without a baseline and a later score."""
    baseline, current, change = primary.baseline, primary.current, primary.change
    if baseline is None or current is None or change is None:
        return None
    expected = primary.expected_percent
    reached = expected is not None and change.improvement > 0
    if reached and expected is not None:
        # The percent shown is rounded; asked this way it is compared exactly, by ``measures``.
        asked = instrument.model_copy(update={"response_percent": expected})
        reached = compare(asked, exact(baseline), exact(current)).response
    return Judged(
        change=change,
        min_days=instrument.min_days,
        days_between_scores=days_between(baseline.taken_on, current.taken_on),
        days_since_baseline=days_between(baseline.taken_on, today),
        on_curve=reached,
    )


def _insufficient() -> Verdict:
    return Verdict("insufficient_data", "R0", ("overdue_assessment",))


def _first_that_holds(judged: Judged, rules: RuleSet) -> Verdict:
    for rule, (holds, decision, alerts) in _TABLE.items():
        if holds(judged, rules):
            return Verdict(decision, rule, alerts)
    raise AssertionError("R8 always holds")


def _reached_goal(change: Change) -> bool:
    """Crossed the cut-off, in remission, or a response in percent."""
    return change.csc == "recovered" or change.remission is True or change.response


# R0, no baseline or no later score, is settled before there is anything to judge.
_TABLE: Mapping[str, tuple[Callable[[Judged, RuleSet], bool], Decision, tuple[str, ...]]] = {
    "R1": (lambda j, _: j.change.reliable == "deteriorated", "below", ("deterioration",)),
    "R2": (lambda j, _: j.days_between_scores < j.min_days, "too_early", ()),
    "R3": (
        lambda j, _: j.change.baseline_clinical is False and j.change.current_clinical is False,
        "meets",
        (),
    ),
    "R4": (
        lambda j, _: j.change.reliable == "improved" and _reached_goal(j.change),
        "exceeds",
        (),
    ),
    "R5": (lambda j, _: j.change.reliable == "improved", "meets", ()),
    "R6": (lambda j, rules: j.days_since_baseline < rules.too_early_days, "too_early", ()),
    "R7": (lambda j, _: j.on_curve, "meets", ()),
    "R8": (lambda j, _: True, "below", ("not_on_track",)),
}


def _reliably_worse_secondary(
    measured: Measured, instruments: Mapping[str, Instrument]
) -> MeasureSeries | None:
    """The first other measure that got reliably worse; alliance is no measure of progress."""
    return next(
        (
            s
            for s in measured.series
            if not s.primary
            and s.change is not None
            and s.change.reliable == "deteriorated"
            and instruments[s.instrument].audience != "alliance"
        ),
        None,
    )
