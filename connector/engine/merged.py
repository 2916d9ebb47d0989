"""Alerts of charts that are several patients: what was told under one of them is not told again."""

from __future__ import annotations

from collections.abc import Sequence

from connector.progress import Alert, Progress
from connector.store.store import Tx


def not_told_before(tx: Tx, given: Sequence[Progress]) -> list[Alert]:
    """The alerts of these charts, without safety alerts that a member's own forms have raised.

    Those are raised when the form comes in, under the patient that it came for, and stay theirs:
    nobody is called twice for one answer, and nothing has to be undone when charts are taken apart.
    """
    alerts = [alert for progress in given for alert in progress.alerts]
    charts = {progress.chart.patient.id for progress in given}
    chart_of = {
        one.patient_id: one.chart_id
        for one in tx.identities.links(charts)
        if one.joined and one.chart_id in charts
    }
    if not chart_of:
        return alerts
    opened = [row for rows in tx.alerts.open_of(chart_of).values() for row in rows]
    told = {
        (chart_of[row.alert.patient_id], row.alert.rule, row.alert.audience, row.alert.sources)
        for row in (*opened, *tx.alerts.taken_of(chart_of))
        if row.alert.rule.startswith("safety")
    }
    return [a for a in alerts if (a.patient_id, a.rule, a.audience, a.sources) not in told]
