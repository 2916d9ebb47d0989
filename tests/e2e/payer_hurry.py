"""What a service of the payer site does in its child, so that days pass within seconds.

Imported before the fork: all that such a service would import at its start.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import paramiko  # noqa: F401 - imported before the fork

import adapters.caqh_core.destination
import adapters.clearinghouse_rest.destination
import adapters.csv_files
import adapters.pas_fhir.destination
import adapters.sftp.drop
import adapters.sftp.pickup
import adapters.x12_files  # noqa: F401
import connector.cli.documents
import connector.cli.filing
import connector.documents.pas.checking.check
import connector.pipeline.packet.formats
import connector.release
import connector.x12.validate  # noqa: F401
from connector.app import App
from connector.engine import clock, retries
from connector.engine.clock import Clock

_SETTLE_SECONDS = 1


def prepare(app: App) -> None:
    """Retries within seconds, polls each second, payers asked each second."""
    retries.RETRY_AFTER = (timedelta(seconds=1),) * 60
    clock._LOOK_AT_DAY_SECONDS = 1
    start = Clock.start

    def hurried(self: Any) -> None:
        self._every = dict.fromkeys(self._every, 1)
        start(self)

    Clock.start = hurried  # type: ignore[method-assign]
    for one in app.destinations.values():
        if hasattr(one, "asked_every"):
            one.asked_every = timedelta(seconds=1)  # type: ignore[attr-defined]
        given = getattr(one, "_settings", None)
        if hasattr(given, "repeat_seconds"):
            changed = given.model_copy(update={"repeat_seconds": _SETTLE_SECONDS})
            one._settings = changed  # type: ignore[attr-defined]
