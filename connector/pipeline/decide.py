"""Step 3: the decision, by the first rule of the table that holds. Next: ``report``.

The table is in docs/measurement.md. Only the primary measure decides; another one can take
"exceeds" down to "meets", and nothing can raise a decision. Safety items, attendance, goals and
adherence are shown beside it and change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime

from connector.measures import Change, Instrument, reaches_percent
from connector.pipeline import reasons
from connector.pipeline.baseline import days_between, exact, expected_percent
from connector.pipeline.inputs import decision_inputs
from connector.pipeline.verdict import Judged, Ruling, Verdict
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
    others = (s for s in measured.series if not s.primary)
    found = ruling(primary, others, instruments, rules, now.date())
    return DecisionView(
        decision=found.decision,
        rule=found.rule,
        reason=found.reason,
        instrument=instrument.id,
        inputs=decision_inputs(
            primary, found.judged, measured.series, instruments, rules, now.date()
        ),
        capped_by=found.capped_by,
        alerts=found.alerts,
        rules_version=rules.version,
    )


def ruling(
    series: MeasureSeries,
    others: Iterable[MeasureSeries],
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    today: date,
) -> Ruling:
    """What the table says of one series as of ``today``; ``others`` can take "exceeds" down."""
    instrument = instruments[series.instrument]
    judged = _judged(series, instrument, rules, today)
    verdict = _insufficient() if judged is None else _first_that_holds(judged, rules)
    decision, capped_by = verdict.decision, None
    reason = reasons.reason(verdict, series, judged, instrument, rules)
    worse = _reliably_worse(others, instruments) if decision == "exceeds" else None
    if worse is not None:
        decision, capped_by = "meets", worse.instrument
        reason += " " + reasons.capped(instruments[worse.instrument], worse.change)
    return Ruling(decision, verdict.rule, reason, judged, capped_by, verdict.alerts)


def _judged(
    primary: MeasureSeries, instrument: Instrument, rules: RuleSet, today: date
) -> Judged | None:
    """What the rules look at; None without a baseline and a later score."""
    baseline, current, change = primary.baseline, primary.current, primary.change
    if baseline is None or current is None or change is None:
        return None
    days = days_between(baseline.taken_on, current.taken_on)
    expected = expected_percent(rules.curve_of(instrument.id), days)
    # Both percents are rounded where they are shown, and compared exactly here.
    reached = (
        expected is not None
        and change.improvement > 0
        and reaches_percent(instrument, exact(baseline), exact(current), expected)
    )
    return Judged(
        change=change,
        min_days=instrument.min_days,
        days_between_scores=days,
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


def _reliably_worse(
    series: Iterable[MeasureSeries], instruments: Mapping[str, Instrument]
) -> MeasureSeries | None:
    """The first measure that got reliably worse; alliance is no measure of progress."""
    return next(
        (
            s
            for s in series
            if s.change is not None
            and s.change.reliable == "deteriorated"
            and instruments[s.instrument].audience != "alliance"
        ),
        None,
    )
