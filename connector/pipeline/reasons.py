"""The reason for a decision in plain words, with its numbers and where its thresholds come from.

A change within measurement error is never called an improvement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from connector.measures import Change, Instrument, Threshold
from connector.pipeline.baseline import counts
from connector.pipeline.verdict import Judged, Verdict
from connector.pipeline.wording import joined, long_date, number, rounded, things
from connector.progress import Measurement, MeasureSeries, RuleSet

_SIDES = {">=": "at or above", ">": "above", "<=": "at or below", "<": "below"}
_OTHER_SIDES = {">=": "below", ">": "at or below", "<=": "above", "<": "at or above"}
# The keys in the instruments' ``sources`` that a threshold of a decision may rest on, as people
# know them; the full text is in the instrument's file and in the decision's inputs.
_SOURCES = {
    "aes": "AES screener page",
    "awell": "awell-score",
    "blanchard": "Blanchard 2023",
    "camcops": "CamCOPS",
    "comorb": "Comorbidity Guidelines",
    "dash": "Gummesson 2006",
    "epds_form": "EPDS form",
    "hedis": "HEDIS",
    "isi_bands": "ISI categories",
    "isi_mid": "Yang 2009",
    "jospt": "Abbott and Schmitt 2014",
    "lefs": "Binkley",
    "marx": "Marx 2022",
    "matthey": "Matthey 2004",
    "nhs": "NHS Talking Therapies",
    "novo": "NovoPsych",
    "ocd": "Farris 2013",
    "odi_form": "ODI form, MDC90",
    "oq": "Timman 2017",
    "promis": "PMC7103541",
    "psc": "PSC-17 instructions",
    "ptweb": "physicaltherapyweb.com",
    "rmdq": "Stratford 1996",
    "scared": "FITBIR",
    "socas": "SOCAS",
}
_NO_PERCENT = {
    "not_meaningful_on_this_scale": "a percentage means nothing on this scale",
    "baseline_at_best": "the first score is already the best possible",
    "baseline_zero": "the first score is zero, so no percentage can be stated",
}


def no_primary(series: Sequence[MeasureSeries], instruments: Mapping[str, Instrument]) -> str:
    """Why there is no measure to decide by."""
    if not series:
        return "No outcome measure has been recorded in this episode of care."
    scored = {
        instruments[s.instrument].short_name for s in series if any(map(counts, s.measurements))
    }
    if not scored:
        return "No recorded outcome measure has a valid total score yet."
    return (
        f"Only {joined(sorted(scored))} was recorded, which cannot measure progress "
        "(screening, alliance or risk)."
    )


def beyond(change: Change | None) -> str:
    """What a change that counts has passed: measurement error, where one is known."""
    if change is not None and change.reliable_basis == "mid_points":
        return "by the smallest important change or more"
    return "beyond measurement error"


def capped(instrument: Instrument, change: Change | None) -> str:
    """The sentence on a secondary measure that took the decision down."""
    return (
        f"{instrument.short_name} became worse {beyond(change)}, so the decision is held at meets."
    )


def reason(
    verdict: Verdict,
    series: MeasureSeries,
    judged: Judged | None,
    instrument: Instrument,
    rules: RuleSet,
) -> str:
    """The reason why ``verdict`` was reached for the primary ``series``."""
    if judged is None or series.baseline is None or series.current is None:
        return _insufficient(series, instrument)
    change = judged.change
    parts = [_movement(series.baseline, series.current, change, instrument)]
    if verdict.rule == "R1":
        parts.append(f"{_reliability(change, instrument)}.")
    elif verdict.rule == "R2":
        parts.append(
            f"The form asks about {things(instrument.min_days, 'day')}; a score taken "
            f"{things(judged.days_between_scores, 'day')} after the first is too early to show "
            "change."
        )
    elif verdict.rule == "R3":
        parts.append(_maintained(instrument))
    elif verdict.rule == "R4":
        parts.append(
            f"{joined([_reliability(change, instrument), *_goals(series, change, instrument)])}."
        )
    elif verdict.rule == "R5":
        parts.append(f"{_reliability(change, instrument)}.")
    elif verdict.rule == "R6":
        parts.append(
            f"{_within_error(change, instrument)} It is "
            f"{things(judged.days_since_baseline, 'day')} since the first score; before day "
            f"{rules.too_early_days} that is too early to judge."
        )
    else:
        parts.append(_within_error(change, instrument))
        parts.append(_against_curve(verdict.rule, series, judged, instrument, rules))
    return " ".join(parts)


def source_of(instrument: Instrument, field: str) -> str:
    """The short name of the source of one of the instrument's numbers."""
    text = instrument.sources.get(field, "")
    keys = re.findall(r"\[(\w+)\]", text)
    return joined([_SOURCES.get(key, key) for key in keys]) or text or "no source stated"


def _insufficient(series: MeasureSeries, instrument: Instrument) -> str:
    name = instrument.short_name
    if series.baseline is None:
        if series.measurements:
            return f"No {name} form has a valid score yet, so there is nothing to compare."
        return f"{name} is the primary measure of this episode and has not been recorded yet."
    first = series.baseline
    return (
        f"{name} was {_total(first)} on {long_date(first.taken_on)}; there is no later score to "
        "compare it with."
    )


