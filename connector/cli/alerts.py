"""``alerts``: what people are told, who took it on, whether the channels work."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from connector import alert_desk
from connector.alert_channels import build_channels, load_alerting
from connector.alerting import texts
from connector.alerting.chain import PRACTICE
from connector.alerting.plan import HEARTBEAT, Alerting
from connector.app import App, open_app
from connector.cli import EXIT_NEEDS_PERSON
from connector.cli.tables import console, table
from connector.errors import ConfigurationError, ConnectorError
from connector.ports import Notice
from connector.settings import SITE_FILE
from connector.store.alerts import AlertRow
from connector.store.store import Tx

_COLUMNS = ("alert", "severity", "for", "what", "chart", "raised", "due", "state")
_ORDER = ("page", "urgent", "action", "notice")
_BY = click.option("--by", required=True, help="Who acts: a name, kept in the audit log.")


@click.group("alerts", epilog=texts.NOT_A_MONITORING_SERVICE)
def alerts_command() -> None:
    """Alerts: list, show, acknowledge, resolve; try the channels; see who is on call."""


@alerts_command.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that are closed too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_obj
def list_command(home: Path, everything: bool, as_json: bool) -> None:
    """Alerts that nobody has acknowledged, most severe first. ID is the beginning of one."""
    app = open_app(home)

    def read(tx: Tx) -> tuple[list[AlertRow], dict[str, str]]:
        found = tx.alerts.list() if everything else tx.alerts.list("open")
        return found, {} if as_json else _charts(tx, found)

    with app.open_store() as store:
        rows, charts = store.read(read)
    rows.sort(key=lambda row: (_ORDER.index(row.alert.severity), row.raised_at, row.alert.key))
    if as_json:
        for row in rows:
            click.echo(json.dumps(_as_json(row), sort_keys=True))
        return
    title = f"Alerts: {len(rows)}" if everything else f"Open alerts: {len(rows)}"
    console().print(table(title, _COLUMNS, [_line(app, row, charts) for row in rows]))


@alerts_command.command("show")
@click.argument("alert_id", metavar="ID")
@click.pass_obj
def show_command(home: Path, alert_id: str) -> None:
    """One alert: its text, who was told by which channel and when, who acknowledged it."""
    app = open_app(home)
    with app.open_store() as store:
        found = alert_desk.show(store, alert_id)
        charts = store.read(lambda tx: _charts(tx, [found.row]))
    row = found.row
    zone = ZoneInfo(app.site.practice.timezone)
    facts = {
        "alert": row.alert.key, "what": texts.kind_words(row.alert), "text": row.alert.text,
        "severity": row.alert.severity, "for": row.alert.audience.replace("_", " "),
        "chart": charts.get(row.alert.patient_id, ""), "patient": row.alert.patient_id,
        "rule": row.alert.rule, "records": ", ".join(row.alert.sources),
        "raised": _when(row.raised_at, zone), "due": texts.due_words(row.alert),
        "state": _state(row, zone), "note": row.note or "",
        "next told": _when(row.tell_at, zone) if row.tell_at else "",
    }  # fmt: skip
    for name, value in facts.items():
        if value:
            click.echo(f"{name:<10} {value}")
    told = [
        (
            one.level,
            one.person,
            one.channel,
            _when(one.updated_at, zone),
            one.state,
            one.message or "",
        )
        for one in found.notices
    ]
    if told:
        columns = ("level", "person", "channel", "at", "state", "why")
        console().print(table("Who was told", columns, told))
    lines = [(_when(datetime.fromisoformat(e.at), zone), e.action, e.actor) for e in found.history]
    console().print(table("Audit log", ("at", "what", "who"), lines))
    click.echo(texts.NOT_A_MONITORING_SERVICE)


@alerts_command.command("acknowledge")
@click.argument("alert_id", metavar="ID")
@_BY
@click.option("--note", help="What you are doing about it; stored encrypted.")
@click.pass_obj
def acknowledge_command(home: Path, alert_id: str, by: str, note: str | None) -> None:
    """Take alert ID on: nobody else is told of it any more."""
    app = open_app(home)
    with app.open_store() as store:
        taken = alert_desk.acknowledge(store, alert_id, by=by, note=note, now=app.site.now())
        row = alert_desk.show(store, alert_id).row
    if not taken:
        click.echo(f"{row.alert.key[:12]} was acknowledged by {row.acknowledged_by} before")
        return
    _say("Acknowledged", by, taken)


@alerts_command.command("resolve")
@click.argument("alert_id", metavar="ID")
@_BY
@click.option(
    "--outcome", required=True, type=click.Choice(alert_desk.OUTCOMES), help="What came of it."
)
@click.option("--note", help="In words; stored encrypted.")
@click.pass_obj
def resolve_command(home: Path, alert_id: str, by: str, outcome: str, note: str | None) -> None:
    """Close alert ID with what came of it."""
    app = open_app(home)
    with app.open_store() as store:
        closed = alert_desk.resolve(
            store, alert_id, by=by, outcome=outcome, note=note, now=app.site.now()
        )
        row = alert_desk.show(store, alert_id).row
    if not closed:
        click.echo(f"{row.alert.key[:12]} was resolved by {row.resolved_by} before")
        return
    _say("Resolved", by, closed)


@alerts_command.command("test")
@click.argument("channels", nargs=-1, metavar="[CHANNEL]...")
@click.option("--send", is_flag=True, help="Send a trial message to the people themselves.")
@click.pass_obj
def test_command(home: Path, channels: tuple[str, ...], send: bool) -> None:
    """Try CHANNEL (such as dana/phone; all by default), as the hourly self-test does.

    With --send each person gets a message that says that it is a trial: do it once for each new
    channel, and ask whether it came.
    """
    app = open_app(home)
    alerting, ways = _alerting(app), build_channels(app.site, app.home)
    unknown = sorted(set(channels) - set(ways))
    if unknown:
        raise ConfigurationError(
            "unknown_channel", f"there is no channel {unknown[0]!r}", where=SITE_FILE,
            allowed=sorted(ways),
        )  # fmt: skip
    text = (texts.trial if send else texts.self_test)(app.site.practice.name)
    notice = Notice("trial", text.title, text.body, "notice")
    names = [name for name, _ in alerting.channels() if not channels or name in channels]
    results = []
    for name in names:
        told = send or name == HEARTBEAT
        try:
            how = "sent" if told else ways[name].test(notice)
            if told:
                ways[name].tell(notice)
        except ConnectorError as fault:
            results.append((name, "FAILED", str(fault)))
            continue
        results.append((name, "ok", how))
        _keep(app, name, how, tested=not told)
    console().print(table("Channels", ("channel", "result", "how"), results))
    if any(result == "FAILED" for _, result, _ in results):
        raise SystemExit(EXIT_NEEDS_PERSON)


@alerts_command.command("rota")
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 60))
@click.pass_obj
def rota_command(home: Path, days: int) -> None:
    """Who is on call now and in the coming days, in the practice's time."""
    app = open_app(home)
    alerting = _alerting(app)
    if alerting.rota is None:
        click.echo("The site has no rota; told in order: " + ", ".join(alerting.fallback))
        return
    zone, start = ZoneInfo(app.site.practice.timezone), app.site.now().replace(second=0)
    rows: list[tuple[str, str]] = []
    last: tuple[str, ...] | None = None
    for minute in range(0, days * 24 * 60, 5):
        moment = start - timedelta(minutes=start.minute % 5) + timedelta(minutes=minute)
        on_call = alerting.rota.on_call(moment, zone)
        if on_call != last:
            names = ", ".join(alerting.person(id).name for id in on_call) or "nobody: fallback"
            rows.append(("now" if last is None else _when(moment, zone), names))
            last = on_call
    console().print(table("On call", ("from", "who"), rows))


