"""What the therapist may want to consider before the visit, and what is wrong with the data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from connector.documents import facts, narrative, plain
from connector.documents.disclosure import Wall
from connector.documents.wording import clipped, day, number, plural
from connector.measures.instrument import Instrument
from connector.measures.safety import POSITIVE
from connector.progress import (
    Acknowledged,
    Alert,
    MeasureSeries,
    PracticeProfile,
    Progress,
    RuleSet,
)

LINE_CHARS = 108
WARNING_CHARS = 130
SAFETY_CHARS = 104
TAKEN_CHARS = 64
POSITIVE_SAFETY = "safety_item_positive"
ALSO_SHOWN = ("overdue_assessment", "possible_deterioration")
UNSEEN_SAFETY = ("safety_item_missing", "safety_unknown")
WORDING = "safety_wording"
# Notes that a stated rule has settled and that change no number, and those said in other words.
SETTLED = ("future_attended", "doubled_total", "prorated")
Instruments = Mapping[str, Instrument]
Rows = list[dict[str, Any]]
CARE_ENDED = "Care has ended or lapsed: nothing is due."


def said(text: str) -> str:
    """The text as a sentence: a capital at the start, a full stop at the end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def positive_safety(flags: tuple[str, ...]) -> bool:
    """True when a form's flags say that a safety item was answered positively."""
    return any(flag.startswith(POSITIVE) for flag in flags)


def safety_lines(progress: Progress, on: date) -> Rows:
    """Positive safety items first, then those nobody saw an answer to; newest first, with age."""
    rows = []
    for rules, label in (
        (POSITIVE_SAFETY, "Safety item, open"),
        (WORDING, "Client wrote, open"),
        (UNSEEN_SAFETY, "Safety unknown"),
    ):
        alerts = {a.text: a for a in progress.alerts if a.rule.startswith(rules)}
        for alert in sorted(alerts.values(), key=lambda a: (a.raised_on, a.key), reverse=True):
            age = (on - alert.raised_on).days
            when = "today" if age <= 0 else f"{plural(age, 'day')} ago"
            taken = _taken(progress, alert)
            # Of what a client wrote the page says what to read and where; the alert says more.
            head = alert.text.partition(" Source ")[0] if rules == WORDING else alert.text
            text = f"{clipped(head, TAKEN_CHARS if taken else SAFETY_CHARS)} Raised {when}."
            said = f" {_taken_words(taken, progress)}" if taken else ""
            row = narrative.sentence(alert.rule, text + said, alert.sources)
            state = "resolved" if taken and taken.resolved else "acknowledged"
            rows.append({**row, "label": f"{label.split(',')[0]}, {state}" if taken else label})
    # What nobody has taken on is read first, and is never what there was no room for.
    return sorted(rows, key=lambda row: row["label"].endswith(("resolved", "acknowledged")))


def _taken(progress: Progress, alert: Alert) -> Acknowledged | None:
    """Who took the alert on, or resolved it; None where it is open.

    The alert to the person on call is about the same form: who took that on took on both.
    """
    same = {one.key for one in progress.alerts if (one.rule, one.text) == (alert.rule, alert.text)}
    found = [one for one in progress.acknowledged if one.key in same]
    return max(found, key=lambda one: (one.resolved, one.at), default=None)


def _taken_words(taken: Acknowledged, progress: Progress) -> str:
    when = day(taken.at.astimezone(progress.as_of.tzinfo).date())
    return f"{'Resolved' if taken.resolved else 'Acknowledged'} by {clipped(taken.by, 30)}, {when}."


def no_safety_line(progress: Progress, instruments: Instruments) -> str:
    """What stands where no safety item is open: never more than the forms have asked."""
    used = [instruments.get(s.instrument) for s in progress.measured.series]
    if any(i is not None and i.asks_safety for i in used):
        return "No open safety items on the forms shown here."
    return "No form in this episode asks about safety."


