"""The golden X12 files, what their cases say, and one file's segments as lists of texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from connector.x12.reader import read

HERE = Path(__file__).parent / "x12"
CASES = sorted(HERE.glob("*.json"))
FILES = [path.with_suffix(".x12") for path in CASES]
ANSWERS = sorted((HERE / "answers").glob("*.x12"))
DOCUMENTS = sorted((HERE / "documents").glob("*.x12"))
RECEIPTS = sorted((HERE / "receipts").glob("*.x12"))
EVERY = [*FILES, *ANSWERS, *DOCUMENTS, *RECEIPTS]

Plain = list[list[str]]
"""Segments: a name and elements as written, without empty ones at the end."""


def name(path: Path) -> str:
    """A file's name with its folder, for test ids and tables."""
    return f"{path.parent.name}/{path.stem}"


def stripped(segment: list[str]) -> list[str]:
    """Without what fills up the ISA and IEA, and without empty elements at the end.

    Some readers show control numbers as numbers, without their zeros.
    """
    values = [text.strip() for text in segment]
    place = {"ISA": 13, "IEA": 2}.get(values[0], 0)
    if place and len(values) > place:
        values[place] = values[place].lstrip("0")
    while values and not values[-1]:
        values.pop()
    return values


def ours(path: Path) -> Plain:
    """The file as the product reads it."""
    return [
        stripped(
            [
                one.tag,
                *one.elements[:-1],
                one.elements[-1] if one.binary is None else one.binary.decode("latin-1"),
            ]
        )
        for one in read(path.read_bytes())
    ]


def told(segments: Plain) -> dict[str, Any]:
    """What a 278 request says, by the guide's places: taken from any reader's segments."""
    padded = [segment + [""] * 12 for segment in segments]

    def first(tag: str, *values: str) -> list[str]:
        return next(
            (s for s in padded if s[0] == tag and s[1 : 1 + len(values)] == [*values]), [""] * 12
        )

    return {
        "created": first("BHT")[4] + first("BHT")[5],
        "reference": first("BHT")[3],
        "payer": first("NM1", "X3")[9],
        "requester": first("NM1", "1P")[9],
        "member": first("NM1", "IL")[9],
        "patient": [first("NM1", who)[3:5] for who in ("IL", "QC")],
        "births": [s[2] for s in padded if s[0] == "DMG"],
        "certification": [first("UM")[2], first("UM")[3], first("UM")[4]],
        "previous": first("REF", "BB")[2],
        "period": first("DTP", "AAH")[3],
        "diagnoses": [text.split(":")[1] for text in first("HI")[1:] if text],
        "visits": first("HSD", "VS")[2],
        "attachments": [s[6] for s in padded if s[0] == "PWK"],
        "providers": [s[9] for s in padded if s[0] == "NM1" and s[1] in ("SJ", "DN")],
        "services": [(s[1].split(":")[1], s[4]) for s in padded if s[0] == "SV1"],
        "traces": [s[2] for s in padded if s[0] == "TRN"],
        "levels": [s[3] for s in padded if s[0] == "HL"],
        "counted": first("SE")[1],
    }


def stated(path: Path) -> dict[str, Any]:
    """The same by the case's JSON, without a reader of X12."""
    case = json.loads(path.read_text(encoding="utf-8"))
    event, subscriber, child = case["event"], case["subscriber"], case.get("dependent")
    period = event["period"]
    people = [subscriber, child] if child else [subscriber]
    return {
        "created": case["created"].replace("-", "").replace("T", "").replace(":", "")[:12],
        "reference": case["reference"],
        "payer": case["payer"]["id"],
        "requester": case["requester"]["npi"],
        "member": subscriber["member_id"],
        "patient": [
            [subscriber["family_name"], subscriber["given_name"]],
            [child["family_name"], child["given_name"]] if child else ["", ""],
        ],
        "births": [one["birth_date"].replace("-", "") for one in people],
        "certification": [
            event["certification"], event["service_type"], f"{event['place_of_service']}:B",
        ],
        "previous": event.get("previous_authorization", ""),
        "period": f"{period['starts_on']}-{period['ends_on']}".replace("-", "", 2)
        .replace("-", "~", 1).replace("-", "").replace("~", "-"),
        "diagnoses": [one["code"].replace(".", "") for one in event["diagnoses"]],
        "visits": str(event["quantity"]["amount"]),
        "attachments": [one["control_number"] for one in event.get("attachments", ())],
        "providers": [one["npi"] for one in event["providers"]],
        "services": [(one["code"], str(one["amount"])) for one in event["services"]],
        "traces": [
            case["reference"],
            *(f"{case['reference']}-{n}" for n in range(1, len(event["services"]) + 1)),
        ],
        "levels": ["20", "21", "22", *(["23"] if child else []), "EV",
                   *["SS"] * len(event["services"])],
        "counted": str(len(path.with_suffix(".x12").read_text().splitlines()) - 4),
    }  # fmt: skip
