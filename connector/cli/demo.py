"""``demo``: the shipped synthetic practice, set up and run from end to end."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from connector import settings
from connector.app import App, open_app
from connector.cli.summary import print_summary, run_with_progress
from connector.errors import ConfigurationError
from connector.resources import shipped_root


@click.command("demo")
@click.argument(
    "folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo-site")
)
@click.option("--serve", "then_serve", is_flag=True, help="Start the service afterwards.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8080,
    show_default=True,
    help="Port for --serve, on 127.0.0.1.",
)
def demo_command(folder: Path, then_serve: bool, port: int) -> None:
    """Set up the synthetic sample practice in FOLDER (default ./demo-site) and run everything.

    The practice is made up, and so is everybody in it. Run it again and nothing is sent twice: the
    same exports come in again and are recognised.
    """
    app = set_up_demo(folder.resolve())
    seconds = run_with_progress(app)
    print_summary(app, seconds)
    if then_serve:
        from connector.cli.serve import serve

        serve(app, port)
    else:
        click.echo(f"See it in a browser: connector --home {folder} serve")


def set_up_demo(home: Path) -> App:
    """The demo site in ``home``, with the practice's exports in the pickup folder.

    Raises ConfigurationError when ``home`` holds something else.
    """
    sample = shipped_root() / "config" / "sample_practice"
    home.mkdir(parents=True, exist_ok=True)
    if not (home / settings.SITE_FILE).exists():
        shutil.copy(sample / settings.SITE_FILE, home / settings.SITE_FILE)
    app = open_app(home)
    if app.site.practice.id != settings.load_site(sample).practice.id:
        raise ConfigurationError(
            "not_a_demo_site",
            f"{home} holds the site of another practice; give the demo a folder of its own",
        )
    if (sample / "config").is_dir():
        shutil.copytree(sample / "config", home / "config", dirs_exist_ok=True)
    for source in app.site.sources:
        pickup = home / str(source.options["folder"])
        pickup.mkdir(parents=True, exist_ok=True)
        if source.name in app.answering:
            continue  # nobody has answered yet
        for export in sorted((sample / "inbox").glob("*")):
            shutil.copy2(export, pickup / export.name)
    return app
