"""The patient summary's context: how am I doing, what next; plain words, one measure.

After a positive safety item the page says nothing about scores: a neutral line and whom to call.
Without a consent to disclose it, nothing on the page tells of substance use (42 CFR Part 2): a page
at home or in a portal has other readers too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.documents import facts, narrative
from connector.documents.charts import line_data, scale_ends, total_of, valid_scores
from connector.documents.disclosure import Wall, payer_series, wall_of
from connector.documents.plain import SENTENCES, is_plain, sentence_to
from connector.documents.review import has_positive_safety
from connector.documents.wording import clipped, day, json_number, long_day, number
from connector.measures.instrument import Instrument
from connector.progress import MeasureSeries, PracticeProfile, Progress
from connector.records import Goal

LINE_FROM = 4
GOALS = 4
# Long goals, in characters: two may take two lines each; of more, two are shown on a line each.
GOAL_CHARS, ONE_LINE, LONG_GOALS = 110, 50, 2
ENDS = {
    ("pain", "higher_is_worse"): ("no pain", "most pain"),
    ("function", "higher_is_worse"): ("little trouble", "a lot of trouble"),
    ("function", "higher_is_better"): ("a lot of trouble", "little trouble"),
    ("mind", "higher_is_worse"): ("few symptoms", "many symptoms"),
    ("mind", "higher_is_better"): ("harder days", "better days"),
}


def context(
    progress: Progress, practice: PracticeProfile, instruments: Mapping[str, Instrument]
) -> dict[str, Any]:
    """Everything on the page, as JSON values."""
    on = facts.local_day(progress, practice)
    chart = progress.chart
    wall = wall_of(chart, practice, on)
    series, held = _told_series(progress, instruments, wall)
    instrument = instruments.get(series.instrument) if series else None
    neutral = needs_neutral_page(progress)
    name = clipped(chart.patient.given_name, 30) if chart.patient.given_name else None
    # A page that names nobody must still be given to the right person.
    whose = {} if name else {"chart_number": chart.patient.chart_number}
    begun = chart.episode.started_on if chart.episode else None
    end = facts.last_day_of_care(progress, practice, on)
    ended = facts.care_ended(progress)
    show = series is not None and instrument is not None and not neutral
    every = facts.open_goals(chart.goals, on)
    goals = [g for g in every if is_plain(g.text) and not wall.holds_goal(g)]
    shown = goals[:GOALS]
    long = sum(len(g.text) > ONE_LINE for g in shown) > LONG_GOALS
    shown = shown[:LONG_GOALS] if long else shown
    most = ONE_LINE if long else GOAL_CHARS
    said = _change(series, instrument, name, ended)
    if neutral or held:
        said = _neutral(name)[: None if neutral else 2]
    return {
        "practice": {**facts.practice_block(practice), "crisis_text": practice.crisis_text},
        "period": f"{long_day(begun)} to {long_day(end)}" if begun else long_day(end),
        **whose,
        "neutral": neutral,
        "sentences": said,
        "measure": _measure(series, instrument, ended) if show and series and instrument else None,
        "goals": [_goal(g, most, numbers=not neutral) for g in shown],
        "more_goals": len(goals) - len(shown),
        "goals_told": bool(every) and not goals,
        "next": _next(progress, practice, series),
        "closing": _closing(practice),
    }


def _told_series(
    progress: Progress, instruments: Mapping[str, Instrument], wall: Wall
) -> tuple[MeasureSeries | None, bool]:
    """The measure on the page; and whether there are scores, but none that may be told."""
    series = facts.primary_series(progress)
    found = instruments.get(series.instrument) if series else None
    if series is None or found is None or wall.consent or not found.part2:
        return series, False
    others = payer_series(progress, instruments, consent=False)
    return next((s for s in others if valid_scores(s)), None), not any(map(valid_scores, others))


def needs_neutral_page(progress: Progress) -> bool:
    """True after a positive safety item on a measure's latest form, or an open page-level alert."""
    return has_positive_safety(progress)


def _neutral(name: str | None) -> list[dict[str, Any]]:
    return [
        narrative.sentence("patient.neutral", sentence_to(name, "neutral")),
        narrative.sentence("patient.neutral_next", SENTENCES["neutral_next"]),
        narrative.sentence("patient.neutral_help", SENTENCES["neutral_help"]),
    ]


def _change(
    series: MeasureSeries | None, instrument: Instrument | None, name: str | None, ended: bool
) -> list[dict[str, Any]]:
    """At most three sentences on change."""
    kind = narrative.state(series) if series and instrument else "none"
    if series is None or instrument is None or kind == "none":
        none = narrative.sentence("patient.none", sentence_to(name, "none"))
        first_form = narrative.sentence("patient.first_form", SENTENCES["first_form"])
        return [none] if ended else [none, first_form]
    both = narrative.pair(series)
    if both is None:
        last = narrative.only_score(series)
        ids = [last.assessment_id] if last else []
        one = narrative.sentence("patient.one", sentence_to(name, "one"), ids)
        return [one] if ended else [one, narrative.sentence("patient.wait", SENTENCES["wait"])]
    ids = [m.assessment_id for m in both]
    first, last_total = total_of(both[0]), total_of(both[1])
    moved = "lower" if last_total < first else "higher"
    lead, second = {
        "better": (moved, "real"),
        "worse": (moved, "bring"),
        "unclear": ("same", "small"),
    }.get(kind, ("changed", "ask"))
    lead += "_end" if ended else "_late" if series.baseline_late else ""
    if ended and second == "bring":
        second = "ask"
    values = {"first": number(first), "last": number(last_total)}
    said = sentence_to(name, lead, measure=instrument.plain_name, **values)
    return [
        narrative.sentence(f"patient.{lead}", said, ids),
        narrative.sentence(f"patient.{second}", SENTENCES[second]),
    ]