def _movement(first: Measurement, last: Measurement, change: Change, instrument: Instrument) -> str:
    name, spread = (
        instrument.short_name,
        f"{long_date(first.taken_on)} and {long_date(last.taken_on)}",
    )
    if change.improvement == 0:
        return f"{name} was {_total(last)} on both {spread}."
    better = change.improvement > 0
    lower = better == (instrument.direction == "higher_is_worse")
    size = number(rounded(abs(change.improvement), instrument.decimals))
    side = "lower" if lower else "higher"
    if change.reliable == "improved":
        meaning = ": better"
    elif change.reliable == "deteriorated":
        meaning = ": worse"
    else:
        wanted = "lower" if instrument.direction == "higher_is_worse" else "higher"
        meaning = f"; {wanted} is better"
    return (
        f"{name} went from {_total(first)} to {_total(last)} ({size} {side}{meaning}) between "
        f"{spread}."
    )


def _reliability(change: Change, instrument: Instrument) -> str:
    """Why the change is beyond measurement error; the start of a sentence."""
    points = number(change.reliable_points) if change.reliable_points is not None else ""
    if change.reliable_basis == "published_points":
        return (
            f"A change of {points} or more is beyond measurement error "
            f"({source_of(instrument, 'reliable_points')})"
        )
    if change.reliable_basis == "jacobson_truax_1.96":
        return (
            f"A change of more than {points} is beyond measurement error (reliable change index "
            f"above 1.96; {source_of(instrument, 'reliability')})"
        )
    return (
        f"A change of {points} or more is the smallest that matters to people, used here for lack "
        f"of a published measurement error ({source_of(instrument, 'mid')})"
    )


def _within_error(change: Change, instrument: Instrument) -> str:
    if change.reliable is None:
        return "How much change is beyond measurement error is not known for this measure."
    points = number(change.reliable_points) if change.reliable_points is not None else ""
    if change.reliable_basis == "mid_points":
        return (
            f"That is less than the smallest change that matters to people ({points} points; "
            f"{source_of(instrument, 'mid')}), used here for lack of a published measurement error."
        )
    index = change.reliable_basis == "jacobson_truax_1.96"
    limit = "more than " if index else ""
    field = "reliability" if index else "reliable_points"
    return (
        f"That is within measurement error ({limit}{points} points would be beyond it; "
        f"{source_of(instrument, field)})."
    )


def _maintained(instrument: Instrument) -> str:
    cutoff = instrument.clinical_cutoff
    if cutoff is None:
        return "Both scores are outside the clinical range: maintained."
    return (
        f"Both scores are {_OTHER_SIDES[cutoff.op]} the cut-off of {number(cutoff.value)} "
        f"({source_of(instrument, 'clinical_cutoff')}): outside the clinical range, and maintained."
    )


def _goals(series: MeasureSeries, change: Change, instrument: Instrument) -> list[str]:
    """Which of cut-off, remission and response were reached."""
    found = []
    shown = _total(series.current)
    if change.csc == "recovered" and instrument.csc_cutoff is not None:
        found.append(
            f"{shown} is {_crossed(instrument.csc_cutoff)} ({source_of(instrument, 'csc_cutoff')})"
        )
    if change.remission and instrument.remission is not None:
        limit = instrument.remission
        found.append(
            f"{shown} is in remission ({_SIDES[limit.op]} {number(limit.value)}; "
            f"{source_of(instrument, 'remission')})"
        )
    if change.response and change.percent_improvement is not None and instrument.response_percent:
        found.append(
            f"{number(change.percent_improvement)} percent reaches the response mark of "
            f"{number(instrument.response_percent)} ({source_of(instrument, 'response_percent')})"
        )
    return found


def _crossed(cutoff: Threshold) -> str:
    return f"{_OTHER_SIDES[cutoff.op]} the cut-off of {number(cutoff.value)}"


def _against_curve(
    rule: str, series: MeasureSeries, judged: Judged, instrument: Instrument, rules: RuleSet
) -> str:
    change, expected = judged.change, series.expected_percent
    if not rules.curve:
        return "No expected course is set to compare with."
    if change.percent_improvement is None or expected is None:
        why = _NO_PERCENT.get(change.percent_reason or "", "no percentage can be stated")
        return f"It cannot be compared with the expected course: {why}."
    percent, shown = number(change.percent_improvement), number(rounded(expected, 1))
    week = number(rounded(Decimal(judged.days_between_scores) / 7, 1))
    course = f"the {shown} percent expected at week {week} ({_whose(instrument, rules)})"
    if rule == "R7":
        return f"On track: a change of {percent} percent is at or above {course}."
    if change.improvement <= 0:
        return f"Not on track: no movement in the wanted direction, against {course}."
    return f"Not on track: a change of {percent} percent is below {course}."


def _whose(instrument: Instrument, rules: RuleSet) -> str:
    """Which expected course it is, by name, so that the numbers can be found again."""
    own = rules.own_course(instrument.id)
    if own is None:
        return f"expected course {rules.version}"
    return f"by this practice's own {own.episodes} episodes, {own.name}"


def _total(measurement: Measurement | None) -> str:
    if measurement is None or measurement.score.total is None:
        return "no total"
    return number(measurement.score.total)
