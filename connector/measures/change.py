"""``compare``: what a current score means against a baseline. Exact; no rule here decides care."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from connector.measures.exact import as_decimal, round_half_away, square_root
from connector.measures.instrument import Instrument
from connector.measures.jacobson_truax import CRITICAL, error_variance
from connector.measures.same import Same
from connector.measures.spec import Threshold
from connector.measures.values import Change, ClinicalChange, Reliable, ReliableBasis

# A chart is judged again with each new form, and few pairs of totals exist.
_REMEMBERED = 4096


class _Reliability(NamedTuple):
    reliable: Reliable | None = None
    basis: ReliableBasis | None = None
    points: Decimal | None = None
    rci: Decimal | None = None


def compare(
    instrument: Instrument,
    baseline: Decimal,
    current: Decimal,
    *,
    sd: Decimal | None = None,
    reliability: Decimal | None = None,
) -> Change:
    """The change between two exact totals of the same instrument and variant.

    ``improvement`` is positive when better on every scale. Cut-offs and remission are judged on
    the rounded totals, as in ``score``; differences on the exact ones. ``sd`` and ``reliability``
    stand in for the instrument's own where given together. Equal numbers give the same answer
    however they are written (14, 14.0), so answers are remembered.
    """
    return _compare(Same(instrument), baseline, current, sd, reliability)


@lru_cache(maxsize=_REMEMBERED)
def _compare(
    same: Same,
    baseline: Decimal,
    current: Decimal,
    sd: Decimal | None,
    reliability: Decimal | None,
) -> Change:
    instrument = same.instrument
    sign = 1 if instrument.direction == "higher_is_better" else -1
    gain = sign * (Fraction(current) - Fraction(baseline))
    percent, reason = _percent(instrument, Fraction(baseline), gain)
    if sd is None or reliability is None:
        sd, reliability = instrument.sd, instrument.reliability
    index = _reliability(instrument, gain, sd, reliability)
    wanted = instrument.response_percent
    shown = tuple(round_half_away(score, instrument.decimals) for score in (baseline, current))
    return Change(
        improvement=as_decimal(gain),
        percent_improvement=None if percent is None else round_half_away(percent, 1),
        percent_reason=reason,
        reliable=index.reliable,
        reliable_basis=index.basis,
        reliable_points=index.points,
        rci=index.rci,
        csc=_clinical_change(instrument, index.reliable, *shown),
        baseline_clinical=_holds(instrument.clinical_cutoff, shown[0]),
        current_clinical=_holds(instrument.clinical_cutoff, shown[1]),
        response=percent is not None and wanted is not None and percent >= Fraction(wanted),
        remission=_holds(instrument.remission, shown[1]),
    )


def reaches_percent(
    instrument: Instrument, baseline: Decimal, current: Decimal, wanted: Fraction
) -> bool:
    """Whether the percent improvement, unrounded, is ``wanted`` or more; False where none is."""
    percent = _exact_percent(Same(instrument), baseline, current)
    return percent is not None and percent >= wanted


@lru_cache(maxsize=_REMEMBERED)
def _exact_percent(same: Same, baseline: Decimal, current: Decimal) -> Fraction | None:
    instrument = same.instrument
    sign = 1 if instrument.direction == "higher_is_better" else -1
    gain = sign * (Fraction(current) - Fraction(baseline))
    return _percent(instrument, Fraction(baseline), gain)[0]


def _percent(
    instrument: Instrument, baseline: Fraction, gain: Fraction
) -> tuple[Fraction | None, str | None]:
    """Percent improvement, or the reason why there is none."""
    best = instrument.best_score
    if instrument.percent == "not_meaningful":
        return None, "not_meaningful_on_this_scale"
    if instrument.percent == "of_baseline" or best is None:
        return (None, "baseline_zero") if baseline == 0 else (100 * gain / abs(baseline), None)
    distance = abs(baseline - Fraction(best))
    return (None, "baseline_at_best") if distance == 0 else (100 * gain / distance, None)


def _reliability(
    instrument: Instrument, gain: Fraction, sd: Decimal | None, reliability: Decimal | None
) -> _Reliability:
    """Reliable change by the first basis that exists: published points, computed index, MID."""
    if instrument.reliable_points is not None:
        points = instrument.reliable_points
        return _Reliability(_by_points(gain, points), "published_points", points)
    if sd is not None and reliability is not None:
        return _jacobson_truax(gain, sd, reliability)
    if instrument.mid is not None:
        return _Reliability(_by_points(gain, instrument.mid), "mid_points", instrument.mid)
    return _Reliability()


def _by_points(gain: Fraction, points: Decimal) -> Reliable:
    if abs(gain) < Fraction(points):
        return "none"
    return "improved" if gain > 0 else "deteriorated"


def _jacobson_truax(gain: Fraction, sd: Decimal, reliability: Decimal) -> _Reliability:
    """Change over SD x sqrt 2 x sqrt(1 - reliability); squares are compared, so it is exact."""
    variance = error_variance(sd, reliability)
    error = square_root(variance)
    reliable: Reliable = "none"
    if gain**2 > CRITICAL**2 * variance:
        reliable = "improved" if gain > 0 else "deteriorated"
    return _Reliability(
        reliable,
        "jacobson_truax_1.96",
        round_half_away(CRITICAL * error, 2),
        as_decimal(gain / error),
    )


def _clinical_change(
    instrument: Instrument, reliable: Reliable | None, baseline: Decimal, current: Decimal
) -> ClinicalChange | None:
    if reliable is None:
        return None
    if reliable == "none":
        return "unchanged"
    if reliable == "deteriorated":
        return "deteriorated"
    cutoff = instrument.csc_cutoff
    crossed = cutoff is not None and cutoff.holds(baseline) and not cutoff.holds(current)
    return "recovered" if crossed else "improved"


def _holds(limit: Threshold | None, number: Decimal) -> bool | None:
    return None if limit is None else limit.holds(number)
