"""``config``: versions of the site's configuration; what changed, what that does, going back."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from connector import settings
from connector.app import App, edited_app, open_app
from connector.cli.impact import listing, preview, print_impact
from connector.cli.tables import console, table
from connector.configuration import ledger
from connector.configuration.files import SiteFiles, read_files
from connector.errors import ConfigurationError

if TYPE_CHECKING:
    from connector.engine.comparison import Impact
    from connector.store.configurations import ConfigVersion
    from connector.store.store import Store

_BY = {"required": True, "metavar": "NAME", "help": "Who does it; kept in the audit log."}


@click.group("config")
def config_command() -> None:
    """Versions of the configuration: site.yaml and the site's own mappings and templates."""


@config_command.command("history")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def history_command(home: Path, as_json: bool) -> None:
    """All versions, which one is in force, and what waits for approval."""
    app = open_app(home)
    with app.open_store() as store:
        versions = store.read(lambda tx: tx.configurations.list())
        where = store.read(lambda tx: ledger.standing(tx, home))
    if as_json:
        click.echo(json.dumps([_listing(one, where) for one in versions], indent=2))
        return
    rows = []
    for before, one in zip([None, *versions], versions, strict=False):
        rows.append(
            (
                one.number, _state(one, where), _moment(app, one.seen_at), one.proposed_by or "",
                one.approved_by or "", _changed(before, one),
            )
        )  # fmt: skip
    columns = ("version", "state", "first seen", "made by", "approved by", "files changed")
    console().print(table(f"Configurations: {len(versions)}", columns, rows))
    known = {one.digest for one in versions}
    if read_files(home).digest not in known:
        click.echo("The files in the site's folder are not a version yet: connector check")
    click.echo(standing_text(where))


def standing_text(where: ledger.Standing) -> str:
    """Which version is in force and what waits, in a sentence."""
    force = "nothing yet (no start so far)" if where.in_force is None else (
        f"version {where.in_force.number}"
    )  # fmt: skip
    text = f"In force: {force}."
    if where.waits and where.edited is not None:
        if not where.by_approval:
            return f"{text} The files are version {where.edited.number}: in force from a restart."
        one = where.edited
        done = "waits for approval by another person" if one.proposed_by else (
            "waits: say who made it with connector config propose --by NAME"
        )  # fmt: skip
        text += f" The files in the folder are version {one.number}, which {done}."
    return text


def _state(one: ConfigVersion, where: ledger.Standing) -> str:
    if where.in_force is not None and one.number == where.in_force.number:
        return "in force"
    if where.edited is not None and one.number == where.edited.number:
        return "waits" if where.by_approval and one.approved_at is None else "at the next start"
    return "was in force" if one.in_force_at is not None else "never in force"


def _changed(before: ConfigVersion | None, one: ConfigVersion) -> str:
    from connector.store.configurations import changed_files

    names = [*changed_files({} if before is None else before.files, one.files)]
    return ", ".join(names) if before is not None else f"{len(names)} files"


def _moment(app: App, at: Any) -> str:
    from zoneinfo import ZoneInfo

    return str(at.astimezone(ZoneInfo(app.practice.timezone)).strftime("%Y-%m-%d %H:%M"))


def _listing(one: ConfigVersion, where: ledger.Standing) -> dict[str, Any]:
    times = {"seen_at": one.seen_at, "in_force_at": one.in_force_at, "approved_at": one.approved_at}
    return {
        "version": one.number, "digest": one.digest, "state": _state(one, where),
        "proposed_by": one.proposed_by, "approved_by": one.approved_by,
        **{name: at and at.isoformat() for name, at in times.items()},
        "parts": dict(one.parts), "files": dict(one.files),
    }  # fmt: skip


@config_command.command("show")
@click.argument("version", type=int)
@click.option("--file", "name", help="Print this file as it was.")
@click.pass_obj
def show_command(home: Path, version: int, name: str | None) -> None:
    """The files and parts of one VERSION, or one of its files as it was."""
    app = open_app(home)
    with app.open_store() as store:
        one = store.read(lambda tx: tx.configurations.get(version))
        contents = store.read(lambda tx: tx.configurations.contents(one))
    if name is not None:
        if name not in contents:
            raise ConfigurationError(
                "no_such_file", f"version {version} has no file {name!r}", allowed=sorted(contents)
            )
        sys.stdout.buffer.write(contents[name])
        return
    rows: list[tuple[object, ...]] = [("file", n, d[:12]) for n, d in sorted(one.files.items())]
    rows += [("part", n, v) for n, v in sorted(one.parts.items())]
    console().print(table(f"Version {version}", ("", "what", "version"), rows))


