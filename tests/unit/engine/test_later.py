"""The driver of a database that is not used costs nothing, and is whole when it is."""

from __future__ import annotations

import subprocess
import sys

_ON_SQLITE = """
import sys
import connector.engine.durable
print(sorted(name for name in sys.modules if name.startswith("psycopg")))
"""
_USED = """
import connector.engine.durable, dbos._sys_db, dbos._utils
engine_knows = dbos._utils.psycopg, dbos._sys_db.pg_errors
import sqlalchemy
try:
    sqlalchemy.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none").connect()
except sqlalchemy.exc.OperationalError as fault:
    print(type(fault.orig).__name__, isinstance(fault.orig, engine_knows[0].OperationalError))
import psycopg
print(engine_knows[1].LockNotAvailable is psycopg.errors.LockNotAvailable)
print(psycopg.connect is engine_knows[0].connect)
"""


def _printed(program: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_importing_the_engine_reads_no_driver() -> None:
    assert _printed(_ON_SQLITE) == ["['psycopg', 'psycopg.errors']"]


def test_the_driver_is_the_real_one_when_it_is_used() -> None:
    assert _printed(_USED) == ["OperationalError True", "True", "True"]
