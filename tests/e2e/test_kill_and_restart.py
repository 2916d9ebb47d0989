"""SIGKILL at random moments of a whole run, then restart: nothing lost, nothing twice."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from connector.app import open_app
from connector.store.audit_check import verify
from connector.store.crypto import ENVIRONMENT_VARIABLE, KeyRing

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "config" / "sample_practice"
CLIENTS = {"C-1002", "C-1003", "C-1026", "C-2002", "C-2004"}
KILLS, KILLS_A_SITE = 30, 10


def _site(home: Path) -> Path:
    """A site with a few patients of the sample practice, their bad rows and the refused file."""
    (home / "inbox").mkdir(parents=True)
    for export in sorted((SAMPLE / "inbox").iterdir()):
        with export.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = csv.reader(file)
        column = header.index("client_id") if "client_id" in header else None
        kept = [row for row in rows if column is None or row[column] in CLIENTS]
        target = home / "inbox" / export.name
        with target.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *kept])
        os.utime(target, (1_763_000_000, 1_763_000_000))
    site = yaml.safe_load((SAMPLE / "site.yaml").read_text(encoding="utf-8"))
    (home / "site.yaml").write_text(yaml.safe_dump(site), encoding="utf-8")
    return home


def _run(home: Path, kills: int, seed: int) -> int:
    """Run the site to its end, killed up to ``kills`` times; how often it really was."""
    driver = str(Path(__file__).with_name("kill_driver.py"))
    done = subprocess.run(
        [sys.executable, driver, str(home), str(kills), str(seed)],
        capture_output=True, text=True, timeout=900, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return int(done.stdout.split()[-1])


def _filed(home: Path) -> dict[str, str]:
    """Digest of every filed document, by its path."""
    out = home / "out"
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and path.name != "manifest.jsonl"
    }


@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_doubled_by_kills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = KeyRing.create(tmp_path / "keys.json").text()
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, keys)
    reference = _site(tmp_path / "reference")
    assert _run(reference, 0, 0) == 0
    expected = _filed(reference)
    expected_counts = _counts(reference)
    assert len(expected) > 30

    killed, seed = 0, 0
    while killed < KILLS:
        seed += 1
        assert seed <= 20, f"only {killed} kills in {seed - 1} runs"
        home = _site(tmp_path / f"site-{seed}")
        killed += _run(home, min(KILLS_A_SITE, KILLS - killed), seed)
        assert _filed(home) == expected
        assert _counts(home) == expected_counts
        _check_books(home, expected)
        shutil.rmtree(home)


def _counts(home: Path) -> dict[str, object]:
    """What the store holds, without what depends on how often it was tried."""
    with open_app(home).open_store() as store:
        return store.read(
            lambda tx: {
                "inbox": tx.inbox.counts(),
                "records": tx.records.counts(),
                "decisions": tx.progress.decision_counts(),
                "alerts": tx.alerts.counts(),
                "documents": tx.documents.counts(),
                "deliveries": tx.deliveries.counts(),
                "quarantine": tx.quarantine.counts(),
                "due": tx.due.count(),
            }
        )


def _check_books(home: Path, expected: dict[str, str]) -> None:
    """Manifest and audit say each delivery happened once, and the chain is whole."""
    lines = [
        json.loads(line) for line in (home / "out" / "manifest.jsonl").read_text().splitlines()
    ]
    assert Counter(line["key"] for line in lines) == {line["key"]: 1 for line in lines}
    assert {line["path"]: line["sha256"] for line in lines} == expected
    with open_app(home).open_store() as store:
        report = verify(store)
        delivered = Counter(
            row.subject
            for row in store.read(lambda tx: list(tx.audit.rows()))
            if row.action == "delivered"
        )
    assert report.ok, report.problem
    assert set(delivered.values()) == {1}
    assert set(delivered) == {line["key"] for line in lines}
