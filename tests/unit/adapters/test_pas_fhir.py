"""Requests reach the payer once, whatever happens on the way, and its answers come back."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.pas_fhir import ADAPTER
from adapters.pas_fhir.attachments import Attachments
from adapters.pas_fhir.fake import FakePayer
from adapters.pas_fhir.fake_answers import notification
from adapters.pas_fhir.payer import PayerServer, written
from adapters.pas_fhir.settings import PasDestinationSettings
from adapters.pas_fhir.subscription import Subscriptions, subscription
from connector.documents.pas import terms
from connector.documents.pas.attachment import AttachmentReply, attachment_parameters
from connector.documents.pas.decisions import decisions_of
from connector.documents.pas.packet import Document
from connector.documents.pas.read_packet import packet_bytes
from connector.errors import (
    AwaitsPerson,
    ConfigurationError,
    InvalidRecord,
    NotAuthentic,
    Rejected,
    RetryLater,
)
from connector.ports import AdapterContext, Outgoing, Posted
from tests.unit.pas.packets import GOLDEN, PDF, packet_of

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@pytest.fixture
def payer() -> Iterator[FakePayer]:
    made = FakePayer()
    made.url = made.start()  # type: ignore[attr-defined]
    yield made
    made.stop()


def _case(**event: Any) -> dict[str, Any]:
    case = json.loads((GOLDEN / "pt_initial_subscriber.json").read_text())
    case["event"] |= event
    return dict(case)


def _outgoing(key: str = "k-1", **event: Any) -> Outgoing:
    case = _case(**event)
    case["reference"] = f"PA-{key}"
    case["event"]["trace"] = f"PA-{key}"
    content = packet_bytes(packet_of(case))
    labels = {"kind": "authorization_request"}
    return Outgoing(key, "r.json", "application/json", content, labels)


def _destination(payer: Any, tmp_path: Path, **options: Any) -> Any:
    given = {"base_url": payer.url, "private_network": True, "answers_to": "answers", **options}
    assert ADAPTER.destination is not None
    settings = PasDestinationSettings.model_validate(given)
    return ADAPTER.destination(settings, AdapterContext("plan", tmp_path, now=lambda: NOW))


def _status(receipt: Any) -> list[str]:
    return [d.meaning.status for b in receipt.answer.page.batches for row in b.rows
            for d in decisions_of(row.data["response"])]  # fmt: skip


@pytest.mark.parametrize(
    ("scenario", "status"),
    [("approve", "approved"), ("deny", "denied"), ("pend", "pended"), ("modify", "partly"),
     ("error", "rejected")],
)  # fmt: skip
def test_a_request_and_its_answer(
    payer: FakePayer, tmp_path: Path, scenario: str, status: str
) -> None:
    payer.scenario = scenario
    receipt = _destination(payer, tmp_path).deliver(_outgoing())
    assert _status(receipt) == [status]
    assert receipt.answer.source == "answers"
    assert len(payer.effects) == 1
    assert payer.requests == [("POST", "/Claim/$submit")]


@pytest.mark.parametrize("parameters", [True, False])
@pytest.mark.parametrize("scenario", ["lost", "malformed"])
def test_an_attempt_without_an_answer_is_resolved_by_asking(
    payer: FakePayer, tmp_path: Path, scenario: str, parameters: bool
) -> None:
    payer.scenario, payer.parameters = scenario, parameters
    destination = _destination(payer, tmp_path, settle_seconds=300)
    with pytest.raises(RetryLater) as caught:
        destination.deliver(_outgoing())
    assert caught.value.until == NOW + timedelta(seconds=300) or scenario == "malformed"
    found = destination.find(replace(_outgoing(), unsure=True))
    assert found is not None and _status(found) == ["approved"]
    assert destination.find(_outgoing("k-2")) is None, "another request of the same person"
    assert [path for _, path in payer.requests].count("/Claim/$submit") == 1


def test_a_slow_answer_is_not_sent_again(payer: FakePayer, tmp_path: Path) -> None:
    payer.scenario, payer.slow_seconds = "slow", 20.0
    destination = _destination(payer, tmp_path, read_seconds=0.2)
    with pytest.raises(RetryLater) as caught:
        destination.deliver(_outgoing())
    assert caught.value.code == "answer_lost"
    ends = time.monotonic() + 60
    while not payer.effects and time.monotonic() < ends:
        time.sleep(0.01)  # it may begin to read only when we have given up
    assert _destination(payer, tmp_path).find(_outgoing()) is not None
    assert len(payer.effects) == 1


def test_5xx_is_tried_again_and_4xx_never(payer: FakePayer, tmp_path: Path) -> None:
    destination = _destination(payer, tmp_path)
    payer.scenario = "fail"
    with pytest.raises(RetryLater):
        destination.deliver(_outgoing())
    payer.scenario = "outcome"
    with pytest.raises(Rejected, match="a rule of the server forbids it") as caught:
        destination.deliver(_outgoing())
    assert caught.value.code == "content_refused" and "plan" not in str(caught.value)
    for status in (400, 404, 409, 413, 415):
        payer.scenario, payer.faults = "approve", [str(status)]
        with pytest.raises(Rejected):
            destination.deliver(_outgoing())
    assert payer.effects == []
    assert len(payer.requests) == 7, "each attempt was one request"


def test_503_is_asked_about_before_anything_is_sent_again(payer: FakePayer, tmp_path: Path) -> None:
    destination = _destination(payer, tmp_path, settle_seconds=300)
    payer.faults = ["503"]
    with pytest.raises(RetryLater) as caught:
        destination.deliver(_outgoing())
    assert (caught.value.code, caught.value.until) == ("answer_lost", NOW + timedelta(seconds=300))
    payer.inquiry_offered = False
    with pytest.raises(AwaitsPerson):
        destination.find(replace(_outgoing(), unsure=True))


def test_nobody_is_asked_blindly_where_the_payer_can_not_tell(
    payer: FakePayer, tmp_path: Path
) -> None:
    payer.inquiry_offered = False
    destination = _destination(payer, tmp_path)
    assert destination.find(_outgoing()) is None, "nothing was sent yet"
    with pytest.raises(AwaitsPerson) as caught:
        destination.find(replace(_outgoing(), unsure=True))
    assert caught.value.code == "submission_unclear"


def test_what_a_payer_would_refuse_is_not_sent(payer: FakePayer, tmp_path: Path) -> None:
    destination = _destination(payer, tmp_path)
    case = _case()
    del case["event"]["place_of_service"]
    bad = replace(_outgoing(), content=packet_bytes(packet_of(case)))
    for content, code in ((bad.content, "pas_incomplete"), (b"{}", "packet_invalid"),
                          (b"\xff", "not_utf8")):  # fmt: skip
        with pytest.raises(Rejected) as caught:
            destination.deliver(replace(bad, content=content))
        assert caught.value.code == code
    assert payer.requests == []


def test_the_fallback_brings_a_later_decision(payer: FakePayer, tmp_path: Path) -> None:
    payer.scenario = "pend"
    destination = _destination(payer, tmp_path)
    assert _status(destination.deliver(_outgoing())) == ["pended"]
    payer.decide(next(iter(payer.submitted)), "deny")
    answer = destination.inquire(_outgoing())
    assert [d.meaning.status for b in answer.page.batches
            for d in decisions_of(b.rows[0].data["response"])] == ["denied"]  # fmt: skip


def test_a_token_goes_to_the_payer_and_not_to_another_address(
    payer: FakePayer, tmp_path: Path
) -> None:
    payer.tokens = {"T1"}
    with pytest.raises(ConfigurationError):
        _destination(payer, tmp_path).deliver(_outgoing())
    token = tmp_path / "token"
    token.write_text("T1")
    token.chmod(0o600)
    given = {"authorization": {"bearer": {"token": {"file": "token"}}}}
    destination = _destination(payer, tmp_path, **given)
    assert destination.deliver(_outgoing())
    other = FakePayer()
    other.tokens = {"T1"}
    url = other.start()
    try:
        settings = PasDestinationSettings.model_validate(
            {"base_url": payer.url, "private_network": True, **given}  # type: ignore[attr-defined]
        )
        server = PayerServer(settings, AdapterContext("plan", tmp_path))
        with pytest.raises(ConfigurationError):
            Attachments(server, None).send([_reply()], url)
        assert other.attachments == []
        assert Attachments(server, None).send([_reply()], payer.url)  # type: ignore[attr-defined]
    finally:
        other.stop()
    [sent] = payer.attachments
    assert sent["parameter"][0]["valueIdentifier"]["value"] == "ASK-1"


def test_documents_go_signed_in_where_the_address_ends_with_a_stroke(
    payer: Any, tmp_path: Path
) -> None:
    payer.tokens = {"T1"}
    token = tmp_path / "token"
    token.write_text("T1")
    token.chmod(0o600)
    destination = _destination(
        payer, tmp_path, base_url=f"{payer.url}/",
        authorization={"bearer": {"token": {"file": "token"}}},
    )  # fmt: skip
    content = written(attachment_parameters(_reply()))
    asked = Outgoing("k-9", "a.json", "application/json", content, {"kind": "attachment"})
    assert destination.deliver(asked).reference == "ASK-1"


def test_documents_that_are_answered_with_an_error_were_not_taken(
    payer: Any, tmp_path: Path
) -> None:
    payer.takes_documents = False
    content = written(attachment_parameters(_reply()))
    asked = Outgoing("k-9", "a.json", "application/json", content, {"kind": "attachment"})
    with pytest.raises(Rejected, match="does not process the documents"):
        _destination(payer, tmp_path).deliver(asked)


def _reply() -> AttachmentReply:
    import base64

    document = Document(control_number="ASK-1", content=base64.b64encode(PDF))
    return AttachmentReply(packet=packet_of(_case()), tracking="ASK-1", documents=(document,))


def test_without_an_address_documents_go_nowhere(payer: Any, tmp_path: Path) -> None:
    settings = PasDestinationSettings(base_url=payer.url, private_network=True)
    with pytest.raises(ConfigurationError, match="attachments_url"):
        Attachments(PayerServer(settings, AdapterContext("p", tmp_path)), None).send([_reply()])


# -- what the payer posts -------------------------------------------------------------------------


def _hook(tmp_path: Path, name: str = "answers") -> Any:
    secret = tmp_path / "hook"
    secret.write_text("s3cret")
    secret.chmod(0o600)
    assert ADAPTER.webhook is not None and ADAPTER.webhook_settings is not None
    settings = ADAPTER.webhook_settings.model_validate({"secret": {"file": "hook"}})
    return ADAPTER.webhook(settings, AdapterContext(name, tmp_path))


def _posted(body: Any, secret: str = "s3cret") -> Posted:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Posted({"authorization": f"Bearer {secret}"}, content, NOW)


def test_our_subscription_and_its_notices(payer: Any, tmp_path: Path) -> None:
    from fhirclient.models.subscription import Subscription

    settings = PasDestinationSettings(base_url=payer.url, private_network=True)
    ours = Subscriptions(PayerServer(settings, AdapterContext("plan", tmp_path)))
    made = subscription("https://practice.example/webhooks/answers", "HARBORTHERAPY", "s3cret")
    Subscription(made, strict=True)
    filters = made["_criteria"]["extension"][0]
    assert filters["valueString"] == "org-identifier=HARBORTHERAPY"
    own = ours.create(made)
    assert ours.status(own) == "requested"
    ours.replace(own, {**made, "status": "active"})
    assert ours.status(own) == "active"

    payer.scenario = "pend"
    _destination(payer, tmp_path).deliver(_outgoing())
    decided = payer.decide(next(iter(payer.submitted)), "approve")
    hook = _hook(tmp_path)
    assert hook.receive(_posted(notification("handshake", own, [], 0))).batches == ()
    assert hook.receive(_posted(notification("heartbeat", own, [], 0))).batches == ()
    page = hook.receive(_posted(notification("event-notification", own, [decided], 1)))
    [batch] = page.batches
    [decision] = decisions_of(batch.rows[0].data["response"])
    assert decision.meaning.status == "approved" and batch.as_of == NOW
    assert "MEMBER" not in batch.key + batch.origin + batch.table
    again = hook.receive(_posted(notification("event-notification", own, [decided], 2)))
    assert [b.key for b in again.batches] == [batch.key], "the same answer twice is one"
    ours.end(own)
    ours.end(own)
    with pytest.raises(Rejected):
        ours.status(own)


def test_entries_beside_the_status_are_read_too(payer: FakePayer, tmp_path: Path) -> None:
    _destination(payer, tmp_path).deliver(_outgoing())
    answer = next(iter(payer.answers.values()))
    posted = notification("event-notification", "s", [], 1)
    posted["entry"] += copy.deepcopy(answer["entry"])
    [batch] = _hook(tmp_path).receive(_posted(posted)).batches
    assert decisions_of(batch.rows[0].data["response"])


def test_only_who_has_the_secret_is_heard(tmp_path: Path) -> None:
    hook = _hook(tmp_path)
    body = notification("handshake", "s", [], 0)
    for posted in (_posted(body, "wrong"), _posted(body, ""), replace(_posted(body), headers={}),
                   _posted(body, "s3cret\udc80")):  # fmt: skip
        with pytest.raises(NotAuthentic):
            hook.receive(posted)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"\xff", b'{"resourceType": "Patient"}', {"resourceType": "Bundle"},
     {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Parameters"}}]},
     notification("event-notification", "s", [], 1),
     notification("tickle", "s", [], 1)],
)  # fmt: skip
def test_what_is_no_notification_is_refused(tmp_path: Path, body: Any) -> None:
    with pytest.raises(InvalidRecord):
        _hook(tmp_path).receive(_posted(body))


def test_a_notice_of_another_topic_is_refused(tmp_path: Path) -> None:
    text = json.dumps(notification("handshake", "s", [], 0)).replace(terms.TOPIC, "http://x/topic")
    with pytest.raises(InvalidRecord, match="another topic"):
        _hook(tmp_path).receive(_posted(text.encode()))


def test_what_deserves_a_second_look(payer: Any) -> None:
    open_ = PasDestinationSettings(base_url=payer.url)
    assert len(ADAPTER.concerns(open_)) == 2
