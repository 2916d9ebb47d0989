"""``init``, ``check`` and ``status``: a site's life before and beside its work."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import click
import yaml

from connector import settings
from connector.alert_channels import load_alerting
from connector.alerting.texts import NOT_A_MONITORING_SERVICE
from connector.app import App, edited_app, open_app
from connector.budget import Budget
from connector.cli import EXIT_CONFIGURATION
from connector.cli.in_use import files_in_use, parts_in_use
from connector.cli.standing import keep_checked
from connector.cli.state import attention, state
from connector.cli.tables import console, table
from connector.cli.written import make_folder, writing_to
from connector.errors import ConfigurationError
from connector.folders import missing_folders, wrong_folders
from connector.published_keys import wrong_keys
from connector.resources import Resources

_EXAMPLES = {
    "files": "config/site.yaml.example",
    "webhook": "config/webhook_site.yaml.example",
    "hl7": "config/hl7_site.yaml.example",
}
_EXPORTS = "config/exports_site.yaml.example"
_BY_EXPORT = ("simplepractice", "therapynotes", "theranest", "therabill", "prompt")
"""Systems without an API: the example for exports, with the mapping of that name."""


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--id", "practice_id", default="my-practice", help="Short name for keys and logs.")
@click.option("--name", default="My Practice", help="The name that reports show.")
@click.option("--timezone", default="America/New_York", show_default=True)
@click.option(
    "--like",
    type=click.Choice([*_EXAMPLES, *_BY_EXPORT]),
    default="files",
    show_default=True,
    help="Exports in folders, forms posted and answered by webhooks, HL7 v2 (MLLP), or the name of "
    "a system without API: its exports, scores typed in, filing by hand.",
)
def init_command(folder: Path, practice_id: str, name: str, timezone: str, like: str) -> None:
    """Make a site in FOLDER: a commented site.yaml, the pickup folders and the keys.

    Nothing that exists is overwritten.
    """
    app = make_site(
        folder.resolve(),
        _example(like),
        {"id": practice_id, "name": name, "timezone": timezone},
    )
    click.echo(f"Site made in {app.home}")
    for number, step in enumerate(_first_steps(app, folder, like), start=1):
        click.echo(f"{number}. {step}")
    click.echo(
        f"Keep a copy of {app.site.store.keys_file} in a safe place: without it nothing that is "
        "stored can be read."
    )


def _first_steps(app: App, folder: Path, like: str) -> Iterator[str]:
    """What to do with a new site, in order."""
    yield f"Read and edit {app.home / settings.SITE_FILE}"
    if like == "webhook":
        yield "Set the secrets that it names (environment variables or files)"
    if like == "hl7":
        yield "Agree ports, addresses and the patient's number with the EHR (docs/hl7.md)"
    if like in _BY_EXPORT:
        yield f"See which table an export fits: connector --home {folder} map sniff FILE"
    yield f"connector --home {folder} check"
    for source in app.site.sources:
        if pickup := source.options.get("folder"):
            yield f"Put exports into {app.home / str(pickup)}  (source {source.name})"
    yield f"connector --home {folder} {_begin(like)}"


def _example(like: str) -> str:
    if like in _EXAMPLES:
        return Resources().find(_EXAMPLES[like]).text()
    text = Resources().find(_EXPORTS).text()
    return text.replace(f"mapping: {_BY_EXPORT[0]}\n", f"mapping: {like}\n")


def _begin(like: str) -> str:
    return "run --once" if like == "files" else "serve"


def make_site(home: Path, text: str, practice: dict[str, str] | None = None) -> App:
    """A new site folder from a site file's text. Raises ConfigurationError if there is one."""
    path = home / settings.SITE_FILE
    if path.exists():
        raise ConfigurationError("site_exists", f"{path} exists already; nothing was changed")
    for key, value in (practice or {}).items():
        # The first line with the key is the practice's; it may be commented out.
        line = rf"^(\s+)(?:# )?{key}: .*$"
        text, found = re.subn(line, rf"\g<1>{key}: {_quoted(value)}", text, count=1, flags=re.M)
        assert found, f"the example site file has no {key}"
    # A wrong value is refused before anything is written.
    settings.check_section(settings.Site, yaml.safe_load(text), where=settings.SITE_FILE)
    make_folder(home)
    with writing_to(path):
        path.write_text(text, encoding="utf-8")
    app = open_app(home)
    for options in (p.options for part in (app.site.sources, app.site.destinations) for p in part):
        folder = options.get("folder")
        if folder:
            make_folder(home / str(folder))
    _ = app.keys
    return app


