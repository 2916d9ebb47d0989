"""What a service does in its child where a receiver refuses: no attempt waits for minutes."""

from __future__ import annotations

from datetime import timedelta

from connector.app import App
from connector.engine import retries


def prepare(app: App) -> None:
    """Each attempt follows the one before it after some seconds, as the first two do."""
    retries.RETRY_AFTER = (timedelta(seconds=5),) * len(retries.RETRY_AFTER)
