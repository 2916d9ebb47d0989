"""The running service: engine, clock and web part of one process, started and stopped in order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack

from flask import Flask

from connector.app import App
from connector.engine.clock import Clock
from connector.web import create_app


def start(app: App, token: str, on_failure: Callable[[], None]) -> tuple[Flask, Callable[[], None]]:
    """The web application of a started service, and the function that stops it.

    Stopping ends the clock first (nothing new), then the loops (work in hand), then engine, store.
    ``on_failure`` is called when a part of the service has ended by a defect: then the process
    must be stopped, so that it is restarted and seen.
    """
    stack = ExitStack()
    runner = stack.enter_context(app.open_engine())
    clock = Clock(runner.work, {s.name: s.every_seconds for s in app.polled}, runner.wake)
    runner.start()
    clock.start()
    stack.callback(clock.stop)
    threading.Thread(target=_watch, args=(runner.ended, on_failure), daemon=True).start()
    flask_app = create_app(
        runner.work.store, app.practice, token, lambda: not runner.ended.is_set()
    )
    return flask_app, stack.close


def _watch(ended: threading.Event, on_failure: Callable[[], None]) -> None:
    ended.wait()
    on_failure()
