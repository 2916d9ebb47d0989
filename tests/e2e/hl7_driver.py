"""Receives HL7 messages for a site, and kills itself (SIGKILL) after a commit, before the answer.

Usage: hl7_driver.py HOME KILL_AT. With KILL_AT 0 it lives until its standard input ends.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from connector.app import open_app
from connector.engine.intake import Intake
from connector.ports import Keeper, RawPage, RawRow


class Deadly:
    """A keeper after whose ``at``-th commit the process is gone."""

    def __init__(self, keeper: Keeper, at: int) -> None:
        self._keeper = keeper
        self._left = at

    def store(self, pages: Sequence[RawPage]) -> Sequence[int]:
        """Stores, and dies when it is time."""
        counts = self._keeper.store(pages)
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return counts

    def kept(self, keys: Collection[str]) -> Mapping[str, Sequence[RawRow]]:
        """As the real one."""
        return self._keeper.kept(keys)


def main(home: Path, at: int) -> None:
    """Listen until killed, or until standard input ends."""
    app = open_app(home)
    with app.open_store() as store:
        intake = Intake(store, app.site.now, lambda *_: None)
        for name, listener in app.listeners.items():
            listener.start(Deadly(intake.keeper(name), at))
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        sys.stdin.read()
        for listener in app.listeners.values():
            listener.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
