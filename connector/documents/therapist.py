"""The therapist one-pager's context: what to look at today, in one fixed page.

Room is fixed: so many charts, goals, lines and characters; what does not fit is counted, never
shrunk. Item numbers and answers are for this reader only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connector.documents import facts, narrative, review, scales, thread_lines
from connector.documents.charts import line_data, total_of, valid_scores
from connector.documents.disclosure import wall_of
from connector.documents.fitting import fit
from connector.documents.naming import fitted_name
from connector.documents.wording import clipped, day, number, plural, short_day
from connector.measures.instrument import Instrument
from connector.progress import (
    AuthorizationView,
    MeasureSeries,
    PracticeProfile,
    Progress,
    RuleSet,
)
from connector.thread import GoldenThread

CHARTS, SCORES, GOALS, REVIEW_LINES, SAFETY_LINES, WARNINGS, STRIP = 2, 4, 6, 7, 3, 5, 12
THREAD_LINES = 5
STRIP_SIGNS = {"kept": "Circle", "missed": "cross", "moved": "dash"}
GOAL_CHARS, HEADLINE_CHARS, REASON_CHARS = 92, 96, 560

Instruments = Mapping[str, Instrument]


def context(
    progress: Progress,
    practice: PracticeProfile,
    instruments: Instruments,
    rules: RuleSet,
    thread: GoldenThread | None = None,
) -> dict[str, Any]:
    """Everything on the page, as JSON values."""
    on = facts.local_day(progress, practice)
    series = facts.ordered_series(progress, instruments)
    warnings = review.data_warnings(progress, instruments, wall_of(progress.chart, practice, on))
    lines = review.review_lines(progress, practice, instruments, rules)
    breaks = thread_lines.breaks(thread, progress, lines, practice.pages_at)
    page = {
        "practice": facts.practice_block(practice),
        "header": _header(progress, practice, on),
        "status": narrative.status_word(progress, facts.primary_series(progress)),
        "headlines": _headlines(series),
        "safety": {
            **_limited(review.safety_lines(progress, on), SAFETY_LINES),
            "none": review.no_safety_line(progress, instruments),
        },
        "charts": _charts(series),
        "scores": _limited([_score_row(s, i, on) for s, i in series], SCORES),
        "moved": _moved_items(progress, series),
        "scales": scales.lines(progress.measured.series, instruments),
        "attendance": _attendance(progress, practice, on),
        "authorization": _authorization(progress, rules, on),
        "decision": _decision(progress, instruments),
        "goals": {
            **_limited(_goals(progress, on), GOALS),
            "objectives": any(g.level == "objective" for g in progress.chart.goals),
        },
        "review": _limited(lines, REVIEW_LINES),
        "thread": {
            **_limited(breaks, THREAD_LINES),
            "none": thread_lines.no_breaks(thread),
        },
        "note": note_text(progress, series, on),
        "warnings": _limited(warnings, WARNINGS),
        "footer": {
            "rules": progress.decision.rules_version,
            "instruments": sorted(f"{i.short_name} {i.version}" for _, i in series),
            "as_of": day(on),
        },
    }
    return fit(page)


def _limited(rows: list[Any], room: int) -> dict[str, Any]:
    """The rows that fit and how many more there are."""
    return {"rows": rows[:room], "more": max(len(rows) - room, 0)}


def _header(progress: Progress, practice: PracticeProfile, on: date) -> dict[str, Any]:
    chart = progress.chart
    patient, episode = chart.patient, chart.episode
    # Other systems' codes (SNOMED CT from an EHR) say nothing to a person; their words do.
    codes = [
        d.code if d.system == "icd10cm" else clipped(d.description or d.code, 26)
        for d in facts.live_diagnoses(progress, on)
    ]
    begun = episode.started_on if episode else None
    end = facts.last_day_of_care(progress, practice, on)
    clinician = chart.clinician
    return {
        "name": fitted_name(patient, 40),
        "birth_date": day(patient.birth_date) if patient.birth_date else "not recorded",
        "chart_number": patient.chart_number,
        "clinician": clipped(", ".join(p for p in (clinician.name, clinician.credentials) if p), 34)
        if clinician
        else "not recorded",
        "diagnoses": codes[:3] or ["none on file"],
        "more_diagnoses": max(len(codes) - 3, 0),
        "period": f"{day(begun)} to {day(end)}" if begun else f"to {day(end)}",
        "ended": facts.care_ended(progress),
        "episode_day": (end - begun).days + 1 if begun else None,
        "visit_number": len(
            [v for v in facts.past_visits(progress, practice, on) if v.status in facts.KEPT]
        ),
    }


def _headlines(series: list[tuple[MeasureSeries, Instrument]]) -> list[dict[str, Any]]:
    if not series:
        return [narrative.sentence("narrative.no_measure", "No outcome measure in this episode.")]
    rows = [narrative.headline(s, i) for s, i in series[:2]]
    return [{**row, "text": clipped(row["text"], HEADLINE_CHARS)} for row in rows]


def _charts(series: list[tuple[MeasureSeries, Instrument]]) -> list[dict[str, Any]]:
    """Up to two panels; a measure with one or two scores is said in words."""
    rows = []
    for s, i in series[:CHARTS]:
        marked = frozenset(
            m.assessment_id for m in s.measurements if review.positive_safety(m.score.flags)
        )
        data = line_data(s, i, marked=marked)
        rows.append(
            {
                "heading": f"{i.short_name}, {narrative.domain_words(i)}",
                "direction": f"Higher score = {narrative.higher_means(i)}. "
                f"{narrative.scale_words(i).capitalize()}. "
                f"{narrative.reliable_words(s, i).capitalize()}.",
                "chart": data,
                "words": _score_words(s),
                "key": _chart_key(data, bool(marked)),
            }
        )
    return rows


def _chart_key(data: dict[str, Any] | None, marked: bool) -> str | None:
    """What the signs in a chart stand for, as far as they are in it."""
    if data is None:
        return None
    signs = [narrative.real_change_words(data)]
    signs += ["Cross: form due or not usable"] if data["missed"] else []
    signs += ["Square: safety item positive"] if marked else []
    said = ". ".join(sign for sign in signs if sign)
    return f"{said}." if said else None


def _score_words(series: MeasureSeries) -> str:
    scores = valid_scores(series)
    if not scores:
        return "No usable score yet."
    said = [f"{number(total_of(m))} on {day(m.taken_on)}" for m in scores]
    tail = "" if len(said) > 1 else " One more score is needed to show change."
    return f"{', then '.join(said)}.{tail}"


def _score_row(series: MeasureSeries, instrument: Instrument, on: date) -> dict[str, Any]:
    first, last = series.baseline, narrative.only_score(series)
    best, due = series.best, series.next_due_on
    return {
        "measure": instrument.short_name,
        "primary": series.primary,
        "first": number(total_of(first)) if first and first.score.total is not None else "none",
        "best": f"{number(total_of(best))} on {short_day(best.taken_on)}"
        if best and best.score.total is not None
        else "none",
        "last": number(total_of(last)) if last else "none",
        "change": narrative.change_words(series),
        "band": narrative.band_label(instrument, last.score.total) if last else None,
        "due": f"{'Was due' if due < on else 'Next due'} {short_day(due)}" if due else None,
        "sources": [m.assessment_id for m in (first, last) if m],
    }


def _moved_items(
    progress: Progress, series: list[tuple[MeasureSeries, Instrument]]
) -> dict[str, Any] | None:
    """The three items of the main measure that moved most, by number; and its safety items."""
    both = narrative.pair(series[0][0]) if series else None
    if both is None:
        return None
    records = {a.id: a for a in progress.chart.assessments}
    first, last = (records.get(m.assessment_id) for m in both)
    if not first or not last or not first.items or not last.items:
        return None
    pairs = list(enumerate(zip(first.items, last.items, strict=False), start=1))
    moved = [(n, a, b) for n, (a, b) in pairs if a is not None and b is not None and a != b]
    moved.sort(key=lambda row: (-abs(row[2] - row[1]), row[0]))
    instrument = series[0][1]
    safety = [
        f"Item {s.item}: {_answer(first.items, s.item)} at first, {_answer(last.items, s.item)} now"
        for s in instrument.safety_items
    ]
    return {
        "measure": instrument.short_name,
        "items": [f"item {n}: {number(a)} to {number(b)}" for n, a, b in moved[:3]],
        "safety": safety[:2],
        "sources": [first.id, last.id],
    }


def _answer(items: tuple[Decimal | None, ...], item: int) -> str:
    value = items[item - 1] if item <= len(items) else None
    return number(value) if value is not None else "blank"


def _attendance(progress: Progress, practice: PracticeProfile, on: date) -> dict[str, Any]:
    a = progress.measured.attendance
    booked = a.attended + a.no_show + a.late_cancel
    visits = facts.past_visits(progress, practice, on)[-STRIP:]
    strip = [
        "kept" if v.status in facts.KEPT else "missed" if v.status in facts.MISSED else "moved"
        for v in visits
    ]
    percent = f" ({number(a.percent)} percent)" if a.percent is not None else ""
    adherence = progress.measured.adherence
    upcoming = facts.next_visit(progress, practice, on)
    return {
        "text": f"{a.attended} of {plural(booked, 'booked visit')} kept{percent}"
        if booked
        else "No visits with an outcome yet",
        "strip": strip,
        "key": ", ".join(f"{sign}: {said}" for said, sign in STRIP_SIGNS.items() if said in strip),
        "home": f"Home program: {number(adherence.percent)} percent done over "
        f"{plural(adherence.weeks, 'week')}"
        if adherence.percent is not None
        else None,
        "next": f"Next visit {'today' if upcoming == on else day(upcoming)}"
        if upcoming
        else "No visit booked",
    }


def _authorization(progress: Progress, rules: RuleSet, on: date) -> dict[str, Any]:
    """The authorization that needs attention first; how many others there are."""
    views = sorted(
        progress.measured.authorizations,
        key=lambda v: (not v.renewal_due, v.ends_on or date.max, v.authorization_id),
    )
    if not views:
        return {"text": "No authorization on file", "detail": None, "flag": None, "more": 0}
    view = views[0]
    stale = facts.stale_authorizations(progress, on, rules.authorization_lead_days)
    flag = "Renewal due" if view.renewal_due else None
    old = "stale, verify (no news from the source)" if stale else None
    counted = view.status not in facts.UNDECIDED
    return {
        "text": authorization_words(view, on),
        "detail": f"{clipped(view.payer, 30)}, {clipped(view.number or 'no number', 20)}"
        + (f": {view.used} used, {view.booked} booked" if counted else "")
        + _renewal_from(view, rules, on),
        "flag": "; ".join(w for w in (flag, old) if w) or None,
        "more": len(views) - 1,
    }


def _renewal_from(view: AuthorizationView, rules: RuleSet, on: date) -> str:
    """When the renewal will be due, by the payer's own days, where that is known and ahead."""
    start = view.renewal_from
    if view.renewal_due or start is None or start <= on:
        return ""
    last = (view.authorized or 0) - rules.authorization_flag_remaining
    visit = f" or at visit {last}" if view.unit == "visits" and last > 0 else ""
    return f"; renewal due from {short_day(start)}{visit}"


