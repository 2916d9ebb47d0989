"""What is done with the service and measured: events over HTTP, and a service that is killed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wire_site
from wire_children import Answers, percentile, send
from wire_sender import Report, Task
from wire_service import Memory, Processors, Service

_GAP_SECONDS = 0.08
_SLOW_SECONDS = 0.02


@dataclass(frozen=True)
class Options:
    """How long and how much."""

    seconds: float
    connections: int
    one_by_one: int
    backlog: int
    settle: float
    environment: dict[str, str]


@dataclass(frozen=True)
class Came:
    """What came of a task. Milliseconds; ``rate`` counts arrivals at the receiver, not acceptances.

    ``rate`` is events over the time from the first request to the last arrival, so a service that
    accepts more than it delivers gains nothing; ``lag`` is how long deliveries went on after the
    last acknowledgement (seconds).
    """

    events: int
    acknowledged_rate: float
    rate: float
    lag: float
    acknowledge_p50: float
    acknowledge_p95: float
    delivered_p50: float
    delivered_p95: float
    lost: int
    repeated: int
    doubled: int
    refused: int
    broken: int

    @classmethod
    def of(cls, report: Report, stats: dict[str, Any]) -> Came:
        """The sum of both ends; an event acknowledged and not arrived is lost."""
        arrived: dict[str, float] = stats["arrived"]
        taken = report.acknowledged
        began = min((sent for _, sent, _ in taken), default=0.0)
        last_answer = max((at for _, _, at in taken), default=0.0)
        last = max(arrived.values(), default=0.0)
        waits = [(at - sent) * 1000 for _, sent, at in taken]
        ways = [(arrived[name] - sent) * 1000 for name, sent, _ in taken if name in arrived]
        return cls(
            events=len(taken),
            acknowledged_rate=_per_second(len(taken), last_answer - began),
            rate=_per_second(len(arrived), max(last, last_answer) - began),
            lag=max(0.0, last - last_answer),
            acknowledge_p50=percentile(waits, 50),
            acknowledge_p95=percentile(waits, 95),
            delivered_p50=percentile(ways, 50),
            delivered_p95=percentile(ways, 95),
            lost=sum(name not in arrived for name, _, _ in taken),
            repeated=stats["repeated"],
            doubled=stats["doubled"],
            refused=report.refused,
            broken=report.broken,
        )


@dataclass(frozen=True)
class WebhookRun:
    """One service on one site: events one by one, then many at once, memory, processor, disk.

    ``cpu`` is milliseconds for each event of the load, ``idle_cpu`` percent of one processor.
    """

    patients: int
    processes: int
    single: Came
    load: Came
    single_cpu: float
    cpu: float
    idle_cpu: float
    idle: Memory
    after: Memory
    disk: wire_site.Size
    kept: wire_site.Size
    database: wire_site.Size
    others: float


def webhook_run(
    seeded: Path, home: Path, patients: int, processes: int, options: Options
) -> WebhookRun:
    """Everything about webhooks on a copy of a seeded site."""
    shutil.copytree(seeded, home)
    before = wire_site.size(home)
    with Answers() as answers:
        wire_site.write_site(home, answers.port, processes=processes)
        service = Service(home, options.environment)
        service.start()
        try:
            _until_idle(home)
            service.rest()
            idle_cpu, idle = _idle(service, options.settle)
            single_task = Task(
                port=service.port, tag="single", patients=patients, count=options.one_by_one,
                gap=_GAP_SECONDS,
            )  # fmt: skip
            single, single_cpu, _ = _measured(service, answers, single_task)
            load_task = Task(
                port=service.port, tag="load", patients=patients, seconds=options.seconds,
                connections=options.connections,
            )  # fmt: skip
            load, cpu, others = _measured(service, answers, load_task)
            _until_idle(home)
            service.rest()
            _, after = _idle(service, options.settle)
            service.stop()
        except BaseException:
            service.kill()
            raise
    events = single.events + load.events
    full = wire_site.size(home)
    wire_site.tidy(home, options.environment)
    kept = wire_site.size(home)
    return WebhookRun(
        patients, processes, single, load, single_cpu, cpu, idle_cpu, idle, after,
        full.growth(before, events), kept.growth(before, events), kept, others,
    )  # fmt: skip


@dataclass(frozen=True)
class KillRun:
    """``arrived`` events had come when every process was killed; ``asks``: the receiver tells."""

    processes: int
    asks: bool
    arrived: int
    restart: float
    came: Came


def kill_run(seeded: Path, home: Path, patients: int, processes: int, asks: bool,
             options: Options) -> KillRun:  # fmt: skip
    """Events wait for a receiver that is away; it returns, and in the midst all is killed."""
    shutil.copytree(seeded, home)
    with Answers() as answers:
        wire_site.write_site(home, answers.port, processes=processes, asks=asks)
        service = Service(home, options.environment)
        service.start()
        try:
            answers.mode(fail=True)
            task = Task(
                port=service.port, tag="killed", patients=patients, count=options.backlog,
                connections=options.connections,
            )  # fmt: skip
            report = send(task)
            _until_idle(home)
            answers.mode(seconds=_SLOW_SECONDS)
            answers.wait_for("killed", options.backlog // 3)
            service.kill()
            arrived = answers.count("killed")
            answers.mode()
            began = time.monotonic()
            service.start()
            answers.wait_for("killed", arrived + 1)
            restart = time.monotonic() - began
            answers.wait_for("killed", len(report.acknowledged))
            _until_idle(home)
            service.stop()
        except BaseException:
            service.kill()
            raise
        came = Came.of(report, answers.stats("killed"))
    return KillRun(processes, asks, arrived, restart, came)


def stages(
    seeded: Path, home: Path, patients: int, events: int, options: Options
) -> dict[str, float]:
    """Processor milliseconds for each event by stage, in a process of its own."""
    shutil.copytree(seeded, home)
    script = Path(__file__).with_name("wire_stages.py")
    with Answers() as answers:
        wire_site.write_site(home, answers.port)
        done = subprocess.run(
            [sys.executable, script, home, str(events), str(patients)],
            env=options.environment, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _measured(service: Service, answers: Answers, task: Task) -> tuple[Came, float, float]:
    """What came of a task, milliseconds of processor for each event, percent that others took."""
    processors = Processors([*service.pids(), answers.pid])
    before = service.cpu()
    report = send(task)
    answers.wait_for(task.tag, len(report.acknowledged))
    time.sleep(0.3)  # receipts are stored, the last batch is closed
    used, others = service.cpu() - before, processors.others()
    return (
        Came.of(report, answers.stats(task.tag)),
        used / max(1, len(report.acknowledged)),
        others,
    )


def _idle(service: Service, seconds: float) -> tuple[float, Memory]:
    """Percent of one processor while nothing happens, and memory at the end."""
    before = service.cpu()
    time.sleep(seconds)
    return (service.cpu() - before) / (seconds * 10), service.memory()


def _until_idle(home: Path, seconds: float = 600.0) -> None:
    """Until nothing waits to be mapped or evaluated."""
    end = time.monotonic() + seconds
    while wire_site.count(home, wire_site.WAITING):
        if time.monotonic() > end:
            raise TimeoutError("the service does not come to rest")
        time.sleep(0.1)


def _per_second(count: int, seconds: float) -> float:
    return count / seconds if seconds > 0 else 0.0
