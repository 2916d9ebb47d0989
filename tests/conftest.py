"""What several kinds of tests share: a PostgreSQL server, and small sites on golden input."""

from __future__ import annotations

import csv
import fcntl
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "golden" / "cases"
WRITTEN_AT = 1_763_000_000
AS_OF = "2026-11-20T17:00:00-05:00"

# A busy machine is slow at times, which is no fault of a property; and without a change a run finds
# what the last one found. New examples each time: pytest --hypothesis-profile=explore
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", _PATIENT)
settings.register_profile("suite", _PATIENT, derandomize=True)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server on which databases may be made; started when it is installed here.

    A server that was started for this run is stopped by the last process that uses it.
    """
    given = os.environ.get("CONNECTOR_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash to start PostgreSQL with")
    script = ROOT / "scripts" / "postgres.sh"
    usual = Path(tempfile.gettempdir(), f"progress-connector-postgres-{os.getuid()}")
    place = os.environ.get("CONNECTOR_POSTGRES_DIR") or usual  # as the script has it
    with Path(f"{place}.tests").open("a+") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        asked = subprocess.run([bash, script, "status"], capture_output=True, text=True)
        done = subprocess.run([bash, script, "start"], capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            pytest.skip(f"PostgreSQL can't be started: {done.stderr.strip()}")
        if asked.stdout.strip() == "stopped":
            print("started for tests", file=users, flush=True)
        yield done.stdout.strip()
        with suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody else uses it now
            if os.fstat(users.fileno()).st_size:
                subprocess.run([bash, script, "stop"], capture_output=True)
                users.truncate(0)


@pytest.fixture(scope="session")
def new_postgres_url(postgres_server: str) -> Iterator[Callable[[], str]]:
    """Makes empty databases, dropped after the session."""
    made: list[str] = []

    def make() -> str:
        made.append(f"connector_test_{uuid.uuid4().hex[:12]}")
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{made[-1]}"')
        return postgres_server.rpartition("/")[0] + "/" + made[-1]

    yield make
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        for name in made:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def fhir_counterpart() -> Iterator[Any]:
    """A FHIR server in this process (tests/fhir_counterpart.py)."""
    place = ROOT / "tests" / "fhir_counterpart.py"
    if place.stem not in sys.modules:
        spec = importlib.util.spec_from_file_location(place.stem, place)
        assert spec is not None and spec.loader is not None
        sys.modules[place.stem] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[place.stem])
    with sys.modules[place.stem].serving() as counterpart:
        yield counterpart


_parsed: dict[str, Any] = {}


def open_small_app(home: Path) -> Any:
    """The app of a small site; the shipped instruments and mappings are read once a session."""
    from connector.app import open_app

    app = open_app(home)
    if (home / "mappings").is_dir():
        return app
    sources = repr([(given.name, given.mapping) for given in app.site.sources])
    if "instruments" in _parsed:
        app.__dict__["instruments"] = _parsed["instruments"]
    if sources in _parsed:
        app.__dict__["mappings"] = _parsed[sources]
    _parsed.update({"instruments": app.instruments, sources: app.mappings})
    return app


@dataclass
class SmallSite:
    """A site folder on the input of a golden case; ``write`` puts its site file down."""

    home: Path
    receives: Sequence[str] = ("decision", "alert", "packet_manifest")
    practice_id: str = "small"
    store: Mapping[str, str] = field(default_factory=dict)
    as_of: str | None = AS_OF
    every_seconds: int = 300
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def inbox(self) -> Path:
        """Where exports are dropped."""
        return self.home / "inbox"

    @property
    def out(self) -> Path:
        """Where the folder destination files."""
        return self.home / "out"

    def write(self) -> SmallSite:
        """Write the site file and make the pickup folder."""
        self.inbox.mkdir(parents=True, exist_ok=True)
        site = {
            "practice": {"id": self.practice_id, "name": "Small Practice", "synthetic": True},
            "sources": [
                {
                    "name": "csv",
                    "adapter": "csv_files",
                    "mapping": "csv_export",
                    "every_seconds": self.every_seconds,
                    "options": {"folder": "inbox", "settle_seconds": 0},
                }
            ],
            "destinations": [
                {
                    "name": "filing",
                    "adapter": "folder",
                    "receives": list(self.receives),
                    "options": {"folder": "out"},
                }
            ],
            "store": dict(self.store),
            **({"as_of": self.as_of} if self.as_of else {}),
            **self.extra,
        }
        (self.home / "site.yaml").write_text(yaml.safe_dump(site), encoding="utf-8")
        return self

    def open(self) -> Any:
        """The site's app, opened quickly."""
        return open_small_app(self.home)

    def drop_case(self, case: str) -> None:
        """Drop all exports of a golden case, always with the same time."""
        for export in sorted((CASES / case / "input" / "inbox").iterdir()):
            self.drop(export.name, export.read_bytes())

    def drop(self, name: str, content: bytes | str, at: int = WRITTEN_AT) -> Path:
        """Drop one export that was written at a time (seconds); a service may be looking."""
        path = self.inbox / name
        unfinished = path.with_name(".unfinished")
        unfinished.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(unfinished, (at, at))
        return unfinished.rename(path)

    def drop_rows(self, name: str, rows: Sequence[Mapping[str, Any]], at: int = WRITTEN_AT) -> Path:
        """Drop rows as CSV; the columns are those of the first row."""
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        return self.drop(name, text.getvalue(), at)


