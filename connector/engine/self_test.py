"""The hourly test of the alert path: an alert about nothing goes from the store to every channel.

It is raised, planned, claimed and sent like any other, by the same code; only the channels'
``test`` is called instead of ``tell``, so that nobody is disturbed. When each channel has answered,
the result is kept for ``status``. A test that does not end within its hour is a fault of the path
itself, and an alert. Where all went well the ``heartbeat`` is called: somebody outside notices when
that call stays away, also when this machine is dead.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connector.alerting import texts
from connector.alerting.chain import PRACTICE
from connector.alerting.plan import HEARTBEAT, Alerting
from connector.engine import channel_faults
from connector.engine.telling import SELF_TEST, SELF_TEST_KEY
from connector.engine.work import Work
from connector.errors import ConnectorError, Rejected
from connector.logs import outline
from connector.ports import Notice
from connector.progress import Alert
from connector.store.alerts import AlertRow
from connector.store.audit import AuditEntry
from connector.store.notices import NewNotice, NoticeRow
from connector.store.store import Tx

EVERY_SECONDS = 3600
RESULT = "clock: self-test result"  # no source can have such a name
_SLOT = "clock: self-test"
FAILED = "self_test_failed"
_log = logging.getLogger("connector.alerting")


def begin(work: Work) -> bool:
    """Raise the test's alert when a new hour has begun; True if so. One replica wins each hour."""
    alerting = work.alerting
    if alerting is None or "tell" in work.shadow:
        return False
    now = work.now()
    slot = str(int(now.timestamp()) // EVERY_SECONDS)
    if work.store.read(lambda tx: tx.cursors.get(_SLOT)) == slot:
        return False

    def start(tx: Tx) -> bool:
        if tx.cursors.get(_SLOT) == slot:
            return False
        tx.cursors.set(_SLOT, slot, now)
        if SELF_TEST_KEY in tx.alerts.of_keys([SELF_TEST_KEY]):
            _never_ended(tx, work, now)
        tx.alerts.raise_all([_canary(work, now)], {}, now)
        return True

    return work.store.write(start)


def plan(tx: Tx, alerting: Alerting, row: AlertRow, now: datetime) -> None:
    """A notice for every channel of every person."""
    given = [
        NewNotice(SELF_TEST_KEY, row.raised_at, 1, name.partition("/")[0], name, "notice")
        for name, _ in alerting.channels()
        if name != HEARTBEAT
    ]
    tx.notices.add(given, now)
    tx.alerts.set_told(SELF_TEST_KEY, 1, None)


def finish(work: Work, alerting: Alerting) -> bool:
    """Keep the result when every channel has answered; True if so. Safe to call at any time."""
    rows = work.store.read(_answered)
    if not rows:
        return False
    went_well = all(row.state == "sent" for row in rows)
    fault = _call_heartbeat(work) if went_well and alerting.heartbeat is not None else None
    now = work.now()
    return work.store.write(lambda tx: _keep(tx, work, alerting, rows, fault, now))


def result(tx: Tx) -> dict[str, Any] | None:
    """What the last test said: ``at``, ``ok``, and a word for each channel; None before one."""
    kept = tx.cursors.get(RESULT)
    return None if kept is None else dict(json.loads(kept))


def _answered(tx: Tx) -> Sequence[NoticeRow]:
    """The test's notices, when it was planned and none is waiting or under way."""
    row = tx.alerts.of_keys([SELF_TEST_KEY]).get(SELF_TEST_KEY)
    if row is None or not row.told:
        return ()
    rows = tx.notices.of_alert(SELF_TEST_KEY, row.raised_at)
    return () if any(one.state in ("pending", "sending") for one in rows) else rows


def _call_heartbeat(work: Work) -> ConnectorError | None:
    text = texts.self_test(work.practice.name)
    try:
        work.channels[HEARTBEAT].tell(Notice(SELF_TEST_KEY, text.title, text.body, "notice"))
    except ConnectorError as fault:
        _log.error("%s: %s", HEARTBEAT, fault)
        return fault
    except Exception as defect:  # noqa: BLE001 - a defect of one channel must not end the others
        _log.error("%s: %s", HEARTBEAT, outline(defect))
        return Rejected("unexpected", f"telling failed unexpectedly ({type(defect).__name__})")
    return None


def _keep(
    tx: Tx,
    work: Work,
    alerting: Alerting,
    rows: Sequence[NoticeRow],
    fault: ConnectorError | None,
    now: datetime,
) -> bool:
    if not _answered(tx):
        return False  # another replica was faster
    if fault is not None:
        channel_faults.record(tx, work, HEARTBEAT, fault, now, tested=True)
    elif alerting.heartbeat is not None and all(row.state == "sent" for row in rows):
        channel_faults.worked(tx, HEARTBEAT, "called", now, tested=True)
    failed = sorted(row.channel for row in rows if row.state != "sent")
    failed += [HEARTBEAT] if fault is not None else []
    _write_result(tx, now, failed, "" if not failed else "a channel failed")
    if not failed:
        tx.alerts.retract([_failure(work, now).key], "a later test went well", now)
    tx.channels.keep_only([name for name, _ in alerting.channels()])
    _forget(tx)
    return True


def _never_ended(tx: Tx, work: Work, now: datetime) -> None:
    """The last test is still under way after an hour: the path itself does not work."""
    _forget(tx)
    _write_result(tx, now, [], "the last test did not end within its hour")
    channel_faults.raise_alert(tx, _failure(work, now), now)


def _write_result(tx: Tx, now: datetime, failed: Sequence[str], why: str) -> None:
    kept = {
        "at": now.isoformat(timespec="seconds"), "ok": not why, "why": why, "failed": list(failed),
    }  # fmt: skip
    tx.cursors.set(RESULT, json.dumps(kept), now)
    outcome = "failed" if why else "ok"
    detail: dict[str, str | int] = {"failed": ",".join(failed)} if failed else {}
    tx.audit.append([AuditEntry("self_test", "alert path", outcome=outcome, detail=detail)], now)


def _forget(tx: Tx) -> None:
    tx.notices.forget(SELF_TEST_KEY)
    tx.alerts.forget(SELF_TEST_KEY)


def _canary(work: Work, now: datetime) -> Alert:
    text = "The hourly test of the alert path. It is about nobody."
    return Alert(
        key=SELF_TEST_KEY,
        patient_id=PRACTICE,
        rule=SELF_TEST,
        severity="notice",
        audience="data_owner",
        summary=text,
        text=text,
        raised_on=now.astimezone(work.zone).date(),
    )


def _failure(work: Work, now: datetime) -> Alert:
    text = (
        "The hourly test of the alert path did not end within its hour: alerts may not reach "
        "anybody. See connector status and the log of the service."
    )
    return channel_faults.system_alert(FAILED, (), text, work, now)
