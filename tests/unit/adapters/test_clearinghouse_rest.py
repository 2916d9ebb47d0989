"""A clearinghouse's REST interface: one effect a request, asked by our reference, states."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.clearinghouse_rest.attachment import attachment_request
from adapters.clearinghouse_rest.decisions import answer_page, decision_of
from adapters.clearinghouse_rest.destination import ClearinghouseDestination
from adapters.clearinghouse_rest.fake import CLIENT, SECRET, FakeClearinghouse
from adapters.clearinghouse_rest.review import request_of, service_review
from adapters.clearinghouse_rest.settings import ClearinghouseSettings
from connector.authorizations.lifecycle import Decision
from connector.errors import AwaitsPerson, ConfigurationError, Rejected, RetryLater
from connector.fakes.server import Reply
from connector.ports import AdapterContext, Outgoing
from tests.x12_samples import FILES, REQUEST, attachment, request

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
DOCUMENT = Outgoing(
    "0f" * 32, "requests-to-payers/p/x.x12", "application/edi-x12", request("PA-7"),
    {"kind": "authorization_request"},
)  # fmt: skip
ATTACHED = replace(
    DOCUMENT, key="1f" * 32, content=attachment(b"%PDF-1.7 made up"), labels={"kind": "attachment"}
)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeClearinghouse]:
    monkeypatch.setenv("CLEARINGHOUSE_SECRET", SECRET)
    fake = FakeClearinghouse()
    with fake.serving():
        yield fake


@pytest.fixture
def destination(service: FakeClearinghouse) -> Iterator[ClearinghouseDestination]:
    with closing(opened(service)) as made:
        yield made


def opened(service: FakeClearinghouse, **changed: Any) -> ClearinghouseDestination:
    given = {
        "base_url": f"{service.url}/v2", "token_url": f"{service.url}/v1/token",
        "client_id": CLIENT, "secret": {"env": "CLEARINGHOUSE_SECRET"}, "private_network": True,
        "answers_to": "answers", **changed,
    }  # fmt: skip
    context = AdapterContext("clearinghouse", Path("/nowhere"), now=lambda: NOW)
    checked = ClearinghouseSettings.model_validate(given)
    return ClearinghouseDestination(checked, context, sleep=lambda _: None)


def test_a_request_becomes_a_review(
    service: FakeClearinghouse, destination: ClearinghouseDestination
) -> None:
    receipt = destination.deliver(DOCUMENT)
    [review] = service.reviews.values()
    case = request_of(DOCUMENT.content)
    assert receipt.reference == review["id"]
    assert review["referenceNumber"] == "PA-7"
    assert review["subscriber"]["memberId"] == case["subscriber"]["member_id"]
    assert review["patient"]["subscriberRelationshipCode"] == "18"
    assert review["diagnoses"][0]["qualifierCode"] == "ABK"
    assert review["procedures"][0]["code"] == case["event"]["services"][0]["code"]
    assert {one.method for one in service.requests if "reviews" in one.path} == {"POST", "GET"}


def test_a_continued_request_updates_and_a_dependent_is_the_patient() -> None:
    content = (FILES / "psychotherapy_continued_dependent.x12").read_bytes()
    case = request_of(content)
    review = service_review(case)
    assert review["certificationNumber"] == case["event"]["previous_authorization"]
    assert review["patient"]["firstName"] == case["dependent"]["given_name"]
    assert review["patient"]["subscriberRelationshipCode"] != "18"


def test_no_patient_data_is_in_any_address(
    service: FakeClearinghouse, destination: ClearinghouseDestination
) -> None:
    destination.deliver(DOCUMENT)
    destination.find(replace(DOCUMENT, unsure=True))
    person = request_of(DOCUMENT.content)["subscriber"]
    asked = " ".join(f"{one.path}?{one.query}" for one in service.requests)
    for name in ("member_id", "family_name", "given_name", "birth_date"):
        assert str(person[name]) not in asked
    assert "PA-7" in asked


def test_one_token_serves_until_its_five_minutes_are_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CLEARINGHOUSE_SECRET", SECRET)
    clock = Clock()
    service = FakeClearinghouse(clock)
    with service.serving(), closing(opened(service)) as destination:
        for number in range(3):
            content = request(f"PA-{number}")
            destination.deliver(replace(DOCUMENT, key=f"{number}", content=content))
        assert service.asked("/v1/token$") == 1
        clock.now += timedelta(seconds=301)  # refused with 401, then renewed once
        destination.deliver(replace(DOCUMENT, key="9", content=request("PA-9")))
        assert service.asked("/v1/token$") == 2
    assert len(service.reviews) == 4


@pytest.mark.parametrize(("order", "arrived"), [("lose", True), ("lost before", False)])
def test_a_lost_answer_is_looked_up_by_our_reference(
    service: FakeClearinghouse, destination: ClearinghouseDestination, order: str, arrived: bool
) -> None:
    service.script = [order]
    with pytest.raises(RetryLater) as lost:
        destination.deliver(DOCUMENT)
    assert (lost.value.code, lost.value.until) == ("answer_lost", NOW + timedelta(seconds=300))
    found = destination.find(replace(DOCUMENT, unsure=True))
    assert (found is not None) == arrived
    if found is None:
        destination.deliver(DOCUMENT)
    assert len(service.reviews) == 1


def test_without_doubt_nothing_is_asked(
    service: FakeClearinghouse, destination: ClearinghouseDestination
) -> None:
    assert destination.find(DOCUMENT) is None
    assert service.requests == []


def test_an_inquiry_that_is_never_made_decides_nothing(
    service: FakeClearinghouse, destination: ClearinghouseDestination
) -> None:
    service.slow = 1000
    with pytest.raises(RetryLater) as fault:
        destination.find(replace(DOCUMENT, unsure=True))
    assert fault.value.code == "inquiry_pending"


def _not_found(service: FakeClearinghouse, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Looks (GET) at ``what`` are answered 404."""
    taken = service.reply

    def reply(request: Any) -> Any:
        gone = request.method == "GET" and what in request.path
        return Reply(404, {}) if gone else taken(request)

    monkeypatch.setattr(service, "reply", reply)


