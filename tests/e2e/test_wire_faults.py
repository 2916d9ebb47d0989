"""Every fault of a counterpart, through real adapters and sockets: state, time, and what is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from connector.engine import deliver, workflows
from connector.http import Http
from connector.settings import Site
from tests.e2e.fault_bench import SECRET, FaultBench, Make, SetClock, site_options
from tests.e2e.fault_server import Fault, counterparts


@pytest.fixture
def bench(small_site: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, rows) -> Iterator[Make]:
    """Makes the bench; ``patients`` of them have a decision that waits for both destinations."""
    monkeypatch.setattr(workflows, "call", lambda kind, workflow, keys: deliver.send(made[0].work, keys, by="test"))
    made = []
    with ExitStack() as stack:
        def make(patients: int = 3) -> FaultBench:
            chart, hook = stack.enter_context(counterparts())
            site = small_site(extra=site_options(chart, hook), as_of=None)
            (site.home / "secret").write_text(SECRET)
            (site.home / "secret").chmod(0o600)
            clock = SetClock(Site.now(site.open().site))
            monkeypatch.setattr(Site, "now", lambda _: clock())
            defaults = {"sleep": clock.on, "timer": clock.timer, "read_seconds": 0.4}
            for name, value in defaults.items():
                monkeypatch.setitem(Http.__init__.__kwdefaults__, name, value)
            site.drop_rows("clients.csv", [rows.client(f"C-{n}") for n in range(patients)])
            app = site.open()
            store = stack.enter_context(app.open_store())
            work = replace(app.work(store, renderer=None), now=clock)
            stack.callback(app.destinations["hook"].close)
            threads = stack.enter_context(ThreadPoolExecutor(2))
            made.append(FaultBench(app, site, store, work, clock, chart, hook, threads))
            made[0].prepare()
            assert made[0].states("chart") == made[0].states("hook") == {"pending": patients}
            return made[0]
        yield make


FAULTS = {
    "401": Fault(401), "403": Fault(403), "404": Fault(404), "409": Fault(409), "410": Fault(410), "412": Fault(412), "400": Fault(400), "422": Fault(422),
    "429": Fault(429), "429 later": Fault(429, {"Retry-After": "7200"}), "500": Fault(500), "503": Fault(503), "503 later": Fault(503, {"Retry-After": "600"}), "502": Fault(502),
    "html": Fault(200, {"Content-Type": "text/html"}, b"<h1>Maintenance</h1>"),
    "garbage": Fault(how="garbage"), "truncated": Fault(how="truncated"), "close": Fault(how="close"), "silent": Fault(how="silent"),
    "redirect": Fault(302, {"Location": "https://elsewhere.example/fhir"}), "redirect same": Fault(301, {"Location": "/other"}), "down": None,
}

@pytest.mark.parametrize("name", FAULTS)
def test_print(bench, name, capsys):
    b = bench(2)
    import time
    out=[]
    for dest, server in (("chart", b.chart.server), ("hook", b.hook.server)):
        if name == "down": server.down()
        server.fault = FAULTS[name]
        server.methods = ("POST",)
        t0=b.clock()
        w=time.monotonic()
        b.send(dest)
        row = b.rows(dest)[0]
        r=[(x.state, x.attempts) for x in b.rows(dest)]
        out.append((name, dest, row.state, row.code, round((row.due_at-t0).total_seconds(),1), row.needs_person, row.message.replace(server.host,"{host}"), r, 'gate', b.work.gates[dest].is_open(b.clock()), round(time.monotonic()-w,2), (b.clock()-t0).total_seconds()))
    with capsys.disabled():
        for o in out: print(o)
        print(b.told()[:3])
