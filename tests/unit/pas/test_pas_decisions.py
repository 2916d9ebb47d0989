"""What a payer decided is read from review actions of items, and means the same as in a 278."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.pas_fhir.answers import answer_page
from adapters.pas_fhir.fake_answers import inquiry_answer, operation_outcome, response_bundle
from connector.documents.pas import terms
from connector.documents.pas.answer_parts import whole
from connector.documents.pas.build import claim_of, request_bundle
from connector.documents.pas.decisions import Decision, claim_responses, decisions_of, is_about
from connector.documents.pas.packet import Packet
from tests.unit.pas.own_bundles import answer, one
from tests.unit.pas.packets import GOLDEN, packet_of

Load = Callable[[str], dict[str, Any]]


@pytest.fixture
def packet(case: Load) -> Packet:
    return packet_of(case("pt_continued_dependent"))


def _decided(packet: Packet, answer: Any) -> Decision:
    [found] = decisions_of(answer, packet)
    return found


@pytest.mark.parametrize(
    ("scenario", "status", "final"),
    [("approve", "approved", True), ("deny", "denied", True), ("pend", "pended", False),
     ("modify", "partly", True), ("error", "rejected", True)],
)  # fmt: skip
def test_each_answer_means_what_it_says(
    packet: Packet, scenario: str, status: str, final: bool
) -> None:
    found = _decided(packet, response_bundle(request_bundle(packet), scenario))
    assert (found.meaning.status, found.final, found.meaning.matches) == (status, final, True)
    assert found.meaning.next_step


def test_outcome_decides_nothing(packet: Packet) -> None:
    for outcome in ("complete", "partial", "error", None, "queued"):
        answer = response_bundle(request_bundle(packet), "pend")
        answer["entry"][0]["resource"]["outcome"] = outcome
        assert _decided(packet, answer).meaning.status == "pended"


def test_an_approval_tells_number_period_visits_and_units(packet: Packet) -> None:
    found = _decided(packet, response_bundle(request_bundle(packet), "approve")).meaning
    quantity = packet.case.event.quantity
    assert quantity is not None
    assert found.authorization_number and found.authorization_number.startswith("AUTH-")
    assert found.starts_on and found.ends_on == found.starts_on + timedelta(days=90)
    assert (found.certified, found.certified_unit) == (quantity.amount, "visits")
    lines = packet.case.completed().event.services
    assert [(one.trace, one.certified) for one in found.lines] == [
        (line.trace, line.amount) for line in lines
    ]


def test_a_modification_keeps_asked_and_certified_apart(packet: Packet) -> None:
    found = _decided(packet, response_bundle(request_bundle(packet), "modify")).meaning
    for line in found.lines:
        assert line.status == "modified" and line.asked is not None
        assert line.certified == max(1, line.asked // 2)
    assert found.certified is None, "nobody says how many visits these units are"


def test_silence_about_a_line_is_no_approval(packet: Packet) -> None:
    answer = response_bundle(request_bundle(packet), "approve")
    items = answer["entry"][0]["resource"]["item"]
    assert len(items) > 1
    items.pop()
    found = _decided(packet, answer).meaning
    assert found.status == "partly"
    assert found.lines[-1].status == "unanswered" and found.certified is None


def test_two_actions_that_differ_decide_nothing(packet: Packet) -> None:
    answer = response_bundle(request_bundle(packet), "approve")
    for item in answer["entry"][0]["resource"]["item"]:
        review = copy.deepcopy(item["adjudication"][0])
        code = review["extension"][0]["extension"][-1]["valueCodeableConcept"]["coding"][0]
        code["code"] = "A3"
        item["adjudication"].append(review)
    assert _decided(packet, answer).meaning.status == "call"


def test_errors_are_told_in_words_with_what_to_do(packet: Packet) -> None:
    [one] = _decided(packet, response_bundle(request_bundle(packet), "error")).meaning.rejections
    assert (one.code, one.loop, one.group) == ("72", "2010C-NM109", "fix_record")
    assert one.meaning == "the member number is missing or wrong"
    assert "send again" in one.next_step


def test_what_the_payer_asks_for_comes_with_its_number(packet: Packet) -> None:
    found = _decided(packet, response_bundle(request_bundle(packet), "pend"))
    assert found.meaning.documents_wanted == ("LOINC 11506-3",)
    assert found.review.event is not None
    [wanted] = found.review.event.documents_wanted
    assert wanted.control_number and wanted.control_number.startswith("ASK-")
    assert found.meaning.administrative_reference


@pytest.mark.parametrize("amount", [float("inf"), float("-inf"), float("nan"), 10**400, 1e300])
def test_an_amount_that_is_none_is_left_out(amount: float) -> None:
    assert whole(amount) is None


def test_when_the_payer_answered_keeps_its_zone(packet: Packet) -> None:
    answer = response_bundle(request_bundle(packet), "approve")
    answer["entry"][0]["resource"]["created"] = "2026-11-20T20:30:00-05:00"
    [batch] = answer_page(answer, datetime(2026, 11, 21, 2, tzinfo=UTC), "$submit", packet).batches
    assert batch.rows[0].data["content"]["issued"] == "2026-11-21T01:30:00.000+00:00"
    answer["entry"][0]["resource"]["created"] = "2026-11-20"
    [batch] = answer_page(answer, datetime(2026, 11, 21, 2, tzinfo=UTC), "$submit", packet).batches
    assert batch.rows[0].data["content"]["issued"] == ""


def test_a_denial_brings_its_reason(packet: Packet) -> None:
    found = _decided(packet, response_bundle(request_bundle(packet), "deny")).meaning
    assert found.messages == ("Not medically necessary at this frequency.",)


@pytest.mark.parametrize("parameters", [True, False])
def test_both_shapes_of_an_inquiry_are_read(packet: Packet, parameters: bool) -> None:
    request = request_bundle(packet)
    answer = response_bundle(request, "deny")
    found = inquiry_answer(request, {"x": request}, {"x": answer}, parameters)
    assert _decided(packet, found).meaning.status == "denied"


def test_without_the_request_the_answer_speaks_for_itself(packet: Packet) -> None:
    [found] = decisions_of(response_bundle(request_bundle(packet), "approve"))
    assert found.meaning.status == "approved" and not found.meaning.matches
    assert found.claim == f"urn:uuid:{claim_of(request_bundle(packet))['id']}"
    assert found.meaning.starts_on == found.created.date() if found.created else date.min


def test_cancelled_lines_are_no_longer_decided(case: Load) -> None:
    first = case("pt_continued_dependent")
    for number, line in enumerate(first["event"]["services"]):
        line["trace"] = f"T-{number}"
    now = copy.deepcopy(first)
    now["event"]["certification"] = "S"
    now["event"]["services"].pop(0)
    packet = packet_of(now, [first])
    found = _decided(packet, response_bundle(request_bundle(packet), "approve")).meaning
    assert [line.trace for line in found.lines] == [s["trace"] for s in now["event"]["services"]]
    assert found.status == "approved"


def test_an_answer_is_tied_to_its_version(case: Load) -> None:
    first = case("pt_initial_subscriber")
    for number, line in enumerate(first["event"]["services"]):
        line["trace"] = f"T-{number}"
    now = copy.deepcopy(first)
    now["event"] |= {"certification": "S", "previous_authorization": "A-1"}
    now["event"]["services"][0]["amount"] += 1
    old, new = request_bundle(packet_of(first)), request_bundle(packet_of(now, [first]))
    of_old = claim_responses(response_bundle(old, "approve"))[0]
    of_new = claim_responses(response_bundle(new, "approve"))[0]
    assert is_about(of_old, claim_of(old)) == is_about(of_new, claim_of(new)) == "yes"
    assert is_about(of_new, claim_of(old)) == is_about(of_old, claim_of(new)) == "no"
    of_old["request"] = {"reference": "https://payer.example/fhir/Claim/77"}
    assert is_about(of_old, claim_of(old)) == "yes", "our trace number is as good"
    of_old.pop("identifier")
    assert is_about(of_old, claim_of(new)) == "unclear"
    for item in of_old["item"]:
        item.pop("extension")
    assert is_about(of_old, claim_of(new)) == "no"


def test_what_is_no_answer_decides_nothing(packet: Packet) -> None:
    for odd in (None, [], {}, "x", operation_outcome("invalid", "x"), {"resourceType": "Bundle"},
                {"resourceType": "Parameters", "parameter": [1, {"resource": 7}]},
                request_bundle(packet)):  # fmt: skip
        assert decisions_of(odd, packet) == ()


_PACKET = packet_of(json.loads((GOLDEN / "pt_continued_dependent.json").read_text()))
_ANSWER = response_bundle(request_bundle(_PACKET), "modify")
_ODD = st.one_of(st.none(), st.integers(), st.text(max_size=5), st.just([]), st.just({}),
                 st.just([1, {}]), st.booleans(), st.floats())  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_part_of_an_answer_may_be_anything(data: st.DataObject) -> None:
    answer = copy.deepcopy(_ANSWER)
    node: Any = answer["entry"][0]["resource"]
    for _ in range(data.draw(st.integers(1, 9))):
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys)) if keys else None
        if key is None:
            break
        if not isinstance(node[key], dict | list) or data.draw(st.booleans()):
            node[key] = data.draw(_ODD)
            break
        node = node[key]
    for found in decisions_of(answer, _PACKET):
        found.meaning.model_dump_json()


def test_a_number_of_the_whole_answer_holds_for_its_lines(packet: Packet) -> None:
    answer = response_bundle(request_bundle(packet), "approve")
    resource = answer["entry"][0]["resource"]
    for item in resource["item"]:
        review = item["adjudication"][0]["extension"][0]
        review["extension"] = [e for e in review["extension"] if e["url"] != "number"]
    resource["preAuthRef"] = "REF-77"
    assert _decided(packet, answer).meaning.authorization_number == "REF-77"
    assert terms.REVIEW_CODE in json.dumps(answer)


def test_a_request_of_which_a_part_is_pended_is_not_final() -> None:
    [found] = decisions_of(answer("A1", "A4", outcome="complete"))
    assert (found.meaning.status, found.final) == ("partly", False)
    assert "pended" in found.meaning.next_step
    [found] = decisions_of(answer("A1", "A3"))
    assert found.final and "pended" not in found.meaning.next_step


@pytest.mark.parametrize("outcome", ["complete", "error", "partial", "queued", None, 7])
@pytest.mark.parametrize(("code", "status"), [("A1", "approved"), ("A3", "denied"),
                                              ("A4", "pended"), ("CT", "call")])  # fmt: skip
def test_whatever_the_outcome_the_action_decides(code: str, status: str, outcome: Any) -> None:
    assert decisions_of(answer(code, outcome=outcome))[0].meaning.status == status


def test_the_short_url_of_the_code_is_read_and_minutes_are_no_units() -> None:
    bundle = answer("A6")
    response = one(bundle, "ClaimResponse")
    parts = response["item"][0]["adjudication"][0]["extension"][0]["extension"]
    parts[-1]["url"] = "code"
    for quantity, unit in (({"value": 90, "code": "MJ"}, "MJ"), ({"value": 3, "unit": "hours"},
                           "hours"), ({"value": 6, "unit": "Visits"}, "visits")):  # fmt: skip
        response["addItem"] = [{"itemSequence": [1], "quantity": quantity}]
        [found] = decisions_of(bundle)
        assert [(line.amount, line.unit) for line in found.review.services] == [
            (quantity["value"], unit)
        ]
