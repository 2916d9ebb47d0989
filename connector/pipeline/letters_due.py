"""When a letter to the referring provider is due: evaluation, every n-th treatment day, discharge.

Only for a patient whom somebody referred; for others there is nobody to write to. Each is due once
it has happened, never ahead: a letter tells what was.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from connector.pipeline.identity import cause_key
from connector.pipeline.wording import long_date, ordinal
from connector.progress import Chart, EpisodeView, Milestone, RuleSet


def find_letters_due(
    chart: Chart, episode: EpisodeView, rules: RuleSet, today: date
) -> Iterator[Milestone]:
    """The reasons for a letter in this episode, as far as they have come."""
    if not chart.referrers:
        return
    kept = [v for v in chart.visits if v.status == "attended"]
    kept = [v for v in kept if episode.started_on <= v.starts_at.date() <= today]
    evaluated = [v.starts_at.date() for v in kept if v.visit_type == "evaluation"]
    if evaluated:
        yield _milestone(chart, "evaluation", min(evaluated), "", "evaluation")
    days = sorted({v.starts_at.date() for v in kept})
    for place in sorted({n for every in rules.visit_milestones for n in _places(every, days)}):
        name = f"{ordinal(place)} treatment day"
        yield _milestone(chart, "treatment_days", days[place - 1], str(place), name)
    ended = _discharged_on(chart, episode, today)
    if ended is not None:
        yield _milestone(chart, "discharge", ended, "", "end of care")


def _places(every: int, days: list[date]) -> range:
    return range(every, len(days) + 1, every)


def _discharged_on(chart: Chart, episode: EpisodeView, today: date) -> date | None:
    """The day on which care ended by a person's word; care that merely lapsed has none."""
    if episode.ended_on is not None:
        return episode.ended_on if episode.ended_on <= today else None
    days = [
        v.starts_at.date()
        for v in chart.visits
        if v.visit_type == "discharge" and v.status == "attended"
    ]
    days += [n.written_on for n in chart.notes if n.note_type == "discharge"]
    return max((d for d in days if episode.started_on <= d <= today), default=None)


def _milestone(chart: Chart, kind: str, on: date, place: str, what: str) -> Milestone:
    return Milestone.model_validate(
        {
            "kind": kind,
            "key": cause_key(chart.patient.id, kind, (on.isoformat(), place)),
            "due_on": on,
            "text": f"{what} on {long_date(on)}: letter to the referring provider due",
        }
    )
