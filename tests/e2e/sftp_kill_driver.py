"""Sends what is due at a site, each time in a new process that may be killed at any moment.

A line on standard input starts one; its id, "ready" and in the end its exit code come back as
lines. The processes are forked, so that each begins with everything imported.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import paramiko  # noqa: F401 - imported before the fork

import adapters.sftp  # noqa: F401
from connector.app import open_app
from connector.engine import deliver
from connector.engine.sender import Parcel, senders


def send(home: Path, mark: str) -> None:
    """Everything that is due."""
    app = open_app(home)
    with app.open_store() as store:
        work = app.work(store, renderer=None)

        def carry(parcel: Parcel) -> int:
            return deliver.send(work, parcel.keys, by=mark)

        say("ready")
        for sender in senders(work, alone=True, carry=carry, light=True):
            while sender.turn():
                pass


def say(line: object) -> None:
    """One line to who drives."""
    os.write(1, f"{line}\n".encode())


def main(home: Path) -> None:
    """Starts a process for each line."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            send(home, line.strip())
            os._exit(0)
        say(pid)
        say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
