"""What people read on a telephone: severity, what kind, a reference, by when. Nothing of a patient.

No name, no score, no answer, no id of a person: whoever sees the screen learns that the practice
has an alert and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from connector.alerting.plan import LINK_PLACE
from connector.progress import Alert
from connector.rules import Severity

REFERENCE_LENGTH = 12
NOT_A_MONITORING_SERVICE = (
    "Not a monitoring service: it tells what has arrived, when it arrives, and watches nobody."
)
"""On every alert and message, in ``connector check`` and on docs/alerts.md."""
_MOST_LISTED = 5
_HEADS: dict[Severity, str] = {
    "page": "PAGE", "urgent": "Urgent", "action": "To do", "notice": "Notice",
}  # fmt: skip
_KINDS = {
    "safety_item_positive": "a safety item needs review",
    "safety_wording": "something written needs review",
    "safety_item_missing": "a safety item was not answered",
    "safety_unknown_total_only": "a safety item is not known",
    "deterioration": "a measure got worse",
    "possible_deterioration": "a measure may have got worse",
    "not_on_track": "progress is not on track",
    "loss_of_gains": "gains were lost",
    "missed_visits": "visits were missed",
    "overdue_assessment": "an assessment is overdue",
    "authorization": "an authorization needs attention",
    "plan_of_care_ended": "a plan of care must be certified again",
    "evaluation_failed": "a chart could not be evaluated",
    "channel_failed": "an alert channel failed",
    "self_test_failed": "the hourly test of the alert path failed",
}
_DUE = {
    "safety_item_positive": "at once",
    "safety_item_missing": "before the visit ends",
    "safety_unknown_total_only": "before the visit ends",
    "deterioration": "today",
    "possible_deterioration": "at the next session",
    "not_on_track": "at the next session",
    "loss_of_gains": "at the next session",
}
"""By when, where the reference states it (section 4d, alerts)."""
_WORDING = "safety_wording"
_WORDING_DUE: dict[Severity, str] = {
    "urgent": "today", "action": "before the next visit", "notice": "at the next visit",
}  # fmt: skip
"""By when something written is to be read, as the alert's own text says it: a mention of what is
past is not due at once."""


@dataclass(frozen=True, slots=True)
class Text:
    """A title of one line, and what stands below it."""

    title: str
    body: str


def kind_words(alert: Alert) -> str:
    """What kind of alert it is, in words without anything about the patient."""
    words = _KINDS.get(alert.rule)
    if words is not None:
        return words
    return "a data question needs review" if alert.audience == "data_owner" else "please review"


def due_words(alert: Alert) -> str:
    """By when somebody should have dealt with it."""
    if alert.severity == "page":
        return "at once"
    if alert.rule == _WORDING:
        return _WORDING_DUE[alert.severity]
    return _DUE.get(alert.rule, "today" if alert.severity == "urgent" else "in the course of work")


def reference(alert: Alert) -> str:
    """The beginning of the alert's key, which ``connector alerts show`` takes."""
    return alert.key[:REFERENCE_LENGTH]


def message(
    alerts: Sequence[Alert],
    practice: str,
    *,
    by: datetime | None,
    zone: ZoneInfo,
    link: str | None = None,
) -> Text:
    """The message on one or more alerts of one severity; ``by`` is when the next person is told."""
    first = alerts[0]
    kinds = list(dict.fromkeys(kind_words(one) for one in alerts))
    what = kinds[0] if len(kinds) == 1 else "several need review"
    count = f" ({len(alerts)})" if len(alerts) > 1 else ""
    listed = [reference(one) for one in alerts[:_MOST_LISTED]]
    more = f" and {len(alerts) - len(listed)} more" if len(alerts) > len(listed) else ""
    lines = [
        f"{what[:1].upper()}{what[1:]}{count}. Due: {due_words(first)}.",
        f"Alert {', '.join(listed)}{more}.",
    ]
    if by is not None:
        when = by.astimezone(zone)
        lines.append(f"Acknowledge by {when:%H:%M} ({when:%a %d %b}), or the next person is told.")
    if link is not None:
        lines += [link.replace(LINK_PLACE, given) for given in listed]
    lines.append(f"In the practice: connector alerts show {listed[0]}")
    lines.append(NOT_A_MONITORING_SERVICE)
    return Text(f"{_HEADS[first.severity]}: {what}{count} - {practice}", "\n".join(lines))


def trial(practice: str) -> Text:
    """A message to a person that says it is only a trial."""
    return Text(
        f"Trial, nothing is wrong - {practice}",
        f"This channel works. Nobody has to do anything.\n{NOT_A_MONITORING_SERVICE}",
    )


def self_test(practice: str) -> Text:
    """What the hourly test sends, to addresses that disturb nobody."""
    return Text(f"Self-test - {practice}", "The alert path works. Nobody has to do anything.")
