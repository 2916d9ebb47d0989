"""A wrong code, a missing header, a verdict that contradicts itself: told where it is, and once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connector.x12.content.parse import parse
from connector.x12.finding import Finding
from connector.x12.validate import validate
from tests.unit.x12.content.test_attachments import VERSIONS, file
from tests.unit.x12.faults import APPROVED, MH, MH_DEP, PARTIAL, recounted, text

RECEIPTS = Path(__file__).resolve().parents[2] / "golden" / "x12" / "receipts"
CLAIM = "277_claim_acknowledgment"
WANTED = "277_documents_wanted"


def _good(name: str) -> str:
    path = RECEIPTS / f"{name}.x12"
    return path.read_text(encoding="ascii") if path.is_file() else text(name)


def _broken(name: str, old: str, new: str) -> tuple[list[Finding], int]:
    """The findings after one change, and the number of the segment that was changed."""
    good = _good(name)
    assert good.count(old) == 1, "the change must hit one place"
    changed = good.replace(old, new)
    if "ST*" in changed and "SE*" in changed:
        changed = recounted(changed)
    return validate(changed.encode("latin-1")), good[: good.index(old)].count("~") + 1


# File, old text, new text; the one code that is found, its element and loop.
_ONCE = [
    (APPROVED, "NM1*X3*2", "NM1*PR*2", "qualifier_not_allowed", "NM101", "2010A"),
    (APPROVED, "NM1*1P*2", "NM1*X3*2", "qualifier_not_allowed", "NM101", "2010B"),
    (MH, "NM1*IL*1", "NM1*QC*1", "qualifier_not_allowed", "NM101", "2010C"),
    (MH_DEP, "REF*BB*SYNAUTH7001", "REF*ZZ*SYNAUTH7001", "qualifier_not_allowed", "REF01", "2000E"),
    (MH, "DTP*431*", "DTP*472*", "qualifier_not_allowed", "DTP01", "2000E"),
    (CLAIM, "HL*1**20*1", "HL*1**21*1", "qualifier_not_allowed", "HL03", "2000A"),
    (CLAIM, "NM1*QC*1", "NM1*IL*1", "qualifier_not_allowed", "NM101", "2100D"),
    (CLAIM, "A1:19:PR*20261121*WQ", "A1:19:PR*20261121*ZZ", "code_not_allowed", "STC03", "2200B"),
    (WANTED, "18842-5::LOI", "188425::LOI", "loinc_format", "STC01-2", "2200D"),
    (WANTED, "18842-5::LOI", "18842-5::LOX", "code_not_allowed", "STC01-4", "2200D"),
    (MH, "*261104*0915*^", "*261304*0915*^", "date_impossible", "ISA09", ""),
    (MH, "BHT*0007*13*", "BHT*0007*11*", "direction_contradicts", "BHT02", ""),
    (APPROVED, "BHT*0007*11*", "BHT*0007*13*", "direction_contradicts", "BHT02", ""),
    (APPROVED, "TRN*2*SYNTRACE0101L1*", "TRN*2*SYNTRACE0101*", "trace_repeated", "TRN02", "2000F"),
    (MH, "HSD*VS*12*WK*1*34*3", "HSD*VS*90*WK*1*34*3", "delivery_contradicts", "HSD02", "2000E"),
    (MH, "*PI*SYN01", "*PI", "element_missing", "NM109", "2010A"),
    (MH, "NM1*X3*2*SYNTHETIC HEALTH PLAN", "NM1*X3*2*", "name_missing", "NM103", "2010A"),
    (
        MH,
        "HEALTH PLAN*****PI",
        "HEALTH PLAN****JR*PI",
        "organization_with_first_name",
        "NM107",
        "2010A",
    ),
    (MH, "N4*SPRINGFIELD*IL*62703", "N4*SPRINGFIELD*IL", "address_incomplete", "N403", "2010C"),
    (MH, "N4*SPRINGFIELD*IL*62703", "N4*SPRINGFIELD", "address_incomplete", "N402", "2010C"),
    (MH, "*TE*2175550100*", "*TE**", "pair_incomplete", "PER04", "2010B"),
    ("999_accepted", "AK9*A*1*1*1", "AK9*A*1*1*0", "verdict_contradicts", "AK901", "999"),
    ("999_accepted", "AK9*A*1*1*1", "AK9*A*1*1*2", "verdict_contradicts", "AK904", "999"),
    ("999_accepted", "AK9*A*1*1*1", "AK9*R*1*1*1", "verdict_contradicts", "AK901", "999"),
    ("999_accepted", "IK5*A", "IK5*R*5", "verdict_contradicts", "AK901", "999"),
    ("TA1_rejected", "*R*025", "*R*000", "verdict_contradicts", "TA105", ""),
    ("TA1_rejected", "*R*025", "*A*025", "verdict_contradicts", "TA105", ""),
]


@pytest.mark.parametrize(
    ("name", "old", "new", "code", "element", "loop"),
    _ONCE,
    ids=[f"{n:02d}-{one[3]}" for n, one in enumerate(_ONCE)],
)
def test_one_fault_is_one_finding(
    name: str, old: str, new: str, code: str, element: str, loop: str
) -> None:
    findings, at = _broken(name, old, new)
    told = [(f.code, f.element) for f in findings if f.code != "trailing_separator"]
    # An extension whose earlier number has a wrong qualifier lacks that number besides.
    assert [one for one in told if one[0] != "previous_authorization_missing"] == [(code, element)]
    [found] = [f for f in findings if f.code == code]
    assert found.position == (at + 1 if old == "IK5*A" else at)
    if loop != "999":
        assert found.loop == loop


def test_a_level_of_a_wrong_kind_is_told_by_its_kind() -> None:
    for old, new in (("HL*4*3*EV*1", "HL*4*3*SS*1"), ("HL*4*3*EV*1", "HL*4*3*22*1")):
        findings, at = _broken(MH, old, new)
        assert ("qualifier_not_allowed", "HL03", at) in {
            (f.code, f.element, f.position) for f in findings
        }
    findings, at = _broken(MH_DEP, "HL*4*3*23*1", "HL*4*3*22*1")
    assert [(f.code, f.element, f.position) for f in findings] == [
        ("qualifier_not_allowed", "HL03", at)
    ]


def test_a_missing_level_is_told_before_its_first_segment() -> None:
    for name, head in ((MH, "HL*4*3*EV*1~\n"), (APPROVED, "HL*4*3*EV*1~\n")):
        findings, at = _broken(name, head, "")
        told = {(f.code, f.segment, f.loop, f.position) for f in findings}
        assert ("segment_missing", "HL", "2000E", at) in told
        others = {f.code for f in findings} - {"segment_missing"}
        assert others <= {"hl_child_code", "hl_number", "hl_parent"}
    # Where the level follows, the segment stands too early.
    findings, at = _broken(MH, "HL*4*3*EV*1~\n", "HI*ABK:F411~\nHL*4*3*EV*1~\n")
    assert ("segment_not_in_loop", "HI", at) in {(f.code, f.segment, f.position) for f in findings}


def test_a_missing_st_is_told_once() -> None:
    findings, at = _broken(MH, "ST*278*0001*005010X217~\n", "")
    outside = [f for f in findings if f.code == "outside_envelope"]
    assert [(f.segment, f.position) for f in outside] == [("BHT", at)]


def test_a_missing_lx_is_told_as_such() -> None:
    for version in VERSIONS:
        broken = file(version).replace(b"LX*1~", b"")
        findings = validate(broken)
        assert "LX" in {f.segment for f in findings if f.code == "segment_missing"}


def test_a_document_without_the_date_of_its_submission_is_doubted() -> None:
    for version in VERSIONS:
        broken = re.sub(rb"DTP\*368\*D8\*[0-9]{8}~", b"", file(version))
        findings = [f for f in validate(broken) if f.code != "count_wrong"]
        assert [(f.code, f.severity) for f in findings] == [("submission_date_missing", "warning")]


@pytest.mark.parametrize("wrong", [-4, -1, 1, 5, 40])
def test_a_length_a_little_wrong_does_not_cut_the_payload_at_its_own_signs(wrong: int) -> None:
    content = file("005010X210")  # its payload holds ~SE*1*1~ and ~IEA*0*1~
    stated = re.search(rb"BIN\*([0-9]+)\*", content)
    assert stated
    length = int(stated[1])
    broken = content.replace(stated[0], b"BIN*%d*" % (length + wrong))
    assert [(f.code, f.element) for f in validate(broken)] == [("binary_length_wrong", "BIN01")]


_FREE = [
    # The INS of a subscriber, though without the employment status that it is for.
    (MH, "DMG*D8*19850315*F~\n", "DMG*D8*19850315*F~\nINS*Y*18~\n", ["element_missing"]),
    # Loops as guides call them are longer than X12's own four characters.
    ("999_rejected", "IK3*UM*22*2000*8", "IK3*UM*22*2010EA*8", []),
    # A payer that asks for documents names the patient (PT), with its own trace.
    (WANTED, "HL*4*3*22*0~\nNM1*IL", "HL*4*3*PT*0~\nNM1*QC", []),
    (WANTED, "TRN*2*PAYERTRN", "TRN*1*PAYERTRN", []),
    (MH, "ABK:F411*ABF:F331", "ABF:F411*ABF:F331", []),
]


@pytest.mark.parametrize(("name", "old", "new", "doubts"), _FREE)
def test_what_partners_write_is_no_error(name: str, old: str, new: str, doubts: list[str]) -> None:
    findings, _ = _broken(name, old, new)
    assert [f.code for f in findings] == doubts
    assert not any(f.is_error for f in findings)


@pytest.mark.parametrize("end", ["\x1a", "   \r\n", "\0\0\0", "\t"])
def test_filling_behind_the_last_segment_is_doubted(end: str) -> None:
    findings = validate((_good(MH).rstrip("\n") + end).encode())
    assert [(f.code, f.severity, f.position) for f in findings] == [("filling", "warning", 40)]


def test_no_text_of_the_file_is_shown_as_the_name_of_a_segment() -> None:
    findings = validate((_good(MH) + "Jane Doe*1~").encode())
    assert {f.segment for f in findings} == {""}
    small = _good(MH).replace("HSD*VS*12*WK", "hsd*VS*12*WK")
    assert [(f.segment, f.code) for f in validate(small.encode())] == [("", "segment_tag_invalid")]


def test_a_line_that_the_answer_leaves_open_is_not_told_as_approved() -> None:
    answer = _good(PARTIAL).replace("HCR*A2*", "HCR*A1*").replace("HCR*A3**0B~\n", "")
    [one] = parse(recounted(answer).encode()).as_json()["transactions"]
    first, second = one["summary"]["services"]
    assert (first["status"], second["status"]) == ("modified", "unanswered")
    assert "not an approval" in second["reason"]
    assert one["summary"]["status"] == "partly"


def test_each_decision_is_told_with_its_reason_and_what_to_do() -> None:
    [one] = parse(_good(PARTIAL).encode()).as_json()["transactions"]
    event, first, second = one["summary"]["actions"]
    assert (event["code"], first["code"], second["code"]) == ("A2", "A6", "A3")
    assert second["reason_codes"] == ["0B"]
    assert second["messages"] == ["NOT A COVERED SERVICE UNDER THIS PLAN"]
    assert "appeal" in second["next_step"]
    assert first["next_step"].startswith("Compare what was certified")


def test_a_line_is_not_booked_on_where_the_event_says_otherwise() -> None:
    for action, status in (("A3", "call"), ("A4", "pended"), ("CT", "call"), ("A6", "partly")):
        answer = _good(APPROVED).replace("HCR*A1*SYNAUTH9001~\nDTP", f"HCR*{action}*X1~\nDTP")
        [one] = parse(answer.encode()).as_json()["transactions"]
        assert one["summary"]["status"] == status, action


def test_a_rejected_provider_of_a_line_is_told_by_the_loop_of_the_guide() -> None:
    answer = (
        _good(PARTIAL)
        .replace(
            "HCR*A3**0B~\nSV1*HC:90847**UN*2~\n",
            "SV1*HC:90847**UN*2~\nNM1*SJ*1*ROE*ALEX****XX*1234567893~\nAAA*N**51*C~\n",
        )
        .replace("MSG*NOT A COVERED SERVICE UNDER THIS PLAN~\n", "")
    )
    content = recounted(answer).encode()
    [reason] = parse(content).as_json()["transactions"][0]["summary"]["rejection_reasons"]
    assert (reason["loop"], reason["about"], reason["group"]) == (
        "2010FA",
        "provider",
        "fix_record",
    )
    assert validate(content) == []


def test_a_request_is_summed_up_in_words() -> None:
    [one] = parse(_good(MH_DEP).encode()).as_json()["transactions"]
    assert one["summary"]["asked"].startswith("health services review, extension")
    assert one["summary"]["service_type"] == "MH"


def test_each_of_several_events_has_its_own_people_and_lines() -> None:
    event = (
        "HL*{0}*{1}*EV*1~TRN*2*T{0}*9SYNTHPRAC~HCR*A1*N{0}~HL*{2}*{0}*SS*0~SV1*HC:90837**UN*{0}~"
    )
    body = _good(APPROVED)
    start, end = body.index("HL*4*3*EV"), body.index("SE*")
    several = "HL*4*3*23*1~NM1*QC*1*TESTPERSON*ROBIN~" + event.format(5, 4, 6)
    several += event.format(7, 3, 8) + event.format(9, 99, 10)
    content = recounted(body[:start] + several + body[end:]).encode()
    found = parse(content).as_json()["transactions"]
    assert [one["content"]["event"]["authorization_number"] for one in found] == ["N5", "N7", "N9"]
    assert [one["content"]["services"][0]["amount"] for one in found] == [5, 7, 9]
    assert ["dependent" in one["content"] for one in found] == [True, False, False]
