"""``report``: what is about the practice as a whole, made when it is asked for."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.app import App, open_app
from connector.cli.written import make_folder, write_file

if TYPE_CHECKING:
    from connector.outcomes.course import Period
    from connector.progress import DocumentSpec

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group("report")
def report_command() -> None:
    """Reports on the practice as a whole."""


@report_command.command("director")
@click.option("--from", "first", type=_DAY, help="First day; by default that of last month.")
@click.option("--to", "last", type=_DAY, help="Last day; by default that of last month.")
@click.option(
    "--out",
    default=Path(),
    show_default="the current folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write into: PDF, HTML, JSON and CSV of the same numbers.",
)
@click.option(
    "--by-clinician/--no-clinicians", default=None, help="With a section by clinician, or without."
)
@click.pass_obj
def director_command(
    home: Path,
    first: datetime | None,
    last: datetime | None,
    out: Path,
    by_clinician: bool | None,
) -> None:
    """Improvement rates with their denominators, authorization times, time saved (assumed).

    Sums over everybody who was seen in the period; no patient is named, and small groups are not
    shown (docs/measurement.md, section 15).
    """
    app = open_app(home)
    period = _period(app, first, last)
    spec = _made(app, period, by_clinician)
    make_folder(out)
    stem = f"director_{period.first.isoformat()}_{period.last.isoformat()}"
    for form, content in _contents(app, spec).items():
        path = out / f"{stem}.{form}"
        write_file(path, content)
        click.echo(f"Written: {path}")
    _say(spec.context)


def _period(app: App, first: datetime | None, last: datetime | None) -> Period:
    from zoneinfo import ZoneInfo

    from connector.engine.director import month_before
    from connector.outcomes.course import Period

    today = app.site.now().astimezone(ZoneInfo(app.practice.timezone)).date()
    usual = month_before(today)
    begin = first.date() if first else usual.first
    end = last.date() if last else (today if first else usual.last)
    if begin > end:
        raise click.UsageError(f"--from {begin} lies behind --to {end}")
    if end > today:
        raise click.UsageError(f"--to {end} lies in the future; today is {today} for this site")
    return Period(begin, end)


def _made(app: App, period: Period, by_clinician: bool | None) -> DocumentSpec:
    from dataclasses import replace

    from connector.engine.director import Practice, director_report
    from connector.outcomes.shown import Shown
    from connector.store.audit import AuditEntry

    shown = Shown(**app.site.director.model_dump())
    if by_clinician is not None:
        shown = replace(shown, by_clinician=by_clinician)
    with app.open_store() as store:
        given = Practice(store, app.practice, app.instruments, app.rules, shown)
        spec = director_report(given, period, app.site.now())
        detail = {"from": period.first.isoformat(), "to": period.last.isoformat()}
        entry = AuditEntry("director_report", spec.document_id, detail=detail)
        store.write(lambda tx: tx.audit.append([entry], datetime.now(UTC)))
    return spec


def _contents(app: App, spec: DocumentSpec) -> dict[str, bytes]:
    from connector.documents import compose
    from connector.documents.render import Renderer

    render = app.site.render
    page = compose.html(spec, app.resources, render.paper)
    with closing(Renderer(1, render.timeout_seconds)) as renderer:
        pdf = renderer.pdf(page)
    return {
        "pdf": pdf,
        "html": compose.html(spec, app.resources, render.paper, embed_fonts=True).encode(),
        "json": compose.json_bytes(spec),
        "csv": _csv(spec.context),
    }


_TABLES = ("measuring", "change", "decisions", "response", "attendance")


def _csv(context: dict[str, Any]) -> bytes:
    """Every rate in one row: where it stands, of whom, part, whole, percent, interval."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ("table", "group", "rate", "part", "whole", "percent", "low_95", "high_95", "shown_as")
    )
    tables = {name: context[name] for name in _TABLES}
    if context["clinicians"] and context["clinicians"]["table"]:
        tables["clinicians"] = context["clinicians"]["table"]
    for name, table in tables.items():
        for row in table["rows"]:
            for column, cell in zip(table["columns"], row["cells"], strict=True):
                keys = ("part", "whole", "percent", "low", "high", "text")
                writer.writerow((name, row["name"], column["key"], *(cell.get(k) for k in keys)))
    for row in context["authorizations"]["rows"]:
        for key in ("decided", "in_full", "partly", "denied", "waiting", "days", "waited"):
            blanks = ("",) * 5
            writer.writerow(("authorizations", row["name"], key, *blanks, row[key]))
    for row in context["time_saved"]["rows"]:
        words = f"{row['count']} at {row['minutes']} minutes (assumed): {row['hours']} hours"
        writer.writerow(("time_saved", row["name"], "hours", row["count"], *("",) * 4, words))
    return text.getvalue().encode()


def _say(context: dict[str, Any]) -> None:
    people = context["people"]
    click.echo(f"{context['period']['words']}: {people['courses']} courses of care")
    for line in context["attention"]:
        click.echo(f"  {line['text']}")
