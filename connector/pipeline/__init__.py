"""The pipeline: one patient's records to an outcome. Pure; read the five steps in this order.

``compile`` -> ``measure`` -> ``decide`` -> ``report`` -> ``deliver``

``now`` is a parameter, and every date is a date in the practice's time zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from connector.authorizations.lifecycle import Case
from connector.authorizations.payers import PayerBook
from connector.measures import Instrument
from connector.pipeline.alerts import find_alerts, with_raised
from connector.pipeline.case_signals import case_signals
from connector.pipeline.compile import compile_chart
from connector.pipeline.decide import decide
from connector.pipeline.measure import measure
from connector.pipeline.milestones import find_milestones
from connector.pipeline.payer_sight import held_back
from connector.pipeline.reopened import drafted_again, reopened
from connector.progress import Alert, Outcome, PracticeProfile, Progress, RuleSet
from connector.records import Record

__all__ = ["progress", "run"]


def run(
    records: Sequence[Record],
    *,
    practice: PracticeProfile,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    now: datetime,
    raised: Sequence[Alert] = (),
    payers: PayerBook | None = None,
    cases: Sequence[Case] = (),
) -> Outcome | None:
    """Progress and documents of the one patient in ``records``; None without a patient record.

    ``raised`` are open alerts that no record tells of (a refused form with a positive safety
    item); reports must not be silent on them. The same records in any order, with the same
    ``now``, give the same outcome; a retracted record is as if it had never been. ``payers`` say
    what payers want, ``cases`` what has become of this patient's requests to them.
    """
    from connector.pipeline.report import report

    found = progress(
        records, practice=practice, instruments=instruments, rules=rules, now=now, raised=raised,
        payers=payers, cases=cases,
    )  # fmt: skip
    if found is None:
        return None
    documents = report(found, practice, instruments, rules, payers=payers)
    return Outcome(progress=found, documents=documents)


def progress(
    records: Sequence[Record],
    *,
    practice: PracticeProfile,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    now: datetime,
    raised: Sequence[Alert] = (),
    payers: PayerBook | None = None,
    cases: Sequence[Case] = (),
) -> Progress | None:
    """Chart, measurements, decision, milestones and alerts; None without a patient record."""
    if now.tzinfo is None:
        raise ValueError("now must have a time zone")
    local_now = now.astimezone(ZoneInfo(practice.timezone))
    today = local_now.date()
    chart = compile_chart(records, rules, local_now, practice.timezone)
    if chart is None:
        return None
    measured = measure(chart, instruments, rules, local_now, payers, reopened(chart, cases))
    decision = decide(measured, instruments, rules, local_now)
    return Progress(
        as_of=local_now,
        chart=chart,
        measured=measured,
        decision=decision,
        milestones=drafted_again(
            find_milestones(chart, measured, instruments, rules, today), cases
        ),
        alerts=with_raised(
            find_alerts(
                chart,
                measured,
                decision,
                instruments,
                rules,
                today,
                requests=case_signals(cases, local_now),
                held_back=held_back(chart, practice, payers, today),
            ),
            raised,
        ),
    )
