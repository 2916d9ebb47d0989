"""``pas new-key`` and ``pas jwks``: the key that signs for SMART, and its public half."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from connector.cli.written import write_file
from connector.errors import ConfigurationError


@click.command("new-key")
@click.argument("path", type=click.Path(path_type=Path))
def new_key_command(path: Path) -> None:
    """Make a private key (ES384) at PATH, readable by you alone. Nothing is overwritten."""
    from connector.http.signing_key import new_key

    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as fault:
        raise ConfigurationError(
            "key_not_written", f"no key was made at {path} ({type(fault).__name__})"
        ) from None
    with os.fdopen(handle, "w") as file:
        file.write(new_key())
    click.echo(f"Made {path}. Give a server its public half: connector pas jwks {path}")


@click.command("jwks")
@click.argument("keys", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file.")
def jwks_command(keys: tuple[Path, ...], output: Path | None) -> None:
    """Print the public halves of KEYS as a JWK set, to be published or given to a server.

    To change a key: publish the old and the new one, put the new one into the site file, and a day
    later publish the new one alone.
    """
    from connector.credentials import SecretReference
    from connector.http.signing_key import key_set

    pems = [SecretReference(file=str(path)).read(Path.cwd()) for path in keys]
    text = json.dumps(key_set(pems), indent=2)
    if output is not None:
        write_file(output, f"{text}\n".encode())
    else:
        click.echo(text)