def authorization_words(view: AuthorizationView, on: date) -> str:
    """6 of 20 visits left, ends 30 Jun 2026; after its end nothing of it is left to use."""
    if view.status in facts.UNDECIDED:
        return facts.UNDECIDED[view.status].capitalize()
    ended = view.ends_on is not None and view.ends_on < on
    if view.left is None or view.authorized is None:
        left = f"{view.used} used, number authorized not on file"
    elif view.left < 0:
        left = f"{-view.left} more booked than the {view.authorized} authorized"
    else:
        what = "not used" if ended else "left"
        left = f"{view.left} of {plural(view.authorized, view.unit.rstrip('s'))} {what}"
    if view.ends_on is None:
        return left
    return f"{left}, {'ended' if ended else 'ends'} {day(view.ends_on)}"


def _decision(progress: Progress, instruments: Instruments) -> dict[str, Any]:
    d = progress.decision
    capped = instruments.get(d.capped_by or "")
    return {
        "decision": narrative.DECISION_WORDS[d.decision],
        "rule": d.rule,
        "reason": clipped(d.reason, REASON_CHARS),
        "inputs": clipped(_inputs(d.inputs), 110),
        "capped_by": clipped(capped.short_name if capped else d.capped_by, 50)
        if d.capped_by
        else None,
    }


