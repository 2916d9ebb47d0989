"""Tells people of alerts until somebody acknowledges: who is next, and the sending itself.

Rows are the truth, as everywhere: an alert says which level was told and when the next is due, a
notice exists with its key before it is sent. A restart goes on where it was; replicas take what the
others have not begun. This path does without workflows, renderer, EHR and payers: what they wait
for must not hold up a page.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

from connector.alerting import texts
from connector.alerting.chain import pressing
from connector.alerting.plan import PAGING, Alerting
from connector.engine import channel_faults, self_test, shadow
from connector.engine.telling import SELF_TEST, Parcel, whom_next
from connector.engine.work import Work
from connector.errors import ConnectorError, Rejected
from connector.logs import outline
from connector.ports import Notice
from connector.store.alerts import AlertRow
from connector.store.audit import AuditEntry
from connector.store.notices import NewNotice, NoticeRow
from connector.store.store import Tx

_AT_ONCE = 8
# Longer than any attempt may take (60 s for the service, 10 s to start); then its sender is gone.
_CUT_OFF_AFTER = timedelta(minutes=3)
_LOOK_FOR_CUT_OFF = timedelta(minutes=1)
_log = logging.getLogger("connector.alerting")


class Notifier:
    """Takes turns. ``alone``: no other process works on this database."""

    def __init__(self, work: Work, *, alone: bool) -> None:
        self._work = work
        self._alone = alone
        self._by = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._looked: datetime | None = None

    def turn(self) -> int:
        """Plan and send what is due now; how many alerts and messages (0: nothing to do)."""
        work, alerting = self._work, self._work.alerting
        if alerting is None:
            return 0
        now = work.now()
        if "tell" in work.shadow:
            return work.store.write(lambda tx: shadow.tell_nobody(tx, alerting, now))
        looked = self._release_cut_off(now)
        planned = 0
        if work.store.read(lambda tx: bool(tx.alerts.to_tell(now, 1))):
            planned = work.store.write(lambda tx: plan(tx, work, alerting, now))
        found = work.store.read(lambda tx: tx.notices.due(now))
        parcels = work.store.write(lambda tx: _claim(tx, found, self._by, now)) if found else []
        if parcels:
            with ThreadPoolExecutor(min(len(parcels), _AT_ONCE), "notice") as pool:
                list(pool.map(partial(_send, work, alerting), parcels))
        if parcels or looked:
            self_test.finish(work, alerting)
        return planned + len(parcels)

    def _release_cut_off(self, now: datetime) -> bool:
        """Send again what a process that is gone had begun: told twice is better than never.

        At the start and once a minute; True when it was time to look.
        """
        first = self._looked is None
        if self._looked is not None and now - self._looked < _LOOK_FOR_CUT_OFF:
            return False
        self._looked = now
        limit = now if first and self._alone else now - _CUT_OFF_AFTER
        work = self._work
        if work.store.read(lambda tx: tx.notices.waiting()):
            work.store.write(lambda tx: tx.notices.release(limit, now))
        return True


def plan(tx: Tx, work: Work, alerting: Alerting, now: datetime) -> int:
    """Write down whom to tell next of each alert that is due; how many alerts."""
    rows = tx.alerts.to_tell(now)
    entries: list[AuditEntry] = []
    for row in rows:
        if row.alert.rule == SELF_TEST:
            self_test.plan(tx, alerting, row, now)
        elif _too_old(work, row, now):
            tx.alerts.set_told(row.alert.key, row.told, None)
        else:
            entries += _plan_one(tx, work, alerting, row, now)
    tx.audit.append(entries, now)
    return len(rows)


def _too_old(work: Work, row: AlertRow, now: datetime) -> bool:
    """What came with a first import waits in the list: months of history page nobody."""
    today = now.astimezone(work.zone).date()
    return (today - row.alert.raised_on).days > work.rules.acute_days


def _plan_one(
    tx: Tx, work: Work, alerting: Alerting, row: AlertRow, now: datetime
) -> list[AuditEntry]:
    alert = row.alert
    step, told = whom_next(tx, work, alerting, row, now)
    if step is None:
        tx.alerts.set_told(alert.key, row.told, None)
        if (alert.severity in PAGING or pressing(alert)) and not told:
            return [AuditEntry("alert_told_nobody", alert.key, outcome="no_person")]
        return []
    level = row.told + 1
    tx.notices.add(
        [
            NewNotice(alert.key, row.raised_at, level, person, channel, alert.severity)
            for person, channel in step.channels
        ],
        now,
    )
    tx.alerts.set_told(alert.key, level, step.again)
    detail: dict[str, str | int] = {
        "level": level, "people": ",".join(step.people), "severity": alert.severity,
    }  # fmt: skip
    action = "alert_told" if level == 1 else "alert_escalated"
    return [AuditEntry(action, alert.key, detail=detail)]


def _claim(tx: Tx, rows: Sequence[NoticeRow], by: str, now: datetime) -> list[Parcel]:
    """Mark what this process sends. Of alerts that are no longer open nothing is told."""
    alerts = tx.alerts.of_keys({row.alert_key for row in rows})
    current = [row for row in rows if _still_open(row, alerts.get(row.alert_key))]
    gone = {row.alert_key for row in rows} - {row.alert_key for row in current}
    tx.notices.stop(gone, now)
    mine = tx.notices.mark_sending([row.key for row in current], by, now)
    groups: dict[tuple[str, str, bool], list[NoticeRow]] = {}
    for row in current:
        if row.key in mine:
            test = alerts[row.alert_key].alert.rule == SELF_TEST
            groups.setdefault((row.channel, row.severity, test), []).append(row)
    return [
        Parcel(
            channel, severity, tuple(group),
            tuple({row.alert_key: alerts[row.alert_key] for row in group}.values()),
        )
        for (channel, severity, _), group in groups.items()
    ]  # fmt: skip


def _still_open(row: NoticeRow, alert: AlertRow | None) -> bool:
    return alert is not None and alert.state == "open" and alert.raised_at == row.raised_at


def _send(work: Work, alerting: Alerting, parcel: Parcel) -> None:
    """One message, and what came of it in one transaction."""
    fault, how = None, "sent"
    try:
        channel = work.channels.get(parcel.channel)
        if channel is None:
            raise Rejected(
                "unknown_channel", f"the site has no channel {parcel.channel!r} any more"
            )
        if parcel.is_test:
            how = channel.test(_notice(parcel, texts.self_test(work.practice.name)))
        else:
            channel.tell(_notice(parcel, _text(work, alerting, parcel)))
    except ConnectorError as error:
        fault = error
    except Exception as error:  # noqa: BLE001 - a defect of one channel must not end the others
        _log.error("telling failed: %s", outline(error))
        fault = Rejected("unexpected", f"telling failed unexpectedly ({type(error).__name__})")
    now = work.now()
    if fault is None:
        work.store.write(lambda tx: _told(tx, parcel, how, now))
    else:
        # Bound here: the name of a caught error is gone when its block ends.
        failure: ConnectorError = fault
        _log.error("%s: %s", parcel.channel, failure)
        work.store.write(lambda tx: channel_faults.failed(tx, work, parcel, failure, now))


def _notice(parcel: Parcel, text: texts.Text) -> Notice:
    return Notice(parcel.rows[0].key, text.title, text.body, parcel.severity)


def _text(work: Work, alerting: Alerting, parcel: Parcel) -> texts.Text:
    due = [row.tell_at for row in parcel.alerts if row.tell_at is not None]
    return texts.message(
        [row.alert for row in parcel.alerts],
        work.practice.name,
        by=min(due) if due else None,
        zone=work.zone,
        link=alerting.link,
    )


def _told(tx: Tx, parcel: Parcel, how: str, now: datetime) -> None:
    tx.notices.sent([row.key for row in parcel.rows], now)
    channel_faults.worked(tx, parcel.channel, how, now, tested=parcel.is_test)
    if parcel.is_test:
        return
    tx.audit.append(
        [
            AuditEntry(
                "notice_sent",
                row.alert_key,
                detail={"person": row.person, "channel": row.channel, "level": row.level},
            )
            for row in parcel.rows
        ],
        now,
    )
