"""999, TA1, 277 and 824: clean files have no finding, they are read, and tied to what was sent."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest

from connector.x12.content.case import RequestCase
from connector.x12.content.case_file import read_case
from connector.x12.content.parse import parse
from connector.x12.content.request_writer import request_segments
from connector.x12.content.tying import sent, tie_advice, tie_group, tie_interchange
from connector.x12.validate import validate

ROOT = Path(__file__).parents[4]
SEGMENTS = request_segments(
    read_case((ROOT / "docs/examples/x12/psychotherapy.json").read_bytes(), RequestCase)
)
OURS = sent(SEGMENTS)
ISA = (
    "ISA*00*          *00*          *ZZ*EXAMPLEPAYER   *ZZ*HARBORTHERAPY  *261120*0931*^*{}"
    "*000000008*0*T*:~"
)


def wrapped(kind: str, group: str, version: str, *body: str) -> bytes:
    """One transaction set in its envelope."""
    text = [
        ISA.format("00602" if version.startswith("00602") else "00501").rstrip("~"),
        f"GS*{group}*EXAMPLEPAYER*HARBORTHERAPY*20261120*0931*8*X*{version}",
        f"ST*{kind}*0001*{version}", *body, f"SE*{len(body) + 2}*0001", "GE*1*8",
        "IEA*1*000000008", "",
    ]  # fmt: skip
    return "~".join(text).encode()


def group_answer(*body: str) -> bytes:
    """A 999."""
    return wrapped("999", "FA", "005010X231A1", *body)


REFUSED = group_answer(
    f"AK1*HI*{OURS.group}*005010X217", "AK2*278*0001*005010X217", "IK3*UM*18*2000*8",
    "CTX*SITUATIONAL TRIGGER*UM*18", "IK4*2*1322*7*9", "IK5*R*I5", "AK9*R*1*1*0",
)  # fmt: skip
TAKEN = group_answer(
    f"AK1*HI*{OURS.group}*005010X217", "AK2*278*0001*005010X217", "IK5*A", "AK9*A*1*1*1"
)


def interchange_answer(*ta1: str) -> bytes:
    """ISA, TA1, IEA."""
    lines = [ISA.format("00501").rstrip("~"), "*".join(("TA1", *ta1)), "IEA*0*000000008", ""]
    return "~".join(lines).encode()


RECEIPT = wrapped(
    "277", "HN", "005010X214", "BHT*0085*08*R1*20261120*0931*TH",
    "HL*1**20*1", "NM1*PR*2*EXAMPLE HEALTH PLAN*****PI*12345", "TRN*1*RC1",
    "DTP*050*D8*20261120", "DTP*009*D8*20261120",
    "HL*2*1*21*1", "NM1*41*2*HARBOR THERAPY*****46*HARBOR01", "TRN*2*DOC-1",
    "STC*A1:19:PR*20261120*WQ*100", "QTY*90*1", "AMT*YU*100",
    "HL*3*2*19*1", "NM1*85*2*HARBOR THERAPY*****XX*1234567893", "TRN*1*0",
    "STC*A1:19:PR**WQ*100", "QTY*QA*1", "AMT*YU*100",
    "HL*4*3*PT", "NM1*QC*1*DOE*JANE****MI*W123456789", "TRN*2*C-1001",
    "STC*A2:20:PR*20261120*WQ*100", "REF*1K*CLAIM1", "DTP*472*D8*20261101",
)  # fmt: skip
WANTED = wrapped(
    "277", "HN", "006020X313", "BHT*0085*08*R2*20261120*0931*TH",
    "HL*1**20*1", "NM1*PR*2*EXAMPLE HEALTH PLAN*****PI*12345",
    "HL*2*1*21*1", "NM1*41*2*HARBOR THERAPY*****46*HARBOR01",
    "HL*3*2*19*1", "NM1*1P*2*HARBOR THERAPY*****XX*1234567893",
    "HL*4*3*22*0", "NM1*IL*1*DOE*JANE****MI*W123456789", "TRN*2*PAYERTRN-5",
    "STC*R4:18842-5::LOI*20261120", "REF*EJ*C-1001", "DTP*106*D8*20261220",
)  # fmt: skip
ADVICE = wrapped(
    "824", "AG", "005010X186A1", "BGN*11*ADV1*20261120*0931", "N1*41*EXAMPLE PLAN*46*12345",
    "N1*40*HARBOR THERAPY*46*HARBOR01",
    f"OTI*TR*TN*{OURS.reference}*HARBORTHERAPY*EXAMPLEPAYER*20261120*0930*{OURS.group}*0001*278"
    "*005010X217",
    "TED*007*MEMBER NOT FOUND*NM1*14*9*67", "NTE*GEN*SEE THE PORTAL",
)  # fmt: skip


def content(data: bytes) -> dict[str, Any]:
    """What ``parse`` says of the one transaction."""
    found = parse(data).as_json()
    assert found["findings"] == []
    [one] = found["transactions"]
    result: dict[str, Any] = one["content"]
    return result


@pytest.mark.parametrize("data", [REFUSED, TAKEN, RECEIPT, WANTED, ADVICE])
def test_a_good_receipt_has_no_finding(data: bytes) -> None:
    assert validate(data) == []


def test_a_999_that_refuses_says_where_and_why() -> None:
    tied = tie_group(OURS, content(REFUSED))
    assert tied.fate == "rejected"
    assert "segment 18 (UM), element 2: the code is not valid" in tied.reasons
    assert "send it again" in tied.next_step


def test_a_999_that_accepts() -> None:
    assert tie_group(OURS, content(TAKEN)).fate == "accepted"


def test_a_999_of_another_group_is_not_ours() -> None:
    for change in ({"group_control_number": "1"}, {"group": "HS"}):
        assert tie_group(OURS, content(TAKEN) | change).fate == "not_ours"


def test_a_999_without_our_set_counts_by_its_group() -> None:
    data = group_answer(f"AK1*HI*{OURS.group}*005010X217", "AK9*R*1*1*0*1")
    tied = tie_group(OURS, content(data))
    assert (tied.fate, tied.reasons) == ("rejected", ("this group is not supported",))


@pytest.mark.parametrize(
    ("result", "note", "fate"),
    [("A", "000", "accepted"), ("E", "014", "accepted_with_errors"), ("R", "025", "rejected")],
)
def test_a_ta1_is_tied_by_the_interchange_number(result: str, note: str, fate: str) -> None:
    data = interchange_answer(OURS.interchange, "261120", "0930", result, note)
    assert validate(data) == []
    tied = tie_interchange(OURS, content(data))
    assert tied.fate == fate
    assert bool(tied.reasons) == (note != "000")
    other = interchange_answer("000000001", "261120", "0930", result, note)
    assert tie_interchange(OURS, content(other)).fate == "not_ours"


def test_an_824_is_tied_by_numbers_or_by_our_reference() -> None:
    found = content(ADVICE)
    assert found["items"][0]["notes"] == ["SEE THE PORTAL"]
    tied = tie_advice(OURS, found)
    assert (tied.fate, tied.reasons) == ("rejected", ("MEMBER NOT FOUND",))
    item = dict(found["items"][0])
    del item["group_control_number"], item["control_number"]
    assert tie_advice(OURS, {"items": [item]}).fate == "rejected"
    assert tie_advice(OURS, {"items": [item | {"reference": "X"}]}).fate == "not_ours"


def test_a_277_for_documents_gives_the_trace_that_the_275_must_repeat() -> None:
    found = content(WANTED)
    assert found["kind"] == "request for additional information"
    [item] = found["items"]
    assert (item["trace"], item["answer_by"]) == ("PAYERTRN-5", "2026-12-20")
    assert item["statuses"][0]["codes"] == [
        {"category": "R4", "code": "18842-5", "system": "LOINC"}
    ]


def test_a_277_receipt_says_what_was_taken() -> None:
    found = content(RECEIPT)
    assert found["kind"] == "claim acknowledgment"
    assert [item["trace"] for item in found["items"]] == ["RC1", "DOC-1", "0", "C-1001"]
    assert found["items"][3]["statuses"][0]["action_meaning"] == "accepted"


def _pyx12_agrees(data: bytes) -> bool:
    from pyx12 import params, x12n_document

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return bool(
            x12n_document.x12n_document(
                param=params.params(), src_file=io.StringIO(data.decode()),
                fd_997=io.StringIO(), fd_html=None, fd_xmldoc=None, xslt_files=None,
            )
        )  # fmt: skip


@pytest.mark.parametrize("data", [REFUSED, TAKEN, RECEIPT])
def test_pyx12_calls_the_same_files_good_and_broken_ones_bad(data: bytes) -> None:
    assert _pyx12_agrees(data)
    broken = data.replace(b"~SE*", b"~SE*9", 1)
    assert not _pyx12_agrees(broken)
    assert any(finding.is_error for finding in validate(broken))


_FAULTS = [
    (REFUSED, "AK1*HI", "AK1*QQQ"), (REFUSED, "AK9*R*1*1*0", "AK9*Q*1*1*0"),
    (REFUSED, "IK5*R*I5", "IK5*Q*I5"), (REFUSED, "IK3*UM*18*2000*8", "IK3*UM*18*2000*99"),
    (REFUSED, "IK4*2*1322*7*9", "IK4*2*1322*77*9"), (REFUSED, "AK9*R*1*1*0~", ""),
    (TAKEN, "IK5*A", "IK5"), (TAKEN, "AK2*278*0001", "AK2*278*1"),
    (RECEIPT, "BHT*0085*08", "BHT*0022*08"), (RECEIPT, "HL*2*1*21*1", "HL*2*9*21*1"),
    (RECEIPT, "STC*A1:19:PR**WQ*100", "STC"), (RECEIPT, "HL*4*3*PT", "HL*4*3*ZZ"),
    (WANTED, "TRN*2*PAYERTRN-5", "TRN*2"), (WANTED, "20261220", "20261350"),
    (ADVICE, "OTI*TR", "OTI*QQ"), (ADVICE, "BGN*11", "BGN*99"),
    (ADVICE, "N1*40*HARBOR THERAPY*46*HARBOR01~", ""), (ADVICE, "TED*007", "TED*"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "old", "new"), _FAULTS, ids=[f[1] for f in _FAULTS])
def test_each_fault_of_a_receipt_is_found(data: bytes, old: str, new: str) -> None:
    text = data.decode()
    assert old in text
    assert any(finding.is_error for finding in validate(text.replace(old, new, 1).encode()))
