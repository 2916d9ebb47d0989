"""A replica for tests to kill: runs a site's engine, with a destination that takes its time.

Usage: replica.py HOME SECONDS [die]. Prints "sending" when its first delivery has begun. With
``die`` it is killed by itself in the middle of that one, after the effect and before the receipt.
Else it works until nothing waits, prints "idle" and goes on until its input is closed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from connector.app import open_app


def say(word: str) -> None:
    """One word for the test, at once."""
    os.write(1, f"{word}\n".encode())


class Slow:
    """The folder destination with a pause."""

    def __init__(self, inner, seconds: float, die: bool) -> None:
        self.inner, self.seconds, self.die = inner, seconds, die
        self.begun = False

    def deliver(self, outgoing):
        if not self.begun:
            self.begun = True
            say("sending")
        if not self.die:
            time.sleep(self.seconds)
        receipt = self.inner.deliver(outgoing)
        if self.die:
            os.kill(os.getpid(), signal.SIGKILL)
        return receipt

    def find(self, outgoing):
        return self.inner.find(outgoing)


def main(home: Path, seconds: float, die: bool) -> None:
    """Work, then wait."""
    app = open_app(home)
    app.__dict__["destinations"] = {
        name: Slow(inner, seconds, die) for name, inner in app.destinations.items()
    }
    with app.open_engine() as runner:
        say("open")
        # Not before it is told to: two that look at once share the work as chance has it.
        told = sys.stdin.readline().strip()
        runner.start()
        if told == "poll":
            from connector.engine import workflows

            workflows.call("poll", workflows.poll, "csv")
            runner.wake()
            say("polled")
        closed = threading.Event()
        threading.Thread(target=lambda: (sys.stdin.read(), closed.set()), daemon=True).start()
        while not closed.wait(0.1):
            counts = app_counts(runner)
            if counts["delivered"] and not counts["left"]:
                say("idle")
                closed.wait()


def app_counts(runner) -> dict[str, int]:
    """How much is delivered and how much is left."""
    found = runner.work.store.read(
        lambda tx: (tx.deliveries.counts(), tx.inbox.counts(), tx.due.count())
    )
    states, inbox, due = found
    done = sum(count for (_, state), count in states.items() if state == "delivered")
    left = sum(count for (_, state), count in states.items() if state != "delivered")
    return {"delivered": done, "left": left + inbox.get("new", 0) + due}


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), "die" in sys.argv)
