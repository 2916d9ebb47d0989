"""The reader: framing by length, limits, and that no fault is passed over in silence."""

from __future__ import annotations

import io
import random

import pytest

from connector.errors import InvalidRecord
from connector.x12.finding import Finding
from connector.x12.reader import read
from connector.x12.segment import Segment

ISA = (
    "ISA*00*          *00*          *ZZ*SYNTHSENDER    *ZZ*SYNTHPAYER     "
    "*261104*0915*^*00501*000000001*0*T*:~"
)


def _read(text: str | bytes, **limits: int) -> tuple[list[Segment], list[Finding]]:
    data = text if isinstance(text, bytes) else text.encode("latin-1")
    findings: list[Finding] = []
    return list(read(io.BytesIO(data), findings.append, **limits)), findings


def test_a_payload_is_framed_by_its_length_and_may_hold_terminators() -> None:
    chance = random.Random(7)
    payload = bytes(chance.randrange(256) for _ in range(300_000))
    assert payload.count(b"~") > 500
    data = ISA.encode() + b"BIN*300000*" + payload + b"~SE*1*0001~"
    segments, findings = _read(data)
    assert findings == []
    assert [s.tag for s in segments] == ["ISA", "BIN", "SE"]
    assert segments[1].binary == payload
    assert segments[1].elements == ["300000", ""]


@pytest.mark.parametrize(
    ("body", "code", "tags"),
    [
        ("BIN*9*ABC~SE*1~", "binary_length_wrong", ["BIN", "SE"]),
        ("BIN*2*ABCD~SE*1~", "binary_length_wrong", ["BIN", "SE"]),
        ("BDS*B64*3*ABCD~SE*1~", "binary_length_wrong", ["BDS", "SE"]),
        ("BIN*X*ABCD~SE*1~", "binary_length_invalid", ["BIN", "SE"]),
        ("BDS*B64**ABCD~SE*1~", "binary_length_invalid", ["BDS", "SE"]),
        ("BIN*9*ABC", "binary_truncated", ["BIN"]),
        ("BIN*4*ABCD", "binary_truncated", ["BIN"]),
        ("SE*1~SE*2", "segment_not_terminated", ["SE", "SE"]),
        ("SE*1~~SE*2~", "segment_empty", ["SE", "SE"]),
        ("se*1~SE*2~", "segment_tag_invalid", ["SE", "SE"]),
        (" SE*1~", "segment_tag_invalid", ["SE"]),
    ],
)
def test_each_fault_is_found_and_reading_goes_on(body: str, code: str, tags: list[str]) -> None:
    segments, findings = _read(ISA + body)
    assert [f.code for f in findings] == [code]
    assert findings[0].position > 1
    assert [s.tag for s in segments[1:]] == tags


def test_without_a_report_the_first_fault_is_an_error() -> None:
    with pytest.raises(InvalidRecord) as fault:
        list(read((ISA + "BIN*9*ABC").encode()))
    assert fault.value.code == "x12_binary_truncated"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ["empty_file"]),
        ("\r\n  \n", ["empty_file"]),
        ("hello, this is no X12", ["no_interchange"]),
        ("ISA*00*", ["isa_malformed"]),
        ("noise " + ISA + "IEA*0*000000001~", ["no_interchange"]),
        ("\xef\xbb\xbf" + ISA, ["byte_order_mark"]),
        (ISA.replace("*:~", "**~"), ["delimiters_clash"]),
    ],
)
def test_what_is_no_interchange_is_said(text: str, codes: list[str]) -> None:
    _, findings = _read(text)
    assert [f.code for f in findings] == codes


def test_a_segment_without_end_is_passed_over_and_said() -> None:
    segments, findings = _read(ISA + "MSG*" + "X" * 5000 + "~SE*1~", longest_segment=1000)
    assert [f.code for f in findings] == ["segment_too_long"]
    assert [(s.number, s.tag) for s in segments] == [(1, "ISA"), (3, "SE")]


def test_a_payload_over_the_limit_is_passed_over_and_said() -> None:
    text = ISA + "BIN*5000*" + "~" * 5000 + "~SE*1~"
    segments, findings = _read(text, longest_payload=1000)
    assert [f.code for f in findings] == ["binary_too_long"]
    assert [s.tag for s in segments] == ["ISA", "SE"]


def test_segments_far_larger_than_a_chunk_are_read_whole() -> None:
    segments, findings = _read(ISA + "MSG*" + "X" * 500_000 + "~SE*1~")
    assert findings == []
    assert len(segments[1].element(1)) == 500_000


def test_line_ends_after_terminators_are_no_data() -> None:
    segments, findings = _read(ISA + "\r\nST*278*0001~\r\nSE*2*0001~\n\n")
    assert findings == []
    assert [s.tag for s in segments] == ["ISA", "ST", "SE"]


def test_before_00402_there_are_no_repetitions() -> None:
    old = ISA.replace("*^*00501*", "*U*00401*")
    segments, findings = _read(old + "REF*EJ*A^B~")
    assert findings == []
    assert segments[1].repeats(2) == ["A^B"]


def test_elements_components_and_repetitions() -> None:
    segments, _ = _read(ISA + "HI*ABK:F411^ABF:F331**~")
    found = segments[1]
    assert [found.split(one) for one in found.repeats(1)] == [["ABK", "F411"], ["ABF", "F331"]]
    assert found.element(2) == found.element(9) == found.element(0) == ""
    assert found.component(1, 5) == ""
    assert found.repeats(2) == []