@config_command.command("diff")
@click.argument("other", required=False)
@click.option("--since", type=int, help="Compare with this version, not the one in force.")
@click.option("--files", "only_files", is_flag=True, help="Only what changed in the files.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def diff_command(
    home: Path, other: str | None, since: int | None, only_files: bool, as_json: bool
) -> None:
    """What the edited files change against what is in force, and what that would do.

    OTHER is a version's number, or a site file that is to take the place of site.yaml; without
    it, the files in the site's folder. Decisions, alerts and reports that would change are counted,
    with chart numbers as examples. Nothing is written; the audit log says that it was looked at.
    """
    with open_app(home).open_store() as store:
        first = _first(store, home, since)
        second = _second(store, home, other)
        impact = None if only_files else _impact(store, home, first, second)
    if as_json:
        said = [*_lines(first, second)]
        click.echo(json.dumps({"files": said, "impact": impact and listing(impact)}, indent=2))
        return
    for line in _lines(first, second):
        click.echo(line)
    if first.digest == second.digest:
        click.echo("The files are the same.")
    if impact is not None:
        print_impact(impact, "the change")


def _first(store: Store, home: Path, since: int | None) -> SiteFiles:
    if since is not None:
        one = store.read(lambda tx: tx.configurations.get(since))
    else:
        found = store.read(lambda tx: tx.configurations.in_force())
        if found is None:
            raise ConfigurationError(
                "nothing_in_force", "no configuration was in force yet: start the service once"
            )
        one = found
    return SiteFiles(store.read(lambda tx: tx.configurations.contents(one)))


def _second(store: Store, home: Path, other: str | None) -> SiteFiles:
    edited = read_files(home)
    if other is None:
        return edited
    if other.isdecimal():
        one = store.read(lambda tx: tx.configurations.get(int(other)))
        return SiteFiles(store.read(lambda tx: tx.configurations.contents(one)))
    path = Path(other)
    if not path.is_file():
        raise ConfigurationError("file_not_found", f"{other} is neither a version nor a file")
    return SiteFiles({**edited.contents, settings.SITE_FILE: path.read_bytes()})


def _lines(first: SiteFiles, second: SiteFiles) -> Iterator[str]:
    """The change of each file, as a unified diff; of files that are no text, that they changed."""
    for name in sorted({*first.contents, *second.contents}):
        old, new = first.contents.get(name, b""), second.contents.get(name, b"")
        if old == new:
            continue
        try:
            before, after = (part.decode("utf-8").splitlines() for part in (old, new))
        except UnicodeDecodeError:
            yield f"{name}: changed, {len(old)} to {len(new)} bytes"
            continue
        yield from difflib.unified_diff(
            before, after, f"{name} (before)", f"{name} (after)", lineterm=""
        )


def _impact(store: Store, home: Path, first: SiteFiles, second: SiteFiles) -> Impact:
    with _app_of(home, first) as old, _app_of(home, second) as new:
        if findings := new.findings():
            raise findings[0]
        return preview(store, old.work(store, None), new.work(store, None), "configuration")


@contextmanager
def _app_of(home: Path, files: SiteFiles) -> Iterator[App]:
    """The site with these files in place of its own."""
    with TemporaryDirectory() as folder:
        files.write(Path(folder))
        yield App(home, settings.load_site(Path(folder)), Path(folder))


@config_command.command("propose")
@click.option("--by", **_BY)  # type: ignore[arg-type]
@click.pass_obj
def propose_command(home: Path, by: str) -> None:
    """Say who made the configuration in the site's folder, so that another may approve it."""
    app = edited_app(home)
    _refuse_mistakes(app)
    with open_app(home).open_store() as store:
        version = ledger.propose(store, home, _person(by))
    click.echo(
        f"Version {version.number}, made by {version.proposed_by}. Another person approves it: "
        f"connector config approve {version.number} --by NAME"
    )


@config_command.command("approve")
@click.argument("version", type=int)
@click.option("--by", **_BY)  # type: ignore[arg-type]
@click.pass_obj
def approve_command(home: Path, version: int, by: str) -> None:
    """Approve VERSION that another person proposed; it comes into force at the next start.

    Look at what it does first: connector config diff VERSION.
    """
    with open_app(home).open_store() as store:
        contents = _second(store, home, str(version))
        with _app_of(home, contents) as app:
            _refuse_mistakes(app)
        done = ledger.approve(store, home, version, _person(by))
    click.echo(f"Version {done.number} is approved by {done.approved_by}. In force from a restart.")


@config_command.command("rollback")
@click.argument("version", type=int)
@click.option("--by", **_BY)  # type: ignore[arg-type]
@click.pass_obj
def rollback_command(home: Path, version: int, by: str) -> None:
    """Write the files of an earlier VERSION back exactly as they were.

    What they replace is kept as a version of its own and in a folder beside. After a restart the
    raw input that is kept is read by the earlier mapping again, and everybody is judged as before.
    """
    with open_app(home).open_store() as store:
        changed, place = ledger.rollback(store, home, version, _person(by))
    if not changed:
        click.echo(f"The files are those of version {version} already.")
        return
    click.echo(f"Written back from version {version}: {', '.join(changed)}")
    click.echo(f"What they replaced lies in {place}. In force from a restart.")


def _refuse_mistakes(app: App) -> None:
    if findings := app.findings():
        raise findings[0]


def _person(by: str) -> str:
    from connector.pipeline.release import person

    return person(by)
