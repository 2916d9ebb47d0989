"""The impact preview on the terminal, and ``map diff``: what another mapping would change."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.app import App, open_app
from connector.cli.tables import console, table
from connector.errors import ConfigurationError
from connector.mapping.load import build_mapping, check_instruments, effective, load_mapping
from connector.mapping.spec import MappingSpec

if TYPE_CHECKING:
    from connector.engine.comparison import Impact
    from connector.engine.work import Work
    from connector.store.store import Store

_SAFETY_GONE = (
    "Look again: {} safety alerts would no longer be raised. Have a second person agree before "
    "this is saved."
)


@click.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def diff_command(home: Path, old: str, new: str, as_json: bool) -> None:
    """What would change if NEW took the place of the mapping OLD, before it is saved.

    Each is the name of a mapping or a mapping file. Reads the raw input that is still kept of the
    sources with the one or the other, judges everybody both ways, and counts. Nothing is written;
    the audit log says that it was looked at. Examples are chart numbers.
    """
    app = open_app(home)
    specs = [_spec(app, given) for given in (old, new)]
    using = {m.name for m in app.mappings.values()}
    name = next((spec.name for spec in specs if spec.name in using), None)
    if name is None:
        raise ConfigurationError(
            "mapping_not_used", "no source of the site has either mapping", allowed=sorted(using)
        )
    sources = [source for source, spec in app.mappings.items() if spec.name == name]
    with app.open_store() as store:
        work = app.work(store, None)
        before, after = (
            replace(work, mappings={**work.mappings, **dict.fromkeys(sources, spec)})
            for spec in specs
        )
        found = preview(store, before, after, f"mapping {name}")
    if as_json:
        click.echo(json.dumps(listing(found), indent=2))
        return
    print_impact(found, f"{old} to {new}: {', '.join(sources)}")


def _spec(app: App, given: str) -> MappingSpec:
    path = Path(given)
    if path.is_file():
        name = path.parent.name if path.name == "mapping.yaml" else path.stem
        text = path.read_text(encoding="utf-8")
        spec = build_mapping(name, effective(name, text, app.resources))
    elif path.suffix in (".yaml", ".yml"):
        raise ConfigurationError("file_not_found", f"there is no file {given}")
    else:
        spec = load_mapping(given, app.resources)
    check_instruments(spec, app.instruments)
    return spec


def preview(store: Store, before: Work, after: Work, subject: str) -> Impact:
    """The impact, with its trace in the audit log: reading about patients leaves one."""
    from connector.engine.impact import Sides, impact
    from connector.store.audit import AuditEntry

    found = impact(Sides(before, after), before.now())
    detail: dict[str, str | int] = {"patients": found.patients, "unchanged": found.unchanged}
    entry = AuditEntry("impact_previewed", subject, detail=detail)
    store.write(lambda tx: tx.audit.append([entry], before.now()))
    return found


def listing(found: Impact) -> dict[str, Any]:
    """The impact as JSON values."""

    def counted(counter: Mapping[Any, int], *names: str) -> list[dict[str, Any]]:
        pairs = sorted(counter.items())
        return [{**_named(names, what), "count": count} for what, count in pairs]

    return {
        "patients": found.patients,
        "unchanged": found.unchanged,
        "decisions": counted(found.decisions, "from", "to"),
        "alerts_that_appear": counted(found.appear, "rule", "severity"),
        "alerts_that_disappear": counted(found.disappear, "rule", "severity"),
        "scores_that_change_band": counted(found.bands, "instrument", "from", "to"),
        "reports_made_again": counted(found.documents, "kind"),
        "charts_that_fail": counted(found.failures, "defect"),
        "rows_read": found.rows_read,
        "rows_accepted": counted(found.accepted, "code", "field"),
        "rows_refused": counted(found.refused, "code", "field"),
        "raw_input": [
            {"source": name, "batches_read_again": kept, "batches_gone": gone}
            for name, (kept, gone) in sorted(found.sources.items())
        ],
        "notes": found.notes,
        "examples": found.examples,
    }


def _named(names: tuple[str, ...], what: Any) -> dict[str, Any]:
    return dict(zip(names, what if isinstance(what, tuple) else (what,), strict=True))


def print_impact(found: Impact, title: str) -> None:
    """Counts and examples, then how it was worked out."""
    screen = console()
    rows = _rows(found)
    if rows:
        columns = ("what", "change", "count", "such as chart")
        screen.print(table(f"Impact of {title}", columns, rows, number=2))
    else:
        screen.print(f"Impact of {title}: nothing would change.")
    screen.print(f"{found.patients} charts judged both ways, {found.unchanged} stay as they are.")
    if found.safety_gone:
        screen.print(_SAFETY_GONE.format(found.safety_gone))
    for line in _how(found):
        screen.print(line)
    screen.print("Nothing was written; the audit log has an entry that it was looked at.")


def _rows(found: Impact) -> list[tuple[object, ...]]:
    def of(counter: Counter[Any], what: str, key: str, joined: str) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for change, count in sorted(counter.items()):
            words = change if isinstance(change, tuple) else (change,)
            named = found.examples.get(" ".join((key, *words)), [])
            text = joined.format(*(word.replace("_", " ") for word in words))
            rows.append((what, text, count, ", ".join(named)))
        return rows

    return [
        *of(found.decisions, "decisions", "decision", "{0} to {1}"),
        *of(found.appear, "alerts that appear", "appear", "{0} ({1})"),
        *of(found.disappear, "alerts that disappear", "disappear", "{0} ({1})"),
        *of(found.bands, "scores in another band", "band", "{0}: {1} to {2}"),
        *of(found.documents, "reports made again", "document", "{0}"),
        *of(found.failures, "charts that fail", "failure", "{0}"),
        *of(found.accepted, "rows accepted now", "accepted", "{0} ({1})"),
        *of(found.refused, "rows refused now", "refused", "{0} ({1})"),
    ]


def _how(found: Impact) -> list[str]:
    """Where the numbers come from: raw input as far as it is kept, else records as stored."""
    lines = []
    for source, (kept, gone) in sorted(found.sources.items()):
        text = f"{source}: {kept} batches of raw input read again"
        if gone:
            text += f"; of {gone} older ones the raw input is gone, their records count as stored"
        lines.append(text + ".")
    if not found.sources:
        lines.append("No mapping differs: worked out from the records as stored.")
    return lines + found.notes
