"""``pas fake-payer`` and ``pas subscribe``: a payer to try things on, and our Subscription."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import Any

import click

from connector.errors import ConfigurationError

_SCENARIOS = (
    "approve", "deny", "pend", "modify", "error", "outcome", "fail", "slow", "malformed", "lost",
)  # fmt: skip

_DECISIONS = ("approve", "deny", "modify", "error")


def _adapter(module: str) -> Any:
    """A module of the adapter, loaded by name: the core does not know adapters."""
    return importlib.import_module(f"adapters.pas_fhir.{module}")


@click.command("fake-payer")
@click.option("--port", type=click.IntRange(1, 65_535), default=8_470, show_default=True)
@click.option("--scenario", type=click.Choice(_SCENARIOS), default="approve", show_default=True)
@click.option("--seconds", type=float, help="End after so many seconds.")
@click.option(
    "--decides-after",
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="Decide what is pended after so many seconds, and tell Subscriptions.",
)
@click.option(
    "--decides",
    type=click.Choice(_DECISIONS),
    default="approve",
    show_default=True,
    help="How it is decided then.",
)
def fake_payer_command(
    port: int, scenario: str, seconds: float | None, decides_after: float | None, decides: str
) -> None:
    """Play a payer on this machine, for a trial; end it with Ctrl-C.

    A request whose message holds "scenario deny" is denied, and so on. Subscriptions whose endpoint
    is on this machine get their handshake and what is decided later.
    """
    payer = _adapter("fake").FakePayer(scenario)
    payer.decides_after, payer.decides = decides_after, decides
    try:
        address = payer.start(port)
    except OSError as fault:
        raise ConfigurationError(
            "port_taken", f"port {port} can't be listened on ({type(fault).__name__})"
        ) from None
    click.echo(f"A payer listens at {address}. For the site file:\n\n{payer.trial()}")
    try:
        threading.Event().wait(seconds)
    except KeyboardInterrupt:
        click.echo("Ended.")
    finally:
        payer.stop()


@click.command("subscribe")
@click.argument("destination")
@click.option("--endpoint", help="Our address as the payer reaches it: https://.../webhooks/NAME.")
@click.option("--sender", help="Our identifier as the sender (ISA06).")
@click.option("--replace", "replaced", metavar="ID", help="Put it in the place of this one.")
@click.option("--show", metavar="ID", help="Show the state of this one.")
@click.option("--end", metavar="ID", help="End this one.")
@click.pass_obj
def subscribe_command(
    home: Path,
    destination: str,
    endpoint: str | None,
    sender: str | None,
    replaced: str | None,
    show: str | None,
    end: str | None,
) -> None:
    """Have the payer at DESTINATION tell us of decisions; one Subscription serves a practice.

    The secret that it must send along is that of the source which answers_to names.
    """
    from connector import settings

    site = settings.load_site(home)
    at = _adapter("trial").Payer(home, site, destination)
    if show is not None:
        click.echo(at.subscriptions.status(show))
        return
    if end is not None:
        at.subscriptions.end(end)
        click.echo(f"Subscription {end} is ended.")
        return
    if not endpoint or not sender:
        raise click.UsageError("--endpoint and --sender are needed to subscribe.")
    resource = at.subscription(endpoint, sender)
    if replaced is not None:
        at.subscriptions.replace(replaced, resource)
        click.echo(f"Subscription {replaced} is replaced.")
    else:
        click.echo(f"Subscription {at.subscriptions.create(resource)} is made; keep its id.")
