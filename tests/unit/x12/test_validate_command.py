"""``connector x12 validate``: exit codes, the table, and JSON with exactly the documented keys."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from connector.cli import main_group
from connector.x12.codes import CODES
from connector.x12.validate import MOST_FINDINGS, validate

FILE = Path(__file__).parent / "files" / "physical_therapy_continued_subscriber.x12"
KEYS = {"severity", "loop", "segment", "position", "element", "code", "message"}


def _run(data: bytes, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(main_group, ["x12", "validate", "-", *options], input=data)
    return done.exit_code, done.output


def test_a_good_file_exits_0() -> None:
    assert _run(FILE.read_bytes()) == (0, "Nothing is wrong with this file.\n")
    assert _run(FILE.read_bytes(), "--json") == (0, "[]\n")


def test_an_error_exits_1_and_says_where() -> None:
    data = FILE.read_bytes().replace(b"REF*BB*SYNAUTH7002~\n", b"REF*NT*~\n")
    code, shown = _run(data)
    assert code == 1
    assert "previous_authorization_missing" in shown
    code, text = _run(data, "--json")
    findings = json.loads(text)
    assert code == 1
    assert all(set(finding) == KEYS for finding in findings)
    [missing] = [f for f in findings if f["code"] == "previous_authorization_missing"]
    assert missing["severity"] == "error"
    assert (missing["loop"], missing["segment"], missing["element"]) == ("2000E", "UM", "UM02")
    assert data.split(b"~")[missing["position"] - 1].strip().startswith(b"UM*")


def test_warnings_alone_exit_0() -> None:
    data = FILE.read_bytes().replace(b"TE*2175550110", b"TE*555")
    code, shown = _run(data)
    assert code == 0
    assert "0 errors, 1 warning." in shown


def test_the_basic_set_has_no_small_letters() -> None:
    data = FILE.read_bytes().replace(b"NOWHERE", b"Nowhere").replace(b"PAT SYN", b"Pat SYN")
    assert _run(data)[0] == 0
    assert _run(data, "--basic")[0] == 1


def test_a_file_full_of_faults_is_not_read_to_its_end_and_that_is_said() -> None:
    findings = validate(FILE.read_bytes() + b"~" * 100_000)
    assert len(findings) == MOST_FINDINGS + 1
    assert findings[-1].code == "too_many_findings"
    assert findings[-1].code in CODES
