"""When things happen: APScheduler triggers that only enqueue a workflow or mark patients due.

Jobs live in memory and are rebuilt from the site file in every replica; no leader, no lock. A
poll's workflow id is ``poll:<source>:<slot>``, and triggers fire in the middle of a slot, so that
jitter neither skips nor doubles one, and one replica polls.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_error

from connector.engine import overdue, self_test, workflows
from connector.engine.director import report_month
from connector.engine.durable import QUEUE, forget_finished
from connector.engine.eligibility import ask_daily
from connector.engine.evaluate import begin_day
from connector.engine.inquiries import ask_undecided
from connector.engine.retention import tidy
from connector.engine.work import Work
from connector.errors import ConnectorError
from connector.logs import outline
from connector.store.faults import translated

_JITTER_SHARE = 0.1
_LOOK_AT_DAY_SECONDS = 600
_LOOK_AT_HOUR_SECONDS = 30
_OWN_THREADS = 4
_A_MOMENT = timedelta(milliseconds=100)
_FORGET_AFTER = timedelta(days=3)
_log = logging.getLogger("connector.clock")


def slot(moment: datetime, every_seconds: int) -> int:
    """The number of the polling slot that a moment lies in, counted from 1970."""
    return int(moment.timestamp()) // every_seconds


def middle(every_seconds: int) -> datetime:
    """The middle of the first slot: where triggers are counted from."""
    return datetime.fromtimestamp(every_seconds / 2, UTC)


class Clock:
    """Polls sources, re-evaluates on a new day, tests the alert path, removes what is past."""

    def __init__(self, work: Work, every_seconds: Mapping[str, int], wake: Callable[[], None]):
        self._work = work
        self._wake = wake
        self._every = every_seconds
        # A thread for each source: one that hangs must not keep another from its turn.
        threads = {"type": "threadpool", "max_workers": len(every_seconds) + _OWN_THREADS}
        self._scheduler = BackgroundScheduler(timezone=UTC, executors={"default": threads})

    def start(self) -> None:
        """Start all jobs; each source is polled at once and then at its interval."""
        for source, seconds in self._every.items():
            self._scheduler.add_job(
                self._poll,
                "interval",
                args=[source, seconds],
                seconds=seconds,
                start_date=middle(seconds),
                jitter=max(1, int(seconds * _JITTER_SHARE)),
                next_run_time=datetime.now(UTC),
                coalesce=True,
                misfire_grace_time=seconds,
                max_instances=1,
            )
        self._scheduler.add_job(
            self._new_day,
            "interval",
            seconds=_LOOK_AT_DAY_SECONDS,
            next_run_time=datetime.now(UTC),
            coalesce=True,
            misfire_grace_time=None,
        )
        self._scheduler.add_job(self._tidy, "interval", minutes=10, coalesce=True)
        if self._work.alerting is not None:
            self._scheduler.add_job(
                self._self_test,
                "interval",
                seconds=_LOOK_AT_HOUR_SECONDS,
                next_run_time=datetime.now(UTC),
                coalesce=True,
                misfire_grace_time=None,
            )
        self._scheduler.start()

    def stop(self) -> None:
        """Stop triggering; what was enqueued goes on."""
        self._scheduler.shutdown(wait=True)

    def _poll(self, source: str, seconds: int, again: str = "") -> None:
        """One poll of a slot; ``again`` marks the one that goes on when a budget opens."""
        number = again or str(slot(datetime.now(UTC), seconds))
        try:
            with (
                translated(),
                SetWorkflowID(f"poll:{source}:{number}"),
                SetEnqueueOptions(deduplication_id=source),
            ):
                handle = DBOS.enqueue_workflow(QUEUE, workflows.poll, source)
                handle.get_result()
        except dbos_error.DBOSQueueDeduplicatedError:
            # The previous poll of this source is still running; the next slot will do.
            return
        except ConnectorError as fault:
            # The source's trouble is written down once per slot and tried again in the next.
            if not self._goes_on(source, seconds, fault):
                _log.error("polling %s: %s", source, fault)
        self._wake()

    def _goes_on(self, source: str, seconds: int, fault: ConnectorError) -> bool:
        """Polls again when the budget opens, where that is before the next slot.

        Every replica that asks for it asks for the same, so it is done once.
        """
        until: datetime | None = getattr(fault, "until", None)
        if fault.code != "budget_spent" or until is None:
            return False
        if (until - datetime.now(UTC)).total_seconds() >= seconds:
            return False
        self._scheduler.add_job(
            self._poll,
            "date",
            run_date=until + _A_MOMENT,
            args=[source, seconds, f"again-{int(until.timestamp())}"],
            id=f"again {source}",
            replace_existing=True,
            misfire_grace_time=seconds,
        )
        return True

    def _new_day(self) -> None:
        steps = (begin_day, overdue.look, ask_daily, ask_undecided, report_month)
        if any([self._done(step) for step in steps]):
            self._wake()

    def _done(self, step: Callable[[Work], object]) -> bool:
        """Whether a step of the day had something to do; one that fails stops none behind it."""
        try:
            return bool(step(self._work))
        except ConnectorError as fault:
            _log.error("a new day: %s", fault)
        except Exception as fault:  # noqa: BLE001 - a defect of one step must not stop the others
            _log.error("a new day: %s", outline(fault))
        return False

    def _self_test(self) -> None:
        try:
            if self_test.begin(self._work):
                self._wake()
        except ConnectorError as fault:
            _log.error("the test of the alert path: %s", fault)

    def _tidy(self) -> None:
        before = datetime.now(UTC) - _FORGET_AFTER
        try:
            with translated():
                while forget_finished(before.isoformat()):
                    pass
            while tidy(self._work):
                pass
        except ConnectorError as fault:
            _log.error("removing what is past: %s", fault)
