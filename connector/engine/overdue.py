"""What should have happened and has not: exports that stay away, documents nobody has filed,
notifications that stopped.

Each is an alert to those who can act, once a day and cause: its key holds the practice's day. What
was told on an earlier day, or has come right meanwhile, is withdrawn, so that one alert stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from connector.alerting.chain import PRACTICE
from connector.engine import heard
from connector.engine.channel_faults import raise_alert
from connector.engine.work import Work
from connector.pipeline.identity import cause_key
from connector.progress import Alert
from connector.rules import Audience
from connector.store.audit import AuditEntry
from connector.store.store import Tx

STALE = "export_stale"
UNFILED = "filing_overdue"
SILENT = "notifications_silent"
ARRIVED = "arrived: "
"""Before a source's name: when it last brought a file in which nothing was."""
_SINCE = "watched since: "
_TOLD = "told of overdue: "
_LISTENING, _LISTENED = "listening since: ", "listened until: "
_AWAY = timedelta(minutes=30)
"""A pause between two looks in which the service was down: no silence of the counterpart."""
_ALL = 100_000


def look(work: Work) -> bool:
    """Raise and withdraw alerts about what is overdue; True where something changed."""
    if not work.expected_hours and not work.remind_days and not work.silent_after:
        return False
    now = work.now()
    return work.store.write(lambda tx: _look(tx, work, now))


def _look(tx: Tx, work: Work, now: datetime) -> bool:
    changed = False
    for source, hours in sorted(work.expected_hours.items()):
        age = age_hours(tx, source, now)
        late = age is not None and age > hours
        text = stale_words(source, age or 0, hours)
        changed |= tell(tx, work, STALE, source, text if late else None, "data_owner", now)
    for destination, (count, days) in sorted(unfiled(tx, work.remind_days, now).items()):
        documents = "1 document waits" if count == 1 else f"{count} documents wait"
        text = (
            f"{documents} to be filed by hand ({destination}), the oldest for {days} days. See "
            "connector filing list"
        )
        given = text if count else None
        changed |= tell(tx, work, UNFILED, destination, given, "front_desk", now)
    for source, longest in sorted(work.silent_after.items()):
        silence = _silence(tx, source, now)
        silent = silence > longest
        given = _silent_words(source, silence) if silent else None
        changed |= tell(tx, work, SILENT, source, given, "data_owner", now)
        if silent:  # what nobody told us of is asked for, at each look for as long as it lasts
            heard.catch_up(tx, source, now)
            changed = True
    return changed


def _silence(tx: Tx, source: str, now: datetime) -> timedelta:
    """How long a counterpart that notifies us was not heard, while we were there to hear it."""
    looked, since = tx.cursors.get(_LISTENED + source), tx.cursors.get(_LISTENING + source)
    tx.cursors.set(_LISTENED + source, now.isoformat(), now)
    if not looked or not since or now - datetime.fromisoformat(looked) > _AWAY:
        tx.cursors.set(_LISTENING + source, now.isoformat(), now)
        return timedelta(0)
    began = datetime.fromisoformat(since)
    return now - max(heard.last_heard(tx, source) or began, began)


def _silent_words(source: str, silence: timedelta) -> str:
    minutes = int(silence.total_seconds() // 60)
    return (
        f"The server of {source} has sent no notification for {minutes} minutes, not even its "
        "heartbeat. It is polled all the same, so changes arrive later. See connector "
        "subscriptions status"
    )


def age_hours(tx: Tx, source: str, now: datetime, *, watch: bool = True) -> float | None:
    """Hours since the source's newest export was made; since it is watched, where none came yet.

    None: it has just begun to be watched; ``watch`` keeps that it has.
    """
    newest = [tx.inbox.newest(source)]
    for name in (ARRIVED, _SINCE):
        kept = tx.cursors.get(name + source)
        newest.append(datetime.fromisoformat(kept) if kept else None)
    known = [moment for moment in newest[:2] if moment is not None]
    if not known and newest[2] is None:
        if watch:
            tx.cursors.set(_SINCE + source, now.isoformat(), now)
        return None
    last = max(known) if known else newest[2]
    assert last is not None
    return max((now - last).total_seconds() / 3600, 0.0)


def stale_words(source: str, age: float, hours: float) -> str:
    """The sentence; it holds nothing about a patient."""
    return (
        f"The export of {source} is {age:.0f} h old; something new is expected every {hours:g} h. "
        "Reports rest on old data until it comes. See connector status"
    )


def unfiled(tx: Tx, days: Mapping[str, int], now: datetime) -> dict[str, tuple[int, int]]:
    """By destination: how many documents have waited too long, and for how many days the oldest."""
    found = dict.fromkeys(days, (0, 0))
    for row in tx.deliveries.list("waiting", _ALL):
        limit = days.get(row.destination)
        if limit is not None and now - row.updated_at >= timedelta(days=limit):
            count, oldest = found[row.destination]
            found[row.destination] = (count + 1, max(oldest, (now - row.updated_at).days))
    return found


def tell(
    tx: Tx, work: Work, rule: str, about: str, text: str | None, audience: Audience, now: datetime
) -> bool:
    """Make ``text`` the one alert of today about a cause; None: there is no cause any more."""
    name = f"{_TOLD}{rule} {about}"
    today = now.astimezone(work.zone).date()
    key = "" if text is None else cause_key(PRACTICE, rule, (about, today.isoformat()))
    before = tx.cursors.get(name) or ""
    if key == before:
        return False
    if before:
        _withdraw(tx, [before], now)
    tx.cursors.set(name, key, now)
    if text is not None:
        raise_alert(
            tx,
            Alert(
                key=key, patient_id=PRACTICE, rule=rule, severity="action", audience=audience,
                summary=text, text=text, raised_on=today, sources=(about,),
            ),
            now,
        )  # fmt: skip
    return True


def _withdraw(tx: Tx, keys: Collection[str], now: datetime) -> None:
    if tx.alerts.retract(keys, "it came right, or was told again", now):
        tx.notices.stop(keys, now)
        tx.audit.append([AuditEntry("alert_retracted", key) for key in keys], now)