def _keep(app: App, channel: str, how: str, *, tested: bool) -> None:
    """A trial that came through ends the alert that the channel fails."""
    from connector.engine import channel_faults

    with app.open_store() as store:
        now = app.site.now()
        store.write(lambda tx: channel_faults.worked(tx, channel, how, now, tested=tested))


def _alerting(app: App) -> Alerting:
    alerting = load_alerting(app.site)
    if alerting is None:
        raise ConfigurationError(
            "no_alerting",
            "the site names nobody to tell; see docs/alerts.md for the section `alerting`",
            where=SITE_FILE,
        )
    return alerting


def _say(what: str, by: str, rows: list[AlertRow]) -> None:
    ids = ", ".join(row.alert.key[: texts.REFERENCE_LENGTH] for row in rows)
    more = f" (one matter: {len(rows)} alerts)" if len(rows) > 1 else ""
    click.echo(f"{what} by {by}: {ids}{more}. Nobody else is told.")


def _charts(tx: Tx, rows: list[AlertRow]) -> dict[str, str]:
    """The practice's own numbers of the patients: by the connector's ids nobody finds a chart."""
    known = tx.records.references({row.alert.patient_id for row in rows})
    return {id: one.chart_number for id, one in known.items()}


def _line(app: App, row: AlertRow, charts: dict[str, str]) -> tuple[object, ...]:
    zone = ZoneInfo(app.site.practice.timezone)
    about = row.alert.patient_id
    patient = "" if about == PRACTICE else charts.get(about, about)
    return (
        texts.reference(row.alert), row.alert.severity, row.alert.audience.replace("_", " "),
        texts.kind_words(row.alert), patient, _when(row.raised_at, zone),
        texts.due_words(row.alert), _state(row, zone),
    )  # fmt: skip


def _state(row: AlertRow, zone: ZoneInfo) -> str:
    if row.state == "resolved":
        return f"resolved by {row.resolved_by}"
    if row.state == "acknowledged":
        at = f" {_when(row.acknowledged_at, zone)}" if row.acknowledged_at else ""
        return f"acknowledged by {row.acknowledged_by}{at}"
    return f"open, told {row.told} times" if row.state == "open" and row.told else row.state


def _when(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _as_json(row: AlertRow) -> dict[str, object]:
    """Without text, note and summary: what monitoring may see."""
    alert = row.alert
    return {
        "id": alert.key, "rule": alert.rule, "severity": alert.severity,
        "audience": alert.audience, "patient_id": alert.patient_id,
        "raised_at": row.raised_at.isoformat(timespec="seconds"), "state": row.state,
        "level": row.told, "acknowledged_by": row.acknowledged_by, "resolved_by": row.resolved_by,
        "next_told_at": row.tell_at.isoformat(timespec="seconds") if row.tell_at else None,
    }  # fmt: skip
