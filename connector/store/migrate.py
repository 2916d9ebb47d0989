"""Brings a database to the current schema; safe when several processes start at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, Text, inspect, select

from connector.errors import ConfigurationError
from connector.store.database import Database
from connector.store.schema import REVISION, VERSION_TABLE

SCRIPTS = Path(__file__).parent / "migrations"
# Any number that no other program locks in the same database.
_LOCK = 7_305_120_614


def migrate(database: Database) -> bool:
    """Applies missing migrations in one transaction; True when there were any.

    Raises ConfigurationError ("database_newer") when a newer program has migrated it.
    """
    if database.read(revision) == REVISION:
        return False
    return database.write(_migrate_under_lock)


def revision(connection: Connection) -> str | None:
    """The schema revision of the database, None when it is empty."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    table = Table(VERSION_TABLE, MetaData(), Column("version_num", Text))
    return connection.execute(select(table.c.version_num)).scalar()


def _migrate_under_lock(connection: Connection) -> bool:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    current = revision(connection)
    if current == REVISION:
        return False
    # Alembic is slow to import and needed only when there is something to do.
    from alembic import command
    from alembic.script import ScriptDirectory

    config = alembic_config(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise ConfigurationError(
            "database_newer",
            f"the database has schema {current}, this program knows up to {REVISION}; "
            "install the newer program again or restore a backup made before it",
        )
    command.upgrade(config, "head")
    return True


def alembic_config(connection: Connection) -> Any:
    """Alembic's configuration for the shipped migrations, run on ``connection``."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
