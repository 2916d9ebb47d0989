"""275 in three versions: what is written is clean, and every single fault is found."""

from __future__ import annotations

import base64
import json
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
from connector.x12.content.tying import request_of
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


def test_a_275_is_tied_to_its_278_by_the_control_number() -> None:
    request = read_case((ROOT / "docs/examples/x12/psychotherapy.json").read_bytes(), RequestCase)
    [document] = case("006020X316").documents
    assert document.control_number == "ACN-0117-1"
    assert request_of(document.control_number, {"r1": request}) == "r1"
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
