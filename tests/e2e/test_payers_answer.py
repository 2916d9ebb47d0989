"""What payers answer by files and by a clearinghouse's questions: each tied to what was sent, with
its state and the sentence that tells what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.clearinghouse_rest.fake import CLIENT, SECRET, FakeClearinghouse
from connector.documents.render import Renderer
from connector.engine.inquiries import ask_undecided
from connector.pipeline.release import signer
from connector.release.cancel import cancel
from connector.release.papers import send_papers
from connector.release.requested import reopen
from connector.release.withdraw import withdraw
from connector.x12.content.parse import parse
from connector.x12.validate import validate
from tests.e2e.test_authorization_lifecycle import PAYER, Practice

WHO = signer("Ellis Fictford, PhD")


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with closing(Renderer(1, 300)) as made:
        yield made


@pytest.fixture
def practice(tmp_path: Path, renderer: Renderer) -> Iterator[Practice]:
    with closing(Practice(tmp_path, renderer)) as made:
        made.run()
        made.signed()
        made.run()
        yield made


def content(practice: Practice, kind: str = "authorization_request", number: int = 0) -> bytes:
    """A file that was sent."""
    return practice.sent(kind)[number].read_bytes()


def told(practice: Practice, words: str) -> bool:
    return any(words in text for text in practice.alerts)


def test_receipts_and_277_are_tied_and_say_what_to_do(practice: Practice) -> None:
    _receipts(practice, content(practice), content(practice, "attachment"))
    practice.answer("pended.x12", PAYER.review(content(practice), "A4"))
    assert practice.case.problem == "", "the payer looks at it: what was returned is past"
    _status(practice, content(practice))


def _receipts(practice: Practice, request: bytes, papers: bytes) -> None:
    practice.answer("999.x12", PAYER.acknowledgment(request, "A"))
    assert (practice.case.state, practice.case.problem) == ("requested", "")
    practice.answer("277.x12", PAYER.status(request, "A1:20", action="WQ"))
    assert "where the request stands" in practice.case.next_step
    practice.answer("999e.x12", PAYER.acknowledgment(request, "E"))
    assert "noted errors: read them" in practice.case.next_step and not practice.case.problem
    practice.answer("ta1.x12", PAYER.interchange_acknowledgment(request, "R", "006"))
    assert practice.case.problem and "Correct the file" in practice.case.next_step
    assert told(practice, "came back") and told(practice, f"amend {practice.case.id}")
    practice.answer("824.x12", PAYER.advice(papers, "TR"))
    assert practice.case.problem == "DOCUMENT NOT READABLE"
    events = practice.store.read(lambda tx: tx.authorizations.events(practice.case.id))
    assert events[-1].by == "824 about the attachment"


def _newest(practice: Practice) -> str:
    """The signed papers that have not left yet."""
    waiting = practice.store.read(lambda tx: tx.deliveries.list("pending"))
    return next(one.document_id for one in waiting if one.kind == "attachment")


def _status(practice: Practice, request: bytes) -> None:
    practice.answer("stands.x12", PAYER.status(request, "A1:20", action="WQ"))
    assert practice.case.wanted == () and practice.case.problem == ""
    practice.answer("asks.x12", PAYER.wants(request, "ASKED-55"))
    assert (practice.case.tracking, practice.case.problem) == ("ASKED-55", "")
    assert "by 2026-12-05" in practice.case.next_step and told(practice, "asks for documents")

    assert send_papers(practice.desk, practice.case.id, WHO) is not None
    ids = withdraw(practice.desk, _newest(practice), by="Ellis Fictford", why="wrong report")
    assert practice.case.tracking == "ASKED-55" and len(ids) == 1
    assert send_papers(practice.desk, practice.case.id, WHO) is not None
    practice.run()
    (reply,) = [
        p.read_bytes() for p in practice.sent("attachment") if b"ASKED-55" in p.read_bytes()
    ]
    assert validate(reply) == []
    (sent,) = [one["content"] for one in parse(reply).as_json()["transactions"]]
    assert sent["documents"][0]["control_number"] == "ASKED-55" and sent["solicited"]
    assert (
        practice.case.wanted == () and practice.case.next_step == "Wait for the payer's decision."
    )
    practice.answer("824.x12", PAYER.advice(reply, "TR"))
    assert practice.case.problem == "DOCUMENT NOT READABLE"
    practice.answer("refused.x12", PAYER.status(request, "A3:21", action="U"))
    assert practice.case.problem and "did not take the request" in practice.case.next_step
    assert practice.set_aside() == []


def test_a_pended_request_is_revised_and_cancelled_under_the_payers_number(
    practice: Practice,
) -> None:
    first = content(practice)
    practice.answer("pended.x12", PAYER.review(first, "A4", extra=["REF*NT*PEND-7"]))
    assert (practice.case.state, practice.case.decision.reference) == ("pended", "PEND-7")
    (row,) = practice.store.read(lambda tx: tx.authorizations.all())
    practice.store.write(lambda tx: reopen(tx, row, "Sam Biller", "fewer", practice.now))
    practice.run()
    practice.signed(visits_asked_for_and_dates="8 visits, 12/01/2026 to 02/28/2027")
    practice.run()
    (second,) = [p for p in practice.sent("authorization_request") if p.read_bytes() != first]
    event = parse(second.read_bytes()).as_json()["transactions"][0]["content"]["event"]
    assert (event["certification"], event["previous_reference"]) == ("S", "PEND-7")

    practice.answer("late.x12", PAYER.review(first, "A1"))
    practice.answer("late_277.x12", PAYER.status(first, "A3:21", action="U"))
    assert [one.code for one in practice.set_aside()] == ["answer_overtaken"] * 2
    assert (practice.case.state, practice.case.problem) == ("requested", "")
    practice.answer("yes.x12", PAYER.review(second.read_bytes(), "A1", visits=8))
    assert (practice.case.state, practice.case.decision.number) == ("approved", "HH-90001")

    assert cancel(practice.desk, practice.case.id, WHO, "moved away") is not None
    practice.run()
    found = [p.read_bytes() for p in practice.sent("authorization_request")]
    (last,) = [one for one in found if one not in (first, second.read_bytes())]
    assert validate(last) == []
    event = parse(last).as_json()["transactions"][0]["content"]["event"]
    assert (event["certification"], event["previous_authorization"]) == ("3", "HH-90001")
    practice.answer("void.x12", PAYER.review(last, "C"))
    assert practice.case.state == "cancelled"


class ByClearinghouse(Practice):
    """A practice whose payer is reached by a clearinghouse that must be asked."""

    fake: FakeClearinghouse

    def configure(self) -> None:
        site = yaml.safe_load((self.home / "site.yaml").read_text())
        options = {
            "base_url": f"{self.fake.url}/v2", "token_url": f"{self.fake.url}/v1/token",
            "client_id": CLIENT, "secret": {"env": "CLEARINGHOUSE_SECRET"}, "poll_seconds": 0,
            "private_network": True, "answers_to": "payer_answers", "settle_seconds": 0,
        }  # fmt: skip
        (drop,) = [one for one in site["destinations"] if one["name"] == "payer_drop"]
        kinds = ["authorization_request", "attachment"]
        drop |= {"adapter": "clearinghouse_rest", "options": options, "receives": kinds}
        del drop["formats"]
        (self.home / "site.yaml").write_text(yaml.safe_dump(site))
        path = self.home / "config" / "payers" / "harbor_health_plan.yaml"
        path.write_text(path.read_text().replace("[x12, portal]", "[clearinghouse, portal]"))


def test_a_clearinghouse_is_asked_until_the_payer_has_decided(
    tmp_path: Path, renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARINGHOUSE_SECRET", SECRET)
    fake = FakeClearinghouse()
    fake.script = ["lose"]
    kind: Any = type("Practice", (ByClearinghouse,), {"fake": fake})
    with fake.serving(), closing(kind(tmp_path, renderer)) as practice:
        practice.run()
        practice.signed()
        practice.run()
        practice.now += timedelta(minutes=5)
        practice.run()
        assert len(fake.reviews) == 1, "the lost answer was asked for, nothing sent again"
        reference = next(iter(fake.reviews.values()))["referenceNumber"]
        for minutes, decision, state in (
            (61, {"statusCode": "A4"}, "pended"),
            (30, {"statusCode": "A1", "certificationNumber": "CH-1"}, "pended"),
            (31, {}, "approved"),
        ):
            fake.decide(reference, **decision)
            practice.now += timedelta(minutes=minutes)
            ask_undecided(practice.work)
            practice.run()
            assert practice.case.state == state
        assert practice.case.decision.number == "CH-1" and practice.set_aside() == []
