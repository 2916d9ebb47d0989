"""Which measure drives the decision: the one the episode names, else one fixed at intake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from connector.measures import Instrument
from connector.progress import EpisodeView, MeasureSeries
from connector.records import Discipline

# Ties on one day. A measure given for a certain problem says more about why the person came than
# one that everybody fills in; function comes before pain.
MENTAL_HEALTH = (
    "perinatal_depression", "depression_youth", "ptsd", "ocd", "child_anxiety",
    "child_anxiety_depression", "child_adhd", "depression", "anxiety",
    "depression_anxiety_stress", "sleep", "alcohol", "drug_use", "substance_use", "distress",
    "stress", "child_screen", "wellbeing",
)  # fmt: skip
PHYSICAL_THERAPY = (
    "low_back", "neck", "knee", "hip", "lower_extremity", "upper_extremity", "balance", "mobility",
    "endurance",
)  # fmt: skip
EITHER = ("function", "pain")
_ORDER = {name: place for place, name in enumerate((*MENTAL_HEALTH, *PHYSICAL_THERAPY, *EITHER))}


def choose_primary(
    series: Sequence[MeasureSeries],
    episode: EpisodeView,
    instruments: Mapping[str, Instrument],
) -> tuple[MeasureSeries, ...]:
    """``series`` with the primary one marked and put first.

    A measure that the episode names is primary even before its first score (an empty series stands
    for it), unless it may never be one. Otherwise the first baseline of a measure that may be
    primary decides, those of the episode's discipline before others. Ties on one day: clinical at
    baseline, then ``_ORDER`` of the domain, then the id. Scores that come later never change it.
    """
    named = _named(series, episode, instruments)
    rest = list(series)
    chosen = named
    if chosen is None:
        allowed = [s for s in series if s.baseline and instruments[s.instrument].primary_allowed]
        chosen = min(allowed, key=lambda s: _rank(s, episode, instruments), default=None)
    if chosen in rest:
        rest.remove(chosen)
    rest.sort(key=lambda s: (_started(s), s.instrument, s.variant or ""))
    if chosen is None:
        return tuple(rest)
    return (chosen.model_copy(update={"primary": True}), *rest)


def _named(
    series: Sequence[MeasureSeries], episode: EpisodeView, instruments: Mapping[str, Instrument]
) -> MeasureSeries | None:
    instrument = instruments.get(episode.primary_instrument or "")
    if instrument is None or not instrument.primary_allowed:
        return None
    own = [s for s in series if s.instrument == instrument.id]
    scored = [s for s in own if s.baseline is not None] or own
    return min(
        scored,
        key=lambda s: (_started(s), s.variant or ""),
        default=MeasureSeries(instrument=instrument.id),
    )


def _rank(
    series: MeasureSeries, episode: EpisodeView, instruments: Mapping[str, Instrument]
) -> tuple[bool, date, bool, int, str, str]:
    instrument = instruments[series.instrument]
    clinical = series.baseline is not None and series.baseline.score.clinical is True
    return (
        _is_foreign(instrument.domain, episode.discipline),
        _started(series),
        not clinical,
        _ORDER.get(instrument.domain, len(_ORDER)),
        series.instrument,
        series.variant or "",
    )


def _is_foreign(domain: str, discipline: Discipline | None) -> bool:
    """Whether a measure belongs to the other discipline, such as a mood screen in a back clinic.

    Pain alone is charted for everybody as a vital sign, so where the discipline is not known it
    gives way to any measure that was given for a reason.
    """
    if discipline is None:
        return domain == "pain"
    if discipline == "physical_therapy":
        return domain in MENTAL_HEALTH
    return discipline == "mental_health" and (domain in PHYSICAL_THERAPY or domain == "pain")


def _started(series: MeasureSeries) -> date:
    return series.baseline.taken_on if series.baseline else date.max
