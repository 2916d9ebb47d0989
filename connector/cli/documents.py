"""``documents``: what waits for a person; fill in, sign, release, withdraw."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from connector.app import App, open_app
from connector.cli.fax import fax_command
from connector.cli.tables import console, table
from connector.cli.written import write_file
from connector.errors import ConfigurationError
from connector.store.audit import AuditEntry

if TYPE_CHECKING:
    from connector.release import Desk, Detail, Done
    from connector.store.store import Store

_SHORT = 12
_THIS_VERSION = "Act on this version although a newer one exists, or it was withdrawn."


@click.group("documents")
def documents_command() -> None:
    """Documents and their state: list, show; fill in, sign, release, withdraw.

    Payer packets and letters to referring providers leave after a clinician has signed them,
    patient reports after they were released. ID may be the beginning of a document's id.
    """


@documents_command.command("list")
@click.option("--waiting", is_flag=True, help="Only what waits for a person now.")
@click.option("--kind", help="Only this kind (therapist, patient, insurer, ...).")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000))
@click.pass_obj
def list_command(home: Path, waiting: bool, kind: str | None, limit: int) -> None:
    """Packets and patient reports, latest first, with their state and versions."""
    from connector.release import lines

    app = open_app(home)
    kinds = (_known_kind(kind),) if kind else ()
    with app.open_store() as store:
        found = store.read(
            lambda tx: lines(tx, _zone(app), waiting=waiting, kinds=kinds, limit=limit)
        )
        _trace(app, store, "list", len(found))
    title = f"{'Waiting' if waiting else 'Documents'}: {len(found)}"
    columns = ("id", "kind", "chart", "as of", "state")
    console().print(
        table(
            title,
            columns,
            [
                (
                    one.row.document_id[:_SHORT], one.row.kind, one.chart_number, one.row.as_of,
                    one.standing.text,
                )
                for one in found
            ],
        )
    )  # fmt: skip


@documents_command.command("show")
@click.argument("document_id", metavar="ID")
@click.pass_obj
def show_command(home: Path, document_id: str) -> None:
    """One document: state, fields to complete, versions, what is left out, where it went."""
    from connector.release import detail

    app = open_app(home)
    with app.open_store() as store:
        found = store.read(lambda tx: detail(tx, document_id, _zone(app)))
        _trace(app, store, found.line.row.document_id, 1)
    for line in _shown(found, _zone(app)):
        click.echo(line)


@documents_command.command("fill")
@click.argument("document_id", metavar="ID")
@click.option("--set", "texts", multiple=True, metavar="FIELD=TEXT", help="Write into a field.")
@click.option("--from", "former", metavar="ID", help="First copy what was written into this one.")
@click.option("--by", default="command line", show_default=True, help="Who writes.")
@click.option(
    "--not-part-2", is_flag=True, help="State that a text is no substance use content (Part 2)."
)
@click.pass_obj
def fill_command(
    home: Path,
    document_id: str,
    texts: tuple[str, ...],
    former: str | None,
    by: str,
    not_part_2: bool,
) -> None:
    """Write what the clinician must complete; an empty TEXT takes a field's text away.

    FIELD is a key that `documents show` lists, or its beginning. Where one TEXT can't stand in its
    field, none is kept.
    """
    from connector.errors import InvalidRecord
    from connector.pipeline.release import person
    from connector.release import copy_fields, fill

    given = dict(_assignment(text) for text in texts)
    if not given and former is None:
        raise click.UsageError("give --set FIELD=TEXT or --from ID")
    by = person(by)
    with _desk(home) as desk:
        missing: dict[str, str] = {}
        if former is not None:
            missing = copy_fields(desk, document_id, former, by=by)
        if given:
            try:
                missing = fill(desk, document_id, given, by=by, not_part_2=not_part_2)
            except InvalidRecord as fault:  # shown with what was given, to the one who gave it
                copied = "; what --from brought is kept" if former is not None else ""
                told = f"{fault.sentence()} [{fault.code}]{copied}"
                raise click.ClickException(told) from None
    if not missing:
        sign = f'connector documents sign {document_id} --by "NAME, CREDENTIAL"'
        click.echo(f"Complete; the clinician reads it and signs: {sign}")
        return
    click.echo(f"Kept. Still missing: {len(missing)}")
    for key, label in missing.items():
        click.echo(f"  {key}  ({label})")


@documents_command.command("preview")
@click.argument("document_id", metavar="ID")
@click.option(
    "--to",
    "file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write (HTML). It names the patient: remove it when it is read.",
)
@click.pass_obj
def preview_command(home: Path, document_id: str, file: Path) -> None:
    """Write the report or letter as it would be signed now, to be read before signing."""
    from connector.release import preview

    with _desk(home) as desk:
        made = preview(desk, document_id)
    write_file(file, made.page.encode())
    click.echo(f"Written: {file}")
    click.echo(f"Digest:  {made.digest}")
    if made.missing:
        click.echo(f"Missing: {'; '.join(made.missing)}")


@documents_command.command("sign")
@click.argument("document_id", metavar="ID")
@click.option("--by", required=True, metavar="'NAME, CREDENTIAL'", help="Who signs.")
@click.option("--license", "license_", help="The license number to show.")
@click.option("--npi", help="The NPI to show (ten digits).")
@click.option(
    "--digest", default="", help="Sign only what has this digest, as the preview named it."
)
@click.option("--this-version", is_flag=True, help=_THIS_VERSION)
@click.pass_obj
def sign_command(
    home: Path,
    document_id: str,
    by: str,
    license_: str | None,
    npi: str | None,
    digest: str,
    this_version: bool,
) -> None:
    """Sign a payer packet, its report and manifest together (ID is that of either), or a letter."""
    from connector.pipeline.release import signer
    from connector.release import sign

    who = signer(by, license_, npi)
    with _desk(home) as desk:
        done = sign(desk, document_id, who, seen=digest, this_version=this_version)
        _tell(done, "signed", desk.zone)
    if done.treating:
        click.echo(f"Mind: the report names {done.treating} as treating clinician.")


@documents_command.command("release")
@click.argument("document_id", metavar="ID")
@click.option("--by", required=True, metavar="NAME", help="Who releases it.")
@click.option(
    "--safety-reviewed", is_flag=True, help="A person has reviewed the chart's safety items."
)
@click.option("--this-version", is_flag=True, help=_THIS_VERSION)
@click.pass_obj
def release_command(
    home: Path, document_id: str, by: str, safety_reviewed: bool, this_version: bool
) -> None:
    """Release a patient report, after the therapist has gone through it."""
    from connector.release import release

    with _desk(home) as desk:
        done = release(
            desk, document_id, by, safety_reviewed=safety_reviewed, this_version=this_version
        )
        _tell(done, "released", desk.zone)


@documents_command.command("withdraw")
@click.argument("document_id", metavar="ID")
@click.option("--by", required=True, metavar="NAME", help="Who withdraws it.")
@click.option("--why", required=True, help="The reason; kept encrypted with the document.")
@click.pass_obj
def withdraw_command(home: Path, document_id: str, by: str, why: str) -> None:
    """Take a signature or release back before it left; of a draft: it is not to be sent."""
    from connector.release import withdraw

    with _desk(home) as desk:
        ids = withdraw(desk, document_id, by=by, why=why)
    click.echo(f"Withdrawn: {', '.join(ids)}")


documents_command.add_command(fax_command)


@contextmanager
def _desk(home: Path) -> Iterator[Desk]:
    app = open_app(home)
    with app.open_store() as store:
        yield app.desk(store)


def _zone(app: App) -> ZoneInfo:
    return ZoneInfo(app.site.practice.timezone)


def _trace(app: App, store: Store, subject: str, count: int) -> None:
    """Reading about patients leaves a trace."""
    entry = AuditEntry("documents_read", subject, detail={"documents": count})
    now = app.site.now()
    store.write(lambda tx: tx.audit.append([entry], now))


def _known_kind(kind: str) -> str:
    from connector.pipeline.report import KINDS

    if kind in KINDS:
        return kind
    close = difflib.get_close_matches(kind, KINDS, n=1)
    raise ConfigurationError(
        "unknown_kind", f"there is no kind {kind!r}", allowed=sorted(KINDS),
        suggestion=close[0] if close else None,
    )  # fmt: skip


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set {text!r}: write FIELD=TEXT")
    return name.strip(), value


def _tell(done: Done, word: str, zone: ZoneInfo) -> None:
    row = done.signature
    at = row.signed_at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
    before = " before; nothing changed" if done.before else ""
    click.echo(f"{word.capitalize()}{before}: version {row.version}, {at}, by {done.by}")
    click.echo(f"Document: {row.document_id}")
    click.echo(f"Digest:   {row.digest}")
    if done.deliveries:
        click.echo(
            f"{done.deliveries} deliveries queued; the next run sends them: connector run --once"
        )


def _shown(found: Detail, zone: ZoneInfo) -> Iterator[str]:
    row = found.line.row
    yield f"document     {row.document_id}"
    yield f"kind         {row.kind}, chart {found.line.chart_number}, as of {row.as_of}"
    yield f"state        {found.line.standing.text}"
    if found.withdrawn:
        yield f"withdrawn    {found.withdrawn['by']}: {found.withdrawn['why']}"
    if found.whole is not None:
        proof = "what lies here is what was signed" if found.whole else "NOT WHAT WAS SIGNED"
        yield f"proof        {proof}"
    for field in found.fields:
        yield f"field        {field.key}: {_value(field.value, field.wanted)}"
    for one in found.left_out:
        yield f"left out     {one['what']} ({one['count']}): {one['reason']}"
    for version in found.versions:
        on = version.signed_at.astimezone(zone).date()
        state = "" if version.live else ", withdrawn"
        yield (
            f"version {version.version:<4} {version.document_id}, {version.body['act']} {on} by "
            f"{version.body['by']}{state}, digest {version.digest}"
        )
    for fmt, digest in sorted(found.contents.items()):
        yield f"{fmt:<12} SHA-256 {digest}"
    for delivery in found.deliveries:
        yield f"delivery     {delivery.destination}, {delivery.state}: {delivery.path}"


def _value(value: str | None, wanted: bool) -> str:
    if value is None:
        return "(missing)" if wanted else "(empty; may stay so)"
    return value.replace("\n", " / ")
