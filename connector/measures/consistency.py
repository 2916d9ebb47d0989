"""What must fit together inside one instrument file, beyond the type of each value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from connector.measures.formula import extremes
from connector.measures.instrument import THRESHOLDS, Instrument
from connector.measures.spec import Band, TableScoring, TriageScoring

_SOURCED = (
    *THRESHOLDS,
    "screen",
    "screen_by",
    "bands",
    "patterns",
    "item_flags",
    "safety_items",
    "safety_questions",
    "reliable_points",
    "sd",
    "reliability",
    "mid",
    "response_percent",
    "min_days",
    "cadence_days",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not fit; ``value`` and ``allowed`` serve "did you mean"."""

    key: str
    message: str
    value: str = ""
    allowed: Sequence[str] = ()


def faults(instrument: Instrument) -> Iterator[Fault]:
    """Every inconsistency of ``instrument``, most basic first; none for a good file."""
    yield from _item_faults(instrument)
    yield from _context_faults(instrument)
    yield from _encoding_faults(instrument)
    yield from _scale_faults(instrument)
    yield from _band_faults("bands", instrument.bands, instrument)
    for scale in instrument.subscales:
        yield from _subscale_band_faults(f"subscales {scale.name}", scale.bands, scale.decimals)
    yield from _threshold_faults(instrument)
    yield from _code_faults(instrument)
    yield from _source_faults(instrument)


def _item_faults(instrument: Instrument) -> Iterator[Fault]:
    low, high = instrument.items_min, instrument.items_max
    if instrument.items is None and not instrument.totals_only and (low is None or high is None):
        yield Fault("items", "state the number of items, or items_min and items_max")
        return
    count = instrument.items or high or 0
    used: list[tuple[str, Sequence[int]]] = [
        ("reverse_items", instrument.reverse_items),
        ("safety_items", [safety.item for safety in instrument.safety_items]),
        *(("item_exceptions", group.items) for group in instrument.item_exceptions),
        *((f"subscales {scale.name}", scale.items) for scale in instrument.subscales),
        ("scored_items", instrument.scored_items),
        ("missing.only_items", instrument.missing.only_items),
        *(("missing.not_applicable", (rule.item,)) for rule in instrument.missing.not_applicable),
        *(("skip", (*rule.zero, *rule.skips)) for rule in instrument.skip),
        *(("item_flags", rule.items) for rule in instrument.item_flags),
        *_triage_items(instrument),
    ]
    for key, numbers in used:
        for number in numbers:
            if not 1 <= number <= count:
                yield Fault(key, f"there is no item {number}; items are 1 to {count}")
    if instrument.reverse_items and any(
        instrument.range_of(item).max is None for item in instrument.reverse_items
    ):
        yield Fault("item_range", "reverse items need a max to be turned round")
    missing = instrument.missing
    if missing.rule == "prorate" and not instrument.totals_only and missing.blanks_allowed >= count:
        yield Fault("missing.blanks_allowed", f"{missing.blanks_allowed} of {count} is all items")
    names = [scale.name for scale in instrument.subscales]
    for pattern in instrument.patterns:
        for name in pattern.needs:
            if name not in names:
                yield Fault(f"patterns {pattern.name}", f"no subscale {name!r}", name, names)


def _triage_items(instrument: Instrument) -> Iterator[tuple[str, Sequence[int]]]:
    scoring = instrument.scoring
    if isinstance(scoring, TriageScoring):
        for level in scoring.levels:
            for condition in level.any:
                yield f"scoring.levels {level.name}", condition.items
        if scoring.follow_up is not None:
            yield "scoring.follow_up", (scoring.follow_up.item,)


def _context_faults(instrument: Instrument) -> Iterator[Fault]:
    """Keys that rules ask for and that ``context`` does not have; a misspelt one is never told."""
    known = [question.key for question in instrument.context]
    used = [("safety_questions", question.key) for question in instrument.safety_questions]
    used += [("missing.not_applicable", rule.key) for rule in instrument.missing.not_applicable]
    if instrument.screen is not None:
        used += [("screen.and_context", one.key) for one in instrument.screen.and_context]
    scoring = instrument.scoring
    if isinstance(scoring, TriageScoring):
        for level in scoring.levels:
            used += [("scoring.levels", one.key) for one in level.any_context]
            used += [("scoring.levels", one.unless.key) for one in level.any if one.unless]
        used += [("scoring.follow_up", scoring.follow_up.key)] if scoring.follow_up else []
    for where, key in used:
        if key not in known:
            yield Fault(where, f"context has no question {key!r}", key, known)


def _encoding_faults(instrument: Instrument) -> Iterator[Fault]:
    encodings = instrument.encodings
    for key, names in (("default", (encodings.default,)), ("shift", tuple(encodings.shift))):
        for name in names:
            if name not in encodings.accepted:
                yield Fault(
                    f"encodings.{key}", f"{name!r} is not accepted", name, encodings.accepted
                )
    for name in encodings.accepted:
        if name in ("zero_based", "one_based") and name not in encodings.shift:
            yield Fault("encodings.shift", f"state what {name} adds to each item")


