"""What ``status`` tells: what waits, what was sent, how polls went, what needs a person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from connector.app import App
from connector.cli.alert_state import alert_path, alert_troubles

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
        "polls": polls,
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
    return found + alert_troubles(tx, app)


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
        if "source" in one:
            rows.append((one["source"], f"last poll failed at {one['at']}", why))
        elif "alerting" in one:
            rows.append((one["alerting"], one["what"], why))
        elif one["state"] == "off":
            rows.append((one["destination"], f"switched off at {one['at']}", why))
        else:
            waits = _WAITS[bool(one["needs_person"]), one["state"]]
            rows.append((one["destination"], f"{one['count']} {waits}", why))
    return rows
