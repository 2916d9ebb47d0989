"""The answer to a sender: one small document for each form that came with an event id.

It says what was decided when that form had come: the instrument's own scores up to the form, judged
by the rule table on the form's day. For the newest form of the primary measure that is the
patient's decision. On the hot path: plain dictionaries, no template.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connector.documents.wording import json_number
from connector.measures import Change, Instrument, Score
from connector.measures.scales import form_of
from connector.measures.spec import TriageScoring
from connector.pipeline.decide import ruling
from connector.pipeline.duplicates import answered_twin
from connector.pipeline.forms import score_form
from connector.pipeline.series import series_up_to
from connector.pipeline.verdict import Ruling
from connector.pipeline.wording import long_date
from connector.progress import DocumentSpec, Measurement, MeasureSeries, Progress, RuleSet
from connector.records import Assessment

TYPE = "decision_summary"
_TWIN = "The same form came with item answers, which are used. "


def summaries(
    progress: Progress,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    assessments: Collection[str],
) -> tuple[DocumentSpec, ...]:
    """A summary for each of these forms that has an event id and is in the chart, in date order.

    To be asked for once per form and event: a later correction of the history would give the same
    ``summary_id`` another content.
    """
    wanted, chart, found = frozenset(assessments), progress.chart, []
    for form in chart.assessments:
        if form.id in wanted and form.event_id is not None:
            body = _body(form, progress, instruments, rules)
            found.append(_specification(form, body, progress))
    for form in chart.doubled_totals:
        twin = answered_twin(form, chart.assessments)
        if form.id in wanted and form.event_id is not None and twin is not None:
            body = _body(twin, progress, instruments, rules)
            body["reason"] = _TWIN + body["reason"]
            found.append(_specification(form, body, progress))
    return tuple(found)


def summary_id(assessment_id: str, event_id: str) -> str:
    """The id of the document that answers an event: the same for ever, and telling nothing."""
    text = json.dumps(["summary", assessment_id, event_id])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _specification(form: Assessment, body: dict[str, Any], progress: Progress) -> DocumentSpec:
    assert form.event_id is not None
    at = form.taken_at
    context = {
        "type": TYPE,
        "event_id": form.event_id,
        "patient_id": progress.chart.patient.provenance.source_id,
        "instrument": form.instrument,
        "assessed_on": form.taken_on.isoformat(),
        "assessed_at": at and at.astimezone(ZoneInfo(progress.chart.timezone)).isoformat(),
        **body,
    }
    canonical = json.dumps(
        context, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return DocumentSpec(
        document_id=summary_id(form.id, form.event_id),
        kind="summary",
        patient_id=form.patient_id,
        as_of=form.taken_on,
        formats=("json",),
        context=context,
        digest=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def _body(
    form: Assessment,
    progress: Progress,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
) -> dict[str, Any]:
    instrument = instruments.get(form.instrument)
    if instrument is None:
        unknown = Score(instrument=form.instrument, status="error", error="unknown_instrument")
        reason = "This measure is not in use here."
        return _fields(None, unknown, None, None, _set_aside(reason), rules)
    series, place = _place(form, progress)
    if series is None:
        score = score_form(form, instrument, progress.chart.patient)
        reason = _outside(form.taken_on, progress)
        return _fields(instrument, score, None, None, _set_aside(reason), rules)
    instrument = instruments[series.instrument]
    standing = series_up_to(series, place, instrument, rules)
    measurement = series.measurements[place]
    said = _said(form, standing, progress, instruments, rules)
    counted = standing.current is not None and standing.current.assessment_id == form.id
    if not counted and standing.current is not None:
        why = measurement.score.error or measurement.score.status
        no_total = "no total" if why == "ok" else f"no valid total ({why})"
        said = _because(said, f"This form gives {no_total}; earlier ones stand. {said.reason}")
    change = standing.change if counted else None
    body = _fields(instrument, measurement.score, standing.baseline, change, said, rules)
    return {**body, "primary": series.primary}


def _place(form: Assessment, progress: Progress) -> tuple[MeasureSeries | None, int]:
    """The series that holds a form, and where; a scale of it that is primary goes first."""
    for series in progress.measured.series:
        if form_of(series.instrument) == form.instrument and series.variant == form.variant:
            for place in range(len(series.measurements) - 1, -1, -1):  # new ones are asked for
                if series.measurements[place].assessment_id == form.id:
                    return series, place
    return None, 0


def _outside(taken_on: date, progress: Progress) -> str:
    """Why a form is in no series."""
    if taken_on > progress.as_of.date():
        return f"The form is dated {long_date(taken_on)}, in the future: it is not counted."
    episode = progress.chart.episode
    assert episode is not None  # a form of the past is a contact, and begins an episode
    earliest = episode.scores_from or episode.started_on
    return (
        f"The form is from before this episode of care (scores count from {long_date(earliest)}): "
        "it is compared with nothing."
    )


def _said(
    form: Assessment,
    standing: MeasureSeries,
    progress: Progress,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
) -> Ruling:
    instrument = instruments[standing.instrument]
    if not instrument.primary_allowed:
        scales = instrument.scoring.kind == "subscales_only"
        why = "several scores, no total" if scales else "screening, alliance or risk"
        return _set_aside(
            f"{instrument.short_name} cannot measure progress ({why}): no decision is made by it."
        )
    others = _others(form.taken_on, progress, instruments, rules) if standing.primary else iter(())
    return ruling(standing, others, instruments, rules, form.taken_on)


def _others(
    day: date, progress: Progress, instruments: Mapping[str, Instrument], rules: RuleSet
) -> Iterator[MeasureSeries]:
    """The other measures as they stood at the end of ``day``; made only when asked for."""
    for series in progress.measured.series:
        known = sum(m.taken_on <= day for m in series.measurements)
        if known and not series.primary:
            yield series_up_to(series, known - 1, instruments[series.instrument], rules)


def _set_aside(reason: str) -> Ruling:
    return Ruling("insufficient_data", "R0", reason, None)


def _because(said: Ruling, reason: str) -> Ruling:
    return Ruling(said.decision, said.rule, reason, said.judged, said.capped_by, said.alerts)


def _fields(
    instrument: Instrument | None,
    score: Score,
    baseline: Measurement | None,
    change: Change | None,
    said: Ruling,
    rules: RuleSet,
) -> dict[str, Any]:
    return {
        "status": score.status,
        "error": score.error,
        "total": _number(score.total),
        "severity_band": score.band,
        "safety_flags": _safety(score, instrument),
        "baseline": _number(baseline.score.total) if baseline else None,
        "baseline_on": baseline.taken_on.isoformat() if baseline else None,
        "direction": instrument.direction if instrument else None,
        "percent_change": _number(change.percent_improvement) if change else None,
        "reliable_change": change.reliable if change else None,
        "primary": False,
        "decision": said.decision,
        "rule": said.rule,
        "reason": said.reason,
        "capped_by": said.capped_by,
        "instrument_version": instrument.version if instrument else None,
        "rules_version": rules.version,
    }


def _safety(score: Score, instrument: Instrument | None) -> list[str]:
    """Codes that call for a person; which item, never how it was answered."""
    starts: tuple[str, ...] = ("safety_",)
    if instrument is not None and isinstance(instrument.scoring, TriageScoring):
        starts = (*starts, f"{instrument.scoring.flag}:")
    return [flag for flag in score.flags if flag.startswith(starts)]


def _number(value: Decimal | None) -> int | float | None:
    return None if value is None else json_number(value)
