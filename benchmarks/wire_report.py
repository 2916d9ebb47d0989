"""The tables of a run as one block of Markdown, and the block's place in a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from machine import table
from wire_fhir import FhirRun
from wire_runs import KillRun, Options, WebhookRun

BEGIN = "<!-- measured: begin (written by benchmarks/wire.py --write) -->"
END = "<!-- measured: end -->"


def block(
    machine: Sequence[str],
    webhooks: Sequence[WebhookRun],
    fhir: Sequence[FhirRun],
    kills: Sequence[KillRun],
    warnings: Sequence[str],
    options: Options,
) -> str:
    """Everything between the markers, without them."""
    parts = [
        "\n".join(f"- {line}" for line in (*machine, *(f"**{text}**" for text in warnings))),
        f"**Load**: {options.connections} connections for {options.seconds:g} s. delivered/s: "
        "events by the time from the first request to the last arrival at the receiver.",
        _load(webhooks),
        "**One event at a time** (ms)",
        _single(webhooks),
        "**Memory** (MB, all processes) and processor",
        _memory(webhooks),
        "**Disk**, MB for each 1,000 events; after retention: all past its keep time removed",
        _disk(webhooks),
        "**FHIR** polled for the first time, seconds from the first request",
        _fhir(fhir),
        "**Killed** (SIGKILL, all processes) in the midst of delivering a backlog",
        _kills(kills),
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
