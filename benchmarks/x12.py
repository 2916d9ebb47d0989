"""X12: files a second that are read, arranged, checked and written; the same by pyx12.

pyx12 4.0 has no guide for the 278 of version 005010X217, so it is given the maps that the tests
judge by (``tests/golden/pyx12_maps``). It loads its maps for every call; ours are loaded once. Run
it alone on a machine that does nothing else: ``python benchmarks/x12.py``.
"""

from __future__ import annotations

import io
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyx12.params
import pyx12.segment
import pyx12.x12file
import pyx12.x12n_document
from machine import machine_line, show

from connector.x12.content.case import RequestCase
from connector.x12.content.case_file import read_case
from connector.x12.content.request_writer import request_segments
from connector.x12.envelope import transaction_sets
from connector.x12.reader import read
from connector.x12.validate import validate
from connector.x12.writer import make_binary, write

ROOT = Path(__file__).resolve().parent.parent
FILES = ROOT / "tests" / "unit" / "x12" / "files"
CASE = ROOT / "docs" / "examples" / "x12" / "psychotherapy.json"
sys.path.append(str(ROOT))
ACKNOWLEDGMENT = (
    b"ISA*00*          *00*          *ZZ*SYNTHPAYER     *ZZ*SYNTHPRACTICE  *261104*0915*^*00501*"
    b"000000301*0*T*:~GS*FA*SYNTHPAYER*SYNTHPRACTICE*20261104*0915*301*X*005010X231A1~"
    b"ST*999*0001*005010X231A1~AK1*HI*101*005010X217~AK2*278*0001*005010X217~IK5*A~AK9*A*1*1*1~"
    b"SE*6*0001~GE*1*301~IEA*1*000000301~"
)
_SECONDS = 1.5


def _rate(work: Callable[[], object]) -> float:
    """Calls a second: the best of three runs."""
    work()
    best = 0.0
    for _ in range(3):
        done, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < _SECONDS / 3:
            work()
            done += 1
        best = max(best, done / spent)
    return best


def _pyx12_read(text: str) -> int:
    reader = pyx12.x12file.X12Reader(io.StringIO(text))
    return sum(1 for _ in reader)


def _pyx12_check(text: str) -> object:
    params = pyx12.params.params()
    return pyx12.x12n_document.x12n_document(params, io.StringIO(text), None, None, None)


def _pyx12_check_278(data: bytes) -> object:
    from tests.golden.pyx12_judge import judge

    good, *_ = judge(data)
    assert good
    return good


def _pyx12_write(lines: list[str]) -> str:
    return "".join(pyx12.segment.Segment(line, "~", "*", ":").format() for line in lines)


def _payload() -> bytes:
    """A 275's BDS segment with 2 MB, framed by its length."""
    first = next(iter(read(ACKNOWLEDGMENT)))
    return write([first, make_binary("BDS", b"QUJD" * 500_000, "B64")])


def main() -> None:
    """Print the table."""
    logging.disable(logging.CRITICAL)
    data = (FILES / "psychotherapy_initial_subscriber.x12").read_bytes()
    text = data.decode("ascii")
    segments = list(read(data))
    large = _payload()
    case = read_case(CASE.read_bytes(), RequestCase)
    lines = text.replace("\n", "").split("~")[:-1]
    assert validate(data) == [] == validate(ACKNOWLEDGMENT)
    ours = [
        ("278: split into segments", _rate(lambda: sum(1 for _ in read(data)))),
        ("278: split, envelope checked", _rate(lambda: list(transaction_sets(read(data), print)))),
        ("278: all checks", _rate(lambda: validate(data))),
        ("278: built from a case", _rate(lambda: write(request_segments(case)))),
        ("278: written from segments", _rate(lambda: write(segments))),
        ("999: all checks", _rate(lambda: validate(ACKNOWLEDGMENT))),
        ("BDS of 2 MB: split", _rate(lambda: sum(1 for _ in read(large)))),
    ]
    theirs = {
        "278: split, envelope checked": _rate(lambda: _pyx12_read(text)),
        "278: all checks": _rate(lambda: _pyx12_check_278(data)),
        "278: written from segments": _rate(lambda: _pyx12_write(lines)),
        "999: all checks": _rate(lambda: _pyx12_check(ACKNOWLEDGMENT.decode("ascii"))),
    }
    print(machine_line(None))
    print(f"278: {len(segments)} segments, {len(data)} bytes")
    rows = [
        (what, round(rate), f"{theirs[what]:,.0f}" if what in theirs else "") for what, rate in ours
    ]
    show("X12, a second", ("what", "ours", "pyx12"), rows)


if __name__ == "__main__":
    main()
