"""The command line. Each command lies in a module of its own, imported only when it is called.

Exit codes: 0 done; 1 done, and something needs a person (rows that ``map apply`` refused, an audit
log that does not verify, a measure that could not be scored); 2 wrong use of the command; 3 the
configuration must be fixed; 4 try again later (database busy or away, disk full).
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from connector import __version__, logs
from connector.errors import ConfigurationError, ConnectorError, RetryLater

EXIT_NEEDS_PERSON = 1
EXIT_CONFIGURATION = 3
EXIT_RETRY_LATER = 4

_COMMANDS = {
    "demo": ("connector.cli.demo", "Set up the sample practice and run the whole pipeline on it."),
    "init": ("connector.cli.site", "Make a new site folder with a commented site file."),
    "check": ("connector.cli.site", "Check a whole site: files, mappings, instruments, adapters."),
    "status": ("connector.cli.site", "Show what waits, what was sent and what needs a person."),
    "run": ("connector.cli.run", "Poll all sources once, or go on until stopped."),
    "poll": ("connector.cli.run", "Ask one source for what is new, now."),
    "backfill": ("connector.cli.counterparts", "Read a source's history again, from a date on."),
    "connect": ("connector.cli.connect", "Sign in to a vendor with the browser, once."),
    "fake": ("connector.cli.counterparts", "A stand-in for a vendor's system, for a trial."),
    "subscriptions": ("connector.cli.subscriptions", "What an EHR tells us of by itself."),
    "export-load": ("connector.cli.subscriptions", "Load all that a source has, by its export."),
    "ingest": ("connector.cli.run", "Bring files in now and run the pipeline on them."),
    "serve": ("connector.cli.serve", "Run the service: web page, clock and engine."),
    "map": ("connector.cli.mapping", "Make a mapping, try it; nothing is stored."),
    "config": ("connector.cli.configuration", "Versions: what a change does, approve, go back."),
    "shadow": ("connector.cli.shadow", "What is made and not sent; let it go."),
    "identity": ("connector.cli.identities", "Which patients are one person; who waits."),
    "records": ("connector.cli.mapping", "Describe the canonical records (JSON Schema)."),
    "measures": ("connector.cli.measures", "List, show and try the outcome measures."),
    "score": ("connector.cli.score", "Scores typed in by staff."),
    "assessments": ("connector.cli.assessments", "Forms that are due or overdue, by patient."),
    "wording": ("connector.cli.wording", "Crisis wording: the rule list, and a way to try it."),
    "chart": ("connector.cli.chart", "Breaks in charts from intake to discharge."),
    "alerts": ("connector.cli.alerts", "Who is told of what; acknowledge, resolve, test."),
    "report": ("connector.cli.report", "The clinical director's report on the practice."),
    "documents": ("connector.cli.documents", "Fill in, sign, release what waits for a person."),
    "quarantine": ("connector.cli.quarantine", "Rows and files that could not be mapped."),
    "filing": ("connector.cli.filing", "Documents to file into the chart by hand."),
    "dead-letters": ("connector.cli.dead_letters", "Deliveries that gave up."),
    "destinations": ("connector.cli.destinations", "Where documents go; switch one on again."),
    "payers": ("connector.cli.payers", "What payers want: rules with their sources."),
    "authorizations": ("connector.cli.authorizations", "Requests to payers and their state."),
    "eligibility": ("connector.cli.eligibility", "Who is insured: ask, read, what changed."),
    "x12": ("connector.cli.x12", "Check, read and write files for payers (X12)."),
    "pas": ("connector.cli.pas", "Requests to payers as FHIR: check, make, subscribe, keys."),
    "audit": ("connector.cli.audit", "Verify and export the audit log."),
    "keys": ("connector.cli.keys", "The keys that encrypt what is stored: which, and a new one."),
}


class _LazyGroup(click.Group):
    """A group whose commands are imported when called, so that ``--help`` is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(_COMMANDS[cmd_name][0])
        command = getattr(module, cmd_name.replace("-", "_") + "_command")
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as fault:
            import difflib

            close = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            if not close:
                raise
            raise click.UsageError(f"{fault.message} Did you mean {close[0]!r}?", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


_EPILOG = """
\b
First steps:
  connector demo                           see it work on a synthetic practice
  connector init my-site                   make your own site, then edit site.yaml
  connector --home my-site check           find mistakes before they matter
  connector --home my-site run --once      read, decide, report, deliver

\b
Exit codes: 0 done, 1 something needs a person, 2 wrong use, 3 fix the configuration,
4 try again later.
"""


@click.group(cls=_LazyGroup, epilog=_EPILOG)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="CONNECTOR_HOME",
    help="The site's folder (default: $CONNECTOR_HOME, else the current folder).",
)
@click.version_option(__version__, prog_name="connector")
@click.pass_context
def main_group(ctx: click.Context, home: Path | None) -> None:
    """Progress Connector: outcome evidence from the EHR you have, to those who need it.

    It reads a therapy practice's records, compares outcome measures with their baseline, says
    exceeds, meets or below with the reason, and writes reports, alerts and payer packets. It
    supports clinical judgement and never replaces it.
    """
    from connector.settings import site_home

    ctx.obj = site_home(home)


def main() -> None:
    """Run the command line; product errors become one plain sentence and an exit code."""
    logs.set_up()
    try:
        main_group(prog_name="connector")
    except ConnectorError as fault:
        click.echo(f"connector: {fault}", err=True)
        sys.exit(exit_code(fault))


def exit_code(fault: ConnectorError) -> int:
    """The exit code that tells what to do next about an error."""
    if isinstance(fault, ConfigurationError):
        return EXIT_CONFIGURATION
    return EXIT_RETRY_LATER if isinstance(fault, RetryLater) else EXIT_NEEDS_PERSON
