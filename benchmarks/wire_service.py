"""The real service as a child, watched from outside: its processes, memory and processor time."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_TICK = 1000 / os.sysconf("SC_CLK_TCK")
_START_SECONDS = 240.0
_LOOK_SECONDS = 0.5
_AT_REST = 0.1


@dataclass(frozen=True)
class Memory:
    """Megabytes of all processes of the service: resident, their fair share, peak."""

    processes: int
    rss: float
    pss: float
    peak: float


class Service:
    """``connector serve`` on a site, on a port of its own."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self._home = home
        self._environment = environment
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it says that it is ready. Raises RuntimeError with what it said."""
        connector = Path(sys.executable).with_name("connector")
        with (self._home / "service.log").open("ab") as log:
            self._process = subprocess.Popen(
                [connector, "--home", self._home, "serve", "--port", str(self.port)],
                env=self._environment, stdout=log, stderr=log,
            )  # fmt: skip
        end = time.monotonic() + _START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise RuntimeError(f"the service did not start:\n{self.log()}")
            time.sleep(0.05)

    def rest(self) -> None:
        """Wait until it has started all that it starts, in both processes, and does nothing."""
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            before = self.cpu()
            time.sleep(_LOOK_SECONDS)
            if self.cpu() - before < _AT_REST * _LOOK_SECONDS * 1000:
                return
        raise RuntimeError(f"the service does not come to rest:\n{self.log()}")

    def log(self) -> str:
        """What it has said so far, without the first line (it holds the sign-in address)."""
        text = (self._home / "service.log").read_text(encoding="utf-8")
        return "\n".join(line for line in text.splitlines() if "/sign-in/" not in line)

    def stop(self) -> None:
        """Stop in order. Raises RuntimeError when it does not end well."""
        assert self._process is not None
        self._process.terminate()
        code = self._process.wait(timeout=240)
        if code:
            raise RuntimeError(f"the service ended with {code}:\n{self.log()}")

    def kill(self) -> None:
        """SIGKILL for all of its processes; those that are gone are left out."""
        assert self._process is not None
        for pid in self.pids() if self._process.poll() is None else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def pids(self) -> list[int]:
        """The process and all that it has started."""
        assert self._process is not None
        return family(self._process.pid)

    def memory(self) -> Memory:
        """Memory now; ``peak`` adds up the peaks of the processes."""
        pids = self.pids()
        return Memory(
            processes=len(pids),
            rss=_sum(pids, "status", "VmRSS"),
            pss=_sum(pids, "smaps_rollup", "Pss"),
            peak=_sum(pids, "status", "VmHWM"),
        )

    def cpu(self) -> float:
        """Milliseconds of processor time, user and system, since the start."""
        return sum(_cpu(pid) for pid in self.pids())

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(connection):
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            except OSError:
                return False


class Processors:
    """Whose work the processors did in a span of time: ours, or that of others."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._began = self._read()

    def others(self) -> float:
        """Percent of all processor time since the beginning that others took from us.

        ``pids`` are the children that were running at the beginning and still are.
        """
        total, busy, ours = (
            now - then for now, then in zip(self._read(), self._began, strict=True)
        )
        return max(0.0, 100 * (busy - ours) / total) if total else 0.0

    def _read(self) -> tuple[float, float, float]:
        fields = _processor_fields()
        # idle and iowait are the fourth and fifth; guest time is in user time already.
        total = sum(sum(line[:8]) for line in fields) * _TICK
        idle = sum(line[3] + line[4] for line in fields) * _TICK
        ours = sum(_cpu(pid) for pid in self._pids)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            used = resource.getrusage(who)
            ours += (used.ru_utime + used.ru_stime) * 1000
        return total, total - idle, ours


def family(pid: int) -> list[int]:
    """A process and its descendants that are alive."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for parent in found:
        found += [child for child, its in parents.items() if its == parent]
    return found


def _processor_fields() -> list[list[int]]:
    """The counters of the processors that we may use."""
    usable = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    lines = (line.split() for line in Path("/proc/stat").read_text().splitlines())
    return [[int(field) for field in words[1:]] for words in lines if words[0] in usable]


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * _TICK


def _sum(pids: Sequence[int], file: str, name: str) -> float:
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
                if line.startswith(f"{name}:"):
                    total += int(line.split()[1])
    return total / 1024


def _free_port() -> int:
    """One that the system gives to nobody else before the service listens there."""
    while True:
        port = random.SystemRandom().randrange(12_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
