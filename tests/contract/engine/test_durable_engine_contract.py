"""The durable engine around the units of work, on both databases, with real processes."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from connector.app import open_app
from connector.engine.durable import APPLICATION_VERSION
from connector.errors import ConfigurationError, ConnectorError
from connector.store.audit_check import verify
from connector.testing import FakeDestination

ROOT = Path(__file__).parents[3]
CASE = "mh_deteriorating_with_safety_item"


def command(home, *words, **more):
    return subprocess.run(
        [Path(sys.executable).with_name("connector"), "--home", home, *words],
        capture_output=True, text=True, timeout=150, check=False, cwd=ROOT, **more,
    )  # fmt: skip


def manifest(site):
    return [json.loads(line) for line in (site.out / "manifest.jsonl").read_text().splitlines()]


@contextmanager
def replica(home, seconds, *more):
    """A running replica; killed at the end, if it still runs."""
    driver = Path(__file__).with_name("replica.py")
    process = subprocess.Popen(
        [sys.executable, str(driver), str(home), str(seconds), *more],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            with suppress(BrokenPipeError):
                stream.close()


def hear(process, word, seconds=150):
    """Waits until the replica says a word."""
    said = b""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ready, _, _ = select.select([process.stdout], [], [], 0.2)
        if ready:
            new = os.read(process.stdout.fileno(), 4096)
            if not new:
                break
            said += new
            if word.encode() in said.split():
                return
    process.kill()
    raise AssertionError(f"never said {word!r}: {said!r} {process.stderr.read()[-2000:]!r}")


def tell(process, word):
    process.stdin.write(f"{word}\n".encode())
    process.stdin.flush()


def engine_values(site):
    """Every value in the engine's tables, as text."""
    url = open_app(site.home).site.store.engine_url
    if url.startswith("sqlite"):
        path = site.home / "data" / "engine.db"
        with sqlite3.connect(path) as connection:
            tables = [
                name
                for (name,) in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                )
            ]
            values = [
                str(value)
                for name in tables
                for row in connection.execute(f'SELECT * FROM "{name}"')
                for value in row
            ]
        connection.close()
        return values
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        return [
            str(value)
            for schema, name in tables
            for row in connection.execute(f'SELECT * FROM "{schema}"."{name}"').fetchall()
            for value in row
        ]


def test_a_whole_run_and_a_second_one(small_site, engine_urls):
    site = small_site(CASE, store=engine_urls(), receives=("decision", "alert", "therapist"))
    app = open_app(site.home)
    with app.open_engine() as runner:
        runner.run_once(["csv"])
        versions = {row.app_version for row in _workflows()}
    assert versions == {APPLICATION_VERSION} == {"1"}
    filed = manifest(site)
    assert Counter(line["key"] for line in filed) == {line["key"]: 1 for line in filed}
    assert {line["kind"] for line in filed} == {"decision", "alert", "therapist"}
    assert {p.suffix for p in site.out.rglob("*.pdf")} == {".pdf"}

    site.drop_case(CASE)
    with open_app(site.home).open_engine() as runner:
        runner.run_once(["csv"])
        assert verify(runner.work.store).ok
    assert manifest(site) == filed

    values = engine_values(site)
    assert len(values) > 100
    plain = re.compile(r"Samplewood|Avery|C-3101|SYN3101|F-3101|09/12/1997|Demoton")
    assert [value for value in values if plain.search(value)] == []


def _workflows():
    from dbos import DBOS

    return DBOS.list_workflows(load_input=False, load_output=False)


def test_what_a_killed_process_had_in_hand_is_finished_before_anything_new(small_site, engine_urls):
    site = small_site(CASE, store=engine_urls())
    with replica(site.home, 0, "die") as process:
        hear(process, "open")
        tell(process, "poll")
        assert process.wait(timeout=150) == -signal.SIGKILL
    left = _in_state(site, "sending")
    arrived = [line["key"] for line in manifest(site)]
    assert arrived and set(arrived) <= set(left)

    app = open_app(site.home)
    counting = FakeDestination()
    folder = app.destinations["filing"]
    counting.find = folder.find
    app.__dict__["destinations"] = {"filing": counting}
    with app.open_engine() as runner:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not app.site.store.url.startswith("sqlite"):
            # On PostgreSQL the dead one's work comes when its lock is seen to be free.
            if not _open(runner, left):
                break
            time.sleep(0.1)
        assert not _open(runner, left), "recovered work is done when the engine is open"
        assert not set(arrived) & set(counting.sent), "it was asked for, and had arrived"
        runner.run_once(["csv"])
    assert not set(arrived) & set(counting.sent)
    assert _in_state(site, "sending", "pending", "dead") == []
    assert len(counting.sent) == counting.attempts > 0


def _open(runner, keys):
    rows = runner.work.store.read(lambda tx: tx.deliveries.get_all(keys))
    return [key for key, row in rows.items() if row.state != "delivered"]


def _in_state(site, *states):
    with open_app(site.home).open_store() as store:
        return [
            row.key for row in store.read(lambda tx: tx.deliveries.list()) if row.state in states
        ]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_another_replica_takes_over_from_one_that_is_killed_for_good(
    small_site, engine_urls, database
):
    site = small_site(store=engine_urls())
    for case in ("mh_deteriorating_with_safety_item", "pt_lefs_higher_is_better"):
        for export in (ROOT / "tests/golden/cases" / case / "input/inbox").iterdir():
            site.drop(f"{export.stem}_{case}.csv", export.read_bytes())
    with replica(site.home, 0.3) as first, replica(site.home, 0.05) as second:
        hear(first, "open")
        hear(second, "open")
        tell(first, "poll")
        hear(first, "sending")
        first.kill()
        first.wait()
        tell(second, "work")
        hear(second, "idle")
        second.stdin.close()
        assert second.wait(timeout=150) == 0, second.stderr.read()[-2000:]
    filed = manifest(site)
    assert Counter(line["key"] for line in filed) == {line["key"]: 1 for line in filed}
    with open_app(site.home).open_store() as store:
        rows = store.read(lambda tx: tx.deliveries.list(limit=1000))
        receipts = [store.read(lambda tx, k=r.key: tx.deliveries.receipt(k)) for r in rows]
        assert verify(store).ok
    assert {row.state for row in rows} == {"delivered"}
    assert {row.key for row in rows} == {line["key"] for line in filed}
    assert None not in receipts


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_second_process_on_the_same_files_is_refused(small_site, engine_urls, database):
    site = small_site(CASE)
    with open_app(site.home).open_engine():
        done = command(site.home, "run", "--once")
    assert done.returncode == 3
    assert (
        "another connector process is using engine.db. Stop it first; to run several processes, "
        "set store.url and store.engine_url to PostgreSQL [already_running]"
    ) in done.stderr
    assert "Traceback" not in done.stderr
    assert command(site.home, "run", "--once").returncode == 0


def test_a_source_that_cannot_be_read_stops_no_other(small_site, engine_urls):
    class Broken:
        def fetch(self, cursor):
            raise ConfigurationError("folder_not_writable", "the pickup folder can't be read")

        def acknowledge(self, page):
            raise AssertionError

    site = small_site(CASE, store=engine_urls())
    app = open_app(site.home)
    sources = dict(app.sources)
    app.__dict__["sources"] = {"broken": Broken(), **sources}
    with app.open_engine() as runner, pytest.raises(ConnectorError, match="can't be read"):
        runner.run_once(["broken", "csv"])
    assert len(manifest(site)) > 2
    assert _in_state(site, "pending", "sending", "dead") == []
