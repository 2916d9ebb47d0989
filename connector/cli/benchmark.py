"""``measures benchmark``: the practice's own expected course; shown, approved, withdrawn."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector import registry
from connector.app import App, open_app
from connector.cli.tables import console, table
from connector.errors import ConfigurationError

if TYPE_CHECKING:
    from connector.pipeline.benchmark import Benchmark
    from connector.progress import Progress, RuleSet
    from connector.store.benchmarks import BenchmarkRow
    from connector.store.store import Tx


@click.command("benchmark")
@click.argument("instrument", required=False)
@click.option("--apply", "approve", is_flag=True, help="Approve it: later decisions use it.")
@click.option("--withdraw", is_flag=True, help="Go back to the default course.")
@click.option("--by", metavar="NAME", help="Who approves or withdraws.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def benchmark_command(
    home: Path,
    instrument: str | None,
    approve: bool,
    withdraw: bool,
    by: str | None,
    as_json: bool,
) -> None:
    """The expected course from the practice's own ended care: of INSTRUMENT, or of all.

    Shows what the episodes say beside the course in force, and how many decisions would change.
    Nothing changes until somebody approves it with --apply --by NAME; each approval is a version of
    its own, named in every decision that it makes. Method and least numbers: docs/measurement.md.
    """
    app = open_app(home)
    name = _name(app, instrument, approve=approve, withdraw=withdraw, by=by)
    with app.open_store() as store:
        if withdraw:
            store.write(lambda tx: _withdraw(tx, str(instrument), name))
            click.echo(f"{instrument}: the default course is in force again.")
            return
        found, counted = store.read(lambda tx: _computed(tx, app, instrument))
        if approve:
            [one] = found
            stored = store.write(lambda tx: _approve(tx, one, name))
            click.echo(f"Approved as {stored}. Charts are judged by it from their next evaluation.")
            return
        history = store.read(lambda tx: tx.benchmarks.history(instrument))
    if as_json:
        click.echo(json.dumps(_listing(found, history, counted), indent=2, default=str))
        return
    for one in found:
        _print(one, app, history, counted.get(one.instrument, {}))
    if not found:
        console().print("No measure has care that ended; nothing to work out yet.")


def _name(
    app: App, instrument: str | None, *, approve: bool, withdraw: bool, by: str | None
) -> str:
    """The checked name of who acts; what is asked for must fit together."""
    from connector.pipeline.release import person

    if instrument is not None and instrument not in app.instruments:
        raise registry.unknown("instrument", instrument, app.instruments)
    if not (approve or withdraw):
        return ""
    if approve and withdraw:
        raise click.UsageError("--apply and --withdraw are two things; give one of them")
    if instrument is None:
        raise click.UsageError("name the INSTRUMENT whose course it is")
    if by is None:
        raise click.UsageError("say who decides: --by NAME")
    return person(by)


def _computed(
    tx: Tx, app: App, instrument: str | None
) -> tuple[list[Benchmark], dict[str, dict[str, int]]]:
    """The courses, and by instrument how many decisions each would change, as "from to to"."""
    from connector.pipeline.benchmark import benchmark

    people = list(tx.progress.all())
    seen = {s.instrument for p in people for s in p.measured.series}
    wanted = [instrument] if instrument is not None else sorted(seen & set(app.instruments))
    found = [benchmark(app.instruments[name], people) for name in wanted]
    if instrument is None:
        found = [one for one in found if one.episodes]
    rules = app.rules.with_own(tx.benchmarks.courses())
    return found, {
        one.instrument: _changes(app, people, rules, one) for one in found if one.course is not None
    }


def _changes(
    app: App, people: Iterable[Progress], rules: RuleSet, one: Benchmark
) -> dict[str, int]:
    """How many of today's decisions the course would change."""
    from connector.pipeline.decide import decide

    assert one.course is not None
    others = [course for course in rules.own_courses if course.instrument != one.instrument]
    after = rules.with_own([*others, one.course])
    moved: Counter[str] = Counter()
    for progress in people:
        if progress.decision.instrument != one.instrument:
            continue
        was, now = (
            decide(progress.measured, app.instruments, given, progress.as_of).decision
            for given in (rules, after)
        )
        if was != now:
            moved[f"{was} to {now}"] += 1
    return dict(moved)


