"""The scores of patients, for charts that keep them as data beside a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connector.engine.work import Work
from connector.filed import Answer, Scored, ScoreRange
from connector.measures import Instrument
from connector.progress import Measurement, Progress
from connector.records import Assessment
from connector.store.deliveries import DeliveryRow
from connector.store.store import Tx

BESIDE = "therapist"
"""The report with which scores are filed; there is a new one whenever a score changes."""


def of_rows(tx: Tx, work: Work, rows: Iterable[DeliveryRow]) -> dict[str, tuple[Scored, ...]]:
    """Scores by patient id, of the deliveries that bring them."""
    ids = {
        row.labels["patient_id"]
        for row in rows
        if row.kind == BESIDE and row.destination in work.needing_scores
    }
    known = {id: tx.progress.get(id) for id in sorted(ids)}
    return {id: scored(one, work.instruments) for id, one in known.items() if one is not None}


def scored(progress: Progress, instruments: Mapping[str, Instrument]) -> tuple[Scored, ...]:
    """The valid scores of the episode, oldest first.

    Alliance and risk measures are left out: an EHR's chart is shown to patients and payers.
    """
    forms = {form.id: form for form in progress.chart.assessments}
    found = [
        _scored(one, forms[one.assessment_id], instruments[series.instrument])
        for series in progress.measured.series
        if series.instrument in instruments and instruments[series.instrument].for_payers
        for one in series.measurements
        if one.score.status == "ok" and one.score.total is not None and one.assessment_id in forms
    ]
    return tuple(sorted(found, key=lambda one: (one.taken_on, one.instrument, one.record)))


def _scored(one: Measurement, form: Assessment, instrument: Instrument) -> Scored:
    assert one.score.total is not None  # the caller looked
    came = form.provenance
    band = instrument.band_of(one.score.total)
    return Scored(
        # A form with several scales gives a score for each of them.
        record=f"{form.id}/{instrument.id}",
        instrument=instrument.id,
        name=instrument.short_name,
        taken_on=form.taken_on,
        taken_at=form.taken_at,
        total=one.score.total,
        unit=instrument.unit,
        source=came.source,
        table=came.table,
        source_id=came.row_id or came.source_id,
        loinc=_verified(instrument, "loinc.total", instrument.loinc_total),
        band=None if band is None else band.label,
        ranges=tuple(ScoreRange(b.label, b.low, b.high) for b in instrument.bands),
        answers=_answers(form, instrument) if form.instrument == instrument.id else (),
    )


def _verified(instrument: Instrument, key: str, code: str | None) -> str | None:
    """The code, unless the instrument's file says that it still has to be confirmed."""
    return None if {key, "loinc"} & set(instrument.confirm) else code


def _answers(form: Assessment, instrument: Instrument) -> tuple[Answer, ...]:
    known = not {"loinc", "loinc.items", "loinc.answers"} & set(instrument.confirm)
    codes = instrument.loinc_items if known else ()
    # The codes' values are weights; the same digit of another encoding is another answer.
    weighted = (form.encoding or instrument.default_encoding) == "weighted"
    values = list(instrument.loinc.answers.items()) if known and weighted else []
    # Two answers of one value (as of a form that asks two ways) leave open which one was given.
    once = {v: code for code, v in values if [w for _, w in values].count(v) == 1}
    return tuple(
        Answer(n, value, codes[n - 1] if len(codes) >= n else None, once.get(value))
        for n, value in enumerate(form.items or (), start=1)
        if value is not None
    )
