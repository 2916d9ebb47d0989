"""``connect``: a person of the practice signs in at a vendor, so that the connector may go in."""

from __future__ import annotations

import difflib
from pathlib import Path

import click

from connector import registry
from connector.errors import ConfigurationError
from connector.ports import AdapterContext, SignIn
from connector.settings import SITE_FILE, Site, check_section, load_site

_LOOPBACK = "http://127.0.0.1:"


@click.command("connect")
@click.argument("name")
@click.option("--paste", is_flag=True, help="Ask for the address that the browser ended at.")
@click.option("--wait", default=300, show_default=True, help="Seconds to wait for the browser.")
@click.pass_obj
def connect_command(home: Path, name: str, paste: bool, wait: int) -> None:
    """Sign in at the vendor of the source or destination NAME, in the browser.

    Somebody of the practice who may allow it opens the printed address. Where the vendor sends
    them back to this machine, the answer is taken in by itself; else paste the address that the
    browser ended at. What is kept lies in the file that the site names, readable by you alone.
    """
    waiting = _begun(load_site(home), home, name)
    click.echo("Open this address in a browser, sign in, and allow the connection:\n")
    click.echo(f"  {waiting.address}\n")
    if paste or not waiting.redirect_uri.startswith(_LOOPBACK):
        said = waiting.finish(click.prompt("The address that the browser ended at"))
    else:
        from connector.cli.redirect import wait_for_redirect

        click.echo(f"Waiting for the browser to come back ({wait} s; stop with Ctrl-C) ...")
        said = wait_for_redirect(waiting.redirect_uri, waiting.finish, wait)
    click.echo(said)


def _begun(site: Site, home: Path, name: str) -> SignIn:
    """The sign-in of a source or destination. Raises ConfigurationError where it has none."""
    offered = []
    for role, listed in (("source", site.sources), ("destination", site.destinations)):
        for given in listed:
            adapter = registry.find_adapter(given.adapter)
            model = adapter.source_settings if role == "source" else adapter.destination_settings
            if adapter.sign_in is None or model is None:
                continue
            offered.append(given.name)
            if given.name == name:
                where = f"{SITE_FILE}, {role} {name!r}, options"
                options = check_section(model, given.options, where=where)
                return adapter.sign_in(options, AdapterContext(name, home, now=site.now))
    close = difflib.get_close_matches(name, offered, n=1)
    raise ConfigurationError(
        "no_sign_in", f"{name!r} is nothing to sign in at with a browser", where=SITE_FILE,
        allowed=offered, suggestion=close[0] if close else None,
    )  # fmt: skip