@pytest.mark.parametrize("what", ["/service-reviews", "/inquiry-"])
def test_an_inquiry_that_is_not_found_leaves_doubt_to_a_person(
    service: FakeClearinghouse,
    destination: ClearinghouseDestination,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    _not_found(service, monkeypatch, what)
    with pytest.raises(AwaitsPerson) as doubt:
        destination.find(replace(DOCUMENT, unsure=True))
    assert doubt.value.code == "arrival_unknown" and "404" in doubt.value.message
    with pytest.raises(AwaitsPerson):
        destination.deliver(replace(DOCUMENT, unsure=True))
    assert service.reviews == {}
    destination.deliver(DOCUMENT)  # the first attempt: nothing can have arrived
    assert len(service.reviews) == 1


def test_an_inquiry_that_is_there_a_moment_later_is_read(
    service: FakeClearinghouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, looks = service.reply, iter([404, 404])

    def reply(request: Any) -> Any:
        status = next(looks, None) if "/inquiry-" in request.path else None
        return taken(request) if status is None else Reply(status, {})

    with closing(opened(service)) as destination:
        destination.deliver(DOCUMENT)
        monkeypatch.setattr(service, "reply", reply)
        assert destination.find(replace(DOCUMENT, unsure=True)) is not None


def test_a_review_that_is_gone_is_for_a_person(
    service: FakeClearinghouse, destination: ClearinghouseDestination
) -> None:
    destination.deliver(DOCUMENT)
    service.reviews.clear()
    with pytest.raises(AwaitsPerson) as gone:
        destination.inquire(DOCUMENT)
    assert gone.value.code == "review_gone"


@pytest.mark.parametrize(("headers", "code"), [({}, "answer_lost"),
                                               ({"Retry-After": "30"}, "unavailable")])  # fmt: skip
@pytest.mark.parametrize("document", [DOCUMENT, ATTACHED])
def test_503_is_no_refusal_unless_it_says_when_to_come_again(
    service: FakeClearinghouse,
    destination: ClearinghouseDestination,
    monkeypatch: pytest.MonkeyPatch,
    document: Outgoing,
    headers: dict[str, str],
    code: str,
) -> None:
    taken = service.reply

    def reply(request: Any) -> Any:
        posted = request.method == "POST" and "token" not in request.path
        if posted:
            taken(request)
        return Reply(503, {}, headers) if posted else taken(request)

    monkeypatch.setattr(service, "reply", reply)
    with pytest.raises(RetryLater) as fault:
        destination.deliver(document)
    assert fault.value.code == code


def test_a_token_that_is_not_to_be_had_leaves_no_doubt(
    service: FakeClearinghouse,
    destination: ClearinghouseDestination,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "reply", lambda _: Reply(503, {}))
    with pytest.raises(RetryLater) as fault:
        destination.deliver(ATTACHED)
    assert fault.value.code == "unavailable"


def test_two_reviews_of_one_reference_are_for_a_person(
    service: FakeClearinghouse, destination: ClearinghouseDestination
) -> None:
    destination.deliver(DOCUMENT)
    service.reviews["2"] = {**next(iter(service.reviews.values())), "id": "2"}
    with pytest.raises(AwaitsPerson):
        destination.find(replace(DOCUMENT, unsure=True))


def test_an_attachment_arrives_whole_and_is_not_sent_blindly(
    service: FakeClearinghouse, destination: ClearinghouseDestination
) -> None:
    destination.deliver(ATTACHED)
    [sent] = service.attachments.values()
    [document] = sent["attachments"]
    assert base64.b64decode(document["data"]) == b"%PDF-1.7 made up"
    assert document["contentType"] == "application/pdf"
    assert document["controlNumber"]
    with pytest.raises(AwaitsPerson):
        destination.find(replace(ATTACHED, unsure=True))


def test_a_refused_attachment_is_told(
    service: FakeClearinghouse, destination: ClearinghouseDestination
) -> None:
    service.attachment_state = "PY_REJECTED"
    with pytest.raises(Rejected) as fault:
        destination.deliver(ATTACHED)
    assert fault.value.code == "attachment_refused"


@pytest.mark.parametrize("status", [400, 403, 410, 500])
def test_what_was_taken_is_not_sent_again_because_nobody_tells_how_it_stands(
    service: FakeClearinghouse, destination: ClearinghouseDestination, status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    taken = service.reply

    def reply(request: Any) -> Any:
        looks = request.method == "GET" and request.path.rpartition("/")[2].isdigit()
        return Reply(status, {}) if looks else taken(request)

    monkeypatch.setattr(service, "reply", reply)
    assert destination.deliver(ATTACHED).reference in service.attachments
    assert destination.deliver(DOCUMENT).reference in service.reviews


@pytest.mark.parametrize(
    "answer", [{}, [], {"message": "maintenance"}, {"serviceReviews": 5}, {"totalCount": 1}]
)
def test_an_inquiry_answered_with_something_else_does_not_say_that_nothing_is_there(
    service: FakeClearinghouse, destination: ClearinghouseDestination, answer: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    taken = service.reply

    def reply(request: Any) -> Any:
        return Reply(200, answer) if "/inquiry-" in request.path else taken(request)

    monkeypatch.setattr(service, "reply", reply)
    with pytest.raises(RetryLater) as fault:
        destination.deliver(DOCUMENT)
    assert fault.value.code == "garbage_answer"
    assert service.reviews == {}


def test_a_decision_is_inquired_about(
    service: FakeClearinghouse, destination: ClearinghouseDestination
) -> None:
    assert destination.deliver(DOCUMENT).answer is None
    service.decide("PA-7", statusCode="A4", status="Pended")
    first = destination.inquire(DOCUMENT)
    service.decide(
        "PA-7", statusCode="A1", certificationNumber="AUTH-1", quantity="12",
        quantityTypeCode="VS", certificationEffectiveDate="2026-12-01",
        certificationExpirationDate="2027-02-28",
    )  # fmt: skip
    second, again = destination.inquire(DOCUMENT), destination.inquire(DOCUMENT)
    assert first is not None and second is not None and again is not None
    keys = [one.page.batches[0].key for one in (first, second, again)]
    assert keys[0] != keys[1] == keys[2]
    content = second.page.batches[0].rows[0].data["content"]
    assert content["ties"] == ["ref:PA-7"]
    decision = Decision.model_validate_json(json.dumps(content["decision"]))
    assert (decision.outcome, decision.number, decision.authorized) == ("approved", "AUTH-1", 12)


@pytest.mark.parametrize(
    ("review", "outcome"),
    [
        ({"statusCode": "A3"}, "denied"),
        ({"statusCode": "A6", "quantity": "4"}, "partly"),
        ({"status": "PENDING_ADDITIONAL_INFO"}, "pended"),
        ({"statusCode": "ZZ"}, "call"),
        ({"statusCode": "A1", "validationMessages": [{"errorMessage": "no such plan"}]},
         "rejected"),
    ],
)  # fmt: skip
def test_states_in_our_words(review: dict[str, Any], outcome: str) -> None:
    decision = decision_of(review)
    assert decision is not None and decision["outcome"] == outcome
    assert Decision.model_validate_json(json.dumps(decision)).next_step


def test_a_review_without_a_state_decides_nothing() -> None:
    assert answer_page({"id": "1"}, "PA-7", NOW) is None


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["statusCode", "status", "quantity", "procedures", "statusReasons", "payerNotes",
             "certificationEffectiveDate", "certificationNumber", "validationMessages"]
        ),
        st.recursive(
            st.none() | st.text(max_size=8) | st.integers() | st.booleans(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
            max_leaves=6,
        ),
    )
)  # fmt: skip
def test_any_review_is_read_or_left(review: dict[str, Any]) -> None:
    decision = decision_of(review)
    if decision is not None:
        Decision.model_validate_json(json.dumps(decision))


def test_only_what_fits_is_sent(destination: ClearinghouseDestination) -> None:
    for content in (
        b"%PDF",
        b"",
        REQUEST + REQUEST,
        (FILES / "response_approved.x12").read_bytes(),
    ):
        with pytest.raises(Rejected):
            destination.deliver(replace(DOCUMENT, content=content))
    with pytest.raises(Rejected):
        attachment_request(REQUEST)


def test_a_wrong_secret_is_a_setting(
    service: FakeClearinghouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARINGHOUSE_SECRET", "wrong")
    with closing(opened(service)) as destination, pytest.raises(ConfigurationError) as fault:
        destination.deliver(DOCUMENT)
    assert fault.value.code == "token_refused"
