"""Alerts on crisis wording in what a patient wrote: one for each group and entry.

Made from the findings kept with the entry, so ingest and evaluation make the same keys. They name
the group, the rules and where to read the entry; never a word of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from connector.pipeline.identity import cause_key
from connector.pipeline.wording import joined, long_date, things
from connector.progress import Alert, Audience, Severity
from connector.records import JournalEntry, WordingFinding

WORDING = "safety_wording"
_SEVEREST_FIRST: tuple[Severity, ...] = ("page", "urgent", "action", "notice")
_KINDS = {
    "journal": "Journal entry",
    "message": "Message",
    "free_text_answer": "Free-text answer",
    "mood": "Mood entry",
}
_READINGS = {
    "as_said": "as said",
    "past": "about the past",
    "negated": "negated",
    "other_person": "about somebody else",
    "quoted": "quoted",
    "idiom": "in an idiom",
}
_WHAT_TO_DO: dict[Severity, str] = {
    "page": "Read at once",
    "urgent": "Read today",
    "action": "Read before the next visit",
    "notice": "Read at the next visit",
}


def entry_alerts(entry: JournalEntry) -> tuple[Alert, ...]:
    """Alerts on the entry's findings, most severe group first; none of what is counted only.

    "page" goes to the therapist and to the person on call, the others to the therapist.
    """
    order = list(_READINGS)
    found = sorted(entry.findings, key=lambda f: (f.group, f.rule, order.index(f.reading)))
    alerts = []
    for group, listed in groupby(found, key=lambda f: f.group):
        of_group = list(listed)
        level = _severest(of_group)
        if level is None:
            continue
        audiences: tuple[Audience, ...] = (
            ("therapist", "on_call") if level == "page" else ("therapist",)
        )
        text = _text(entry, of_group, level)
        alerts += [_alert(entry, group, level, to, text) for to in audiences]
    return tuple(sorted(alerts, key=lambda a: (_SEVEREST_FIRST.index(a.severity), a.key)))


def of_old_entry(alert: Alert) -> Alert | None:
    """The alert as it is worth raising for an old entry: a notice; None of a mere mention.

    A first import brings months of entries. Mentions that were milder are counted with the entry.
    """
    if alert.audience != "therapist" or alert.severity == "notice":
        return None
    head, _, rest = alert.text.partition(f"{_WHAT_TO_DO[alert.severity]}:")
    text = f"{head}Old, check that it was followed up:{rest}"
    return alert.model_copy(update={"severity": "notice", "text": text})


def recent_alerts(
    entries: Iterable[JournalEntry], today: date, acute_days: int
) -> tuple[Alert, ...]:
    """Alerts on the entries of the last days; an older one that is open still is known as such."""
    return tuple(
        alert
        for entry in entries
        if (today - entry.written_on).days <= acute_days
        for alert in entry_alerts(entry)
    )


def _severest(found: Sequence[WordingFinding]) -> Severity | None:
    levels = {one.level for one in found}
    return next((level for level in _SEVEREST_FIRST if level in levels), None)


def _text(entry: JournalEntry, found: Sequence[WordingFinding], level: Severity) -> str:
    """The first hundred characters say what to do; a page has room for no more."""
    where = entry.provenance
    row = f", row {where.row}" if where.row is not None else ""
    head = (
        f"{_KINDS[entry.entry]} of {long_date(entry.written_on)}: {found[0].name}. "
        f"{_WHAT_TO_DO[level]}: {where.origin}{row}."
    )
    rules = joined(
        [
            f"{one.rule} ({things(one.mentions, 'mention')} {_READINGS[one.reading]})"
            for one in found
        ]
    )
    return (
        f"{head} Source {where.source}, record {entry.id}. Matched {rules} of list "
        f"{entry.judged_by}. A match of words, no judgement; this is not a monitoring service."
    )


def _alert(
    entry: JournalEntry, group: str, level: Severity, audience: Audience, text: str
) -> Alert:
    rule = f"{WORDING}/{group}"
    return Alert(
        key=cause_key(entry.patient_id, f"{rule}/{audience}", (entry.id,), level),
        patient_id=entry.patient_id,
        rule=WORDING,
        severity=level,
        audience=audience,
        summary=f"Something written needs to be read for {entry.patient_id}",
        text=text,
        raised_on=entry.written_on,
        sources=(entry.id,),
    )