def _inputs(inputs: Mapping[str, Any]) -> str:
    """The numbers that the rule compared, beside the two scores in the reason."""
    change = inputs.get("change") or {}
    percent = change.get("percent_improvement")
    worse = percent is not None and str(percent).startswith("-")
    numbers = {
        "percent worsening" if worse else "percent improvement": _plain(str(percent).lstrip("-"))
        if percent is not None
        else None,
        _expected(inputs): inputs.get("expected_percent"),
        "days between scores": inputs.get("days_between_scores"),
        "days since first": inputs.get("days_since_baseline"),
    }
    return ", ".join(f"{name} {value}" for name, value in numbers.items() if value is not None)


def _expected(inputs: Mapping[str, Any]) -> str:
    """What the expected percent is called: whose course it is, where it is the practice's own."""
    own = inputs.get("rules", {}).get("own_course")
    return f"percent expected (own {own['episodes']} episodes)" if own else "percent expected"


def _plain(text: str) -> str:
    """55 for 55.0."""
    return text.removesuffix(".0")


def _goals(progress: Progress, on: date) -> list[dict[str, Any]]:
    rows = []
    for goal in facts.open_goals(progress.chart.goals, on):
        late = goal.status in ("in_progress", "not_started") and goal.target_on is not None
        overdue = bool(late and goal.target_on and goal.target_on < on)
        target = clipped(goal.target_value or "", 22)
        rows.append(
            {
                "text": clipped(goal.text, GOAL_CHARS),
                "start": clipped(goal.start_value or "", 16),
                "now": clipped(goal.current_value or "", 16),
                "target": ", ".join(
                    p for p in (target, f"by {day(goal.target_on)}" if goal.target_on else "") if p
                ),
                "status": facts.GOAL_WORDS[goal.status] + (", late" if overdue else ""),
                "level": goal.level,
                "source": goal.id,
            }
        )
    return rows


