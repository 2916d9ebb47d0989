"""The benchmark over the wire runs to its end, in small, and its counts are right.

Only counts are looked at, never times: they are for people, on a quiet machine.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "wire.py"
PATIENTS, ONE_BY_ONE, BACKLOG = 20, 3, 30
PAGE = """# A page

Before.

<!-- measured: begin (written by benchmarks/wire.py --write) -->
old
<!-- measured: end -->

After.
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wire")
    (folder / "page.md").write_text(PAGE)
    arguments = {
        "--patients": PATIENTS, "--processes": 1, "--seconds": 1, "--connections": 4,
        "--one-by-one": ONE_BY_ONE, "--backlog": BACKLOG, "--folder": folder,
        "--json": folder / "found.json", "--write": folder / "page.md",
    }  # fmt: skip
    words = [str(word) for pair in arguments.items() for word in pair]
    done = subprocess.run(
        [sys.executable, SCRIPT, "--quick", *words], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "found.json").read_text())
    return loaded


def test_what_was_acknowledged_arrived_once(found: dict[str, Any]) -> None:
    [run] = found["webhooks"]
    assert run["single"]["events"] == ONE_BY_ONE
    assert run["load"]["events"] > 0
    for came in (run["single"], run["load"]):
        assert [came[name] for name in ("lost", "repeated", "doubled", "refused")] == [0] * 4


def test_memory_processor_and_disk_are_read(found: dict[str, Any]) -> None:
    [run] = found["webhooks"]
    assert run["idle"]["processes"] == 1
    assert 0 < run["idle"]["pss"] <= run["idle"]["rss"] <= run["after"]["peak"]
    assert run["cpu"] > 0
    assert run["kept"]["used"] < run["disk"]["used"] <= run["disk"]["files"]


def test_all_that_the_fhir_server_has_is_polled(found: dict[str, Any]) -> None:
    [run] = found["fhir"]
    assert run["resources"] == PATIENTS * 10
    assert run["requests"] >= 4, "people, diagnoses, visits, scores"
    assert 0 < run["stored"] <= run["evaluated"]


def test_a_killed_service_loses_nothing_and_answers_nothing_twice(found: dict[str, Any]) -> None:
    [run] = found["kills"]
    assert run["came"]["events"] == BACKLOG
    assert run["asks"]
    assert [run["came"][name] for name in ("lost", "repeated", "doubled")] == [0] * 3


def test_every_stage_of_an_event_is_timed(found: dict[str, Any]) -> None:
    assert [name for name, value in found["stages"].items() if value <= 0] == []
    assert len(found["stages"]) > 10


def test_the_tables_stand_in_the_page_where_the_old_ones_stood(folder: Path) -> None:
    text = (folder / "page.md").read_text()
    assert text.startswith(PAGE.partition("old")[0])
    assert text.endswith("<!-- measured: end -->\n\nAfter.\n")
    assert "\nold\n" not in text
    assert len(re.findall(r"^\| -", text, re.MULTILINE)) == 7