def review_lines(
    progress: Progress, practice: PracticeProfile, instruments: Instruments, rules: RuleSet
) -> Rows:
    """Lines with their rule ids, most pressing first; "consider", the clinician decides."""
    on = facts.local_day(progress, practice)
    series = facts.primary_series(progress)
    instrument = instruments.get(series.instrument) if series else None
    if facts.care_ended(progress):
        return [narrative.sentence("care_ended", CARE_ENDED)]
    rows: Rows = []
    if series is not None and instrument is not None:
        rows += _change_lines(progress, series, instrument)
    for s in progress.measured.series:
        if s is not series and narrative.state(s) == "worse" and s.instrument in instruments:
            text = f"Consider {instruments[s.instrument].short_name}: worse {narrative.beyond(s)}."
            rows.append(narrative.sentence("secondary_worse", text, _ids(s)))
    rows += _attendance_lines(progress, rules)
    rows += _goal_lines(progress, on)
    shown = {a.text: a for a in progress.alerts if a.rule in ALSO_SHOWN}
    rows += [narrative.sentence(a.rule, a.text, a.sources) for a in shown.values()]
    rows += [
        narrative.sentence(m.kind, said(m.text))
        for m in progress.milestones
        if m.kind not in ("assessment_completed", "authorization")  # said as "renewal"
    ]
    return [{**row, "text": clipped(row["text"], LINE_CHARS)} for row in rows]


def _ids(series: MeasureSeries) -> list[str]:
    both = narrative.pair(series)
    return [m.assessment_id for m in both] if both else []


def _change_lines(progress: Progress, series: MeasureSeries, instrument: Instrument) -> Rows:
    rule, name = progress.decision.rule, instrument.short_name
    rows: Rows = []
    if narrative.state(series) == "worse":
        text = f"Consider a change of plan: {name} is worse {narrative.beyond(series)}."
        rows.append(narrative.sentence(rule, text, _ids(series)))
    elif progress.decision.decision == "below":
        text = f"Consider what stands in the way: {name} is not on track at this point of care."
        rows.append(narrative.sentence(rule, text, _ids(series)))
    if series.loss_of_gains and series.best is not None:
        text = f"Consider what changed since {day(series.best.taken_on)}, the best {name} score."
        rows.append(narrative.sentence("loss_of_gains", text, [series.best.assessment_id]))
    if progress.decision.decision == "exceeds" and has_urgent_wording(progress):
        text = "Consider what the client wrote before any step down: a total does not settle it."
        rows.append(narrative.sentence(WORDING, text))
    if progress.decision.decision == "exceeds" and has_positive_item(progress):
        text = "Consider the safety item before any step down: a better total does not settle it."
        rows.append(narrative.sentence(POSITIVE_SAFETY, text))
    elif progress.decision.decision == "exceeds" and not has_urgent_wording(progress):
        unseen = any(a.rule.startswith(UNSEEN_SAFETY) for a in progress.alerts)
        ask = ", after asking about safety" if unseen else ""
        text = f"Consider a step down or discharge planning{ask}: {name} is reliably better."
        rows.append(narrative.sentence(rule, text, _ids(series)))
    return rows


def has_positive_safety(progress: Progress) -> bool:
    """True with a positive safety item, or an alert that pages: no report speaks past either."""
    return has_positive_item(progress) or has_urgent_wording(progress)


def has_positive_item(progress: Progress) -> bool:
    """True with a positive item on a measure's latest form, or an alert on one that pages."""
    latest = [s.measurements[-1] for s in progress.measured.series if s.measurements]
    return any(positive_safety(m.score.flags) for m in latest) or any(
        a.severity == "page" or ("safety" in a.rule and a.severity == "urgent")
        for a in progress.alerts
        if a.rule != WORDING
    )


def has_urgent_wording(progress: Progress) -> bool:
    """True where a client's own words call somebody today; that is no answer to a safety item."""
    return any(a.rule == WORDING and a.severity in ("page", "urgent") for a in progress.alerts)


