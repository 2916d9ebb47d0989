"""What ``status`` tells: what waits, what was sent, how polls went, what needs a person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from connector.app import App
from connector.by_hand import expected_hours, remind_days
from connector.cli import standing
from connector.cli.alert_state import alert_path, alert_troubles
from connector.cli.dead_state import dead_troubles
from connector.cli.heard_state import heard_troubles, missed_notifications

if TYPE_CHECKING:
    from connector.store.store import Tx


def state(tx: Tx, app: App) -> dict[str, Any]:
    """The site's state as JSON values."""
    # Imported here: the engine is slow to import, and other commands of the site do without.
    from connector.engine.ingest import POLLED
    from connector.release import waiting_counts

    polls = {
        given.name: json.loads(kept)
        for given in app.polled
        if (kept := tx.cursors.get(POLLED + given.name)) is not None
    }
    return {
        "practice": app.site.practice.id,
        "inbox": tx.inbox.counts(),
        "records": tx.records.counts(),
        "patients_due": tx.due.count(),
        "decisions": tx.progress.decision_counts(),
        "alerts": tx.alerts.counts(),
        "alert_path": alert_path(tx, app),
        "documents": tx.documents.counts(),
        "waiting_for": waiting_counts(tx),
        "deliveries": [
            {"destination": destination, "state": state, "count": count}
            for (destination, state), count in sorted(tx.deliveries.counts().items())
        ],
        "quarantine": tx.quarantine.counts(),
        "identity": tx.identities.counts(),
        "configuration": standing.configuration(tx, app),
        "shadow": standing.shadow(tx, app),
        "polls": polls,
        "missed_notifications": missed_notifications(tx, app),
        "exports": _exports(tx, app),
        "trouble": _trouble(tx, app, polls),
    }


def _trouble(tx: Tx, app: App, polls: dict[str, dict[str, str]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"source": name, "code": poll["code"], "message": poll["message"], "at": poll["at"]}
        for name, poll in sorted(polls.items())
        if poll["code"] != "ok"
    ]
    found += [
        {"destination": name, "state": "off", "code": off.code, "message": off.message,
         "at": off.at.isoformat(timespec="seconds")}
        for name, off in sorted(tx.destinations.disabled().items())
    ]  # fmt: skip
    found += [
        {"destination": one.destination, "state": one.state, "code": one.code,
         "message": one.message, "count": one.count, "needs_person": one.needs_person}
        for one in tx.deliveries.troubles()
    ]  # fmt: skip
    found += _overdue(tx, app) + heard_troubles(tx, app) + alert_troubles(tx, app)
    return found + dead_troubles(tx, app) + standing.troubles(tx, app)


def _exports(tx: Tx, app: App) -> dict[str, str]:
    """How old the newest export of each source is, where the site says what is expected."""
    from connector.engine.overdue import age_hours

    found = {}
    for source, hours in sorted(expected_hours(app.site).items()):
        age = age_hours(tx, source, app.site.now(), watch=False)
        old = "none yet" if age is None else f"{age:.0f} h old"
        found[source] = f"{old} (expected every {hours:g} h)"
    return found


def _overdue(tx: Tx, app: App) -> list[dict[str, Any]]:
    """Exports that stay away, and documents that nobody has filed."""
    from connector.engine.overdue import age_hours, stale_words, unfiled

    now, found = app.site.now(), []
    for source, hours in sorted(expected_hours(app.site).items()):
        age = age_hours(tx, source, now, watch=False)
        if age is not None and age > hours:
            text = stale_words(source, age, hours)
            found.append({"export": source, "code": "export_stale", "message": text})
    for destination, (count, days) in sorted(unfiled(tx, remind_days(app.site), now).items()):
        if count:
            text = f"{count} to be filed by hand, the oldest for {days} days"
            found.append({"filing": destination, "code": "filing_overdue", "message": text})
    return found


_WAITS = {
    (False, "pending"): "wait for another attempt",
    (True, "pending"): "wait for the settings to be put right",
    (False, "dead"): "given up (dead-letters list)",
}


def attention(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The rows of the table of what needs attention: where, what, why."""
    rows = []
    for one in found["trouble"]:
        why = f"{one['message']} [{one['code']}]"
        if "export" in one:
            rows.append((one["export"], "export is late", why))
        elif "filing" in one:
            rows.append((one["filing"], "waits for a person", why))
        elif "heard" in one:
            rows.append((one["source"], f"notifications, {one['at']}", why))
        elif "source" in one:
            rows.append((one["source"], f"last poll failed at {one['at']}", why))
        elif "part" in one:
            rows.append((one["part"], one["what"], why))
        elif "alerting" in one:
            rows.append((one["alerting"], one["what"], why))
        elif one["state"] == "off":
            rows.append((one["destination"], f"switched off at {one['at']}", why))
        else:
            waits = _WAITS[bool(one["needs_person"]), one["state"]]
            rows.append((one["destination"], f"{one['count']} {waits}", why))
    return rows
