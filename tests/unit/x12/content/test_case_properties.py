"""Round trips of whatever case there may be, and bytes that are no case at all."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from connector.x12.content.attachment_case import AttachmentCase
from connector.x12.content.attachment_reader import read_attachment
from connector.x12.content.attachment_writer import attachment_segments
from connector.x12.content.case import RequestCase
from connector.x12.content.case_file import read_case
from connector.x12.content.parse import parse
from connector.x12.content.request_writer import request_segments
from connector.x12.reader import read
from connector.x12.validate import validate
from connector.x12.writer import write
from tests.unit.x12.content.random_cases import random_request

GOLDEN = Path(__file__).parents[3] / "golden" / "x12"
DOCUMENTS: dict[str, Any] = json.loads(
    (Path(__file__).parents[4] / "docs/examples/x12/documents.json").read_text()
)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_a_request_comes_back_as_it_was(seed: int) -> None:
    case = read_case(json.dumps(random_request(seed)).encode(), RequestCase)
    content = write(request_segments(case))
    [found] = parse(content).as_json()["transactions"]
    assert read_case(json.dumps(found["content"]).encode(), RequestCase) == case.completed()
    # An admission without its date is no matter of therapy: a case has no place for it.
    assert {finding.code for finding in validate(content)} <= {"admission_date_missing"}


def _optional(model: type[BaseModel], found: Any, seen: dict[str, set[bool]]) -> None:
    """Which optional fields of a case are there (True), which are not (False)."""
    for name, field in model.model_fields.items():
        value = getattr(found, name)
        for one in value if isinstance(value, tuple) else [value]:
            if isinstance(one, BaseModel):
                _optional(type(one), one, seen)
        if not field.is_required():
            seen.setdefault(f"{model.__name__}.{name}", set()).add(value not in (None, (), False))


def test_the_cases_by_chance_have_every_optional_part_and_lack_it() -> None:
    seen: dict[str, set[bool]] = {}
    for seed in range(60):
        case = read_case(json.dumps(random_request(seed)).encode(), RequestCase)
        _optional(RequestCase, case, seen)
    always = {"id_type", "role", "sex", "transmission", "unit", "usage", "category",
              "release_of_information", "relationship"}  # fmt: skip
    one_sided = {name for name, both in seen.items() if both != {True, False}}
    assert {name for name in one_sided if name.split(".")[1] not in always} == set()
    assert len(seen) > 50


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["005010X210", "006020X314", "006020X316"]),
    st.lists(st.binary(min_size=1, max_size=400), min_size=1, max_size=3),
    st.booleans(),
)
def test_documents_come_back_byte_for_byte(
    version: str, payloads: list[bytes], solicited: bool
) -> None:
    case: dict[str, Any] = json.loads(json.dumps(DOCUMENTS))
    case |= {"version": version, "solicited": solicited}
    case["documents"] = [
        {
            "control_number": f"ACN-{place}",
            "submitted_on": "2026-11-20",
            "content": base64.b64encode(payload).decode(),
        }
        for place, payload in enumerate(payloads)
    ]
    content = write(attachment_segments(read_case(json.dumps(case).encode(), AttachmentCase)))
    assert validate(content) == []
    segments = list(read(content))
    received = read_attachment(segments[2:-2])
    assert list(received.payloads) == payloads
    assert received.content["solicited"] is solicited
    assert [d["control_number"] for d in received.content["documents"]] == [
        f"ACN-{place}" for place in range(len(payloads))
    ]


_SEED = (GOLDEN / "pt_continued_dependent.x12").read_bytes()


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(_SEED)), st.binary(max_size=6)), max_size=8))
def test_parse_takes_any_damage(damage: list[tuple[int, bytes]]) -> None:
    content = bytearray(_SEED)
    for place, piece in damage:
        content[place : place + len(piece)] = piece
    json.dumps(parse(bytes(content)).as_json())


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300))
def test_parse_takes_any_bytes(content: bytes) -> None:
    found = parse(content).as_json()
    json.dumps(found)
    assert found["findings"] or found["transactions"] == []


_TAGS = [
    "HL*1**20*1", "HL*2*1*22*0", "HL", "NM1*IL*1", "TRN*2*X", "UM", "HCR*A1*1*0U^0B", "AAA",
    "SV1*HC:1", "HSD*VS*x", "EB*B**30^MH**P*29*1e9", "EB", "DTP*AAH*RD8*2026", "HI*LOI",
    "STC*A:B", "IK3*UM", "IK4*1", "IK5", "AK1", "AK2", "AK9", "OTI*TA", "TED", "LX*1",
    "BIN*3*abc", "LS*1", "LE*1", "BHT*1*11", "MSG", "PWK", "HI*ABK:F", "DMG*D8*20269999",
    "HL*3*2*EV*1", "HL*4*3*SS*0", "HL*9*9*23*0", "CTX", "NTE", "OOI", "BDS*B64*3*abc",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["270", "271", "275", "277", "278", "824", "999", "997"]),
    st.lists(st.sampled_from(_TAGS), max_size=14),
)
def test_parse_takes_any_order_of_segments(kind: str, tags: list[str]) -> None:
    head = _SEED[: _SEED.index(b"ST*")]
    body = "~".join([f"ST*{kind}*0001*X", *tags, "SE*1*0001", "GE*1*1", "IEA*1*1", ""])
    found = parse(head + body.encode()).as_json()
    json.dumps(found)
    assert {one["type"] for one in found["transactions"]} == {kind}