def _approve(tx: Tx, one: Benchmark, by: str) -> str:
    from connector.pipeline.benchmark import METHOD
    from connector.store.audit import AuditEntry

    if one.course is None:
        raise ConfigurationError("too_few_episodes", f"{one.instrument}: {one.why}")
    now = datetime.now(UTC)
    method = {"method": METHOD, **_numbers(one)}
    plain = json.loads(json.dumps(method, default=str))
    stored = tx.benchmarks.approve(one.course, plain, by, now)
    detail: dict[str, str | int] = {"course": stored.name, "episodes": stored.episodes}
    entry = AuditEntry("benchmark_approved", one.instrument, actor=by, detail=detail)
    tx.audit.append([entry], now)
    return stored.name


def _withdraw(tx: Tx, instrument: str, by: str) -> None:
    from connector.store.audit import AuditEntry

    now = datetime.now(UTC)
    if not tx.benchmarks.withdraw(instrument, by, now):
        raise ConfigurationError(
            "no_benchmark", f"{instrument}: no course of the practice's own is in force"
        )
    tx.audit.append([AuditEntry("benchmark_withdrawn", instrument, actor=by)], now)


def _numbers(one: Benchmark) -> dict[str, Any]:
    return {
        "episodes": one.episodes,
        "first_baseline": one.first,
        "last_baseline": one.last,
        "left_out": dict(one.left_out),
        "weeks": [asdict(knot) for knot in one.knots],
    }


def _listing(
    found: Iterable[Benchmark],
    history: Iterable[BenchmarkRow],
    counted: dict[str, dict[str, int]],
) -> dict[str, Any]:
    return {
        "measures": [
            {
                "instrument": one.instrument,
                **_numbers(one),
                "course": one.course and [list(point) for point in one.course.points],
                "why_not": one.why or None,
                "decisions_changed": counted.get(one.instrument, {}),
            }
            for one in found
        ],
        "approved": [
            {
                "name": row.course.name,
                "episodes": row.course.episodes,
                "points": [list(point) for point in row.course.points],
                "approved_by": row.approved_by,
                "approved_at": row.approved_at,
                "ended_by": row.ended_by,
                "ended_at": row.ended_at,
            }
            for row in history
        ],
    }


def _print(
    one: Benchmark, app: App, history: Iterable[BenchmarkRow], changes: dict[str, int]
) -> None:
    from connector.measures.exact import as_decimal
    from connector.pipeline.baseline import expected_percent
    from connector.pipeline.wording import number, rounded, things

    instrument, screen = app.instruments[one.instrument], console()
    held = [row for row in history if row.course.instrument == one.instrument]
    current = next((row for row in held if row.ended_at is None), None)
    points = app.rules.curve if current is None else current.course.points
    offered = dict(one.course.points) if one.course else {}
    rows = []
    for knot in one.knots:
        expected = expected_percent(points, knot.week * 7)
        rows.append(
            (
                knot.week, knot.episodes, number(knot.median),
                f"{number(knot.lower)} to {number(knot.upper)}", offered.get(knot.week, ""),
                "" if expected is None else number(rounded(as_decimal(expected), 1)),
            )
        )  # fmt: skip
    name = current.course.name if current else f"default ({app.rules.version})"
    many = things(one.episodes, "episode")
    title = f"{instrument.short_name}: {many} of ended care; in force: {name}"
    columns = ("week", "episodes", "median percent", "middle half", "own course", "in force")
    if rows:
        screen.print(table(title, columns, rows))
    else:
        screen.print(title)
    for why, count in one.left_out.items():
        screen.print(f"  not counted: {count} ({why})")
    if one.course is None:
        screen.print(f"  No own course: {one.why}. The course in force stays.")
        return
    moved = ", ".join(f"{count} from {what}" for what, count in sorted(changes.items()))
    screen.print(f"  Decisions that would change now: {moved or 'none'}.")
    screen.print(f"  Approve it: connector measures benchmark {one.instrument} --apply --by NAME")
