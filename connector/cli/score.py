"""``score``: outcome scores typed in by staff, from paper or from an EHR that exports none."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import click

from connector import by_hand
from connector.app import App, open_app
from connector.cli import EXIT_NEEDS_PERSON
from connector.errors import ConfigurationError
from connector.ports import RawPage
from connector.registry import unknown
from connector.score_entry import Entered, ScoreDesk, Typed, form_of
from connector.store.store import Store

_CONFIRM = {"blanks_ok": "--blanks-ok", "again": "--again"}


@click.group("score")
def score_command() -> None:
    """Scores typed in by staff: add one, take one back. The page /scores does the same."""


@score_command.command("add")
@click.option("--chart", required=True, help="The patient's chart number.")
@click.option("--measure", required=True, help="The instrument's id, such as phq9.")
@click.option("--date", "taken_on", help="When it was filled in, YYYY-MM-DD (default: today).")
@click.option("--items", help="The answers in order, as 2,1,0,...; - is one left blank.")
@click.option("--total", default="", help="The total, where the answers are not at hand.")
@click.option("--encoding", default="", help="How the answers are written, if it must be said.")
@click.option("--variant", default="")
@click.option("--answer", "answers", multiple=True, metavar="KEY=VALUE", help="Beside the items.")
@click.option("--by", required=True, help="Who types it in.")
@click.option("--blanks-ok", is_flag=True, help="Blank items were blank on paper.")
@click.option("--again", is_flag=True, help="It is a second form of the same day.")
@click.pass_obj
def add_command(
    home: Path, chart: str, measure: str, taken_on: str | None, items: str | None, total: str,
    encoding: str, variant: str, answers: tuple[str, ...], by: str, blanks_ok: bool, again: bool,
) -> None:  # fmt: skip
    """Add one score. Everything is checked first; nothing is stored while anything is wrong."""
    app = open_app(home)
    with app.open_store() as store:
        desk = _desk(app, store)
        instrument = desk.instrument(measure)
        if instrument is None:
            raise unknown("measure", measure, dict(desk.choices))
        said = _items(items, len(form_of(instrument).answers))
        typed = Typed(
            entry_id=desk.new_id(),
            chart_number=chart,
            instrument=measure,
            taken_on=taken_on or _today(app).isoformat(),
            entered_by=by,
            items=dict(enumerate(said, start=1)),
            total=total,
            encoding=encoding,
            variant=variant,
            context=dict(_pair(one) for one in answers),
            blanks_ok=blanks_ok,
            again=again,
        )
        done = desk.enter(typed)
    if not isinstance(done, Entered):
        for problem in done:
            confirm = f" ({_CONFIRM[problem.confirm]})" if problem.confirm else ""
            click.echo(f"{problem.field}: {problem.message}{confirm}", err=True)
        click.echo("Nothing was stored.", err=True)
        sys.exit(EXIT_NEEDS_PERSON)
    who = f" ({done.who})" if done.who else ""
    click.echo(f"Stored: {done.instrument} of {done.taken_on} for chart {done.chart_number}{who}.")
    click.echo(f"The next run maps it. To take it back: connector score take-back {done.entry_id}")


@score_command.command("take-back")
@click.argument("entry_id")
@click.option("--by", required=True, help="Who takes it back.")
@click.pass_obj
def take_back_command(home: Path, entry_id: str, by: str) -> None:
    """Take back an entry that was typed wrongly; what rested on it is put right by the next run."""
    app = open_app(home)
    with app.open_store() as store:
        found = _desk(app, store).take_back(entry_id, by)
    if not found:
        raise ConfigurationError("no_such_entry", "no entry has this id")
    click.echo("Taken back; the next run removes it from the chart.")


def _desk(app: App, store: Store) -> ScoreDesk:
    from connector.engine.inflow import store_pages

    def store_page(source: str, page: RawPage) -> int:
        return store_pages(store, [(source, page)], app.site.now())[0]

    return by_hand.score_desk(app, store, store_page)


def _today(app: App) -> date:
    from zoneinfo import ZoneInfo

    return app.site.now().astimezone(ZoneInfo(app.site.practice.timezone)).date()


def _items(text: str | None, count: int) -> list[str]:
    """The answers as typed. Raises UsageError where there are more than the form has items."""
    if text is None:
        return []
    said = text.replace(";", ",").split(",") if "," in text or ";" in text else text.split()
    if len(said) != count:
        raise click.UsageError(f"--items: the form has {count} items, {len(said)} were given")
    return ["" if one.strip() == "-" else one.strip() for one in said]


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--answer {text!r}: write KEY=VALUE")
    return key.strip(), value.strip()
