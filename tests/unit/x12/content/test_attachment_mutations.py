"""Each single fault of a 275, in each of its versions, is found with its code, in its place.

SE01 is made right again where segments are taken out or put in, so that no count gives them away.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from connector.x12.codes import CODES
from connector.x12.validate import validate
from tests.unit.x12.content.test_attachments import PDF, VERSIONS, file

CODED = base64.b64encode(PDF)
CARRIER = 19
"""The segment with the payload; before it no segment holds a tilde."""

Change = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Fault:
    """What is done to a good file, and the finding it must bring.

    ``at`` is the finding's segment where it is not the one that changed.
    """

    change: tuple[bytes, bytes] | Change
    code: str
    element: str = ""
    at: int = 0
    others: tuple[str, ...] = ()


def _again(content: bytes, old: bytes, new: bytes) -> bytes:
    """With a second document, which is the first one with this change."""
    start, end = content.index(b"LX*"), content.rindex(b"SE*")
    assert old in content[start:end]
    return content[:end] + content[start:end].replace(old, new) + content[end:]


def _moved(content: bytes, segment: bytes, behind: bytes) -> bytes:
    assert segment in content
    return content.replace(segment, b"", 1).replace(behind, behind + segment, 1)


BOTH: dict[str, Fault] = {
    "no BGN": Fault((b"BGN*02*DOC-2026-0117*20261120~", b""), "segment_missing", at=3),
    "two BGN": Fault((b"NM1*PR*", b"BGN*02*DOC-2*20261120~NM1*PR*"), "segment_too_often"),
    "BGN01 unknown": Fault((b"BGN*02", b"BGN*77"), "code_not_allowed", "BGN01"),
    "BGN02 missing": Fault((b"BGN*02*DOC-2026-0117", b"BGN*02*"), "element_missing", "BGN02"),
    "BGN03 impossible": Fault((b"0117*20261120~", b"0117*20261320~"), "date_impossible", "BGN03"),
    "BGN04 used": Fault((b"0117*20261120~", b"0117*20261120*0930~"), "element_not_used", "BGN04"),
    "no payer": Fault((b"NM1*PR*2*EXAMPLE HEALTH PLAN*****PI*12345~", b""), "loop_missing", at=3),
    "payer's number missing": Fault((b"*****PI*12345", b""), "element_missing", "NM109"),
    "payer's qualifier": Fault((b"*****PI*12345", b"*****ZZ*12345"), "code_not_allowed", "NM108"),
    "no submitter": Fault((b"NM1*41*2*HARBOR THERAPY*****46*HARBOR01~", b""), "loop_missing", at=3),
    "submitter's role": Fault((b"NM1*41*", b"NM1*4X*"), "qualifier_not_allowed", "NM101",
                              others=("loop_missing", "segment_too_often")),
    "no provider": Fault(
        (b"NM1*1P*2*HARBOR THERAPY*****XX*1234567893~", b""), "loop_missing", at=3,
        others=("segment_not_in_loop",),
    ),
    "NPI's check digit": Fault((b"*1234567893", b"*1234567890"), "npi_check_digit", "NM109"),
    "NPI with letters": Fault((b"*1234567893", b"*12345678AB"), "npi_check_digit", "NM109"),
    "state unknown": Fault((b"BOSTON*MA*", b"BOSTON*QQ*"), "state_unknown", "N402"),
    "ZIP code": Fault((b"*02110~", b"*0211~"), "zip_format", "N403"),
    "no patient": Fault((b"NM1*QC*1*DOE*JANE****MI*W123456789~", b""), "segment_missing", at=12,
                        others=("segment_not_in_loop",)),
    "two patients": Fault(
        (b"REF*EJ*", b"NM1*QC*1*ROE*RAY****MI*W2~REF*EJ*"), "loop_too_often", others=()
    ),
    "patient an organization": Fault((b"NM1*QC*1", b"NM1*QC*2"), "code_not_allowed", "NM102",
                                     others=("organization_with_first_name",)),
    "patient's name missing": Fault((b"NM1*QC*1*DOE*", b"NM1*QC*1**"), "element_missing", "NM103"),
    "number without qualifier": Fault(
        (b"****MI*W123456789", b"*****W123456789"), "element_missing", "NM108",
        others=("pair_incomplete",),
    ),
    "patient's account empty": Fault((b"REF*EJ*C-1001", b"REF*EJ"), "element_missing", "REF02",
                                     others=("one_of_missing",)),
    "service date": Fault((b"472*D8*20261201", b"472*D8*20260231"), "date_impossible", "DTP03"),
    "no LX": Fault((b"LX*1~", b""), "segment_missing", at=15, others=("segment_not_in_loop",)),
    "LX empty": Fault((b"LX*1~", b"LX~"), "element_missing", "LX01", others=("document_number",)),
    "LX in letters": Fault((b"LX*1~", b"LX*A~"), "element_type", "LX01",
                           others=("document_number",)),
    "LX starts with 2": Fault((b"LX*1~", b"LX*2~"), "document_number", "LX01"),
    "LX not counted on": Fault(lambda c: _again(c, b"ACN-0117-1", b"ACN-0117-2"),
                               "document_number", "LX01", at=20),
    "control number twice": Fault(lambda c: _again(c, b"LX*1~", b"LX*2~"),
                                  "attachment_number_repeated", "TRN02", at=21),
    "no TRN": Fault((b"TRN*1*ACN-0117-1~", b""), "segment_missing", at=14),
    "TRN01 unknown": Fault((b"TRN*1*ACN", b"TRN*3*ACN"), "code_not_allowed", "TRN01"),
    "TRN02 missing": Fault((b"TRN*1*ACN-0117-1", b"TRN*1"), "element_missing", "TRN02"),
    "TRN02 too long": Fault((b"ACN-0117-1~", b"A" * 51 + b"~"), "element_too_long", "TRN02"),
    "two TRN": Fault((b"TRN*1*ACN-0117-1~", b"TRN*1*ACN-0117-1~TRN*1*ACN-9~"),
                     "segment_too_often", at=16),
    "TRN behind CAT": Fault(lambda c: _moved(c, b"TRN*1*ACN-0117-1~", b"CAT*AE*TX~"),
                            "segment_out_of_order", at=17),
    "submission date": Fault((b"368*D8*20261120", b"368*D8*20261140"), "date_impossible", "DTP03"),
    "submitted next year": Fault((b"368*D8*20261120", b"368*D8*20271120"), "date_later", "DTP03"),
    "DTP01 unknown": Fault((b"DTP*368", b"DTP*999"), "qualifier_not_allowed", "DTP01"),
    "no CAT": Fault((b"CAT*AE*TX~", b""), "segment_missing", at=14),
    "CAT01 not AE": Fault((b"CAT*AE*", b"CAT*OZ*"), "code_not_allowed", "CAT01"),
    "CAT02 unknown": Fault((b"CAT*AE*TX", b"CAT*AE*QQ"), "code_not_allowed", "CAT02"),
    "CAT02 missing": Fault((b"CAT*AE*TX", b"CAT*AE"), "element_missing", "CAT02"),
    "CAT before DTP": Fault(
        (b"DTP*368*D8*20261120~CAT*AE*TX~", b"CAT*AE*TX~DTP*368*D8*20261120~"),
        "segment_out_of_order", at=17,
    ),
    "small letters": Fault((b"CAT*AE", b"cat*AE"), "segment_tag_invalid"),
    "unknown segment": Fault((b"LX*1~", b"ZZZ*1~LX*1~"), "segment_unknown"),
    "wrong group": Fault((b"GS*PI*", b"GS*HI*"), "group_code_wrong", "GS01"),
    "SE01 wrong": Fault((b"~SE*18*", b"~SE*17*"), "count_wrong", "SE01", at=20),
    "SE02 differs": Fault((b"~SE*18*0001~", b"~SE*18*0002~"), "control_number_mismatch", "SE02",
                          at=20),
    "GE01 wrong": Fault((b"~GE*1*", b"~GE*2*"), "count_wrong", "GE01", at=21),
    "IEA02 differs": Fault(lambda c: c[:-2] + b"x~", "control_number_mismatch", "IEA02", at=22,
                           others=("element_type",)),
    "no SE": Fault(lambda c: c[: c.rindex(b"SE*")] + c[c.rindex(b"GE*") :], "trailer_missing",
                   at=3, others=("*",)),
    "no IEA": Fault(lambda c: c[: c.rindex(b"IEA*")], "trailer_missing", at=1),
    "a segment where the payload's end was": Fault(
        lambda c: c.replace(b"~SE*18", b"SE*18"), "binary_length_wrong", "*", at=CARRIER,
        others=("*",),
    ),
    "payload twice": Fault(
        lambda c: c.replace(b"~SE*18", b"~" + re.findall(rb"(B(?:IN|DS)\*.*~)SE", c, re.S)[0]
                            + b"SE*19"),
        "segment_too_often", at=20,
    ),
}  # fmt: skip

OF_5010: dict[str, Fault] = {
    "no EFI": Fault((b"EFI*05~", b""), "segment_missing", at=14),
    "EFI01 unknown": Fault((b"EFI*05", b"EFI*99"), "code_not_allowed", "EFI01"),
    "BIN01 too small": Fault((b"BIN*%d*" % len(PDF), b"BIN*%d*" % (len(PDF) - 1)),
                             "binary_length_wrong", "BIN01", others=("*",)),
    "BIN01 too large": Fault((b"BIN*%d*" % len(PDF), b"BIN*%d*" % (len(PDF) + 1)),
                             "binary_length_wrong", "BIN01", others=("*",)),
    "BIN01 no number": Fault((b"BIN*%d*" % len(PDF), b"BIN*abc*"), "binary_length_invalid",
                             "BIN01", others=("*",)),
    "BIN01 negative": Fault((b"BIN*%d*" % len(PDF), b"BIN*-5*"), "binary_length_invalid",
                            "BIN01", others=("*",)),
    "payload shorter": Fault((b"%%EOF\n", b"%%EO\n"), "binary_length_wrong", "BIN01", at=CARRIER,
                             others=("*",)),
    "no payload": Fault((b"BIN*%d*" % len(PDF) + PDF, b"BIN*0*"), "payload_empty", "BIN02"),
    "BDS instead": Fault(
        (b"BIN*%d*" % len(PDF) + PDF, b"BDS*B64*%d*" % len(CODED) + CODED), "segment_unknown",
        others=("segment_missing",),
    ),
    "ISA12 of another version": Fault((b"*00501*", b"*00602*"), "version_mismatch", "GS08", at=2),
    "cut in the payload": Fault(lambda c: c[: c.index(PDF) + 100], "binary_truncated", "BIN01",
                                at=CARRIER, others=("trailer_missing",)),
}  # fmt: skip

_LENGTH = b"BDS*B64*%d*" % len(CODED)
OF_6020: dict[str, Fault] = {
    "no OOI": Fault((b"OOI*1*47*ATTACHMENT~", b""), "segment_missing", at=14),
    "OOI02 unknown": Fault((b"OOI*1*47", b"OOI*1*48"), "code_not_allowed", "OOI02"),
    "OOI03 missing": Fault((b"OOI*1*47*ATTACHMENT", b"OOI*1*47"), "element_missing", "OOI03"),
    "OOI behind BDS": Fault(lambda c: _moved(c, b"OOI*1*47*ATTACHMENT~", CODED + b"~"),
                            "segment_out_of_order", at=19),
    "no BDS": Fault((_LENGTH + CODED + b"~", b""), "segment_missing", at=14),
    "BDS01 unknown": Fault((b"BDS*B64*", b"BDS*ZIP*"), "code_not_allowed", "BDS01"),
    "BDS01 missing": Fault((b"BDS*B64*", b"BDS**"), "element_missing", "BDS01"),
    "BDS02 too small": Fault((_LENGTH, b"BDS*B64*%d*" % (len(CODED) - 4)), "binary_length_wrong",
                             "BDS02"),
    "BDS02 too large": Fault((_LENGTH, b"BDS*B64*%d*" % (len(CODED) + 3)), "binary_length_wrong",
                             "BDS02"),
    "not base64": Fault((CODED, b"!" * len(CODED)), "payload_not_base64", "BDS03"),
    "base64 cut": Fault((_LENGTH + CODED, b"BDS*B64*%d*" % (len(CODED) - 1) + CODED[:-1]),
                        "payload_not_base64", "BDS03"),
    "bytes said to be base64": Fault((_LENGTH + CODED, b"BDS*B64*%d*" % len(PDF) + PDF),
                                     "payload_not_base64", "BDS03"),
    "no payload": Fault((_LENGTH + CODED, b"BDS*B64*0*"), "payload_empty", "BDS03"),
    "BIN instead": Fault((_LENGTH + CODED, b"BIN*%d*" % len(PDF) + PDF), "segment_unknown",
                         others=("segment_missing",)),
    "ISA12 of another version": Fault((b"*^*00602*", b"*^*00501*"), "version_mismatch", "GS08",
                                      at=2),
}  # fmt: skip


def _changed(good: bytes, fault: Fault) -> tuple[bytes, int]:
    """The file with the fault, SE01 counted anew where it was right, and where the fault is."""
    if callable(fault.change):
        return _recounted(fault.change(good), fault), fault.at
    old, new = fault.change
    assert good.count(old) >= 1, old
    at = fault.at or min(good[: good.index(old)].count(b"~") + 1, CARRIER)
    return _recounted(good.replace(old, new, 1), fault), at


def _recounted(content: bytes, fault: Fault) -> bytes:
    if fault.element in ("SE01", "SE02") or fault.code.startswith(("binary", "trailer")):
        return content
    inside = content.replace(PDF, b"")
    count = inside[inside.index(b"ST*") :].split(b"GE*")[0].count(b"~")
    end = content.rfind(b"~SE*")
    return content[:end] + re.sub(rb"SE\*\d+\*", b"SE*%d*" % count, content[end:])


def _own(version: str) -> dict[str, Fault]:
    return OF_5010 if version == "005010X210" else OF_6020


@pytest.mark.parametrize("version", VERSIONS)
def test_every_single_fault_is_found_in_its_place(version: str) -> None:
    good = file(version)
    assert validate(good) == []
    wrong = {}
    for name, fault in (BOTH | _own(version)).items():
        content, at = _changed(good, fault)
        findings = validate(content)
        others = {f.code for f in findings} - {fault.code}
        found = any(
            f.code == fault.code and f.position == at and fault.element in ("*", f.element)
            for f in findings
        )
        if not found or not ("*" in fault.others or others <= set(fault.others)):
            wrong[name] = (at, findings)
    assert wrong == {}


def test_there_are_more_than_sixty_of_each_version_and_their_codes_are_known() -> None:
    assert len(BOTH) + min(len(OF_5010), len(OF_6020)) > 60
    every = [*BOTH.values(), *OF_5010.values(), *OF_6020.values()]
    assert {fault.code for fault in every} <= set(CODES)


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_base64_in_lines_is_the_same_document(version: str) -> None:
    lines = b"\r\n".join(CODED[at : at + 76] for at in range(0, len(CODED), 76))
    content = file(version).replace(_LENGTH + CODED, b"BDS*B64*%d*" % len(lines) + lines)
    assert validate(content) == []