def _attendance_lines(progress: Progress, rules: RuleSet) -> Rows:
    a = progress.measured.attendance
    rows: Rows = []
    if a.missed_in_a_row >= rules.missed_in_a_row:
        text = f"Consider a call: the last {plural(a.missed_in_a_row, 'visit')} were missed."
        rows.append(narrative.sentence("missed_visits", text))
    elif a.recent_percent is not None and a.recent_percent < rules.attendance_floor_percent:
        text = (
            f"Consider barriers to attending: {number(a.recent_percent)} percent kept in the last "
            f"{rules.attendance_window_weeks} weeks."
        )
        rows.append(narrative.sentence("attendance", text))
    for view in progress.measured.authorizations:
        if view.renewal_due:
            text = f"Consider starting the renewal: {view.renewal_reason or 'it is nearly used'}"
            rows.append(narrative.sentence("renewal", said(text), [view.authorization_id]))
    return rows


def _goal_lines(progress: Progress, on: date) -> Rows:
    late = [
        g
        for g in progress.chart.goals
        if g.status in ("in_progress", "not_started") and g.target_on and g.target_on < on
    ]
    if not late:
        return []
    text = f"Consider new target dates: {plural(len(late), 'goal')} past the date set."
    return [narrative.sentence("goal_date", text, [g.id for g in late])]


def data_warnings(progress: Progress, instruments: Instruments, wall: Wall) -> Rows:
    """What a reader must know before trusting the numbers, each thing once."""
    notes = (*progress.chart.data_notes, *progress.measured.data_notes)
    told = {source for note in notes for source in note.sources}
    told |= {source for alert in progress.alerts for source in alert.sources}
    rows = [
        narrative.sentence(note.kind, said(note.text), note.sources)
        for note in notes
        if note.kind not in SETTLED
    ]
    for s in progress.measured.series:
        instrument = instruments.get(s.instrument)
        name = instrument.short_name if instrument else s.instrument
        rows += _series_warnings(s, name, told)
        if instrument and "reliable_points" in instrument.confirm:
            text = f"{name}: the reliable change value awaits a clinician's confirmation."
            rows.append(narrative.sentence("confirm", text))
    rows += _left_out_of_client_copy(progress, wall)
    texts = {row["text"]: {**row, "text": clipped(row["text"], WARNING_CHARS)} for row in rows}
    return list(texts.values())


def _left_out_of_client_copy(progress: Progress, wall: Wall) -> Rows:
    """Goals that the client's page does not show, by reason."""
    goals = progress.chart.goals
    clinical = [g.id for g in goals if not plain.is_plain(g.text)]
    use = [g.id for g in goals if g.id not in clinical and wall.holds_goal(g)]
    return [
        narrative.sentence(
            "client_copy", f"{plural(len(ids), 'goal')} left out of the client copy: {why}.", ids
        )
        for ids, why in ((clinical, "clinical wording"), (use, "substance use, no consent"))
        if ids
    ]


def _series_warnings(series: MeasureSeries, name: str, told: set[str]) -> Rows:
    """Warnings on one measure, without those that a note or an alert has ``told`` already."""
    rows: Rows = []
    if series.baseline_late and series.baseline and series.baseline.assessment_id not in told:
        text = f"{name}: late first score, {day(series.baseline.taken_on)}."
        rows.append(narrative.sentence("late_baseline", text, [series.baseline.assessment_id]))
    shown = [m for m in (series.baseline, series.current) if m is not None]
    prorated = {m.assessment_id: m for m in shown if m.score.prorated}
    for m in prorated.values():
        text = f"{name} of {day(m.taken_on)}: total estimated, items were blank."
        rows.append(narrative.sentence("prorated", text, [m.assessment_id]))
    unusable = [m.assessment_id for m in series.measurements if m.score.status != "ok"]
    unusable = [one for one in unusable if one not in told]
    if unusable:
        text = f"{name}: {plural(len(unusable), 'form')} not scored (incomplete or out of range)."
        rows.append(narrative.sentence("unusable", text, unusable))
    last = series.current
    unseen = last is not None and any(f.startswith(UNSEEN_SAFETY) for f in last.score.flags)
    if last is not None and unseen and last.assessment_id not in told:
        text = f"{name}: safety item not seen on the last form; ask."
        rows.append(narrative.sentence("safety_unknown", text, [last.assessment_id]))
    return rows
