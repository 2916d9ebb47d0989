"""Sentences about change: composed from facts, each with its rule id and the records it rests on.

A change inside measurement error is never called improvement; where no threshold is known, the
change is stated without judgement. Advice says "consider": the clinician decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal

from connector.documents.charts import total_of, valid_scores
from connector.documents.wording import day, number, us_day
from connector.measures.instrument import Instrument
from connector.progress import Measurement, MeasureSeries, Progress

State = Literal["better", "worse", "unclear", "unknown", "one", "none"]
Sentence = dict[str, Any]

DECISION_WORDS = {
    "exceeds": "exceeds expectations",
    "meets": "meets expectations",
    "below": "below expectations",
    "too_early": "too early to say",
    "insufficient_data": "not enough data",
}
FUNCTION_DOMAINS = (
    "extremity", "back", "neck", "knee", "hip", "function", "disability", "balance", "mobility",
    "walk", "participation", "shoulder",
)  # fmt: skip


def sentence(rule: str, text: str, sources: Iterable[str] = ()) -> Sentence:
    """A sentence with the rule that allows it and the records behind it."""
    return {"text": text, "rule": rule, "sources": list(sources)}


def pair(series: MeasureSeries) -> tuple[Measurement, Measurement] | None:
    """Baseline and current score where they are two different usable scores."""
    first, last = series.baseline, series.current
    if first is None or last is None or first.assessment_id == last.assessment_id:
        return None
    if first.score.total is None or last.score.total is None:
        return None
    return first, last


def only_score(series: MeasureSeries) -> Measurement | None:
    """The latest usable score, whether or not there is one to compare it with."""
    scores = valid_scores(series)
    return scores[-1] if scores else None


def state(series: MeasureSeries) -> State:
    """What may be said of the change."""
    if pair(series) is None:
        return "none" if only_score(series) is None else "one"
    reliable = series.change.reliable if series.change else None
    if reliable is None:
        return "unknown"
    return {"improved": "better", "deteriorated": "worse", "none": "unclear"}[reliable]  # type: ignore[return-value]


def difference(first: Measurement, last: Measurement) -> str:
    """10 lower; 3 higher; no change."""
    moved = total_of(last) - total_of(first)
    if moved == 0:
        return "no change"
    return f"{number(abs(moved))} {'lower' if moved < 0 else 'higher'}"


def _rests_on_mid(series: MeasureSeries) -> bool:
    return series.change is not None and series.change.reliable_basis == "mid_points"


def beyond(series: MeasureSeries) -> str:
    """What a change that counts has passed: measurement error, where one is known."""
    if _rests_on_mid(series):
        return "by the smallest important change or more"
    return "beyond measurement error"


def within(series: MeasureSeries) -> str:
    """What a change that does not count has not passed."""
    if _rests_on_mid(series):
        return "less than the smallest important change"
    return "within measurement error"


def change_words(series: MeasureSeries) -> str:
    """The change in a few words: "10 lower: better", "3 lower: unclear"."""
    both = pair(series)
    if both is None:
        return "one score" if only_score(series) else "no score"
    ending = {"better": ": better", "worse": ": worse", "unclear": ": unclear"}.get(
        state(series), ": not rated"
    )
    moved = difference(*both)
    return moved if moved == "no change" else moved + ending


def domain_words(instrument: Instrument) -> str:
    """depression; lower extremity; PTSD."""
    words = instrument.domain.replace("_", " ")
    return words.upper() if words in ("ptsd", "ocd", "adhd") else words


def is_function(instrument: Instrument) -> bool:
    """True for scales of what a body part can do, as in physical therapy."""
    return any(part in instrument.domain for part in FUNCTION_DOMAINS)


def higher_means(instrument: Instrument) -> str:
    """What a higher score stands for: more symptoms, more difficulty, better function."""
    worse = instrument.direction == "higher_is_worse"
    if instrument.domain == "pain":
        return "more pain"
    if is_function(instrument):
        return "more difficulty" if worse else "better function"
    return "more symptoms" if worse else "doing better"


def measure_label(instrument: Instrument) -> str:
    """PHQ-9 (depression)."""
    return f"{instrument.short_name} ({domain_words(instrument)})"


def headline(series: MeasureSeries, instrument: Instrument) -> Sentence:
    """The one sentence for clinicians: what changed, from what to what, whether it counts."""
    label = measure_label(instrument)
    both = pair(series)
    if both is None:
        last = only_score(series)
        if last is None and not instrument.has_total:
            return sentence("narrative.none", f"{label} has no total; no change is stated.")
        if last is None:
            return sentence("narrative.none", f"{label}: no usable score in this episode.")
        text = (
            f"{label} was {number(total_of(last))} on {day(last.taken_on)}. "
            "One score: no change can be stated yet."
        )
        return sentence("narrative.one", text, [last.assessment_id])
    start, now = (number(total_of(m)) for m in both)
    moved = f"from {start} to {now}"
    kind = state(series)
    text = {
        "better": f"{label} is better, {beyond(series)}: it went {moved}.",
        "worse": f"{label} is worse, {beyond(series)}: it went {moved}.",
        "unclear": f"{label} has not clearly changed: {start} to {now}, {within(series)}.",
    }.get(kind, f"{label} went {moved}. No threshold for real change is known for it.")
    if kind == "unclear" and start == now:
        text = f"{label} has not changed: {start} at the start, {now} now."
    return sentence(f"narrative.{kind}", text, [m.assessment_id for m in both])


def payer_sentences(series: MeasureSeries, instrument: Instrument) -> list[Sentence]:
    """What, range, direction and change, in the form that payers read."""
    better = "lower" if instrument.direction == "higher_is_worse" else "higher"
    scale = f"{instrument.short_name} total ({scale_words(instrument)}, {better} is better)"
    both = pair(series)
    if both is None:
        last = only_score(series)
        if last is None:
            return [sentence("payer.none", f"{scale}: no usable score in this episode.")]
        text = f"{scale} was {number(total_of(last))} on {us_day(last.taken_on)}."
        return [
            sentence("payer.one", text, [last.assessment_id]),
            sentence("payer.one_note", "One score: no change can be stated yet."),
        ]
    first, last = both
    ids = [first.assessment_id, last.assessment_id]
    moved = difference(first, last)
    text = (
        f"{scale} went from {number(total_of(first))} on {us_day(first.taken_on)} to "
        f"{number(total_of(last))} on {us_day(last.taken_on)}: {moved}."
    )
    return [sentence("payer.change", text, ids), _payer_judgement(series, instrument, ids)]


def _payer_judgement(series: MeasureSeries, instrument: Instrument, ids: list[str]) -> Sentence:
    threshold = reliable_words(series, instrument)
    text = {
        "better": f"This is an improvement {beyond(series)} ({threshold}).",
        "worse": f"This is a worsening {beyond(series)} ({threshold}).",
        "unclear": (f"This is {within(series)} ({threshold}) and is not counted as improvement."),
    }.get(
        state(series),
        "No threshold for real change is known for this measure; the change is not rated.",
    )
    return sentence(f"payer.{state(series)}", text, ids)


def scale_words(instrument: Instrument) -> str:
    """range 0 to 27 (never with a dash: standard fax loses it)."""
    if instrument.score_min is None or instrument.score_max is None:
        return f"open scale in {instrument.unit}"
    return f"range {number(instrument.score_min)} to {number(instrument.score_max)}"


def reliable_words(series: MeasureSeries, instrument: Instrument) -> str:
    """The threshold of real change with its basis."""
    change = series.change
    basis = change.reliable_basis if change else None
    points = change.reliable_points if change else instrument.reliable_points
    if basis == "jacobson_truax_1.96":
        return "computed index beyond 1.96 (Jacobson and Truax)"
    if points is None:
        return "no threshold known"
    name = "smallest important change" if basis == "mid_points" else "reliable change"
    return f"{name}: {number(points)} points or more"


def real_change_words(data: dict[str, Any] | None) -> str | None:
    """What the dash-dot line in a chart stands for; None without the line."""
    if not data or data["real_change"] is None:
        return None
    return f"Dash-dot line at {number(data['real_change'])}: real improvement on the first score"


def status_word(progress: Progress, series: MeasureSeries | None) -> str:
    """On course, off course, no change for N weeks, or not enough data: no other words."""
    decision = progress.decision.decision
    if decision in ("exceeds", "meets"):
        return "on course"
    if decision in ("too_early", "insufficient_data") or series is None:
        return "not enough data"
    both = pair(series)
    if both and state(series) == "unclear":
        weeks = (both[1].taken_on - both[0].taken_on).days // 7
        return f"no change for {weeks} weeks" if weeks != 1 else "no change for 1 week"
    return "off course"


def band_label(instrument: Instrument, total: Decimal | None) -> str | None:
    """The plain wording of the severity band that a score lies in."""
    band = instrument.band_of(total) if total is not None else None
    return band.label if band else None
