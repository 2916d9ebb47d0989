"""The request that goes with a payer report: built of records, nothing made up."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import InvalidRecord, Rejected
from connector.pipeline.packet.asked_for import EXAMPLE, asked_for, refuse_reversed
from connector.pipeline.packet.case import (
    attachment_number,
    name_of,
    request_case,
    sent_numbers,
)
from connector.pipeline.packet.complete import complete, lacking, refuse_lacking
from connector.pipeline.packet.copy_sheet import copy_sheet
from connector.pipeline.packet.formats import build, file_formats
from connector.pipeline.packet.parts import completed_parts
from connector.pipeline.packet.request import PART2_NOTICE
from connector.pipeline.report_kinds import specification

ZONE = ZoneInfo("America/New_York")
AT = datetime(2026, 11, 20, 22, tzinfo=UTC)
PRACTICE = {"name": "Riverside", "phone": None, "synthetic": True}
EVIDENCE = {"summary": [{"text": "GAD-7 went from 14 to 9."}, {"text": "5 lower."}]}
VALUES = {"visits_asked_for_and_dates": EXAMPLE}


def request(**changes: Any) -> dict[str, Any]:
    context: dict[str, Any] = {
        "reference": "AR-0123456789", "version": 1, "reason": "renew", "most": 12,
        "payer": {"name": "Harbor (synthetic)", "id": "harbor"}, "payer_name": "Harbor",
        "rule": {"form": None}, "channels": ["x12", "portal"], "portal": [], "clock": None,
        "subscriber": {
            "family_name": "Demohaven", "given_name": "Zion", "birth_date": "1991-08-15",
            "sex": "female", "member_id": "SYN1", "group_number": None,
        },
        "patient_account": "C-1026",
        "provider": {
            "family_name": "Fictford", "given_name": "Ellis", "npi": "1000000020",
            "name": "Ellis Fictford",
        },
        "trading": {
            "requester": {"organization": "Riverside", "npi": "1000000095", "role": "1P"},
            "sender": {"id": "SYNRIVERSIDE", "id_type": "ZZ"},
            "originator": "9SYNTHETIC", "usage": "T",
        },
        "partner": {
            "payer_id": {"value": "SYNHARBOR"}, "id_type": "PI",
            "receiver": {"value": {"id": "SYNHARBOR", "id_type": "ZZ"}},
            "attachment_version": "006020X316",
        },
        "event": {
            "certification": "4", "previous_authorization": "HH-70077", "category": "HS",
            "service_type": "MH", "diagnoses": ["F41.1"], "procedures": ["90837"],
            "one_unit_a_visit": True, "attachment": {"type": "PN", "by_file": True},
            "wanted": ["Progress report"], "frequency": "weekly", "notice": None,
        },
        "asked": None, "evidence": "report-1",
    }  # fmt: skip
    for path, value in changes.items():
        *parents, key = path.split("__")
        inner = context
        for name in parents:
            inner = inner[name]
        inner[key] = value
    return context


def done(**changes: Any) -> dict[str, Any]:
    return complete(request(**changes), VALUES, 1)


@pytest.mark.parametrize(
    "text",
    [
        "12 visits, 12/01/2026 to 02/28/2027", "12 visits 12/1/2026 - 2/28/2027",
        "12 visits from 2026-12-01 through 2027-02-28", "12 VISITS: 12/01/2026 until 02/28/2027.",
    ],
)  # fmt: skip
def test_visits_and_dates_are_read_as_clinicians_write_them(text: str) -> None:
    found = asked_for(text)
    assert (found.visits, found.starts_on) == (12, date(2026, 12, 1))
    assert found.ends_on == date(2027, 2, 28)


@pytest.mark.parametrize("told", [True, False])
def test_what_is_written_in_brings_its_notice_into_the_request_too(told: bool) -> None:
    part = specification("authorization_request", "p-1", AT.date(), ("json", "x12"), request())
    context = {**EVIDENCE, "redisclosure_notice": told}
    report = specification("insurer", "p-1", AT.date(), ("pdf",), context)
    with_practice = part.model_copy(update={"context": request() | {"practice": PRACTICE}})
    [made] = completed_parts([with_practice], report, VALUES, 1)
    assert (made.context["event"]["notice"] == PART2_NOTICE) is told


@pytest.mark.parametrize(
    ("words", "urgent"),
    [
        ("urgent", True), ("expedited review, please", True), ("(Urgent: no bed)", True),
        ("not urgent", False), ("non-urgent", False), ("non urgent", False), ("nonurgent", False),
        ("not an urgent request", False), ("this isn\u2019t urgent", False), ("", False),
        ("not urgent last time, urgent now", True), ("urgent: no", False), ("Urgent? No.", False),
    ],
)  # fmt: skip
def test_urgent_is_what_the_words_say(words: str, urgent: bool) -> None:
    assert asked_for(f"12 visits, 12/01/2026 to 02/28/2027 {words}").urgent is urgent


@pytest.mark.parametrize(
    "text",
    [
        "lots", "12 visits", "12/01/2026 to 02/28/2027", "0 visits, 12/01/2026 to 02/28/2027",
        "12 visits, 02/28/2027 to 12/01/2026", "12 visits, 02/30/2027 to 03/01/2027",
        "12 visits, 12/01/2026 to 12/01/2036", "12 visits, 12/01/2026 to 02/28/2027 and 9 more",
    ],
)  # fmt: skip
def test_what_can_t_be_understood_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidRecord) as refused:
        asked_for(text)
    assert refused.value.code == "visits_unclear"


@pytest.mark.parametrize(
    "text",
    ["12 visits, 02/28/2027 to 12/01/2026", "weekly from 2027-02-28 until 2026-12-01, in all 12"],
)
def test_a_last_day_before_the_first_is_refused_with_both_in_whatever_words(text: str) -> None:
    with pytest.raises(InvalidRecord, match="the last day is before the first") as refused:
        refuse_reversed(text)
    first, last = re.findall(r"[0-9/-]{10}", text)
    assert refused.value.sentence().endswith(f"(got '{first} to {last}')")
    refuse_reversed("seen 12/01/2026 to 12/01/2026; 02/30/2027 to 01/01/2027 is no day")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    try:
        found = asked_for(text)
    except InvalidRecord:
        return
    assert found.visits > 0 and found.starts_on <= found.ends_on


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"subscriber__member_id": None}, "member_id"),
        ({"subscriber__birth_date": None}, "birth_date"),
        ({"subscriber__family_name": None}, "patient_name"),
        ({"event__diagnoses": []}, "diagnosis"),
        ({"provider__npi": None}, "npi"),
        ({"trading": None}, "site_payers"),
        ({"partner": None}, "payer_x12"),
        ({"event__certification": None}, "continued"),
        ({"event__service_type": None}, "service_type"),
    ],
)
def test_what_is_missing_is_named_and_never_made_up(change: dict[str, Any], key: str) -> None:
    context = done(**change)
    assert [one["key"] for one in lacking(context)] == [key]
    with pytest.raises(InvalidRecord) as refused:
        refuse_lacking(context)
    assert refused.value.code == "request_incomplete"
    with pytest.raises(InvalidRecord):
        request_case(context, AT, ZONE)


def test_files_are_asked_of_nobody_who_takes_none() -> None:
    portal = done(channels=["portal"], trading=None, partner=None, event__service_type=None)
    assert lacking(portal) == []
    assert file_formats("authorization_request", portal) == ()
    assert file_formats("attachment", portal) == ()


def test_the_visits_asked_for_are_missing_until_the_clinician_writes_them() -> None:
    assert [one["key"] for one in lacking(request())] == ["asked"]
    assert lacking(done()) == []


def test_what_the_clinician_writes_goes_where_the_record_has_nothing() -> None:
    bare = request(
        subscriber__member_id=None, subscriber__birth_date=None, provider__npi=None,
        event__diagnoses=[],
    )  # fmt: skip
    values = {
        **VALUES, "member_id": "ÅB 12", "date_of_birth": "08/15/1991", "npi": "1000000020",
        "diagnosis_icd_10_cm": "f41.1 generalized anxiety",
    }  # fmt: skip
    found = complete(bare, values, 1)
    assert found["subscriber"]["member_id"] == "AB 12"
    assert found["subscriber"]["birth_date"] == "1991-08-15"
    assert found["event"]["diagnoses"] == ["F41.1"] and found["provider"]["npi"] == "1000000020"
    kept = complete(request(), {**VALUES, "member_id": "OTHER"}, 1)
    assert kept["subscriber"]["member_id"] == "SYN1"


def test_the_request_as_a_case() -> None:
    case = request_case(done(), AT, ZONE)
    event = case.event
    assert case.reference == event.trace == "AR-0123456789-1"
    assert str(case.created) == "2026-11-20 17:00:00"
    assert (event.certification, event.previous_authorization) == ("4", "HH-70077")
    assert event.quantity is not None and event.quantity.amount == 12
    assert [(one.code, one.amount) for one in event.services] == [("90837", 12)]
    assert event.attachments[0].control_number == attachment_number(done())
    assert event.providers[0].family_name == "Fictford"


def test_units_that_nobody_stated_and_several_procedures_make_no_lines() -> None:
    for change in (
        {"event__one_unit_a_visit": False}, {"event__procedures": ["90834", "90837"]},
    ):  # fmt: skip
        case = request_case(done(**change), AT, ZONE)
        assert case.event.services == () and case.event.quantity is not None


def test_a_payer_that_takes_no_275_gets_the_report_on_request() -> None:
    context = done(event__attachment={"type": "PN", "by_file": False})
    (one,) = request_case(context, AT, ZONE).event.attachments
    assert (one.transmission, one.control_number) == ("AA", None)


def test_numbers_are_the_same_at_every_making_and_others_for_each_version() -> None:
    first, second = done(), complete(request(), VALUES, 2)
    assert sent_numbers(first, attached=True) == sent_numbers(done(), attached=True)
    numbers = [one.interchange for c in (first, second) for one in sent_numbers(c, attached=True)]
    assert len(set(numbers)) == 4
    assert name_of(second) == "AR-0123456789-2"


def test_only_a_signed_request_becomes_a_file_and_always_the_same_one() -> None:
    context = done()
    formats = ("json", *file_formats("authorization_request", context))
    draft = specification("authorization_request", "p", date(2026, 11, 20), formats, context)
    with pytest.raises(Rejected) as refused:
        build(draft, "x12", b"", ZONE)
    assert refused.value.code == "not_signed"
    seal = {"at": AT.isoformat(), "evidence": "signed-report"}
    signed = draft.model_copy(update={"context": {**context, "signature": seal}})
    content = build(signed, "x12", b"", ZONE)
    assert content == build(signed, "x12", b"", ZONE) and content.startswith(b"ISA")
    attached = signed.model_copy(update={"kind": "attachment"})
    assert b"%PDF" not in build(attached, "x12", b"%PDF-1.7 pages", ZONE)  # base64 inside


def test_the_copy_sheet_follows_the_portal_and_marks_what_is_too_long() -> None:
    portal = [
        {"field": "visits", "label": "Sessions", "most": None},
        {"field": "summary", "label": "Summary", "most": 10},
        {"field": "group_number", "label": "Group", "most": 5},
    ]
    sheet = copy_sheet(done(portal=portal), EVIDENCE, PRACTICE)
    assert [row["label"] for row in sheet["rows"]] == ["Sessions", "Summary", "Group"]
    assert [row["too_long"] for row in sheet["rows"]] == [False, True, False]
    assert sheet["rows"][1]["value"] == "GAD-7 went from 14 to 9. 5 lower."
    assert sheet["rows"][2]["value"] is None and sheet["too_long"] == 1
    assert sheet["own_order"] and not copy_sheet(done(), EVIDENCE, PRACTICE)["own_order"]
