"""``authorizations``: requests to payers, their state, and what a person heard of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from connector.app import App, open_app
from connector.cli.tables import console, table
from connector.errors import ConfigurationError
from connector.store.audit import AuditEntry

if TYPE_CHECKING:
    from connector.authorizations.lifecycle import Case, Event
    from connector.authorizations.standing import Standing
    from connector.store.authorizations import CaseRow
    from connector.store.store import Store, Tx

_STATES = (
    "pended", "approved", "partly", "denied", "peer_to_peer", "appeal", "expired", "exhausted",
    "cancelled",
)  # fmt: skip
_MINUTE = timedelta(minutes=1)
"""A day ends with its last minute, not with the first of the next."""
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group("authorizations")
def authorizations_command() -> None:
    """Requests for authorization: list, show, and set what a person heard from the payer.

    A request begins when a clinician signs its packet. Answers that come as files move it by
    themselves; what comes by portal, fax or telephone is written here. REFERENCE may be the
    beginning of one.
    """


@authorizations_command.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only those that the payer must decide on.")
@click.pass_obj
def list_command(home: Path, only_open: bool) -> None:
    """Every request with its state, what was asked for and what was authorized; overdue first."""
    from connector.authorizations.standing import standing

    app = open_app(home)
    now, zone = app.site.now(), _zone(app)
    with app.open_store() as store:
        rows = store.read(lambda tx: tx.authorizations.all())
        charts = store.read(lambda tx: _charts(tx, rows))
        _trace(app, store, "list")
    found = [(row, standing(row.case, now, zone)) for row in rows]
    if only_open:
        found = [(row, one) for row, one in found if row.case.undecided]
    found.sort(key=lambda pair: (not pair[1].overdue, not pair[0].case.undecided, pair[0].case.id))
    columns = ("reference", "chart", "payer", "state", "asked", "authorized", "decision")
    cells = [
        (
            row.case.id, charts.get(row.patient_id, row.patient_id), row.case.asked.payer,
            _state(row.case), _visits(row.case.asked.visits), _authorized(row.case),
            _times(row.case, one, zone),
        )
        for row, one in found
    ]  # fmt: skip
    console().print(table(f"Requests: {len(cells)}", columns, cells))
    if not rows:
        click.echo("A request begins when its packet is signed: connector documents list --waiting")


@authorizations_command.command("show")
@click.argument("reference")
@click.pass_obj
def show_command(home: Path, reference: str) -> None:
    """One request: what was asked, what the payer said, what to do next, all that happened."""
    from connector.authorizations.standing import standing

    app = open_app(home)
    zone = _zone(app)
    with app.open_store() as store:
        row = _find(store, reference)
        events = store.read(lambda tx: tx.authorizations.events(row.case.id))
        charts = store.read(lambda tx: _charts(tx, [row]))
        _trace(app, store, row.case.id)
    case = row.case
    asked, decision = case.asked, case.decision
    click.echo(f"{case.id}, chart {charts.get(row.patient_id, row.patient_id)}: {_state(case)}")
    click.echo(f"Payer:      {asked.payer}")
    click.echo(f"Asked for:  {_visits(asked.visits)} {_period(asked.starts_on, asked.ends_on)}")
    click.echo(f"Authorized: {_authorized(case)}")
    if decision is not None:
        click.echo(f"Number:     {decision.number or decision.reference or 'none'}")
        for text in (*decision.reasons, *decision.messages):
            click.echo(f"The payer says: {text}")
        for line in decision.lines:
            click.echo(f"  {line.code or 'a service'}: {line.outcome}, {line.reason}")
    for name in case.wanted:
        click.echo(f"Wanted:     {name}")
    if case.tracking:
        click.echo(f"Asked with: {case.tracking}")
    click.echo(f"Time:       {_times(case, standing(case, app.site.now(), zone), zone)}")
    if case.problem:
        click.echo(f"Problem:    {case.problem}")
    if case.next_step:
        click.echo(f"Next:       {case.next_step}")
    click.echo("")
    rows = [(_moment(e.at, zone), _event(e), e.way, e.by) for e in events]
    console().print(table("What happened", ("when", "what", "way", "by"), rows))


@authorizations_command.command("set")
@click.argument("reference")
@click.option("--state", required=True, type=click.Choice(_STATES), help="What it has become.")
@click.option("--by", required=True, metavar="NAME", help="Who heard it.")
@click.option("--number", help="The payer's authorization number, or its reference while it pends.")
@click.option("--visits", type=click.IntRange(0, 10_000), help="Visits that were authorized.")
@click.option("--from", "first", type=_DAY, help="First day of the authorization.")
@click.option("--until", "last", type=_DAY, help="Last day of the authorization.")
@click.option("--reason", "reasons", multiple=True, help="What the payer gives as reason.")
@click.option("--on", "day", type=_DAY, help="The day on which the payer said it.")
@click.option("--correct", metavar="WHY", help="Put right what was entered wrongly; say why.")
@click.pass_obj
def set_command(home: Path, /, reference: str, **given: Any) -> None:
    """Write down what the payer said by portal, fax or telephone, with the name of who heard it."""
    from connector.pipeline.release import person
    from connector.release.requested import record

    app = open_app(home)
    given["by"] = person(given["by"])
    now = app.site.now()
    with app.open_store() as store:
        row = _find(store, reference)
        event = _heard(row, given, now, _zone(app))
        done = store.write(lambda tx: record(tx, event, row.patient_id, now, actor=given["by"]))
    if done is None:
        click.echo("That was known already; nothing changed.")
        return
    click.echo(f"{done.case.id}: {_state(done.case)}")
    if done.case.next_step:
        click.echo(f"Next: {done.case.next_step}")


@authorizations_command.command("amend")
@click.argument("reference")
@click.option("--by", required=True, metavar="NAME", help="Who wants it drafted again.")
@click.option("--why", required=True, help="What has to change, for the practice alone.")
@click.pass_obj
def amend_command(home: Path, reference: str, by: str, why: str) -> None:
    """Draft a request once more that the payer has not decided on: sign it as a new version.

    The draft is made of the records as they are then: correct them first. A payer by FHIR gets an
    update of the same request.
    """
    from connector.pipeline.release import person
    from connector.release.requested import reopen

    app, by = open_app(home), person(by)
    now = app.site.now()
    with app.open_store() as store:
        row = _find(store, reference)
        done = store.write(lambda tx: reopen(tx, row, by, " ".join(why.split()), now))
    if done is None:
        click.echo("It is drafted again already; see documents list --waiting.")
        return
    click.echo(f"{done.case.id} is drafted once more with the next run; then sign it.")


@authorizations_command.command("cancel")
@click.argument("reference")
@click.option("--by", required=True, metavar="'NAME, CREDENTIAL'", help="The clinician who signs.")
@click.option("--why", required=True, help="Why, for the practice alone.")
@click.pass_obj
def cancel_command(home: Path, reference: str, by: str, why: str) -> None:
    """Ask the payer to cancel a request that it has, signed, by the way on which it went there."""
    from connector.pipeline.release import signer
    from connector.release.cancel import cancel

    app, who = open_app(home), signer(by)
    with app.open_store() as store:
        row = _find(store, reference)
        done = cancel(app.desk(store), row.case.id, who, why)
    if done is None:
        click.echo("The payer was asked already; nothing changed.")
        return
    click.echo(f"{done.case.id}: {_state(done.case)}")
    click.echo(f"Next: {done.case.next_step}")


@authorizations_command.command("send-documents")
@click.argument("reference")
@click.option("--by", required=True, metavar="'NAME, CREDENTIAL'", help="The clinician who signs.")
@click.option("--document", default="", metavar="ID", help="A signed report; else the newest one.")
@click.pass_obj
def send_documents_command(home: Path, reference: str, by: str, document: str) -> None:
    """Send the payer the report that it asked for, signed, under the number it asked with."""
    from connector.pipeline.release import signer
    from connector.release.papers import send_papers

    app, who = open_app(home), signer(by)
    with app.open_store() as store:
        row = _find(store, reference)
        done = send_papers(app.desk(store), row.case.id, who, document)
    if done is not None:
        click.echo(f"{done.case.id}: on its way. Next: {done.case.next_step}")


def _heard(row: CaseRow, given: dict[str, Any], now: datetime, zone: ZoneInfo) -> Event:
    """The event of a hand entry: a decision where the payer decided, else a move."""
    from connector.authorizations.answers import event_id
    from connector.authorizations.lifecycle import Event
    from connector.x12.content.meaning import NEXT_STEPS

    state = given["state"]
    at = _at(given["day"], now, zone)
    decides = state in ("approved", "partly", "denied", "pended")
    if not decides and any(given[name] for name in ("number", "visits", "first", "last")):
        raise ConfigurationError(
            "not_a_decision", f"--number, --visits, --from and --until do not go with {state}",
            allowed=("approved", "partly", "denied", "pended"),
        )  # fmt: skip
    if given["first"] and given["last"] and given["last"] < given["first"]:
        raise ConfigurationError("dates_reversed", "--until is a day before --from")
    decision = _decision(row.case, given) if decides else None
    if state == "partly" and decision is not None and decision.authorized is None:
        raise ConfigurationError("visits_missing", "partly: say how many with --visits")
    kind = "corrected" if given["correct"] else ("decision" if decides else "moved")
    plain = decision.model_dump(mode="json") if decision else None
    why = " ".join((given["correct"] or "").split())
    return Event.model_validate(
        {
            "id": event_id(row.case.id, "person", [state, plain, at.isoformat(), why]),
            "case": row.case.id, "kind": kind, "at": at, "way": "person", "by": given["by"],
            "state": state if kind != "decision" else None, "decision": decision,
            "texts": tuple(given["reasons"]) + ((why,) if why else ()),
            "next_step": "" if decides else NEXT_STEPS.get(state, ""),
        }
    )  # fmt: skip


def _decision(case: Case, given: dict[str, Any]) -> Any:
    from connector.authorizations.lifecycle import Decision
    from connector.x12.content.meaning import NEXT_STEPS

    state, asked = given["state"], case.asked
    granted = state in ("approved", "partly")
    visits = given["visits"]
    outcome = state
    if state == "approved" and visits is not None and asked.visits and visits < asked.visits:
        outcome = "partly"
    pended = state == "pended"
    return Decision(
        outcome=outcome,
        number=None if pended else given["number"],
        reference=given["number"] if pended else None,
        authorized=visits if granted else None,
        starts_on=given["first"].date() if granted and given["first"] else None,
        ends_on=given["last"].date() if granted and given["last"] else None,
        reasons=tuple(given["reasons"]),
        next_step=NEXT_STEPS[outcome],
    )


def _at(day: datetime | None, now: datetime, zone: ZoneInfo) -> datetime:
    """The moment that is kept: now, or noon of a stated day, never in the future."""
    if day is None:
        return now
    stated = day.replace(hour=12, tzinfo=zone).astimezone(UTC)
    if day.date() > now.astimezone(zone).date():
        raise ConfigurationError("day_in_future", "--on lies in the future")
    return min(stated, now)


def _find(store: Store, reference: str) -> CaseRow:
    row = store.read(lambda tx: tx.authorizations.get(reference))
    if row is None:
        raise ConfigurationError(
            "no_such_case", f"no request has the reference {reference!r}; see authorizations list"
        )
    return row


def _charts(tx: Tx, rows: list[CaseRow]) -> dict[str, str]:
    found = tx.records.references({row.patient_id for row in rows}) if rows else {}
    return {id: one.chart_number for id, one in found.items()}


def _state(case: Case) -> str:
    from connector.authorizations.lifecycle import words

    version = f", version {case.version}" if case.version > 1 else ""
    back = ", came back" if case.problem and case.undecided else ""
    ending = ", to be cancelled" if case.cancelling else ""
    return f"{words(case.state)}{version}{back}{ending}"


def _visits(count: int | None) -> str:
    return "number not stated" if count is None else f"{count} visits"


def _authorized(case: Case) -> str:
    decision = case.decision
    if decision is None or decision.outcome not in ("approved", "partly"):
        return "nothing" if case.state in ("denied", "cancelled") else "not decided"
    if decision.authorized is None:
        return "as asked for" if decision.outcome == "approved" else "a part, number not stated"
    period = _period(decision.starts_on, decision.ends_on)
    return f"{decision.authorized} {decision.unit}{f' {period}' if period else ''}"


def _period(first: Any, last: Any) -> str:
    if first is None and last is None:
        return ""
    return f"{first or 'start'} to {last or 'open end'}"


def _times(case: Case, found: Standing, zone: ZoneInfo) -> str:
    if found.took is not None:
        kept = {True: ", in time", False: ", LATE", None: ""}[found.in_time]
        days = found.took
        return f"after {days.calendar_days} days ({days.business_days} business days){kept}"
    if not case.undecided:
        return ""
    if found.due is None:
        return f"waits since {_moment(case.requested_at, zone)[:10]}"
    word = "OVERDUE since" if found.overdue else "due by"
    return f"{word} {_moment(found.due - _MINUTE, zone)}"


def _event(event: Event) -> str:
    parts: list[str] = [event.kind if event.state is None else f"{event.kind}: {event.state}"]
    if event.decision is not None:
        parts.append(event.decision.outcome)
    return "; ".join([*parts, *event.texts])


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _zone(app: App) -> ZoneInfo:
    return ZoneInfo(app.site.practice.timezone)


def _trace(app: App, store: Store, subject: str) -> None:
    """Reading about patients leaves a trace."""
    entry, now = AuditEntry("authorizations_read", subject), app.site.now()
    store.write(lambda tx: tx.audit.append([entry], now))
