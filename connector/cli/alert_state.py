"""What ``status`` tells of the alert path: who is waited for, the last self-test, the channels."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from connector.alert_channels import load_alerting
from connector.alerting.plan import PAGING
from connector.app import App

if TYPE_CHECKING:
    from connector.store.store import Tx

_LATE = timedelta(hours=2)


def alert_path(tx: Tx, app: App) -> dict[str, Any]:
    """Whether alerts reach people, as JSON values; never more than "off" without ``alerting``."""
    # Imported here: the engine is slow to import.
    from connector.engine import self_test

    if load_alerting(app.site) is None:
        return {"self_test": "off", "channels_failing": 0, "notices_waiting": 0}
    tested = self_test.result(tx)
    word = "not yet" if tested is None else "ok" if tested["ok"] else "failed"
    waiting = tx.alerts.unacknowledged()
    return {
        "self_test": word if tested is None else f"{word} at {tested['at']}",
        "channels_failing": sum(not one.works for one in tx.channels.all().values()),
        "notices_waiting": tx.notices.waiting(),
        **{f"unacknowledged_{one}": waiting.get(one, (0, None))[0] for one in PAGING},
    }


def alert_troubles(tx: Tx, app: App) -> list[dict[str, Any]]:
    """What needs a person: alerts nobody took, channels that fail, a self-test that is late."""
    from connector.engine import self_test

    if load_alerting(app.site) is None:
        return []
    now = app.site.now()
    found = [
        _row("alerts", f"{count} {severity}, the oldest waits since {_at(oldest)}",
             "not_acknowledged", "nobody has acknowledged; see: connector alerts list")
        for severity, (count, oldest) in sorted(tx.alerts.unacknowledged().items())
        if severity in PAGING
    ]  # fmt: skip
    found += [
        _row(one.name, f"channel failed at {_at(one.tried_at)}", one.code, one.message)
        for one in tx.channels.all().values()
        if not one.works
    ]
    tested = self_test.result(tx)
    if tested is not None and not tested["ok"]:
        found.append(_row("self-test", f"failed at {tested['at']}", "self_test", tested["why"]))
    elif tested is not None and now - datetime.fromisoformat(tested["at"]) > _LATE:
        why = "the hourly test of the alert path has not run; is the service running?"
        found.append(_row("self-test", f"last at {tested['at']}", "self_test_late", why))
    return found


def _row(where: str, what: str, code: str, message: str) -> dict[str, Any]:
    return {"alerting": where, "what": what, "code": code, "message": message}


def _at(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
