"""SIGKILL at random moments of a service on the wire: what was acknowledged happens once.

Sources are a form tool that posts and an EHR that is polled; destinations are a receiver that
honours the key and can't be asked, one that doesn't and can, and the EHR's charts. The same for
minutes: ``make torture``. With ``-s`` the numbers are printed.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import wire_site
from tests.e2e.wire_counterparts import KillSwitch, Sender, receiving
from tests.e2e.wire_fhir import StandIn, WatchedCounterpart
from tests.e2e.wire_kills import Run
from tests.e2e.wire_site import Nursery, wait_for
from tests.free_ports import free_port

Wire = Callable[..., Run]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with wire_site.nursery() as made:
        yield made


@pytest.fixture
def wire(tmp_path: Path, nursery: Nursery) -> Iterator[Wire]:
    """Makes runs: ``ehr`` makes the EHR of a kill switch."""
    with ExitStack() as stack:

        def make(ehr: Callable[[KillSwitch], Any], seed: int = 1, **given: Any) -> Run:
            switch = KillSwitch()
            receiver = stack.enter_context(receiving(switch))
            made = ehr(switch)
            home = wire_site.make_site(tmp_path / "site", made, receiver, **given)
            two = bool(given.get("service"))
            return Run(home, made, receiver, switch, nursery, seed, two)

        yield make


def kill(run: Run, kills: int) -> None:
    """The whole ordeal, and the numbers that must come of it."""
    run.add_patients(4)
    run.sender.start()
    for _ in range(kills):
        run.kill_one()
    found = run.finish()
    print(f"\nseed {run.seed}: {found}, {dict(run.kills)}")  # noqa: T201 - shown with -s
    assert (found["lost"], found["twice"]) == (0, 0), f"seed {run.seed}: {found}"
    assert found["kills"] == kills
    assert found["acknowledged"] > 20


def test_killed_at_random_moments(wire: Wire, fhir_counterpart: Any) -> None:
    kill(wire(lambda switch: WatchedCounterpart(fhir_counterpart, switch), 1), 22)


def test_killed_with_a_fhir_server_that_nobody_here_wrote(wire: Wire, fhir_url: str) -> None:
    kill(wire(lambda _: StandIn(fhir_url), 3), 6)


def test_either_of_two_processes_killed(wire: Wire, fhir_counterpart: Any) -> None:
    def ehr(switch: KillSwitch) -> WatchedCounterpart:
        return WatchedCounterpart(fhir_counterpart, switch)

    kill(wire(ehr, 4, service={"web_process": True}), 2)


def test_what_waits_for_a_receiver_survives_a_kill(wire: Wire, fhir_counterpart: Any) -> None:
    run = wire(lambda switch: WatchedCounterpart(fhir_counterpart, switch))
    run.more["prepare"] = "tests.e2e.wire_hurry"
    run.add_patients(3)
    run.receiver.status = 503
    run.sender = Sender(
        [run.port], lambda number: wire_site.make_event(run.patients, number), run.switch,
        seed=1, threads=6, pause=0,
    )  # fmt: skip
    pid = run.start()
    run.sender.start(300)
    run.sender.wait()
    wait_for(lambda: run.receiver.refused >= 2, 20)
    run.nursery.kill(pid)
    assert len(run.sender.acknowledged) == 300
    pid = run.start()
    before = run.receiver.refused
    wait_for(lambda: run.receiver.refused > before, 30)
    assert not run.receiver.posts
    run.receiver.status = 200
    wire_site.wait_until_idle(run.home, run.patients, 60)
    run.stop(pid)
    found = run.checked()
    assert found["acknowledged"] == 300
    assert (found["lost"], found["twice"]) == (0, 0)
    assert (found["repeats_keyed"], found["repeats_asked"]) == (0, 0)


def test_of_two_replicas_one_is_killed_for_good(
    wire: Wire, fhir_counterpart: Any, new_postgres_url: Callable[[], str], tmp_path: Path
) -> None:
    urls = {"url": new_postgres_url(), "engine_url": new_postgres_url()}
    run = wire(lambda switch: WatchedCounterpart(fhir_counterpart, switch), store=urls)
    other = tmp_path / "replica"
    shutil.copytree(run.home, other)
    port = free_port()
    run.sender.ports.append(port)
    run.add_patients(4)
    stays, goes = run.start(), run.nursery.start(other, port)
    wait_for(lambda: wire_site.listens(port), 60)
    run.sender.start()
    wait_for(lambda: len(run.sender.acknowledged) > 60, 60)
    run.switch.arm("post.after", 1, 0, lambda: os.kill(goes, signal.SIGKILL))
    assert run.nursery.code(goes, 30) == -signal.SIGKILL
    known = len(run.sender.acknowledged)
    wait_for(lambda: len(run.sender.acknowledged) > known + 40, 60)
    run.sender.finish()
    wire_site.wait_until_idle(run.home, run.patients, 60)
    run.stop(stays)
    found = run.checked()
    print(f"\ntwo replicas: {found}")  # noqa: T201 - shown with -s
    assert (found["lost"], found["twice"]) == (0, 0)
    wire_site.check_secrecy(other)
