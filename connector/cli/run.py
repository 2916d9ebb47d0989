"""``run`` and ``ingest``: the pipeline on what is there now."""

from __future__ import annotations

import difflib
import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

import click

from connector.app import App, open_app
from connector.errors import ConfigurationError, ConnectorError
from connector.footprint import few_pools, settle, stay_on_one_core
from connector.pickup import Pickup, PickupSettings
from connector.settings import SITE_FILE, check_section

_FHIR_ENDINGS = (".json", ".ndjson", ".jsonl")
_LOOK_SECONDS = 1.0
BESIDE_WEB = "CONNECTOR_BESIDE_WEB"
"""Process id of the web process: set for the working process that ``serve`` starts beside it."""


@click.command("run")
@click.option("--once", is_flag=True, help="Stop when nothing is left to do.")
@click.pass_obj
def run_command(home: Path, once: bool) -> None:
    """Poll the sources, map, evaluate, report and deliver.

    With --once: one poll of each source, then everything that follows from it. Without: at each
    source's interval, until Ctrl-C or SIGTERM; work in hand is finished first.
    """
    app = open_app(home)
    if once:
        _run_and_show(app)
        return
    run_until_stopped(app)


def run_until_stopped(app: App) -> None:
    """Engine and clock until a signal comes. Raises ConnectorError when a part has failed."""
    from connector.service import start_work

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    few_pools()
    if app.site.service.one_core:
        stay_on_one_core(app.home)
    failed, close = start_work(app, listens=BESIDE_WEB not in os.environ)
    settle()
    for plan in app.plans.values():
        if plan.calls and BESIDE_WEB not in os.environ:  # the process above has said it
            click.echo(f"Requests: {plan.sentence()}", err=True)
    click.echo("Running; stop with Ctrl-C.", err=True)
    web_process = os.environ.get(BESIDE_WEB)
    try:
        while not stop.wait(_LOOK_SECONDS):
            if failed.is_set():
                raise ConnectorError("part_failed", "a part failed; the work was stopped")
            if web_process and os.getppid() != int(web_process):
                return  # the web process was killed; both are started again together
    finally:
        close()


@click.command("poll")
@click.argument("source")
@click.option("--compare", is_flag=True, help="Look for deleted records now, not once a day.")
@click.pass_obj
def poll_command(home: Path, source: str, compare: bool) -> None:
    """Ask SOURCE for what is new, now, and run everything that follows from it."""
    app = open_app(home)
    names = [given.name for given in app.polled]
    if source not in names:
        if source in app.webhooks:
            raise ConfigurationError(
                "not_polled",
                f"source {source!r} is not polled: its counterpart posts to /webhooks/{source}",
                where=SITE_FILE, allowed=names,
            )  # fmt: skip
        if source in [given.name for given in app.site.sources]:
            raise ConfigurationError(
                "not_polled",
                f"source {source!r} is not polled: its counterpart connects to us while the "
                "service runs",
                where=SITE_FILE, allowed=names,
            )  # fmt: skip
        close = difflib.get_close_matches(source, names, n=1)
        raise ConfigurationError(
            "no_such_source", f"there is no source {source!r}", where=SITE_FILE, allowed=names,
            suggestion=close[0] if close else None,
        )  # fmt: skip
    _run_and_show(app, [source], compare=compare)


@click.command("ingest")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--source", "source_name", help="The source whose mapping reads the files.")
@click.pass_obj
def ingest_command(home: Path, files: tuple[Path, ...], source_name: str | None) -> None:
    """Bring FILES in now (they are copied, not moved) and run the pipeline on them.

    A folder stands for the files in it, such as those of a bulk export. CSV files go to the first
    source with the adapter csv_files, FHIR bundles (.json) and exports (.ndjson) to the first with
    fhir_files, unless --source names another.
    """
    app = open_app(home)
    names = set()
    for file in [one for given in files for one in _files(given)]:
        pickup, name = _pickup(app, file, source_name)
        try:
            pickup.bring(file)
        except ConfigurationError:
            click.echo(f"{file}:", err=True)  # its name may be a patient's: not in the error itself
            raise
        names.add(name)
    _run_and_show(app, sorted(names))


def _run_and_show(app: App, sources: Sequence[str] | None = None, *, compare: bool = False) -> None:
    # Imported here: the service, which needs other parts of this module, shows no tables.
    from connector.cli.summary import print_summary, run_with_progress

    seconds = run_with_progress(app, sources, compare=compare)
    print_summary(app, seconds)


def _files(given: Path) -> list[Path]:
    """The file, or the files in a folder (a bulk export), hidden ones left out."""
    if not given.is_dir():
        return [given]
    return sorted(p for p in given.iterdir() if p.is_file() and not p.name.startswith("."))


def _pickup(app: App, file: Path, source_name: str | None) -> tuple[Pickup, str]:
    adapter = "fhir_files" if file.suffix.lower() in _FHIR_ENDINGS else "csv_files"
    for source in app.site.sources:
        fits = source.name == source_name if source_name else source.adapter == adapter
        if fits and "folder" in source.options:
            where = f"{SITE_FILE}, source {source.name!r}, options"
            options = check_section(PickupSettings, source.options, where=where)
            return Pickup(options, app.home), source.name
    raise ConfigurationError(
        "no_such_source",
        f"no source with a pickup folder reads {file.suffix} files"
        if source_name is None
        else f"there is no source {source_name!r} with a pickup folder",
        allowed=[f"{s.name} ({s.adapter})" for s in app.site.sources],
    )
