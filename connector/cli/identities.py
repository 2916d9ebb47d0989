"""``identity``: which patients are one person; who waits for somebody to say it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.app import App, open_app
from connector.cli.tables import console, table
from connector.identity import WHY
from connector.joining import load_identity

if TYPE_CHECKING:
    from connector.identity_desk import Line, Proposal
    from connector.records import Patient
    from connector.store.store import Tx

_BY = {"required": True, "metavar": "NAME", "help": "Who decides; kept in the audit log."}
_NEXT = "Run: connector run --once, or leave it to the service; then they are judged anew."
_RULES = {
    "exact_id": "same chart number",
    "by_person": "a person said so",
}


@click.group("identity")
def identity_command() -> None:
    """Which patients are one person, and who waits for somebody to say it.

    PATIENT is a connector id or a chart number. Records are never changed by this; unmerge gives
    back exactly what was there before.
    """


@identity_command.command("list")
@click.option("--all", "everyone", is_flag=True, help="Also who was matched, merged or rejected.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def list_command(home: Path, everyone: bool, as_json: bool) -> None:
    """Who waits and why, with chart numbers of who it may be; merges that an EHR has told of."""
    app = open_app(home)
    with app.open_store() as store:
        found, told = store.write(lambda tx: _listed(tx, app, everyone))
    if as_json:
        said = {
            "patients": [_line(one) for one in found],
            "merges_told": [_proposal(one) for one in told],
        }
        click.echo(json.dumps(said, indent=2))
        return
    waiting = sum(one.row.state == "waiting" for one in found)
    columns = ("patient", "source", "chart", "state", "why", "may be chart")
    title = f"Waiting to be matched: {waiting}"
    console().print(table(title, columns, [_cells(one) for one in found]))
    if told:
        rows = [(o.entry.id[:10], o.old.chart_number, o.new.chart_number) for o in told]
        names = ("quarantine", "old chart", "new chart")
        console().print(table(f"Merges told by an EHR: {len(told)}", names, rows))
        click.echo("Join them with: connector identity merge OLD NEW --by NAME")


def _listed(tx: Tx, app: App, everyone: bool) -> tuple[list[Line], list[Proposal]]:
    from connector.identity_desk import lines, proposals
    from connector.record_ids import RecordIds
    from connector.store.audit import AuditEntry

    ids = RecordIds(app.keys.index_key, app.site.practice.id)
    found = lines(tx, () if everyone else ("waiting",), load_identity(app.site), ids)
    entry = AuditEntry("identity_read", "list", detail={"patients": len(found)})
    tx.audit.append([entry], datetime.now(UTC))
    return found, proposals(tx, ids)


def _cells(one: Line) -> tuple[object, ...]:
    source = one.patient.provenance.source if one.patient else ""
    number = one.patient.chart_number if one.patient else ""
    near = [one.chart] if one.chart else one.candidates
    return (
        one.row.patient_id, source, number, one.row.state, _why(one.row.reason),
        ", ".join(p.chart_number for p in near if p),
    )  # fmt: skip


def _why(reason: str) -> str:
    return WHY.get(reason) or _RULES.get(reason) or reason.replace("_", " ")


def _line(one: Line) -> dict[str, Any]:
    return {
        "patient": one.row.patient_id,
        "chart_number": one.patient and one.patient.chart_number,
        "state": one.row.state,
        "reason": one.row.reason,
        "by": one.row.by,
        "at": one.row.decided_at.isoformat(),
        "chart": one.row.chart_id,
        "may_be": [{"patient": p.id, "chart_number": p.chart_number} for p in one.candidates],
    }


def _proposal(one: Proposal) -> dict[str, str]:
    return {"quarantine": one.entry.id, "old": one.old.id, "new": one.new.id}


@identity_command.command("show")
@click.argument("patient")
@click.argument("other")
@click.pass_obj
def show_command(home: Path, patient: str, other: str) -> None:
    """Two patients side by side, to be compared. Shows names: they are about patients."""
    from connector.identity_desk import find_patient
    from connector.store.audit import AuditEntry

    app = open_app(home)
    with app.open_store() as store:

        def read(tx: Tx) -> tuple[Patient, Patient]:
            pair = find_patient(tx, patient), find_patient(tx, other)
            entries = [AuditEntry("identity_read", one.id) for one in pair]
            tx.audit.append(entries, datetime.now(UTC))
            return pair

        one, two = store.write(read)
    fields = ("id", "chart_number", "family_name", "given_name", "birth_date", "sex", "status")
    rows = [(name, getattr(one, name) or "", getattr(two, name) or "") for name in fields]
    rows.append(("source", one.provenance.source, two.provenance.source))
    console().print(table("Two patients", ("", "one", "the other"), rows))


@identity_command.command("match")
@click.argument("patient")
@click.argument("chart")
@click.option("--by", **_BY)  # type: ignore[arg-type]
@click.pass_obj
def match_command(home: Path, patient: str, chart: str, by: str) -> None:
    """Say that PATIENT, who waits, is the patient of CHART."""
    from connector.identity_desk import match

    _act(home, lambda store, name, now: match(store, patient, chart, by=name, now=now), by)
    click.echo(f"Matched. {_NEXT}")


@identity_command.command("merge")
@click.argument("patient")
@click.argument("into")
@click.option("--by", **_BY)  # type: ignore[arg-type]
@click.pass_obj
def merge_command(home: Path, patient: str, into: str, by: str) -> None:
    """Judge PATIENT and INTO as one person, in the chart of INTO. Refused for other birth dates."""
    from connector.identity_desk import merge

    _act(home, lambda store, name, now: merge(store, patient, into, by=name, now=now), by)
    click.echo(f"Merged. {_NEXT}")


@identity_command.command("unmerge")
@click.argument("patient")
@click.option("--by", **_BY)  # type: ignore[arg-type]
@click.pass_obj
def unmerge_command(home: Path, patient: str, by: str) -> None:
    """Take PATIENT out of the chart that it was joined with."""
    from connector.identity_desk import unmerge

    _act(home, lambda store, name, now: unmerge(store, patient, by=name, now=now), by)
    click.echo(f"Taken apart. {_NEXT}")


@identity_command.command("reject")
@click.argument("patient")
@click.option("--by", **_BY)  # type: ignore[arg-type]
@click.pass_obj
def reject_command(home: Path, patient: str, by: str) -> None:
    """Say that PATIENT, who waits, is nobody else: it gets a chart of its own."""
    from connector.identity_desk import reject

    _act(home, lambda store, name, now: reject(store, patient, by=name, now=now), by)
    click.echo(f"It has a chart of its own. {_NEXT}")


def _act(home: Path, act: Any, by: str) -> None:
    from connector.pipeline.release import person

    app = open_app(home)
    with app.open_store() as store:
        act(store, person(by), app.site.now())
