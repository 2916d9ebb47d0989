"""``eligibility``: the daily question to payers, their answers, and what changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import click

from connector.app import open_app
from connector.cli.tables import console, table
from connector.cli.written import make_folder, write_file
from connector.store.audit import AuditEntry
from connector.store.eligibility import EligibilityRow
from connector.store.store import Tx


@click.group("eligibility")
def eligibility_command() -> None:
    """Who is insured, and for what: ask (270), read answers (271), see what changed.

    Where a destination receives `eligibility`, the question is asked by itself once a day. Answers
    come by a source (x12_files) or by `eligibility read`.
    """


@eligibility_command.command("ask")
@click.option("--payer", help="Only this payer (id of a file in config/payers).")
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the files here. They name patients: remove them when they are sent.",
)
@click.pass_obj
def ask_command(home: Path, payer: str | None, folder: Path) -> None:
    """Write one 270 for each payer and 99 patients in active care."""
    from connector.engine.eligibility import note_asked, questions
    from connector.pipeline.packet.eligibility import written
    from connector.registry import unknown

    app = open_app(home)
    if payer is not None and payer not in app.payers.files:
        raise unknown("payer", payer, app.payers.files)
    make_folder(folder)
    with app.open_store() as store:
        now = app.site.now()
        asked = questions(app.work(store, None), now, payer)
        store.write(lambda tx: note_asked(tx, asked, now))
    for one in asked:
        id = one.inquiry.payer_id
        if one.fault:
            click.echo(f"{id}: not asked: {one.fault}")
        for number, file in enumerate(one.files, 1):
            path = folder / f"{id}_{number}_270.x12"
            write_file(path, written(file))
            click.echo(f"{id}: {len(file.context['case']['patients'])} patients, {path}")
        for _, lacks in one.inquiry.left_out:
            click.echo(f"{id}: one patient left out, missing: {lacks}")
    if not asked:
        click.echo("Nobody to ask about: no active patient's payer has a file with X12 numbers.")


@eligibility_command.command("read")
@click.argument("file", type=click.File("rb"))
@click.pass_obj
def read_command(home: Path, file: BinaryIO) -> None:
    """Read a 271 from FILE (- for standard input)."""
    from connector.engine.eligibility_answers import take
    from connector.errors import InvalidRecord
    from connector.x12.content.parse import parse

    app = open_app(home)
    parsed = parse(file).as_json()
    answers = [one for one in parsed["transactions"] if one.get("type") == "271"]
    if not answers:
        raise InvalidRecord("not_a_271", "the file holds no eligibility answer (271)")

    def keep(tx: Tx) -> int:
        return sum(take(tx, one.get("content", {}), app.site.now()) for one in answers)

    with app.open_store() as store:
        changed = store.write(keep)
    click.echo(f"Read. Changed: {changed}")


@eligibility_command.command("list")
@click.option("--changed", "only_changed", is_flag=True, help="Only what changed.")
@click.pass_obj
def list_command(home: Path, only_changed: bool) -> None:
    """What payers say of each patient, what changed first, with both values side by side."""
    app = open_app(home)
    with app.open_store() as store:
        rows = store.read(lambda tx: tx.eligibility.all())
        names = store.read(lambda tx: tx.records.references({row.patient_id for row in rows}))
        now = app.site.now()
        store.write(lambda tx: tx.audit.append([AuditEntry("eligibility_read", "list")], now))
    shown = [row for row in rows if row.changed or not only_changed]
    cells = [
        (
            names[row.patient_id].chart_number if row.patient_id in names else row.patient_id,
            row.payer_id,
            _standing(row),
            "; ".join([*differences(row), *_other_name(row, names.get(row.patient_id))]),
        )
        for row in shown
    ]
    columns = ("chart", "payer", "standing", "changed (before, now)")
    console().print(table(f"Eligibility: {len(cells)}", columns, cells))


def _standing(row: EligibilityRow) -> str:
    if row.answer is None:
        return "no answer yet"
    rejected = row.answer.get("rejections") or ()
    if rejected:
        return f"not found: {rejected[0]['meaning']}"
    plan = row.answer.get("plan")
    standing = str(row.answer.get("standing", "unknown"))
    return f"{standing}, {plan}" if plan else standing


def differences(row: EligibilityRow) -> list[str]:
    """What the last answer changed, as "what: before, now"."""
    if not row.changed or row.answer is None or row.before is None:
        return []
    old, new = _flat(row.before), _flat(row.answer)
    return [
        f"{key}: {old.get(key, 'not said')}, {new.get(key, 'not said')}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _flat(value: Mapping[str, Any], above: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, one in value.items():
        name = f"{above}{key}".replace("_", " ")
        if isinstance(one, Mapping):
            found |= _flat(one, f"{name} ")
        elif isinstance(one, list | tuple):
            found |= {f"{name} {n}": str(part) for n, part in enumerate(one, 1)}
        else:
            found[name] = str(one)
    return found


def _other_name(row: EligibilityRow, patient: Any) -> list[str]:
    """The payer's spelling of the name beside ours, where they differ."""
    person = (row.answer or {}).get("dependent") or (row.answer or {}).get("subscriber") or {}
    theirs = " ".join(str(person.get(n) or "") for n in ("given_name", "family_name")).strip()
    if patient is None or not theirs:
        return []
    ours = " ".join(part for part in (patient.given_name, patient.family_name) if part)
    same = theirs.casefold() == ours.casefold()
    return [] if same or not ours else [f"name: chart {ours}, payer {theirs}"]
