"""What ``status`` tells of the counterparts that notify us: silence, gaps, trouble."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connector import ways_in
from connector.app import App

if TYPE_CHECKING:
    from connector.store.store import Tx


def missed_notifications(tx: Tx, app: App) -> dict[str, int]:
    """Gaps of the last days by source, those that were caught up on among them."""
    from connector.engine.heard import channels, gap_count

    counts = {name: gap_count(channels(tx, name), app.site.now()) for name in _notifying(app)}
    return {name: count for name, count in counts.items() if count}


def heard_troubles(tx: Tx, app: App) -> list[dict[str, Any]]:
    """What a person should know of the sources that notify us."""
    from connector.engine.heard import channels, troubles

    return [
        {"source": name, "code": code, "message": message, "at": at, "heard": True}
        for name, silent_after in _notifying(app).items()
        for code, message, at in troubles(channels(tx, name), silent_after, app.site.now())
    ]


def _notifying(app: App) -> dict[str, timedelta | None]:
    return ways_in.notifying(app.polled, lambda: app.webhooks)
