"""One whole run in which many things fail, each quoting a patient; then a sudden end.

Usage: canary_driver.py HOME WORD. Adapters, one chart and one page fail with texts that hold WORD.
The process ends without closing anything, so that the databases' logs stay as they are.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from connector import logs, pipeline
from connector.app import open_app
from connector.engine import ingest
from connector.errors import RetryLater


class Unlucky:
    """The folder destination, in front of which every third attempt fails in another way."""

    def __init__(self, inner, word: str) -> None:
        self.inner, self.word, self.attempts = inner, word, 0

    def deliver(self, outgoing):
        self.attempts += 1
        if self.attempts % 3 == 1:
            raise ValueError(f"{self.word} {outgoing.content!r}")
        if self.attempts % 3 == 2:
            raise RetryLater("busy", "the receiver is busy", detail=self.word)
        return self.inner.deliver(outgoing)

    def find(self, outgoing):
        return self.inner.find(outgoing)


def main(home: Path, word: str) -> None:
    """Run, look at the page, end."""
    logs.set_up()
    app = open_app(home)
    app.__dict__["destinations"] = {
        name: Unlucky(inner, word) for name, inner in app.destinations.items()
    }
    whole, charts = pipeline.progress, []

    def sometimes(records, **given):
        charts.append(1)
        if len(charts) == 2:
            raise LookupError(f"{word} {records!r}")
        return whole(records, **given)

    pipeline.progress = sometimes
    mapped, batches = ingest.apply, []

    def now_and_then(spec, batch, context):
        batches.append(1)
        if len(batches) == 3:
            raise KeyError(f"{word} {batch!r}")
        return mapped(spec, batch, context)

    ingest.apply = now_and_then
    engine = app.open_engine()
    runner = engine.__enter__()
    try:
        runner.run_once(["csv"])
    finally:
        page = page_that_fails(app, runner, word)
        sys.stdout.write(f"page {page}\n")
        sys.stdout.flush()
    os._exit(0)


def page_that_fails(app, runner, word: str) -> int:
    """The status of a page whose making fails."""
    from connector.web import create_app, pages

    def broken(*_):
        raise ValueError(word)

    pages.page_of = broken
    client = create_app(runner.work.store, app.practice, "token").test_client()
    client.get("/sign-in/token")
    return client.get("/").status_code


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
