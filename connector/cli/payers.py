"""``payers``: the rules of each payer, with their sources."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.app import App, open_app
from connector.cli.tables import console, table

if TYPE_CHECKING:
    from connector.authorizations.payer_file import PayerRule

_CONFIRM = "not confirmed with the payer"


@click.group("payers")
def payers_command() -> None:
    """What each payer wants, from the files in config/payers: list, show, check.

    A file of the same name in the site folder takes a shipped one's place. A payer that no file
    describes is "check": its rule is not known, and that never means that it needs nothing.
    """


@payers_command.command("list")
@click.pass_obj
def list_command(home: Path) -> None:
    """Every payer in use, whose file it is and how much of it is not confirmed."""
    app = open_app(home)
    owners = {
        Path(name).stem: file.owner
        for name, file in app.resources.files("config/payers", "*.yaml").items()
    }
    rows = []
    for file in app.payers.files.values():
        stated = [one for rule in file.rules for _, one in rule.stated()]
        open_values = sum(one.confirm for one in stated)
        synthetic = " (synthetic)" if file.synthetic else ""
        state = f"{open_values} of {len(stated)} values" if open_values else "all confirmed"
        rows.append(
            (file.id, f"{file.name}{synthetic if synthetic not in file.name else ''}",
             len(file.rules), owners.get(file.id, "site"), state)
        )  # fmt: skip
    columns = ("id", "payer", "rules", "file", "to confirm")
    console().print(table(f"Payers: {len(rows)}", columns, rows))


@payers_command.command("show")
@click.argument("payer")
@click.pass_obj
def show_command(home: Path, payer: str) -> None:
    """All that a payer's file says, each value with its source. PAYER is an id or a name."""
    from connector.registry import unknown

    app = open_app(home)
    file = app.payers.find(payer)
    if file is None:
        raise unknown("payer", payer, app.payers.files)
    click.echo(f"{file.name} ({file.id}){'  SYNTHETIC' if file.synthetic else ''}")
    if file.names:
        click.echo(f"also called: {', '.join(file.names)}")
    if file.x12 is not None:
        receiver = file.x12.receiver
        click.echo(f"X12: payer {file.x12.payer_id.value}, sent to {receiver.value.id}")
    for rule in file.rules:
        click.echo("")
        _show_rule(rule)


def _show_rule(rule: PayerRule) -> None:
    click.echo(f"Rule {rule.id}: {_scope(rule)}")
    rows = [
        (name.replace("_", " "), _words(one.value), one.source, _CONFIRM if one.confirm else "")
        for name, one in rule.stated()
    ]
    rows += [("note", one.value, one.source, _CONFIRM if one.confirm else "") for one in rule.notes]
    console().print(table("", ("what", "value", "source", ""), rows))


def _scope(rule: PayerRule) -> str:
    parts = [
        f"plans {', '.join(rule.plans)}" if rule.plans else "all plans",
        ", ".join(d.replace("_", " ") for d in rule.disciplines),
        f"CPT {', '.join(rule.cpt)}" if rule.cpt else "",
        (rule.line_of_business or "").replace("_", " "),
        f"from {rule.valid_from}" if rule.valid_from else "",
        f"until {rule.valid_until}" if rule.valid_until else "",
    ]
    return "; ".join(part for part in parts if part)


def _words(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_words(one) for one in value)
    if hasattr(value, "standard"):
        urgent = f"; urgent: {value.expedited.words}" if value.expedited else ""
        return f"{value.standard.words}{urgent}"
    named = getattr(value, "name", None) or getattr(value, "label", None)
    return str(named if named is not None else value)


@payers_command.command("check")
@click.argument("payer")
@click.option("--plan", help="The plan, as the coverage names it.")
@click.option("--cpt", multiple=True, help="A procedure; may be given several times.")
@click.option(
    "--discipline", type=click.Choice(["mental_health", "physical_therapy"]), help="Kind of care."
)
@click.option(
    "--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day (default: the site's today)."
)
@click.pass_obj
def check_command(
    home: Path,
    payer: str,
    plan: str | None,
    cpt: tuple[str, ...],
    discipline: str | None,
    day: datetime | None,
) -> None:
    """Whether PAYER (as the EHR names it) needs an authorization, and what else it wants."""
    from connector.authorizations.payers import Question

    app = open_app(home)
    on = day.date() if day else _today(app)
    found = app.payers.advise(Question(payer, on, plan, cpt, discipline))
    verdicts = {"needed": "needed", "not_needed": "not needed", "check": "check with the payer"}
    click.echo(f"Authorization: {verdicts[found.verdict]}: {found.reason}")
    rows = [
        ("authorization from visit", found.from_visit),
        ("asked for at a time", f"{found.amount} {found.unit or 'visits'}"
         if found.amount else None),
        ("ask so many days ahead", found.lead_days),
        ("more visits are asked for as", found.continued),
        ("service type", found.service_type),
        ("form", found.form),
        ("ways", ", ".join(found.channels) or None),
        ("time to decide", _words(found.clock) if found.clock else None),
        ("attachments", _words(found.attachments) or None),
    ]  # fmt: skip
    for name, value in rows:
        if value is not None:
            click.echo(f"  {name}: {value}")
    for one in found.sources:
        mark = f" ({_CONFIRM})" if one.confirm else ""
        click.echo(f"  source of {one.field.replace('_', ' ')}: {one.source}{mark}")


def _today(app: App) -> date:
    from zoneinfo import ZoneInfo

    return app.site.now().astimezone(ZoneInfo(app.site.practice.timezone)).date()
