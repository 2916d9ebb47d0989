"""A channel that fails is itself an alert, to other channels; and the next person is told at once.

No loop can come of it: a channel has one such alert at a time (its key is made of the channel
alone), the alert never goes through the channel that it is about, and a channel that fails again
within the hour after it worked raises no second one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.alerting.chain import PRACTICE
from connector.engine.telling import Parcel, whom_next
from connector.engine.work import Work
from connector.errors import ConnectorError, Rejected, RetryLater
from connector.pipeline.identity import cause_key
from connector.progress import Alert
from connector.store.audit import AuditEntry
from connector.store.notices import NoticeRow
from connector.store.store import Tx

RULE = "channel_failed"
# Close together at first: a page is worth little an hour later. Others are told meanwhile.
RETRY_AFTER = tuple(
    timedelta(seconds=seconds) for seconds in (15, 60, 180, 600, 1200, 1800, 3600, 3600)
)
_QUIET = timedelta(hours=1)
_LONGEST_ASKED = timedelta(minutes=15)


def failed(tx: Tx, work: Work, parcel: Parcel, fault: ConnectorError, now: datetime) -> None:
    """Plan another attempt or give up, tell the next people, raise the alert about the channel."""
    for row in parcel.rows:
        wait = None if parcel.is_test else _wait(row, fault, now)
        if wait is None:
            tx.notices.failed([row.key], fault.code, fault.message, now)
        else:
            tx.notices.retry([row.key], now + wait, fault.code, fault.message, now)
    if not parcel.is_test:
        _tell_next(tx, work, parcel, now)
        tx.audit.append(
            [
                AuditEntry(
                    "notice_failed", row.alert_key, outcome=fault.code,
                    detail={
                        "person": row.person, "channel": row.channel, "attempt": row.attempts + 1,
                    },
                )
                for row in parcel.rows
            ],
            now,
        )  # fmt: skip
    record(tx, work, parcel.channel, fault, now, tested=parcel.is_test)


def worked(tx: Tx, channel: str, how: str, now: datetime, *, tested: bool = False) -> None:
    """Keep that a channel works, and withdraw the alert that said otherwise.

    A test does not withdraw what a message to the person raised (``Channels.worked``).
    """
    if not tx.channels.worked(channel, how, now, tested=tested):
        return
    key = alert_key(channel)
    if tx.alerts.retract([key], "the channel works again", now):
        tx.notices.stop([key], now)
        tx.audit.append([AuditEntry("alert_retracted", key)], now)


def alert_key(channel: str) -> str:
    """The key of the alert that a channel fails."""
    return cause_key(PRACTICE, RULE, (channel,))


def _wait(row: NoticeRow, fault: ConnectorError, now: datetime) -> timedelta | None:
    """How long until the next attempt; None where it is given up."""
    if isinstance(fault, Rejected) or row.attempts >= len(RETRY_AFTER):
        return None
    wait = RETRY_AFTER[row.attempts]
    if isinstance(fault, RetryLater) and fault.until is not None:
        wait = max(wait, min(fault.until - now, _LONGEST_ASKED))
    return wait


def _tell_next(tx: Tx, work: Work, parcel: Parcel, now: datetime) -> None:
    """Where a level has reached nobody, and there is somebody new, the next is due now."""
    levels = {row.alert_key: row.level for row in parcel.rows}
    for row in tx.alerts.of_keys(levels).values():
        key = row.alert.key
        level = [one for one in tx.notices.of_alert(key, row.raised_at) if one.level == levels[key]]
        waits = row.state == "open" and row.tell_at is not None and row.tell_at > now
        settled = any(one.state == "sent" or _untried(one) for one in level)
        if not waits or settled or levels[key] != row.told or work.alerting is None:
            continue
        step, told = whom_next(tx, work, work.alerting, row, now)
        if step is not None and not set(step.people) <= told:
            tx.alerts.set_told(key, row.told, now)


def _untried(row: NoticeRow) -> bool:
    return row.state in ("pending", "sending") and row.code is None


def record(
    tx: Tx, work: Work, channel: str, fault: ConnectorError, now: datetime, *, tested: bool
) -> None:
    """Keep that a channel failed, and raise the alert about it, if it is not raised already."""
    tx.channels.failed(channel, fault.code, fault.message, now, tested=tested)
    key = alert_key(channel)
    known = tx.alerts.of_keys([key]).get(key)
    if known is not None:
        recently = known.state == "retracted" and now - known.updated_at < _QUIET
        if known.state in ("open", "acknowledged") or recently:
            return
        tx.alerts.retract([key], "it failed again", now)
    raise_alert(tx, system_alert(RULE, (channel,), _words(fault), work, now), now)


def _words(fault: ConnectorError) -> str:
    return (
        f"An alert channel failed: {fault}. Alerts go to others meanwhile. Put it right, then: "
        "connector alerts test"
    )


def system_alert(rule: str, about: tuple[str, ...], text: str, work: Work, now: datetime) -> Alert:
    """An alert about the connector itself, for those who look after it."""
    return Alert(
        key=cause_key(PRACTICE, rule, about),
        patient_id=PRACTICE,
        rule=rule,
        severity="urgent",
        audience="data_owner",
        summary=text,
        text=text,
        raised_on=now.astimezone(work.zone).date(),
        sources=about,
    )


def raise_alert(tx: Tx, alert: Alert, now: datetime) -> None:
    """Store an alert about the connector; it is in no chart, so it makes no document."""
    if tx.alerts.raise_all([alert], {}, now):
        detail: dict[str, str | int] = {"rule": alert.rule, "severity": alert.severity}
        tx.audit.append([AuditEntry("alert_raised", alert.key, detail=detail)], now)
