"""What an answer does to a request: decisions, silence, rejections, less than was asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.x12.content.case import RequestCase
from connector.x12.content.case_file import read_case
from connector.x12.content.meaning import ReviewMeaning, meaning
from connector.x12.content.request_writer import request_segments
from connector.x12.content.review_reader import read_reviews
from connector.x12.content.words import REJECTIONS, rejection_words
from connector.x12.guides.review_codes import DECISION, REJECT
from connector.x12.segment import Segment

GOLDEN = Path(__file__).parents[3] / "golden" / "x12"
REQUEST = read_case((GOLDEN / "pt_initial_subscriber.json").read_bytes(), RequestCase)
SENT = REQUEST.completed()
TRACES = [line.trace for line in SENT.event.services]


Lines = tuple[tuple[int, str], ...]


def answer(event: str = "", lines: Lines = (), above: str = "") -> ReviewMeaning:
    """The meaning of an answer to the request: segments of the event and of some lines."""
    text = [
        "ST*278*0001*005010X217", f"BHT*0007*11*{SENT.reference}*20261121*1000*18",
        "HL*1**20*1", "NM1*X3*2*PLAN*****PI*1", "HL*2*1*21*1", "NM1*1P*2*HARBOR*****XX*1234567893",
        "HL*3*2*22*1", "NM1*IL*1*DOE*JANE****MI*W1", *filter(None, [above]),
        "HL*4*3*EV*1", f"TRN*2*{SENT.event.trace}*9HARBOR001", *filter(None, event.split("~")),
    ]  # fmt: skip
    for place, (number, more) in enumerate(lines, 5):
        line = SENT.event.services[number]
        parts = [part for part in more.split("~") if part]
        text += [f"HL*{place}*4*SS*0", f"TRN*2*{TRACES[number]}*9HARBOR001", *parts]
        if not any(part.startswith("SV1") for part in parts):
            text.append(f"SV1*HC:{line.code}:GP**UN*{line.amount}")
    segments = [Segment(n, one.split("*")[0], one.split("*")[1:]) for n, one in enumerate(text, 3)]
    [review] = read_reviews(segments)
    return meaning(REQUEST, review)


def _lines(found: ReviewMeaning) -> list[str]:
    return [line.status for line in found.lines]


@pytest.mark.parametrize(
    ("event", "status", "line"),
    [
        ("HCR*A1*AUTH1", "approved", "approved"),
        ("HCR*A3**0B", "denied", "denied"),
        ("HCR*A4", "pended", "pended"),
        ("HCR*A6*AUTH1", "partly", "modified"),
        ("HCR*A2*AUTH1", "partly", "call"),
        ("HCR*C", "cancelled", "cancelled"),
        ("HCR*CT", "call", "call"),
        ("HCR*NA", "not_required", "not_required"),
        ("HCR*ZZ", "call", "call"),
        ("", "unanswered", "unanswered"),
    ],
)
def test_a_decision_about_the_event_alone(event: str, status: str, line: str) -> None:
    found = answer(event)
    assert found.status == status
    assert _lines(found) == [line, line]
    assert found.matches
    assert found.next_step


def test_every_action_of_the_guide_has_a_meaning() -> None:
    assert all(answer(f"HCR*{code}*X").status != "unanswered" for code in DECISION.split())


def test_a_line_that_the_answer_leaves_out_is_not_approved() -> None:
    found = answer("HCR*A1*AUTH1", lines=((0, "HCR*A1*AUTH1"),))
    assert _lines(found) == ["approved", "unanswered"]
    assert found.status == "partly"
    assert "not an approval" in found.lines[1].reason


def test_a_line_left_out_is_not_approved_even_if_no_line_has_a_decision_of_its_own() -> None:
    found = answer("HCR*A1*AUTH1", lines=((1, ""),))
    assert _lines(found) == ["unanswered", "approved"]
    assert found.status == "partly"


def test_lines_decide_for_themselves() -> None:
    found = answer("HCR*A2*AUTH1", lines=((0, "HCR*A1*AUTH1"), (1, "HCR*A3**0B")))
    assert _lines(found) == ["approved", "denied"]
    assert found.status == "partly"
    assert found.authorization_number == "AUTH1"
    assert found.lines[1].authorization_number is None
    assert answer(lines=((0, "HCR*A1*A"), (1, "HCR*A1*A"))).status == "approved"
    assert answer(lines=((0, "HCR*A4"), (1, "HCR*A3"))).status == "pended"
    assert answer(lines=((0, "HCR*A3"), (1, "HCR*A3"))).status == "denied"


def test_fewer_visits_than_asked_are_partly_and_both_numbers_are_kept() -> None:
    found = answer("HCR*A1*AUTH1~HSD*VS*6~DTP*AAH*RD8*20261201-20270115")
    assert (found.status, found.certified, found.requested) == ("partly", 6, 12)
    assert str(found.ends_on) == "2027-01-15"
    whole = answer("HCR*A1*AUTH1~HSD*VS*12")
    assert whole.status == "approved"


def test_fewer_units_on_a_line_are_partly() -> None:
    lines = ((0, "HCR*A1*A~SV1*HC:97110:GP**UN*8"), (1, "HCR*A1*A"))
    found = answer("HCR*A1*A", lines=lines)
    assert (found.status, found.lines[0].asked, found.lines[0].certified) == ("partly", 24, 8)


def test_units_are_not_compared_with_visits() -> None:
    assert answer("HCR*A1*AUTH1~HSD*FL*6").status == "approved"


def test_a_rejection_above_silences_the_lines() -> None:
    found = answer(above="AAA*N**72*C")
    assert found.status == "rejected"
    assert _lines(found) == ["rejected", "rejected"]
    assert found.rejections[0].loop == "2010C"
    assert found.rejections[0].group == "fix_record"
    assert "card" in found.rejections[0].next_step


def test_a_rejected_line_beside_an_approved_one() -> None:
    found = answer("HCR*A2*A", lines=((0, "HCR*A1*A"), (1, "AAA*N**57*C")))
    assert _lines(found) == ["approved", "rejected"]
    assert found.status == "partly"


def test_an_answer_to_somebody_else_does_not_match() -> None:
    other = REQUEST.model_copy(update={"reference": "OTHER"})
    text = "ST*278*1*005010X217~BHT*0007*11*NOT-OURS*20261121*1000*18~HL*1*0*EV*0~HCR*A1*X"
    segments = [
        Segment(n, one.split("*")[0], one.split("*")[1:]) for n, one in enumerate(text.split("~"))
    ]
    assert not meaning(other, read_reviews(segments)[0]).matches


def test_documents_wanted_are_named() -> None:
    found = answer("HCR*A4**0U~HI*LOI:18842-5~PWK*M1*EL***AC*X1")
    assert set(found.documents_wanted) == {"PWK01 M1", "LOINC 18842-5"}


def test_the_authorization_number_may_stand_in_ref_bb() -> None:
    assert answer("HCR*A1~REF*BB*AUTH77").authorization_number == "AUTH77"


@pytest.mark.parametrize(
    ("code", "follow_up", "group"),
    [
        ("72", "C", "fix_record"), ("72", "N", "call"), ("42", "P", "resubmit_later"),
        ("42", "", "resubmit_later"), ("95", "", "call"), ("51", "R", "fix_record"),
        ("80", "Y", "call"), ("75", "W", "resubmit_later"), ("??", "", "call"),
    ],
)  # fmt: skip
def test_what_a_rejection_needs(code: str, follow_up: str, group: str) -> None:
    words, found, step = rejection_words(code, follow_up)
    assert found == group
    assert words and step.endswith(".")


def test_every_rejection_that_the_4010_maps_list_has_words() -> None:
    listed = {
        code
        for loop, codes in REJECT.items()
        if loop not in ("2000E", "2000F")
        for code in codes.removeprefix("~").split()
    }
    assert listed - set(REJECTIONS) == set()


def test_the_request_that_was_sent_is_the_one_that_is_matched() -> None:
    traces = [s.element(2) for s in request_segments(REQUEST) if s.tag == "TRN"]
    assert traces == [SENT.event.trace, *TRACES]