def _measure(series: MeasureSeries, instrument: Instrument, ended: bool) -> dict[str, Any] | None:
    """Number line under four scores, line chart from four on; both ends named in words."""
    scores = valid_scores(series)
    if not scores:
        return None
    low, high = scale_ends(instrument, scores)
    better = "lower" if instrument.direction == "higher_is_worse" else "higher"
    full = len(scores) >= LINE_FROM
    both = narrative.pair(series)
    start, now = both if both else (scores[-1], scores[-1])
    chart = _plain_chart(series, instrument) if full else None
    return {
        "name": instrument.plain_name,
        "better": better,
        "direction": SENTENCES[f"{better}_better"],
        "explain": _explain(instrument, chart) if full else SENTENCES["scale"],
        "start_label": ("First form, " if series.baseline_late else "Start of care, ")
        + day(start.taken_on),
        "now_label": ("Last form, " if ended else "Now, ") + day(now.taken_on),
        "start": number(total_of(start)) if both else None,
        "now": number(total_of(now)),
        "chart": chart,
        "line": None
        if full
        else {
            "low": json_number(low),
            "high": json_number(high),
            "ends": list(_ends(instrument)),
            "start": json_number(total_of(start)) if both else None,
            "now": json_number(total_of(now)),
            "anchor": _anchor(instrument),
            "title": _line_title(instrument, number(total_of(now)), better),
        },
        "sources": [m.assessment_id for m in scores],
    }


def _explain(instrument: Instrument, chart: Mapping[str, Any] | None) -> str:
    """What the line chart shows; its dashed line and its crosses are never left without a word."""
    said = [SENTENCES["line"]]
    if chart and chart["missed"]:
        said.append(SENTENCES["cross"])
    anchor, cutoff = _anchor(instrument), instrument.clinical_cutoff
    if anchor is not None and cutoff is not None:
        said += [SENTENCES["dashed"].format(value=number(cutoff.value)), anchor["text"]]
    return " ".join(said)


def _anchor(instrument: Instrument) -> dict[str, Any] | None:
    """Where care teams begin to look closer, in plain words."""
    cutoff = instrument.clinical_cutoff
    if cutoff is None:
        return None
    sides = {">=": "anchor_up", ">": "anchor_over", "<=": "anchor_down", "<": "anchor_under"}
    side = SENTENCES[sides[cutoff.op]]
    return {"value": json_number(cutoff.value), "text": side.format(value=number(cutoff.value))}


def _plain_chart(series: MeasureSeries, instrument: Instrument) -> dict[str, Any] | None:
    data = line_data(series, instrument, words=False)
    if data is None:
        return None
    few, many = _ends(instrument)
    quarter = (data["high"] - data["low"]) / 4
    bands = [
        {"word": few, "low": data["low"], "high": data["low"] + quarter},
        {"word": many, "low": data["high"] - quarter, "high": data["high"]},
    ]
    title = data["title"].replace(instrument.short_name, f"Your {instrument.plain_name}", 1)
    return {**data, "bands": bands, "title": title}


def _line_title(instrument: Instrument, now: str, better: str) -> str:
    return f"Your {instrument.plain_name} is {now} now; {better} is better."


def _ends(instrument: Instrument) -> tuple[str, str]:
    """Words for the low and the high end of the scale."""
    if instrument.domain == "pain":
        kind = "pain"
    else:
        kind = "function" if narrative.is_function(instrument) else "mind"
    return ENDS.get((kind, instrument.direction)) or ENDS["mind", instrument.direction]


def _goal(goal: Goal, most: int, *, numbers: bool) -> dict[str, Any]:
    """The person's goal in their words and where it is now; ``numbers`` False keeps to words."""
    state = {
        "achieved": "goal_met",
        "not_started": "goal_new",
        "discontinued": "goal_stopped",
    }.get(goal.status, "goal_open")
    now, target = goal.current_value, goal.target_value
    if numbers and state == "goal_open" and now and is_plain(now):
        aim = f" (goal: {clipped(target, 40)})" if target and is_plain(target) else ""
        where = clipped(now, 40) + aim
    else:
        where = SENTENCES[state]
    return {"text": clipped(goal.text, most), "where": where, "source": goal.id}


def _next(progress: Progress, practice: PracticeProfile, series: MeasureSeries | None) -> list[str]:
    on = facts.local_day(progress, practice)
    if facts.care_ended(progress):
        return [SENTENCES["care_ended"], SENTENCES["come_back"]]
    clinician = progress.chart.clinician
    steps = [
        SENTENCES["talk"].format(
            clinician=clipped(clinician.name, 40) if clinician else "your therapist"
        )
    ]
    upcoming = facts.next_visit(progress, practice, on)
    steps.append(
        SENTENCES["next_visit"].format(day=long_day(upcoming))
        if upcoming
        else SENTENCES["plan_visit"]
    )
    if series and series.next_due_on and series.next_due_on >= on:
        steps.append(SENTENCES["next_form"].format(day=long_day(series.next_due_on)))
    return steps


def _closing(practice: PracticeProfile) -> list[str]:
    questions = [SENTENCES["questions"].format(phone=practice.phone)] if practice.phone else []
    return [*questions, SENTENCES["not_diagnosis"]]