def note_text(progress: Progress, series: list[tuple[MeasureSeries, Instrument]], on: date) -> str:
    """A draft for the progress note, plain text to copy; the clinician edits and owns it."""
    parts = [f"Outcome measures as of {day(on)}."]
    for s, i in series[:2]:
        last = narrative.only_score(s)
        if last is None:
            continue
        band = narrative.band_label(i, last.score.total)
        said = f"{i.short_name} {number(total_of(last))}{f' ({band})' if band else ''}"
        both = narrative.pair(s)
        if both:
            reading = {
                "better": narrative.beyond(s),
                "worse": f"worse {narrative.beyond(s)}",
                "unclear": narrative.within(s),
            }.get(narrative.state(s), "not rated")
            said += (
                f", first {number(total_of(both[0]))} on {day(both[0].taken_on)}: "
                f"{narrative.difference(*both)}, {reading}"
            )
        parts.append(f"{said}.")
    a = progress.measured.attendance
    if a.percent is not None:
        parts.append(f"Attendance {a.attended} of {a.attended + a.no_show + a.late_cancel}.")
    met, of, what = facts.goals_met(progress.chart.goals)
    if of:
        parts.append(f"{what.capitalize()}s met {met} of {of}.")
    if review.has_positive_item(progress):
        parts.append("Safety item positive; response: ____.")
    if review.has_urgent_wording(progress):
        parts.append("Entry by the client read; response: ____.")
    parts.append("Reviewed with client: ____")
    return " ".join(parts)