def _quoted(value: str) -> str:
    """A YAML string, safe as a replacement in ``re``."""
    return json.dumps(value, ensure_ascii=False).replace("\\", "\\\\")


@click.command("check")
@click.option("--all", "every", is_flag=True, help="Every shipped file and measure by name.")
@click.pass_obj
def check_command(home: Path, every: bool) -> None:
    """Check the whole site and say which files in use are shipped and which are the site's own.

    Finds unknown keys, mappings that name columns or records that do not exist, instruments with
    impossible values, adapters with missing options. Sends nothing; the files are kept as a version
    of the configuration where the site has been started before.
    """
    screen = console()
    if findings := settings.site_findings(home):
        _refuse(findings)
    app = edited_app(home)
    findings = [
        *app.findings(), *wrong_folders(app.site, app.home), *wrong_keys(app.site, app.home),
    ]  # fmt: skip
    screen.print(files_in_use(app, every=every))
    if findings:
        _refuse(findings)
    screen.print(parts_in_use(app, every=every))
    for plan in app.plans.values():
        if plan.calls or plan.budget != Budget():
            click.echo(f"Requests: {plan.sentence()}")
    for spec in {m.name: m for m in app.mappings.values()}.values():
        for sentence in spec.to_confirm:
            click.echo(f"To confirm with a real file: mapping {spec.name}: {sentence}")
    for sentence in (*app.concerns(), *missing_folders(app.site, app.home)):
        click.echo(f"Look again: {sentence}")
    click.echo(f"Alerts: {_alerts(app)} {NOT_A_MONITORING_SERVICE}")
    if said := keep_checked(home):
        click.echo(said)
    screen.print("No mistakes found.")


def _alerts(app: App) -> str:
    """Who is told of alerts, in a sentence."""
    alerting = load_alerting(app.site)
    if alerting is None:
        return "nobody is told by a channel (site.yaml has no `alerting`); they wait in the list."
    channels = sum(len(person.channels) for person in alerting.people)
    return f"people who are told: {len(alerting.people)}, by channels: {channels} (docs/alerts.md)."


def _refuse(findings: Sequence[ConfigurationError]) -> NoReturn:
    """Every mistake on the error stream, then the end."""
    for fault in findings:
        click.echo(f"connector: {fault}", err=True)
    count = "1 mistake" if len(findings) == 1 else f"{len(findings)} mistakes"
    click.echo(f"{count} found; nothing is run until they are fixed", err=True)
    sys.exit(EXIT_CONFIGURATION)


def _poll(last: Mapping[str, str]) -> str:
    """How a source's last poll went; what is wrong with it stands under what needs attention."""
    at = last["at"][:16].replace("T", " ")
    return f"ok, {at}" if last["code"] == "ok" else f"failed, {at}"


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def status_command(home: Path, as_json: bool) -> None:
    """Show what waits, what was sent and what needs a person."""
    app = open_app(home)
    with app.open_store() as store:
        found = store.read(lambda tx: state(tx, app))
    if as_json:
        click.echo(json.dumps(found, indent=2, sort_keys=True))
        return
    rows = [
        (section.replace("_", " "), key, _poll(count) if section == "polls" else count)
        for section, values in found.items()
        if isinstance(values, dict)
        for key, count in sorted(values.items())
    ]
    rows += [
        ("deliveries", f"{one['destination']}, {one['state']}", one["count"])
        for one in found["deliveries"]
    ]
    rows.append(("patients", "due for evaluation", found["patients_due"]))
    screen = console()
    screen.print(table(app.site.practice.name, ("section", "what", "count"), rows, number=2))
    if found["trouble"]:
        screen.print(table("Needs attention", ("where", "what", "why"), attention(found)))