def client(number: str, **changes: str) -> dict[str, str]:
    """One row of clients.csv."""
    return {
        "client_id": number,
        "first_name": "Avery",
        "last_name": "Samplewood",
        "date_of_birth": "04/12/1988",
        "sex": "Female",
        "primary_clinician_id": "K-01",
        "status": "Active",
        "program": "Mental Health",
        "intake_date": "08/19/2026",
        "last_updated": "2026-08-19 08:00:00",
        **changes,
    }


def form(number: str, client_id: str, answers: Sequence[object], **changes: str) -> dict[str, str]:
    """One row of assessment_items.csv."""
    padded = [*answers, *[""] * (20 - len(answers))]
    return {
        "assessment_id": number,
        "client_id": client_id,
        "measure": "PHQ-9",
        "date_completed": "11/18/2026",
        **{f"item_{n}": str(answer) for n, answer in enumerate(padded, start=1)},
        "entered_by": "client portal",
        "last_updated": "2026-11-18 10:12:00",
        **changes,
    }


@pytest.fixture
def rows() -> Any:
    """Makers of rows: ``rows.client(...)``, ``rows.form(...)``."""

    class Rows:
        client = staticmethod(client)
        form = staticmethod(form)

    return Rows


_tables: list[str] = []


def migrate_once(database: Any) -> bool:
    """As ``migrate``; but a new SQLite file gets the tables that it made in the first one."""
    from connector.store.database import SqliteDatabase
    from connector.store.migrate import migrate, revision
    from connector.store.schema import REVISION, VERSION_TABLE

    if not isinstance(database, SqliteDatabase) or database.read(revision) is not None:
        return migrate(database)
    if _tables:
        database.write(lambda connection: [connection.exec_driver_sql(one) for one in _tables])
        return True
    asked = (
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
        "ORDER BY type = 'table' DESC"
    )
    done = migrate(database)
    _tables.extend(database.read(lambda connection: connection.exec_driver_sql(asked).scalars()))
    _tables.append(f"INSERT INTO {VERSION_TABLE} VALUES ('{REVISION}')")
    return done


@pytest.fixture
def small_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., SmallSite]:
    """Makes sites in folders of their own; keyword arguments are those of ``SmallSite``."""
    monkeypatch.setattr("connector.store.store.migrate", migrate_once)
    made: list[SmallSite] = []

    def make(case: str | None = None, **given: Any) -> SmallSite:
        site = SmallSite(home=tmp_path / f"site-{len(made) + 1}", **given).write()
        made.append(site)
        if case is not None:
            site.drop_case(case)
        return site

    return make
