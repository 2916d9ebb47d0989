"""What is written is read back as it was; whatever is read, nothing but findings comes of it."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import InvalidRecord
from connector.x12.charset import first_outside
from connector.x12.codes import CODES
from connector.x12.delimiters import STANDARD, Delimiters
from connector.x12.finding import Finding
from connector.x12.reader import read
from connector.x12.segment import Segment
from connector.x12.validate import validate
from connector.x12.writer import composite, make, make_binary, write

FILES = sorted((Path(__file__).parent / "files").glob("*.x12"))
MARKS = [
    STANDARD,
    Delimiters("|", ">", "!", "'"),
    Delimiters("*", ":", "^", "\n"),
    Delimiters("\x1d", "\x1f", "\x1e", "\x1c"),
]
SAFE = "ABCXYZabcxyz0123456789 .,-/()&"
WORDS = st.text(SAFE, min_size=1, max_size=12)
ELEMENTS = st.lists(
    st.one_of(
        st.just(""),
        WORDS,
        st.lists(st.lists(WORDS, min_size=1, max_size=3), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=8,
)
TAGS = st.from_regex(r"[A-Z][A-Z0-9]{1,2}", fullmatch=True).filter(
    lambda tag: tag not in ("ISA", "BIN", "BDS")
)


def _header(marks: Delimiters) -> Segment:
    fields = ["00", " " * 10, "00", " " * 10, "ZZ", "SYNTHSENDER".ljust(15), "ZZ",
              "SYNTHPAYER".ljust(15), "261104", "0915", marks.repetition, "00501", "000000001",
              "0", "T", marks.component]  # fmt: skip
    return Segment(1, "ISA", fields, marks)


@settings(max_examples=150, deadline=None)
@given(
    marks=st.sampled_from(MARKS),
    body=st.lists(st.tuples(TAGS, ELEMENTS), max_size=8),
    payload=st.binary(max_size=200),
    kind=st.sampled_from(["BIN", "BDS"]),
    line_ends=st.booleans(),
)
def test_what_is_written_is_read_back(
    marks: Delimiters,
    body: list[tuple[str, list[str]]],
    payload: bytes,
    kind: str,
    line_ends: bool,
) -> None:
    first = ["B64"] if kind == "BDS" else []
    segments = [
        _header(marks),
        *(make(tag, *values, delimiters=marks) for tag, values in body),
        make_binary(kind, payload, *first, delimiters=marks),
        make("SE", "1", "0001", delimiters=marks),
    ]
    data = write(segments, marks, line_ends=line_ends)
    again = list(read(data))
    assert again == segments
    assert [segment.number for segment in again] == list(range(1, len(segments) + 1))
    assert write(again, marks, line_ends=line_ends) == data


@settings(max_examples=60, deadline=None)
@given(source=st.sampled_from(MARKS), target=st.sampled_from(MARKS))
def test_other_delimiters_change_nothing_that_is_said(
    source: Delimiters, target: Delimiters
) -> None:
    told = make("UM", "HS", "I", "", composite("11", "B"), delimiters=source)
    repeated = make("HCR", "A3", "", ["0B", "0U"], delimiters=source)
    data = write([_header(source), told, repeated], target)
    _, review, decision = read(data)
    assert review.delimiters == target
    assert review.components(4) == ["11", "B"]
    assert decision.repeats(3) == ["0B", "0U"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_good_files_are_written_as_they_were_read(path: Path) -> None:
    data = path.read_bytes()
    assert write(read(data), line_ends=True) == data


@pytest.mark.parametrize("value", ["A*B", "A:B", "A~B", "A^B", "A\nB", "É"])
def test_a_value_that_a_receiver_would_misread_is_refused(value: str) -> None:
    with pytest.raises(InvalidRecord) as refused:
        make("NM1", "IL", "1", value)
    assert refused.value.code == "x12_character"
    assert value not in str(refused.value)
    with pytest.raises(InvalidRecord):
        write([Segment(1, "NM1", ["IL", "1", value.replace(":", "~").replace("^", "~")])])


def test_small_letters_are_refused_in_the_basic_set() -> None:
    assert first_outside("SMALL letters", "basic") == 6
    with pytest.raises(InvalidRecord):
        make("NM1", "IL", "1", "Small", characters="basic")


def test_clashing_delimiters_are_refused() -> None:
    with pytest.raises(InvalidRecord):
        write([make("SE", "1")], Delimiters("*", "*", "^", "~"))


class _Slow(io.RawIOBase):
    """A stream that gives a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data, self._step = data, step

    def read(self, size: int = -1) -> bytes:
        part, self._data = self._data[: self._step], self._data[self._step :]
        return part


@pytest.mark.parametrize("step", [1, 7, 106])
@pytest.mark.parametrize("path", FILES[:2], ids=lambda path: path.stem)
def test_a_stream_in_small_pieces_gives_the_same(path: Path, step: int) -> None:
    slow = cast(BinaryIO, _Slow(path.read_bytes(), step))
    assert list(read(slow)) == list(read(path.read_bytes()))


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=400), st.binary(max_size=200).map(lambda b: b"ISA*00*" + b)))
def test_random_bytes_give_findings_and_nothing_else(data: bytes) -> None:
    findings = validate(data)
    assert findings
    assert all(f.code in CODES for f in findings)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_random_damage_gives_findings_and_nothing_else(path: Path) -> None:
    good = path.read_bytes()
    chance = random.Random(path.stem)
    for _ in range(120):
        data = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            _damage(data, chance)
        for finding in validate(bytes(data)):
            assert isinstance(finding, Finding)
            assert finding.code in CODES
            assert finding.message


def _damage(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    kind = chance.randrange(5)
    if kind == 0:
        data[at] = chance.randrange(256)
    elif kind == 1:
        del data[at : at + chance.randint(1, 60)]
    elif kind == 2:
        data[at:at] = data[at : at + chance.randint(1, 120)]
    elif kind == 3:
        data[at:at] = chance.choice([b"~", b"*", b":", b"^", b"BIN*99*", b"ISA", b"HL*9*9*EV*1~"])
    else:
        del data[at:]
        data += b"~"


def test_no_message_quotes_the_patient() -> None:
    names = ("TESTPERSON", "ALEX", "ROBIN", "SYN123456789", "19850315", "20140922", "CHART0001")
    for path in FILES:
        text = path.read_text(encoding="ascii")
        lines = text.split("~\n")
        for index in range(len(lines) - 1):
            shuffled = lines[:index] + lines[index + 1 : index + 2] + lines[index : index + 1]
            data = "~\n".join([*shuffled, *lines[index + 2 :]]).replace("*TEST", "*\x01TEST")
            for finding in validate(data.encode("ascii")):
                assert not any(name in str(finding.as_json()) for name in names)
