"""The clinical director's report: everybody's courses summed page by page, then one document.

Charts are made anew from the records as of the period's last day. Only sums are kept of a page, so
memory does not grow with the number of patients, and no transaction is open for longer than a page.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connector import pipeline
from connector.documents import director
from connector.engine.ingest import queue_documents
from connector.engine.work import Work
from connector.errors import ConnectorError
from connector.logs import outline
from connector.measures import Instrument
from connector.outcomes.course import Period, course_of
from connector.outcomes.practice import PracticeOutcomes
from connector.outcomes.shown import Shown, WorkDone
from connector.pipeline.report import PAGES, specification
from connector.progress import DocumentSpec, PracticeProfile, Progress, RuleSet
from connector.store import figures
from connector.store.audit import AuditEntry
from connector.store.joined import together
from connector.store.store import Store, Tx

PRACTICE = "practice"
"""Stands where a patient's id would in a document that is about nobody."""
_PAGE = 100
_MONTH = "clock: director"  # no source can have this name
_log = logging.getLogger("connector.director")


@dataclass(frozen=True)
class Practice:
    """What the report is made of: one site's store, rules and instruments, and what it shows."""

    store: Store
    profile: PracticeProfile
    instruments: Mapping[str, Instrument]
    rules: RuleSet
    shown: Shown

    @property
    def zone(self) -> ZoneInfo:
        """The practice's time zone; the period's days are days there."""
        return ZoneInfo(self.profile.timezone)


def month_before(day: date) -> Period:
    """The whole month before the one that a day lies in."""
    last = day.replace(day=1) - timedelta(days=1)
    return Period(last.replace(day=1), last)


def director_report(given: Practice, period: Period, now: datetime) -> DocumentSpec:
    """The report on a period as a document; the same records give the same one.

    A period that is not over is looked at as of ``now``.
    """
    zone = given.zone
    end = datetime.combine(period.last + timedelta(days=1), time(), zone)
    found, rules = PracticeOutcomes(), given.rules
    own = given.store.read(lambda tx: tx.benchmarks.courses())
    rules = rules.with_own(own)
    for progress in _everybody(given, rules, min(now, end - timedelta(seconds=1))):
        course = course_of(progress, period, given.instruments)
        if course is not None:
            found.add(course)
    start = datetime.combine(period.first, time(), zone)
    work = given.store.read(lambda tx: _work_done(tx, period, start, end))
    context = director.context(
        found, work, given.shown, given.profile, given.instruments, period, rules.version
    )
    return specification("director", PRACTICE, period.last, PAGES, context)


def report_month(work: Work) -> bool:
    """Make and queue the report on last month, once, where somebody receives it; True if so.

    None of a month in which nobody was seen.
    """
    if "director" not in work.kinds:
        return False
    now = work.now()
    today = now.astimezone(work.zone).date()
    period = month_before(today)
    month = period.first.strftime("%Y-%m")
    nobody = f"{month}, nobody seen, looked at {today.isoformat()}"
    if work.store.read(lambda tx: tx.cursors.get(_MONTH)) in (month, nobody):
        return False
    given = Practice(work.store, work.practice, work.instruments, work.rules, work.shown)
    document = director_report(given, period, now)
    if document.context["people"]["courses"] == "0":
        # A first import may come later today; once a day is often enough to look again.
        work.store.write(lambda tx: tx.cursors.set(_MONTH, nobody, now))
        return False

    def keep(tx: Tx) -> bool:
        if tx.cursors.get(_MONTH) == month:
            return False  # another replica was quicker
        tx.cursors.set(_MONTH, month, now)
        queued = queue_documents(tx, work, [document], now)
        detail: dict[str, str | int] = {"period": month, "deliveries": queued.total()}
        tx.audit.append([AuditEntry("director_report", document.document_id, detail=detail)], now)
        return True

    return work.store.write(keep)


def _everybody(given: Practice, rules: RuleSet, now: datetime) -> Iterator[Progress]:
    """Each patient's progress at a moment; a chart that meets a defect holds nobody else up."""
    after = ""
    shared = given.store.read(lambda tx: tx.records.shared())
    while True:
        start = after
        patients = given.store.read(lambda tx, start=start: tx.records.patients(_PAGE, start))  # type: ignore[misc]
        if not patients:
            return
        ids = [patient.id for patient in patients]
        after = ids[-1]
        records = given.store.read(lambda tx, ids=ids: together(tx, ids).records)  # type: ignore[misc]
        for id in ids:
            try:
                progress = pipeline.progress(
                    [*records[id], *shared], practice=given.profile, rules=rules, now=now,
                    instruments=given.instruments,
                )  # fmt: skip
            except ConnectorError:
                raise
            except Exception as fault:  # noqa: BLE001 - a defect met by one chart must not stop the others
                _log.error("a chart could not be counted: %s", outline(fault))
                continue
            if progress is not None:
                yield progress


def _work_done(tx: Tx, period: Period, start: datetime, end: datetime) -> WorkDone:
    done = WorkDone(set_aside=tx.quarantine.open_counts())
    for state, raised, taken in figures.pages_raised(tx.scope, start, end):
        if state == "retracted":
            continue
        done.pages += 1
        if taken is not None:
            done.page_minutes.add(max(int((taken - raised).total_seconds() // 60), 0))
        elif state == "open":
            done.pages_open += 1
    signed = figures.signed_counts(tx.scope, start, end)
    pages = figures.reported_days(tx.scope, "therapist", period.first, period.last)
    done.documents = {**signed, "therapist": pages}
    return done
