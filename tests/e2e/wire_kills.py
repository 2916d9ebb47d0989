"""Kills the service of a wire site at random moments, again and again, and says what came of it."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e import wire_site
from tests.e2e.wire_counterparts import KillSwitch, Receiver, Sender
from tests.e2e.wire_site import (
    Ehr,
    Nursery,
    Process,
    command,
    descendants,
    family,
    listens,
    parent,
    stop,
    wait_for,
)  # fmt: skip
from tests.free_ports import free_port

START_SECONDS = 1.5
"""About what a start takes; kills at start-up fall into this time."""
PLACES = {
    "intake": ("intake",),
    "polling": ("fhir.search",),
    "delivery": ("post.before", "post.after", "ask", "fhir.create", "fhir.created"),
}
MOST_PASSES = {"intake": 15, "fhir.search": 6, "post.before": 30, "post.after": 30}
MODES = ("start-up", "intake", "polling", "delivery", "delivery", "any time")
MOST_PATIENTS = 40
_IN_VAIN_SECONDS = 1.5


@dataclass
class Run:
    """One site under fire. ``two``: its service is a web process and a working process.

    ``more`` is what else the driver is told at each start.
    """

    home: Path
    ehr: Ehr
    receiver: Receiver
    switch: KillSwitch
    nursery: Nursery
    seed: int
    two: bool = False
    patients: int = 0
    more: dict[str, str] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)
    family: set[Process] = field(default_factory=set)
    killing: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.port = free_port()
        self.chance = random.Random(self.seed)
        self.sender = Sender(
            [self.port], lambda number: wire_site.make_event(self.patients, number),
            self.switch, seed=self.seed,
        )  # fmt: skip

    def add_patients(self, count: int = 1) -> None:
        """More patients at the EHR; the sender knows of them at once, the connector later."""
        for _ in range(count):
            wire_site.add_patient(self.ehr, self.patients)
            self.patients += 1

    def start(self) -> int:
        """Start the service and wait until it answers and works; its process id."""
        known = self._working_starts()
        pid = self.nursery.start(self.home, self.port, **self.more)
        wait_for(lambda: self.nursery.code(pid, 0) is not None or listens(self.port), 90)
        if self.two:
            wait_for(lambda: self._working_starts() > known, 90)
        assert self.nursery.code(pid, 0) is None, self.said()
        return pid

    def _working_starts(self) -> int:
        """How often a working process beside a web process has said that it runs."""
        log = self.home / "service.log"
        return log.read_text(errors="replace").count("Running; stop with") if log.exists() else 0

    def kill_one(self) -> None:
        """Start the service, kill it (or one of its two processes) at a random moment."""
        mode = self.chance.choice(MODES)
        if mode == "start-up":
            pid = self.nursery.start(self.home, self.port)
            time.sleep(self.chance.uniform(0.05, START_SECONDS))
            self._kill(pid, pid)
        else:
            pid = self.start()
            if self.patients < MOST_PATIENTS and self.chance.random() < 0.3:
                self.add_patients()
            victim = self._victim(pid)
            self._await_moment(mode, lambda: self._kill(pid, victim))
            self._kill(pid, victim)
            mode += "" if victim == pid else ", working process"
        self.kills[mode] += 1

    def _victim(self, pid: int) -> int:
        inner = [child for child in descendants(pid) if parent(child) == pid]
        working = [child for child in inner if "connector.cli" in command(child)]
        return [working[0], pid][sum(self.kills.values()) % 2] if self.two else pid

    def _await_moment(self, mode: str, kill: Callable[[], None]) -> None:
        if mode == "any time":
            time.sleep(self.chance.uniform(0, 1.5))
            return
        place = self.chance.choice(PLACES[mode])
        times = self.chance.randint(1, MOST_PASSES.get(place, 1))
        delay = self.chance.choice((0, 0, self.chance.uniform(0, 0.05)))
        self.switch.arm(place, times, delay, kill)
        self.switch.fired.wait(_IN_VAIN_SECONDS)
        self.switch.disarm()

    def _kill(self, pid: int, victim: int) -> None:
        """Kill ``victim``; nothing may be left of the service ``pid`` then. Again: nothing."""
        with self.killing:
            if self.nursery.code(pid, 0) is None:
                self._end(pid, victim)

    def _end(self, pid: int, victim: int) -> None:
        if self.two:  # a process that it starts now would be missed, and hold the engine
            stop(victim)
        self.family |= family(pid)
        if victim == pid:
            assert self.nursery.kill(pid), f"seed {self.seed}: it ended by itself: {self.said()}"
        else:
            os.kill(victim, signal.SIGKILL)
            assert self.nursery.code(pid, 60) == 1, self.said()
        if self.two:  # the next one would be refused as the second
            wait_for(self._nobody_left, 60, "for the other process")

    def _nobody_left(self) -> bool:
        return not any(one.alive for one in self.family)

    def stop(self, pid: int) -> None:
        """SIGTERM, and the end that must follow."""
        self.family |= family(pid)
        os.kill(pid, signal.SIGTERM)
        assert self.nursery.code(pid, 60) == 0, self.said()

    def said(self) -> str:
        """The end of the service's log."""
        return (self.home / "service.log").read_text(errors="replace")[-2000:]

    def finish(self, seconds: float = 90) -> dict[str, int]:
        """Let it work undisturbed until nothing waits, stop it, look at everything."""
        pid = self.start()
        self.sender.finish(seconds)
        wire_site.wait_until_idle(self.home, self.patients, seconds)
        self.stop(pid)
        return self.checked()

    def checked(self) -> dict[str, int]:
        """All that must hold when no service runs; the numbers."""
        wait_for(self._nobody_left, 30, "for the processes to end")
        found = wire_site.check_effects(
            self.home, self.ehr, self.receiver, self.sender.acknowledged, self.patients
        )
        wire_site.check_books(self.home)
        return {"kills": sum(self.kills.values()), **found}
