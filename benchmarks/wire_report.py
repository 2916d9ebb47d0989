"""The tables of a run as one block of Markdown, and the block's place in a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from machine import table
from wire_fhir import FhirRun
from wire_runs import KillRun, Options, WebhookRun

BEGIN = "<!-- measured: begin (written by benchmarks/wire.py --write) -->"
END = "<!-- measured: end -->"


_TAKEN_BY_OTHERS = 10


@dataclass
class Found:
    """All that was measured, and what the machine was like."""

    machine: list[str] = field(default_factory=list)
    webhooks: list[WebhookRun] = field(default_factory=list)
    fhir: list[FhirRun] = field(default_factory=list)
    kills: list[KillRun] = field(default_factory=list)
    stages: dict[str, float] = field(default_factory=dict)

    def warnings(self) -> list[str]:
        """The runs in which other processes were at work, in words."""
        runs = [
            (f"webhooks, {run.patients:,} patients, {run.processes} process(es)", run.others)
            for run in self.webhooks
        ]
        runs += [(f"FHIR, {run.patients:,} patients", run.others) for run in self.fhir]
        return [
            f"**{name}: others took {others:.0f} % of the processors; the numbers are too low**"
            for name, others in runs
            if others > _TAKEN_BY_OTHERS
        ]


def block(found: Found, options: Options) -> str:
    """Everything between the markers, without them."""
    parts = [
        "\n".join(f"- {line}" for line in (*found.machine, *found.warnings())),
        f"**Load**: {options.connections} connections for {options.seconds:g} s. delivered/s: "
        "events by the time from the first request to the last arrival at the receiver.",
        _load(found.webhooks),
        "**One event at a time** (ms)",
        _single(found.webhooks),
        "**Memory** (MB, all processes) and processor",
        _memory(found.webhooks),
        "**Disk**, MB for each 1,000 events; after retention: all past its keep time removed",
        _disk(found.webhooks),
        "**FHIR** polled for the first time, seconds from the first request",
        _fhir(found.fhir),
        "**Killed** (SIGKILL, all processes) in the midst of delivering a backlog",
        _kills(found.kills),
        "**Stages**: processor ms of one event, in one process, in batches, without HTTP server",
        _stages(found.stages),
    ]
    return "\n\n".join(parts)


def replace_block(page: Path, text: str) -> None:
    """Puts the text between the markers of a page. Raises ValueError where they are missing."""
    before, begun, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (begun and ended):
        raise ValueError(f"{page} has no markers to write between")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def _load(runs: Sequence[WebhookRun]) -> str:
    head = (
        "patients", "processes", "events", "acknowledged/s", "delivered/s", "last one after s",
        "acknowledged p50 ms", "p95", "lost", "repeated", "refused", "CPU ms/event",
        "others' CPU %",
    )  # fmt: skip
    rows = [
        (
            r.patients, r.processes, r.load.events, r.load.acknowledged_rate, r.load.rate,
            r.load.lag, r.load.acknowledge_p50, r.load.acknowledge_p95, r.load.lost,
            r.load.repeated, r.load.refused, r.cpu, round(r.others),
        )
        for r in runs
    ]  # fmt: skip
    return table(head, rows)


def _single(runs: Sequence[WebhookRun]) -> str:
    head = (
        "patients", "processes", "events", "acknowledged p50", "p95", "delivered p50",
        "p95 ", "lost", "CPU ms/event",
    )  # fmt: skip
    rows = [
        (
            r.patients, r.processes, r.single.events, r.single.acknowledge_p50,
            r.single.acknowledge_p95, r.single.delivered_p50, r.single.delivered_p95,
            r.single.lost, r.single_cpu,
        )
        for r in runs
    ]  # fmt: skip
    return table(head, rows)


def _memory(runs: Sequence[WebhookRun]) -> str:
    head = (
        "patients", "processes", "idle RSS", "idle PSS", "after load RSS", "PSS", "peak",
        "idle CPU %",
    )  # fmt: skip
    rows = [
        (
            r.patients, r.processes, round(r.idle.rss), round(r.idle.pss), round(r.after.rss),
            round(r.after.pss), round(r.after.peak), r.idle_cpu,
        )
        for r in runs
    ]  # fmt: skip
    return table(head, rows)


def _disk(runs: Sequence[WebhookRun]) -> str:
    head = (
        "patients", "processes", "events", "files", "pages in use", "files after retention",
        "pages in use after", "whole files MB",
    )  # fmt: skip
    rows = [
        (
            r.patients, r.processes, r.single.events + r.load.events, r.disk.files, r.disk.used,
            r.kept.files, r.kept.used, round(r.database.files),
        )
        for r in runs
    ]  # fmt: skip
    return table(head, rows)


def _fhir(runs: Sequence[FhirRun]) -> str:
    head = (
        "patients", "resources", "all stored s", "resources/s", "all evaluated s",
        "resources/s evaluated", "decisions", "CPU ms/resource", "others' CPU %",
    )  # fmt: skip
    rows = [
        (
            r.patients, r.resources, r.stored, r.resources / r.stored, r.evaluated,
            r.resources / r.evaluated, r.decided, r.cpu, round(r.others),
        )
        for r in runs
    ]  # fmt: skip
    return table(head, rows)


def _kills(runs: Sequence[KillRun]) -> str:
    head = (
        "processes", "receiver", "acknowledged", "arrived before", "lost", "posted again",
        "answered twice", "next arrival s after",
    )  # fmt: skip
    rows = [
        (
            r.processes, "asked first" if r.asks else "honours keys", r.came.events, r.arrived,
            r.came.lost, r.came.repeated, r.came.doubled, r.restart,
        )
        for r in runs
    ]  # fmt: skip
    return table(head, rows)


def _stages(stages: dict[str, float]) -> str:
    total = sum(stages.values())
    rows = [(stage, value, round(100 * value / total)) for stage, value in stages.items()]
    return table(("stage", "ms/event", "%"), [*rows, ("all", total, 100)])
