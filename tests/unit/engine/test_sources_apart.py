"""A source that hangs or fails slows no other: each has a thread of its own."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from connector.engine.clock import Clock


def test_sources_that_hang_keep_no_other_from_its_polls():
    free, polled = threading.Event(), threading.Event()

    class Watched(Clock):
        def _poll(self, source, seconds):
            if source == "well":
                polled.set()
            else:
                free.wait(60)

        def _new_day(self): ...
        def _tidy(self): ...

    every = {f"broken-{number}": 3600 for number in range(25)} | {"well": 3600}
    clock = Watched(SimpleNamespace(alerting=None), every, lambda: None)
    clock.start()
    try:
        assert polled.wait(30)
    finally:
        free.set()
        clock.stop()
