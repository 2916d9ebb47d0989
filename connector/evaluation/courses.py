"""The kinds "baseline" and "decide": the dated scores of one measure over an episode."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal

from connector.evaluation.line import Basis, Line, Result, day, number
from connector.evaluation.scores import score_of
from connector.measures import Instrument, Score
from connector.measures.exact import round_half_away
from connector.pipeline import data_notes
from connector.pipeline.baseline import exact, find_baseline
from connector.pipeline.decide import decide
from connector.pipeline.episode import scores_from
from connector.pipeline.measure import in_episode
from connector.pipeline.primary import choose_primary
from connector.pipeline.progress_alerts import progress_alerts
from connector.pipeline.series import series_of
from connector.progress import DecisionView, EpisodeView, Measured, Measurement, RuleSet

Points = list[tuple[date, Decimal | None]]

ALERTS = (
    "no_baseline",
    "one_score_only",
    "late_baseline",
    "deterioration",
    "not_on_track",
    "loss_of_gains",
)
"""In the order in which they are printed."""


def baseline_line(line: Line, basis: Basis) -> Result:
    """The baseline of a series of dated scores, or null."""
    episode = _episode(line.day("episode_start"), basis.rules)
    points = sorted(_points(line), key=lambda point: point[0])
    measurements = [
        _measurement(on, total, None) for on, total in points if in_episode(on, episode, date.max)
    ]
    found, late = find_baseline(measurements, episode, basis.rules)
    if found is None:
        return {"baseline": None}
    return {"baseline": {"date": found.taken_on, "score": exact(found), "late": late}}


def decide_line(line: Line, basis: Basis) -> Result:
    """The decision on one measure, taken as the primary one, with its rule and alerts.

    Without ``today`` it is judged on the day of the last score; scores after it do not count.
    """
    instrument = line.instrument(basis)
    start, points = line.day("episode_start"), _points(line)
    for place, (_, total) in enumerate(points, 1):
        if total is not None:
            score_of(instrument, total, f"series, entry {place}, score")
    points.sort(key=lambda point: point[0])  # of one day they stay as they were written
    last = max((on for on, total in points if total is not None), default=start)
    today = last if line.optional("today") is None else line.day("today")
    episode = _episode(start, basis.rules, instrument)
    measurements = [
        _measurement(on, total, instrument)
        for on, total in points
        if in_episode(on, episode, today)
    ]
    measured = _measured(instrument, measurements, episode, basis.rules)
    known = {instrument.id: instrument}
    now = datetime.combine(today, time(), UTC)
    decision = decide(measured, known, basis.rules, now)
    return {
        "decision": decision.decision,
        "rule": decision.rule,
        "alerts": _alerts(measured, decision, instrument, episode),
    }


def _points(line: Line) -> Points:
    found: Points = []
    for where, (on, total) in line.rows("series", 2):
        score = None if total is None else number(total, f"{where}, score")
        found.append((day(on, f"{where}, date"), score))
    return found


def _episode(start: date, rules: RuleSet, instrument: Instrument | None = None) -> EpisodeView:
    return EpisodeView(
        started_on=start,
        scores_from=scores_from(start, None, rules),
        primary_instrument=instrument.id if instrument else None,
    )


def _measurement(on: date, total: Decimal | None, instrument: Instrument | None) -> Measurement:
    """A score as if it had come from a form; without a total it is a form that was not valid."""
    score = Score(instrument="", status="incomplete")
    if total is not None:
        shown = total if instrument is None else round_half_away(total, instrument.decimals)
        score = Score(instrument="", status="ok", total=shown, total_exact=total)
    return Measurement(assessment_id="", taken_on=on, score=score, source="", origin="")


def _measured(
    instrument: Instrument,
    measurements: Sequence[Measurement],
    episode: EpisodeView,
    rules: RuleSet,
) -> Measured:
    series = [series_of(instrument, None, measurements, episode, rules)] if measurements else []
    return Measured(series=choose_primary(series, episode, {instrument.id: instrument}))


def _alerts(
    measured: Measured, decision: DecisionView, instrument: Instrument, episode: EpisodeView
) -> list[str]:
    known = {instrument.id: instrument}
    found = {signal.rule for signal in progress_alerts(measured, decision, known)}
    for series in measured.series:
        found |= {note.kind for note in data_notes.of_series(series, known, episode)}
    if "deterioration" in found:
        # Reliably worse than the baseline is so than the best score, which may be the baseline. In
        # a chart that is said once, as deterioration; here each condition that holds is listed.
        found.add("loss_of_gains")
    if decision.rule == "R0":
        compared = any(s.primary and s.baseline is not None for s in measured.series)
        found.add("one_score_only" if compared else "no_baseline")
    return [alert for alert in ALERTS if alert in found]
