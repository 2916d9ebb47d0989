"""Cases for psychotherapy and physical therapy, first and continued, subscriber and dependent.

Each .json beside its .x12: the bytes must not change unnoticed. UPDATE_GOLDEN=1 writes them anew.
All people are synthetic. Beside the requests: a payer's answer to each, a document in the three
versions of the 275, and receipts. Readers that nobody here wrote read them all in
``test_golden_x12_judges.py``.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from connector.x12.content.attachment_case import AttachmentCase
from connector.x12.content.attachment_reader import read_attachment
from connector.x12.content.attachment_writer import attachment_segments
from connector.x12.content.case import RequestCase
from connector.x12.content.case_file import read_case
from connector.x12.content.meaning import meaning
from connector.x12.content.parse import parse
from connector.x12.content.request_writer import request_segments
from connector.x12.content.review_reader import read_reviews
from connector.x12.content.tying import (
    request_of,
    sent,
    tie_advice,
    tie_group,
    tie_interchange,
)
from connector.x12.reader import read
from connector.x12.validate import validate
from connector.x12.writer import write

HERE = Path(__file__).parent / "x12"
CASES = sorted(HERE.glob("*.json"))
FILES = [path.with_suffix(".x12") for path in CASES]


def _name(path: Path) -> str:
    return path.stem


def test_all_eight_are_there() -> None:
    kinds = {
        f"{therapy}_{stage}_{who}"
        for therapy in ("psychotherapy", "pt")
        for stage in ("initial", "continued")
        for who in ("subscriber", "dependent")
    }
    assert {path.stem for path in CASES} == kinds


@pytest.mark.parametrize("path", CASES, ids=_name)
def test_a_case_gives_exactly_its_file(path: Path) -> None:
    case = read_case(path.read_bytes(), RequestCase)
    made = write(request_segments(case), line_ends=True)
    golden = path.with_suffix(".x12")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_bytes(made)
    assert made == golden.read_bytes()
    assert made == write(request_segments(case), line_ends=True)


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_nothing_is_wrong_with_it(path: Path) -> None:
    assert validate(path.read_bytes()) == []


@pytest.mark.parametrize("path", CASES, ids=_name)
def test_what_parse_says_of_the_file_is_the_case(path: Path) -> None:
    case = read_case(path.read_bytes(), RequestCase)
    [found] = parse(path.with_suffix(".x12").read_bytes()).as_json()["transactions"]
    again = read_case(json.dumps(found["content"]).encode(), RequestCase)
    assert again == case.completed()


# What each answer makes of its request: status, authorization number, last day, visits certified,
# line decisions, reasons of a rejection.
MEANT: dict[str, tuple[str, str | None, str | None, int | None, list[str], list[str]]] = {
    "psychotherapy_initial_subscriber": (
        "approved", "AUTH5001", "2027-02-28", 12, ["approved"], [],
    ),
    "psychotherapy_initial_dependent": ("pended", None, None, None, ["pended"], []),
    "psychotherapy_continued_subscriber": ("partly", "AUTH5003", "2027-01-15", 6, ["modified"], []),
    "psychotherapy_continued_dependent": ("denied", None, None, None, ["denied"], []),
    "pt_initial_subscriber": ("rejected", None, None, None, ["rejected", "rejected"], ["75"]),
    "pt_initial_dependent": (
        "partly", "AUTH5006", "2027-02-28", None, ["approved", "denied"], [],
    ),
    "pt_continued_subscriber": (
        "approved", "AUTH5007", "2027-02-28", 12, ["approved", "approved"], [],
    ),
    "pt_continued_dependent": (
        "partly", "AUTH5008", "2027-02-28", 12, ["approved", "rejected"], ["57"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", CASES, ids=_name)
def test_an_answer_to_each_request_means_what_it_should(path: Path) -> None:
    case = read_case(path.read_bytes(), RequestCase)
    answer = HERE / "answers" / f"{path.stem}.x12"
    [review] = read_reviews(list(read(answer.read_bytes())))
    found = meaning(case, review)
    assert found.matches
    assert (
        found.status,
        found.authorization_number,
        found.ends_on.isoformat() if found.ends_on else None,
        found.certified,
        [line.status for line in found.lines],
        [one.code for one in found.rejections],
    ) == MEANT[path.stem]
    assert found.requested == 12


VERSIONS = ["005010X210", "006020X314", "006020X316"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_document_in_each_version_gives_exactly_its_file(version: str) -> None:
    content = json.loads((HERE / "documents" / "progress_report.json").read_text())
    case = read_case(json.dumps(content | {"version": version}).encode(), AttachmentCase)
    made = write(attachment_segments(case), line_ends=True)
    golden = HERE / "documents" / f"progress_report_{version}.x12"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_bytes(made)
    assert made == golden.read_bytes()
    request = read_case((HERE / "pt_continued_dependent.json").read_bytes(), RequestCase)
    assert request_of("ACN-PT-01", {"r": request}) == "r", "the request announced it"
    received = read_attachment(list(read(made)))
    assert [one["control_number"] for one in received.content["documents"]] == ["ACN-PT-01"]
    assert received.payloads == (base64.b64decode(content["documents"][0]["content"]),)


def _receipt(name: str) -> dict[str, Any]:
    found = parse((HERE / "receipts" / f"{name}.x12").read_bytes()).as_json()
    assert found["findings"] == []
    content: dict[str, Any] = found["transactions"][0]["content"]
    return content


def test_receipts_are_tied_to_the_request_that_was_sent() -> None:
    case = read_case((HERE / "pt_continued_dependent.json").read_bytes(), RequestCase)
    ours = sent(request_segments(case))
    assert tie_group(ours, _receipt("999_accepted")).fate == "accepted"
    refused = tie_group(ours, _receipt("999_rejected"))
    assert refused.fate == "rejected"
    assert "segment 22 (UM), element 3: the code is not valid" in refused.reasons
    returned = tie_interchange(ours, _receipt("TA1_rejected"))
    assert (returned.fate, returned.reasons) == (
        "rejected", ("this control number was used before",),
    )  # fmt: skip
    advice = tie_advice(ours, _receipt("824_rejected"))
    assert (advice.fate, advice.reasons) == ("rejected", ("MEMBER NOT FOUND",))
    other = sent(request_segments(case.model_copy(update={"reference": "ANOTHER"})))
    assert tie_group(other, _receipt("999_accepted")).fate == "not_ours"
    assert tie_advice(other, _receipt("824_rejected")).fate == "not_ours"


def test_both_kinds_of_277_say_what_they_are_about() -> None:
    taken = _receipt("277_claim_acknowledgment")
    assert taken["kind"] == "claim acknowledgment"
    assert taken["items"][-1]["trace"] == "C-1001"
    assert taken["items"][-1]["statuses"][0]["action_meaning"] == "accepted"
    wanted = _receipt("277_documents_wanted")
    [item] = wanted["items"]
    assert (item["trace"], item["answer_by"]) == ("PAYERTRN-805", "2026-12-21")
    assert item["statuses"][0]["codes"][0]["code"] == "18842-5"
