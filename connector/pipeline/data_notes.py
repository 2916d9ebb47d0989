"""What a reader must know about the scores themselves: late, missing, prorated, out of range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connector.measures import Instrument, Score
from connector.pipeline.wording import long_date
from connector.progress import DataNote, EpisodeView, Measurement, MeasureSeries
from connector.records import Assessment

_FAULTS = {
    "wrong_item_count": "has {0} answers, not as many as the form has items",
    "item_out_of_range": "has an answer out of range at item {0}",
    "item_not_integer": "has an answer that is no whole number at item {0}",
    "item_not_number": "has an answer that is no number at item {0}",
    "total_out_of_range": "has a total out of range",
    "total_not_integer": "has a total that is no whole number",
    "total_not_number": "has a total that is no number",
    "total_required": "has no total, and only totals are accepted",
    "items_required": "has only a total, and this measure needs the answers",
    "unknown_encoding": "has answers in an encoding that this measure does not take",
    "unknown_variant": "is of a variant that is not known",
}


def of_instruments(
    forms: Iterable[Assessment], instruments: Mapping[str, Instrument]
) -> Iterator[DataNote]:
    """A note on each measure that nothing is known of; its forms can't be scored."""
    unknown: dict[str, list[Assessment]] = {}
    for form in forms:
        if form.instrument not in instruments:
            unknown.setdefault(form.instrument, []).append(form)
    for name, own in sorted(unknown.items()):
        yield DataNote(
            kind="unknown_instrument",
            text=f"no instrument file for {name!r}: its forms are not scored",
            sources=tuple(form.id for form in own),
            on=own[0].taken_on,
            alert=True,
        )


def of_primary(episode: EpisodeView, instruments: Mapping[str, Instrument]) -> Iterator[DataNote]:
    """A note when the episode names a primary measure that can't be one."""
    name = episode.primary_instrument
    if name is None:
        return
    instrument = instruments.get(name)
    if instrument is None or not instrument.primary_allowed:
        why = "is not known" if instrument is None else "is never a primary measure"
        yield DataNote(
            kind="primary_not_usable",
            text=f"the episode names {name!r} as its primary measure, which {why}; "
            "the measure was chosen by rule",
            on=episode.started_on,
            alert=True,
        )


def of_series(
    series: MeasureSeries, instruments: Mapping[str, Instrument], episode: EpisodeView
) -> Iterator[DataNote]:
    """Notes on one measure's baseline and on each form that is incomplete, wrong or prorated."""
    name = instruments[series.instrument].short_name
    if series.baseline is not None and series.baseline_late:
        yield DataNote(
            kind="late_baseline",
            text=f"the first valid {name} is of {long_date(series.baseline.taken_on)}, late for "
            f"care that began on {long_date(episode.started_on)}: change before it is not seen",
            sources=(series.baseline.assessment_id,),
            on=series.baseline.taken_on,
            alert=True,
        )
    for measurement in series.measurements:
        yield from _of_form(name, measurement)


def _of_form(name: str, measurement: Measurement) -> Iterator[DataNote]:
    score = measurement.score
    form = f"the {name} of {long_date(measurement.taken_on)}"
    if score.status == "error":
        yield _note(measurement, _kind(score), f"{form} {_fault(score)}: not counted", alert=True)
    elif score.status == "incomplete":
        answered = f" ({score.n_answered} answered)" if score.n_answered is not None else ""
        text = f"{form} is incomplete{answered}: no total, not counted"
        yield _note(measurement, "incomplete", text, alert=True)
    if score.prorated:
        yield _note(measurement, "prorated", f"{form} had blank items; its total is prorated")
    if "total_differs" in score.flags:
        text = f"{form} came with a total that its answers do not give; the answers are used"
        yield _note(measurement, "total_differs", text, alert=True)


def _note(measurement: Measurement, kind: str, text: str, *, alert: bool = False) -> DataNote:
    return DataNote(
        kind=kind,
        text=text,
        sources=(measurement.assessment_id,),
        on=measurement.taken_on,
        alert=alert,
    )


def _kind(score: Score) -> str:
    return "unknown_variant" if score.error == "unknown_variant" else "invalid_score"


def _fault(score: Score) -> str:
    code, _, detail = (score.error or "").partition(":")
    return _FAULTS.get(code, "can't be scored").format(detail)