def _scale_faults(instrument: Instrument) -> Iterator[Fault]:
    scoring = instrument.scoring
    if isinstance(scoring, TableScoring):
        rises = [later > earlier for earlier, later in pairwise(scoring.table)]
        if not (all(rises) or not any(rises)):
            yield Fault("scoring.table", "the entries must all rise or all fall")
        spans = [instrument.range_of(item) for item in range(1, (instrument.items or 0) + 1)]
        sums = int(sum((span.max or span.min) - span.min for span in spans)) + 1
        if len(scoring.table) != sums:
            yield Fault("scoring.table", f"{len(scoring.table)} entries for {sums} raw sums")
        if instrument.blanks_allowed:
            yield Fault("missing.blanks_allowed", "a table needs every item: 0")
    stated = (instrument.score_min, instrument.score_max)
    reached = extremes(instrument)
    if reached is not None and reached != tuple(
        None if end is None else Fraction(end) for end in stated
    ):
        shown = " to ".join("open" if end is None else str(end) for end in reached)
        yield Fault("score_min", f"items and scoring give a score of {shown}")


def _band_faults(key: str, bands: Sequence[Band], instrument: Instrument) -> Iterator[Fault]:
    if not bands:
        return
    step = Decimal(1).scaleb(-instrument.decimals)
    for earlier, later in pairwise(bands):
        if earlier.high is None or later.low != earlier.high + step:
            yield Fault(key, f"{later.name} must begin {step} above the end of {earlier.name}")
    if bands[0].low not in (None, instrument.score_min):
        yield Fault(key, f"{bands[0].name} must begin at score_min")
    if bands[-1].high not in (None, instrument.score_max):
        yield Fault(key, f"{bands[-1].name} must end at score_max")


def _subscale_band_faults(key: str, bands: Sequence[Band], decimals: int) -> Iterator[Fault]:
    step = Decimal(1).scaleb(-decimals)
    for earlier, later in pairwise(bands):
        if earlier.high is None or later.low != earlier.high + step:
            yield Fault(key, f"{later.name} must begin {step} above the end of {earlier.name}")


def _threshold_faults(instrument: Instrument) -> Iterator[Fault]:
    worse = (">=", ">") if instrument.direction == "higher_is_worse" else ("<=", "<")
    better = ("<=", "<") if instrument.direction == "higher_is_worse" else (">=", ">")
    for name in THRESHOLDS:
        limit = getattr(instrument, name)
        if limit is None:
            continue
        allowed = better if name == "remission" else worse
        if limit.op not in allowed:
            yield Fault(name, f"{limit} is the wrong side for {instrument.direction}")
        low, high = instrument.score_min, instrument.score_max
        if (low is not None and limit.value < low) or (high is not None and limit.value > high):
            yield Fault(name, f"{limit.value} is outside the scale")
    if (instrument.sd is None) != (instrument.reliability is None):
        yield Fault("reliability", "sd and reliability are used together; state both or none")


def _code_faults(instrument: Instrument) -> Iterator[Fault]:
    loinc = instrument.loinc
    if loinc.items and len(loinc.items) != instrument.items:
        yield Fault("loinc.items", f"{len(loinc.items)} codes for {instrument.items} items")
    if loinc.panel is not None and loinc.panel == loinc.total:
        yield Fault("loinc.total", "panel and total are different codes")
    single = (loinc.panel, loinc.total, loinc.difficulty_item)
    several = (*loinc.items, *loinc.some_items.values(), *loinc.other_panels, *loinc.other_totals)
    for code in (*single, *several, *(scale.loinc for scale in instrument.subscales)):
        if code is not None and not _check_digit_fits(code):
            yield Fault("loinc", f"{code} is mistyped: its check digit does not fit")


def _check_digit_fits(code: str) -> bool:
    """Whether the digit after the hyphen is the (Luhn) check digit of the digits before it."""
    digits, check = code.split("-")
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * 2 if place % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return (10 - total % 10) % 10 == int(check)


def _source_faults(instrument: Instrument) -> Iterator[Fault]:
    fields = sorted(type(instrument).model_fields)
    for key, names in (("sources", tuple(instrument.sources)), ("confirm", instrument.confirm)):
        for name in names:
            if name.split(".")[0] not in fields:
                yield Fault(key, f"{name!r} is not a field of an instrument", name, fields)
    for name in _SOURCED:
        if getattr(instrument, name) not in (None, ()) and not instrument.sources.get(name):
            yield Fault("sources", f"state where {name} comes from")
    judged = any(scale.positive or scale.bands for scale in instrument.subscales)
    if judged and not instrument.sources.get("subscales"):
        yield Fault("sources", "state where the limits of the subscales come from")
    settles_blanks = instrument.blanks_allowed or instrument.missing.not_applicable
    if settles_blanks and not instrument.sources.get("missing"):
        yield Fault("sources", "state where missing comes from")
