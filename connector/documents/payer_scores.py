"""The payer report's score blocks: sentences, chart, table, rating by rule, threshold sources."""

from __future__ import annotations

from typing import Any

from connector.documents import narrative
from connector.documents.charts import line_data, shown_scores, total_of, valid_scores
from connector.documents.wording import clipped, number, us_day
from connector.measures.instrument import Instrument
from connector.progress import MeasureSeries, Progress

ROWS_SHOWN = 12


def score_block(series: MeasureSeries, instrument: Instrument) -> dict[str, Any]:
    """A sentence, the chart and its table: a chart never travels without its table."""
    every = valid_scores(series)
    scores = shown_scores(every, ROWS_SHOWN)
    first = series.baseline
    rows = []
    for m in scores:
        base = first is not None and m.assessment_id == first.assessment_id
        change = (
            "first score"
            if base
            else narrative.difference(first, m)
            if first is not None and m.taken_on >= first.taken_on and first.score.total is not None
            else "before the first score of this episode"
        )
        rows.append(
            {
                "date": us_day(m.taken_on),
                "total": number(total_of(m)),
                "band": narrative.band_label(instrument, m.score.total) or "none published",
                "change": change,
                "note": "estimated, blank items" if m.score.prorated else "",
                "record": m.assessment_id,
            }
        )
    return {
        "measure": instrument.short_name,
        "full_name": instrument.name,
        "sentences": narrative.payer_sentences(series, instrument),
        "chart": line_data(series, instrument, limit=ROWS_SHOWN),
        "rows": rows,
        "not_shown": len(every) - len(scores),
        "has_notes": any(r["note"] for r in rows),
    }


def other_row(series: MeasureSeries, instrument: Instrument) -> dict[str, Any]:
    """A measure besides the primary one, in one table row: first, last, change in words."""
    first, last = series.baseline, narrative.only_score(series)
    return {
        "measure": instrument.short_name,
        "range": narrative.scale_words(instrument),
        "first": number(total_of(first)) if first and first.score.total is not None else "none",
        "last": number(total_of(last)) if last else "none",
        "date": us_day(last.taken_on) if last else None,
        "change": narrative.change_words(series),
    }


def rating(
    progress: Progress, pairs: list[tuple[MeasureSeries, Instrument]]
) -> dict[str, str] | None:
    """The rating by rule, where it is about a measure that this recipient sees."""
    d = progress.decision
    shown = [(s, i) for s, i in pairs if s.instrument == d.instrument]
    if not shown:
        return None
    noise = d.decision == "meets" and narrative.state(shown[0][0]) != "better"
    words = "on track; no improvement is claimed" if noise else narrative.DECISION_WORDS[d.decision]
    return {"measure": shown[0][1].short_name, "words": words, "rule": d.rule}


def source_row(series: MeasureSeries, instrument: Instrument) -> dict[str, Any]:
    """Where the thresholds that the report used for a measure come from."""
    cutoff = instrument.clinical_cutoff
    sources = instrument.sources
    return {
        "measure": f"{instrument.short_name}, version {instrument.version}",
        "reliable": narrative.reliable_words(series, instrument),
        "reliable_source": clipped(
            sources.get("reliable_change") or sources.get("reliable_points") or "project default",
            84,
        ),
        "important": f"Smallest important change: {number(instrument.mid)} points"
        if instrument.mid is not None
        else None,
        "cutoff": f"{_op(cutoff.op)} {number(cutoff.value)}" if cutoff else "none",
        "cutoff_source": clipped(cutoff.source or "project default", 84) if cutoff else "",
        "citation": clipped(instrument.citation, 120),
    }


def _op(op: str) -> str:
    return {">=": "at or above", ">": "above", "<=": "at or below", "<": "below"}[op]
