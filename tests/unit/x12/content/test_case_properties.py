"""Round trips of whatever case there may be, and bytes that are no case at all."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.x12.content.attachment_case import AttachmentCase
from connector.x12.content.attachment_reader import read_attachment
from connector.x12.content.attachment_writer import attachment_segments
from connector.x12.content.case import RequestCase
from connector.x12.content.case_file import read_case
from connector.x12.content.parse import parse
from connector.x12.content.request_writer import request_segments
from connector.x12.content.services import Quantity
from connector.x12.npi import is_npi
from connector.x12.reader import read
from connector.x12.validate import validate
from connector.x12.writer import write

GOLDEN = Path(__file__).parents[3] / "golden" / "x12"
BASE: dict[str, Any] = json.loads((GOLDEN / "pt_continued_dependent.json").read_text())
DOCUMENTS: dict[str, Any] = json.loads(
    (Path(__file__).parents[4] / "docs/examples/x12/documents.json").read_text()
)

_LETTERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'-", min_size=2)
_WORDS = st.lists(_LETTERS.filter(lambda t: len(t) <= 12), min_size=1, max_size=3).map(" ".join)
_IDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", min_size=2, max_size=30)
_DAYS = st.dates(date(1930, 1, 1), date(2035, 12, 31))
_NPI = st.sampled_from(
    [n for n in (f"{i:010d}" for i in range(1234567800, 1234568400)) if is_npi(n)]
)


def _optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


@st.composite
def _periods(draw: st.DrawFn) -> dict[str, str]:
    first, second = sorted((draw(_DAYS), draw(_DAYS)))
    return {"starts_on": first.isoformat(), "ends_on": second.isoformat()}


_QUANTITIES = st.fixed_dictionaries(
    {"amount": st.integers(1, 999), "unit": st.sampled_from(["visits", "units", "hours", "days"])},
    optional={
        "rate": st.fixed_dictionaries(
            {"times": st.integers(1, 9), "per": st.sampled_from(["day", "week", "month"])}
        ),
        "over": st.fixed_dictionaries(
            {"count": st.integers(1, 99), "of": st.sampled_from(["week", "month"])}
        ),
    },
)


def _fits(quantity: dict[str, Any]) -> bool:
    try:
        Quantity.model_validate_json(json.dumps(quantity))
    except ValueError:
        return False
    return True


_QUANTITIES = _QUANTITIES.filter(_fits)
_SERVICES = st.fixed_dictionaries(
    {
        "code": st.sampled_from(["90837", "90834", "97110", "G0283", "0362T"]),
        "amount": st.integers(1, 999_999),
    },
    optional={
        "modifiers": st.lists(st.sampled_from(["GP", "95", "KX", "59"]), max_size=4, unique=True),
        "period": _periods(),
        "quantity": _QUANTITIES,
        "message": _WORDS,
        "service_type": st.sampled_from(["PT", "MH", "A6"]),
    },
)
_PROVIDERS = st.fixed_dictionaries(
    {"family_name": _WORDS.filter(lambda t: len(t) <= 35), "npi": _NPI},
    optional={
        "role": st.sampled_from(["SJ", "71", "DK", "DN"]),
        "given_name": _LETTERS.filter(lambda t: len(t) <= 35),
        "taxonomy": st.sampled_from(["225100000X", "103TC0700X"]),
    },
)


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A request that is valid as a case."""
    case: dict[str, Any] = json.loads(json.dumps(BASE))
    event = case["event"]
    case["reference"] = draw(_IDS)
    case["created"] = draw(
        st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(
            lambda d: d.replace(microsecond=0).isoformat()
        )
    )
    case["subscriber"] |= {
        "family_name": draw(_WORDS),
        "member_id": draw(_IDS),
        "birth_date": draw(st.dates(date(1930, 1, 1), date(2019, 12, 31))).isoformat(),
        "sex": draw(st.sampled_from(["female", "male", "unknown"])),
    }
    if draw(st.booleans()):
        case.pop("dependent")
    event["message"] = draw(_optional(_WORDS))
    event["quantity"] = draw(_QUANTITIES)
    event["period"] = draw(_optional(_periods()))
    event["urgent"] = draw(st.booleans())
    event["services"] = draw(st.lists(_SERVICES, max_size=4))
    event["providers"] = draw(st.lists(_PROVIDERS, max_size=3))
    event["related_causes"] = draw(
        st.lists(st.sampled_from(["AA", "AP", "EM"]), max_size=3, unique=True)
    )
    event["diagnoses"] = [
        {"code": code}
        for code in draw(
            st.lists(
                st.sampled_from(["F33.1", "F41.1", "M54.50", "S83.241A", "Z63.0"]),
                min_size=1, max_size=5, unique=True,
            )
        )
    ]  # fmt: skip
    return case


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_a_request_comes_back_as_it_was(given_case: dict[str, Any]) -> None:
    case = read_case(json.dumps(given_case).encode(), RequestCase)
    content = write(request_segments(case))
    [found] = parse(content).as_json()["transactions"]
    assert read_case(json.dumps(found["content"]).encode(), RequestCase) == case.completed()
    assert validate(content) == []


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["005010X210", "006020X314", "006020X316"]),
    st.lists(st.binary(min_size=1, max_size=400), min_size=1, max_size=3),
    st.booleans(),
)
def test_documents_come_back_byte_for_byte(
    version: str, payloads: list[bytes], solicited: bool
) -> None:
    import base64

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
