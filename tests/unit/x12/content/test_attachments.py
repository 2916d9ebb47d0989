"""275 in three versions: what is written is clean, and every single fault is found."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.errors import InvalidRecord
from connector.x12.content.attachment_case import AttachmentCase
from connector.x12.content.attachment_reader import media_type, read_attachment
from connector.x12.content.attachment_writer import attachment_segments
from connector.x12.content.case import RequestCase
from connector.x12.content.case_file import read_case
from connector.x12.content.parse import parse
from connector.x12.content.tying import request_of, unmatched_documents
from connector.x12.reader import read
from connector.x12.validate import validate
from connector.x12.writer import write

ROOT = Path(__file__).parents[4]
VERSIONS = ("005010X210", "006020X314", "006020X316")
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40 + b"~IEA*0*1~ * : ^ ~SE*1*1~\n%%EOF\n"


def case(version: str, **more: Any) -> AttachmentCase:
    """The example of the documentation, with a document full of delimiters."""
    found: dict[str, Any] = json.loads((ROOT / "docs/examples/x12/documents.json").read_text())
    found |= {"version": version} | more
    document = found["documents"][0]
    document.pop("file", None)
    document["content"] = base64.b64encode(PDF).decode()
    return read_case(json.dumps(found).encode(), AttachmentCase)


def file(version: str, **more: Any) -> bytes:
    """Its bytes."""
    return write(attachment_segments(case(version, **more)))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("solicited", [False, True])
def test_what_is_written_is_clean_and_comes_back(version: str, solicited: bool) -> None:
    content = file(version, solicited=solicited)
    assert validate(content) == []
    received = read_attachment(list(read(content)))
    assert received.payloads == (PDF,)
    [document] = received.content["documents"]
    assert document["trace_type"] == ("2" if solicited else "1")
    assert document["payload"]["media_type"] == "application/pdf"
    [found] = parse(content).as_json()["transactions"]
    assert (found["type"], found["direction"]) == ("275", "attachment")


def test_a_question_is_echoed() -> None:
    made = case("006020X316", solicited=True).model_dump(mode="json")
    made["documents"][0]["question"] = {"category": "R4", "loinc": "18842-5"}
    content = write(attachment_segments(read_case(json.dumps(made).encode(), AttachmentCase)))
    assert b"~STC*R4:18842-5::LOI~" in content
    assert validate(content) == []
    [document] = read_attachment(list(read(content))).content["documents"]
    assert document["question"] == {"category": "R4", "loinc": "18842-5"}


def _swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        assert content.count(old) >= 1, old
        return content.replace(old, new, 1)

    return change


# Faults of every version, by what is done to the good file.
FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "no BGN": _swap(b"BGN*02*DOC-2026-0117*20261120~", b""),
    "BGN01 unknown": _swap(b"BGN*02", b"BGN*77"),
    "BGN02 missing": _swap(b"BGN*02*DOC-2026-0117", b"BGN*02*"),
    "BGN03 impossible": _swap(b"DOC-2026-0117*20261120~", b"DOC-2026-0117*20261320~"),
    "BGN04 used": _swap(b"DOC-2026-0117*20261120~", b"DOC-2026-0117*20261120*0930~"),
    "no payer": _swap(b"NM1*PR*2*EXAMPLE HEALTH PLAN*****PI*12345~", b""),
    "payer's number missing": _swap(b"*****PI*12345", b""),
    "payer's qualifier unknown": _swap(b"*****PI*12345", b"*****ZZ*12345"),
    "no submitter": _swap(b"NM1*41*2*HARBOR THERAPY*****46*HARBOR01~", b""),
    "submitter's role unknown": _swap(b"NM1*41*", b"NM1*4X*"),
    "no provider": _swap(b"NM1*1P*2*HARBOR THERAPY*****XX*1234567893~", b""),
    "NPI's check digit": _swap(b"1234567893", b"1234567890"),
    "state unknown": _swap(b"BOSTON*MA*", b"BOSTON*QQ*"),
    "ZIP code": _swap(b"*02110~", b"*0211~"),
    "no patient": _swap(b"NM1*QC*1*DOE*JANE****MI*W123456789~", b""),
    "patient is an organization": _swap(b"NM1*QC*1", b"NM1*QC*2"),
    "patient's name missing": _swap(b"NM1*QC*1*DOE*", b"NM1*QC*1**"),
    "patient's number without qualifier": _swap(b"****MI*W123456789", b"*****W123456789"),
    "service date impossible": _swap(b"DTP*472*D8*20261201", b"DTP*472*D8*20260231"),
    "no LX": _swap(b"LX*1~", b""),
    "LX without number": _swap(b"LX*1~", b"LX~"),
    "no TRN": _swap(b"TRN*1*ACN-0117-1~", b""),
    "TRN01 unknown": _swap(b"TRN*1*ACN", b"TRN*3*ACN"),
    "TRN02 missing": _swap(b"TRN*1*ACN-0117-1", b"TRN*1"),
    "submission date impossible": _swap(b"DTP*368*D8*20261120", b"DTP*368*D8*20261140"),
    "DTP01 unknown": _swap(b"DTP*368", b"DTP*999"),
    "no CAT": _swap(b"CAT*AE*TX~", b""),
    "CAT01 not AE": _swap(b"CAT*AE*", b"CAT*OZ*"),
    "CAT02 unknown": _swap(b"CAT*AE*TX", b"CAT*AE*QQ"),
    "CAT before DTP": _swap(b"DTP*368*D8*20261120~CAT*AE*TX~", b"CAT*AE*TX~DTP*368*D8*20261120~"),
    "unknown segment": _swap(b"LX*1~", b"ZZZ*1~LX*1~"),
    "wrong group": _swap(b"GS*PI*", b"GS*HI*"),
    "SE01 wrong": _swap(b"~SE*18*", b"~SE*17*"),
    "SE02 differs": _swap(b"~SE*18*0001~", b"~SE*18*0002~"),
    "GE01 wrong": _swap(b"~GE*1*", b"~GE*2*"),
    "IEA02 differs": lambda content: content[:-2] + b"x~",
    "end cut off": lambda content: content[:-30],
}

FAULTS_5010: dict[str, Callable[[bytes], bytes]] = {
    "no EFI": _swap(b"EFI*05~", b""),
    "EFI01 unknown": _swap(b"EFI*05", b"EFI*99"),
    "BIN01 too small": _swap(b"BIN*%d*" % len(PDF), b"BIN*%d*" % (len(PDF) - 1)),
    "BIN01 too large": _swap(b"BIN*%d*" % len(PDF), b"BIN*%d*" % (len(PDF) + 1)),
    "BIN01 no number": _swap(b"BIN*%d*" % len(PDF), b"BIN*abc*"),
    "payload shorter": _swap(b"%%EOF\n", b"%%EO\n"),
}
_CODED = base64.b64encode(PDF)
FAULTS_6020: dict[str, Callable[[bytes], bytes]] = {
    "no OOI": _swap(b"OOI*1*47*ATTACHMENT~", b""),
    "OOI02 unknown": _swap(b"OOI*1*47", b"OOI*1*48"),
    "no BDS": lambda content: (
        content[: content.index(b"BDS*")] + content[content.index(b"SE*18") :]
    ),
    "BDS01 unknown": _swap(b"BDS*B64*", b"BDS*ZIP*"),
    "BDS02 too small": _swap(b"BDS*B64*%d*" % len(_CODED), b"BDS*B64*%d*" % (len(_CODED) - 4)),
    "BDS02 too large": _swap(b"BDS*B64*%d*" % len(_CODED), b"BDS*B64*%d*" % (len(_CODED) + 3)),
    "ISA12 of another version": _swap(b"*^*00602*", b"*^*00501*"),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_single_fault_is_found(version: str) -> None:
    good = file(version).replace(b"CAT*AE*TX", b"CAT*AE*TX")
    assert validate(good) == []
    own = FAULTS_5010 if version == "005010X210" else FAULTS_6020
    silent = [
        name
        for name, fault in (FAULTS | own).items()
        if not any(finding.is_error for finding in validate(fault(good)))
    ]
    assert silent == []
    assert len(FAULTS | own) >= 25


def test_a_275_is_tied_to_its_278_by_the_control_number() -> None:
    request = read_case((ROOT / "docs/examples/x12/psychotherapy.json").read_bytes(), RequestCase)
    documents = case("006020X316")
    assert unmatched_documents(request, [documents]) == ()
    assert unmatched_documents(request, []) == ("ACN-0117-1",)
    assert request_of("ACN-0117-1", {"r1": request}) == "r1"
    assert request_of("ACN-9", {"r1": request}) is None


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"documents": []}, "documents"),
        ({"version": "004050X151"}, "version"),
        ({"documents": [{"control_number": "A", "submitted_on": "2026-11-20"}]}, "content or file"),
        (
            {"documents": [{"control_number": "A", "submitted_on": "2026-11-20", "content": "*"}]},
            "not base64",
        ),
        (
            {"documents": [{"control_number": "A", "submitted_on": "2026-11-20", "content": ""}]},
            "empty",
        ),
    ],
)
def test_a_wrong_case_names_its_field(change: dict[str, Any], word: str) -> None:
    found = json.loads((ROOT / "docs/examples/x12/documents.json").read_text()) | change
    with pytest.raises(InvalidRecord, match=word):
        read_case(json.dumps(found).encode(), AttachmentCase)


def test_media_types_by_first_bytes() -> None:
    assert media_type(b"%PDF-1.4") == "application/pdf"
    assert media_type(b"plain words\n") == "text/plain"
    assert media_type(b"\x00\x01") == "application/octet-stream"
