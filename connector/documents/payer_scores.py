"""The payer report's score blocks: sentences, chart, table, rating by rule, threshold sources."""

from __future__ import annotations

import re
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
    chart = line_data(series, instrument, limit=ROWS_SHOWN)
    return {
        "measure": instrument.short_name,
        "full_name": instrument.name,
        "sentences": narrative.payer_sentences(series, instrument),
        "chart": chart,
        "key": narrative.real_change_words(chart),
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


RULES = {
    "R0": "there is no later score to compare with",
    "R1": "worse than the first score beyond measurement error",
    "R2": "the last score came too soon after the first",
    "R3": "first and last score are both outside the clinical range",
    "R4": "better beyond measurement error, and cut-off, remission or response mark reached",
    "R5": "better beyond measurement error",
    "R6": "too few days since the first score",
    "R7": "within measurement error, at or above the expected course",
    "R8": "within measurement error, below the expected course",
}


def rating(
    progress: Progress, pairs: list[tuple[MeasureSeries, Instrument]]
) -> dict[str, str] | None:
    """The rating by rule, where it is about a measure that this recipient sees."""
    d = progress.decision
    shown = [(s, i) for s, i in pairs if s.instrument == d.instrument]
    if not shown:
        return None
    series, instrument = shown[0]
    noise = d.decision == "meets" and narrative.state(series) != "better"
    words = "on track; no improvement is claimed" if noise else narrative.DECISION_WORDS[d.decision]
    why = RULES.get(d.rule, "")
    if d.rule == "R8" and narrative.state(series) == "unknown":
        why = "no threshold of real change is known, below the expected course"
    if d.rule == "R7" and narrative.state(series) == "unknown":
        why = "no threshold of real change is known, at or above the expected course"
    own = d.inputs.get("rules", {}).get("own_course")
    if own:
        of = f"the course expected by this practice's own {own['episodes']} episodes"
        why = why.replace("the expected course", f"{of} ({own['name']})")
    why = why.replace("beyond measurement error", narrative.beyond(series))
    why = why.replace("within measurement error", narrative.within(series))
    capped = next(((s, i) for s, i in pairs if s.instrument == d.capped_by), None)
    if capped:
        why += f"; held down because {capped[1].short_name} is worse {narrative.beyond(capped[0])}"
    return {"measure": instrument.short_name, "words": words, "rule": d.rule, "why": why}


def source_row(series: MeasureSeries, instrument: Instrument) -> dict[str, Any]:
    """Where the thresholds that the report used for a measure come from."""
    cutoff = instrument.clinical_cutoff
    sources = instrument.sources
    return {
        "measure": f"{instrument.short_name}, version {instrument.version}",
        "reliable": narrative.reliable_words(series, instrument),
        "reliable_source": _source(sources.get(_basis(series)), 150),
        "important": f"Smallest important change: {number(instrument.mid)} points"
        if instrument.mid is not None and _basis(series) != "mid"
        else None,
        "cutoff": f"{_op(cutoff.op)} {number(cutoff.value)}" if cutoff else "none",
        "cutoff_source": _source(cutoff.source, 110) if cutoff else "",
        "citation": clipped(instrument.citation, 120),
    }


def _basis(series: MeasureSeries) -> str:
    """The field of the instrument file that the judgement rests on."""
    basis = series.change.reliable_basis if series.change else None
    return {"jacobson_truax_1.96": "reliability", "mid_points": "mid"}.get(
        basis or "", "reliable_points"
    )


def _source(text: str | None, limit: int) -> str:
    """A source as people read it: without the catalogue's own keys, whole parts only."""
    parts = re.sub(r"\s*\[\w+\]", "", text or "project default").split("; ")
    kept = [parts[0]]
    for part in parts[1:]:
        if len("; ".join([*kept, part])) <= limit:
            kept.append(part)
    return clipped("; ".join(kept), limit)


def _op(op: str) -> str:
    return {">=": "at or above", ">": "above", "<=": "at or below", "<": "below"}[op]
