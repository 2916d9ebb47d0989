"""One request by FHIR, from the chart to the decision and the next one: drafted of records, signed,
submitted to a payer, pended, decided by a notice or by asking; changed, cancelled, refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.pas_fhir.fake import FakePayer
from adapters.pas_fhir.fake_answers import find_claim, notification
from connector.documents.pas import terms
from connector.documents.pas.checking.check import check
from connector.documents.render import Renderer
from connector.engine.inflow import store_pages
from connector.engine.inquiries import ask_undecided
from connector.errors import Rejected
from connector.pipeline.release import signer
from connector.ports import Posted, utc_now
from connector.release.cancel import cancel
from connector.release.papers import send_papers
from connector.release.requested import reopen
from connector.release.withdraw import withdraw
from tests.e2e.test_authorization_lifecycle import Practice

_KINDS = ["authorization_request", "attachment"]
WHO = signer("Ellis Fictford, PhD")


class ByFhir(Practice):
    """The practice of the lifecycle, whose payer takes PAS."""

    payer: FakePayer

    def configure(self) -> None:
        (self.home / "hook").write_text("s3cret")
        (self.home / "hook").chmod(0o600)
        site = yaml.safe_load((self.home / "site.yaml").read_text())
        options = {"base_url": self.payer.start(), "private_network": True, "settle_seconds": 0,
                   "answers_to": "plan_answers"}  # fmt: skip
        site["destinations"].append(
            {
                "name": "plan",
                "adapter": "pas_fhir",
                "receives": _KINDS,
                "options": options,
            }
        )
        site["sources"].append(
            {"name": "plan_answers", "adapter": "pas_fhir", "options": {"secret": {"file": "hook"}}}
        )
        site["payers"] |= {"place_of_service": "11", "telehealth_place_of_service": "10"}
        (self.home / "site.yaml").write_text(yaml.safe_dump(site))
        path = self.home / "config" / "payers" / "harbor_health_plan.yaml"
        path.write_text(path.read_text().replace("[x12, portal]", "[pas, x12, portal]"))

    def run(self) -> None:
        """As one run; what a receiver answered at once is read in the same."""
        super().run()
        if self.store.read(lambda tx: tx.inbox.counts()).get("new"):
            super().run()

    def amend(self) -> None:
        """Somebody wants it drafted once more; the day's run makes the draft."""
        (row,) = self.store.read(lambda tx: tx.authorizations.all())
        self.store.write(lambda tx: reopen(tx, row, "Sam Biller", "fewer visits", self.now))
        self.run()

    def notice(self, scenario: str, *, first: bool = False) -> None:
        """The payer decides, and tells us."""
        ids = list(self.payer.submitted)
        bundle = self.payer.decide(ids[0 if first else -1], scenario)
        body = json.dumps(notification("event-notification", "s-1", [bundle], 1)).encode()
        posted = Posted({"authorization": "Bearer s3cret"}, body, utc_now())
        page = self.app.webhooks["plan_answers"].receive(posted)
        store_pages(self.store, [("plan_answers", page)], self.now)
        self.run()

    @property
    def bundles(self) -> list[dict[str, Any]]:
        return list(self.payer.submitted.values())

    @property
    def states(self) -> list[str]:
        rows = self.store.read(lambda tx: tx.deliveries.list(destination="plan"))
        return [f"{row.state} {row.code or ''}".strip() for row in rows]


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with closing(Renderer(1, 300)) as made:
        yield made


@pytest.fixture
def payer() -> Iterator[FakePayer]:
    made = FakePayer()
    yield made
    made.stop()


@pytest.fixture
def practice(tmp_path: Path, renderer: Renderer, payer: FakePayer) -> Iterator[ByFhir]:
    kind = type("Practice", (ByFhir,), {"payer": payer})
    with closing(kind(tmp_path, renderer)) as made:
        made.run()
        yield made


def test_pended_completed_approved_by_a_notice_counted_and_cancelled(
    practice: ByFhir, payer: FakePayer
) -> None:
    payer.scenario = "pend"
    assert payer.requests == [], "nothing leaves unsigned"
    practice.signed()
    practice.run()
    assert practice.states == ["delivered"]
    assert practice.sent("authorization_request") == [], "by one way, not by two"
    (bundle,) = practice.bundles
    assert [one for one in check(bundle) if one.is_error] == []
    claim = find_claim(bundle)
    assert claim["identifier"][0]["value"] == f"{practice.case.id}-1"
    (place,) = claim["item"][0]["locationCodeableConcept"]["coding"]
    assert place["code"] == "11"
    assert practice.case.state == "pended" and practice.case.decision.reference
    text = next(one for one in practice.alerts if "asks for documents" in one)
    assert "LOINC 11506-3" in text and f"send-documents {practice.case.id}" in text
    _send_what_is_wanted(practice, payer)
    practice.notice("approve")
    case = practice.case
    assert (case.state, case.decision.authorized, case.asked.visits) == ("approved", 12, 12)
    [progress] = practice.store.read(lambda tx: list(tx.progress.all()))
    view = next(v for v in progress.measured.authorizations if v.number == case.decision.number)
    assert (view.requested, view.authorized, view.used, view.renewal_due) == (12, 12, 0, False)
    assert not any(str(view.number) in text for text in practice.alerts)
    _cancel(practice)
    assert practice.set_aside() == []


def _send_what_is_wanted(practice: ByFhir, payer: FakePayer) -> None:
    """CDex: under the payer's number, signed, the report inside; once."""
    asked_with = practice.case.tracking
    assert asked_with.startswith("ASK-") and payer.attachments == []
    assert send_papers(practice.desk, practice.case.id, WHO) is not None
    practice.run()
    (sent,) = payer.attachments
    parts = {one["name"]: one for one in sent["parameter"]}
    assert parts["TrackingId"]["valueIdentifier"]["value"] == asked_with
    assert parts["AttachTo"]["valueCode"] == "preauthorization"
    (content,) = [one["resource"] for one in parts["Attachment"]["part"] if "resource" in one]
    assert base64.b64decode(content["content"][0]["attachment"]["data"]).startswith(b"%PDF-")
    assert (practice.case.state, practice.case.wanted) == ("pended", ())
    with pytest.raises(Rejected, match="asks for no documents"):
        send_papers(practice.desk, practice.case.id, WHO)


def _cancel(practice: ByFhir) -> None:
    """The clinician cancels; the payer, who has the claim, says that it is void."""
    practice.payer.scenario = "approve"
    with pytest.raises(Rejected, match="no destination takes"):
        cancel(replace(practice.desk, routes=()), practice.case.id, WHO, "moved away")
    assert not practice.case.cancelling
    assert cancel(practice.desk, practice.case.id, WHO, "moved away") is not None
    assert cancel(practice.desk, practice.case.id, WHO, "moved away") is None
    assert (practice.case.state, practice.case.cancelling) == ("approved", True)
    withdraw(practice.desk, practice.case.document, by="Ellis Fictford", why="she stays")
    assert (practice.case.state, practice.case.cancelling) == ("approved", False)
    assert cancel(practice.desk, practice.case.id, WHO, "she left") is not None
    practice.run()
    first, last = (find_claim(bundle) for bundle in practice.bundles)
    assert [one for one in check(practice.bundles[1]) if one.is_error] == []
    assert last["related"][0]["claim"]["reference"] == f"urn:uuid:{first['id']}"
    assert all(item["modifierExtension"] for item in last["item"])
    assert (practice.case.state, practice.case.cancelling) == ("cancelled", False)


@pytest.mark.parametrize(
    ("scenario", "state", "told"),
    [("deny", "denied", "Not medically necessary"), ("modify", "partly", "6 of 12 visits")],
)
def test_decided_later_and_found_by_asking(
    practice: ByFhir, payer: FakePayer, scenario: str, state: str, told: str
) -> None:
    payer.scenario = "pend"
    practice.signed()
    practice.run()
    payer.decide(next(iter(payer.submitted)), scenario)
    assert ask_undecided(practice.work) == 0, "it was sent today"
    practice.now += timedelta(days=1, hours=1)
    assert ask_undecided(practice.work) == 1
    practice.run()
    assert practice.case.state == state
    assert any(told in text for text in practice.alerts), practice.alerts
    assert ask_undecided(practice.work) == 0
    assert practice.set_aside() == []


def test_what_changed_while_it_is_pended_updates_the_same_claim(
    practice: ByFhir, payer: FakePayer
) -> None:
    payer.scenario = "pend"
    practice.signed()
    practice.run()
    wanted = practice.case.wanted
    practice.amend()
    wrong = practice.signed(visits_asked_for_and_dates="9 visits, 12/01/2026 to 02/28/2027")
    withdraw(practice.desk, wrong.signature.document_id, by="Ellis Fictford", why="wrong number")
    assert (practice.case.state, practice.case.asked.visits) == ("pended", 12)
    assert wanted and practice.case.wanted == wanted, "the payer waits for documents still"
    practice.signed(visits_asked_for_and_dates="8 visits, 12/01/2026 to 02/28/2027")
    practice.run()
    assert sorted(practice.states) == ["delivered", "delivered", "withdrawn"]
    first, second = (find_claim(bundle) for bundle in practice.bundles)
    assert [one for one in check(practice.bundles[1]) if one.is_error] == []
    assert second["related"][0]["claim"]["reference"] == f"urn:uuid:{first['id']}"
    assert second["meta"]["profile"] == [terms.CLAIM_UPDATE]
    assert [(one["sequence"], one["quantity"]["value"]) for one in second["item"]] == [(1, 8)]
    changed = [e for e in second["item"][0]["extension"] if e["url"] == terms.INFO_CHANGED]
    assert [one["valueCode"] for one in changed] == ["changed"]
    assert second["identifier"][0]["value"] == f"{practice.case.id}-1-U1"
    assert (practice.case.state, practice.case.version) == ("pended", 3)

    practice.notice("approve", first=True)
    (aside,) = practice.set_aside()
    assert aside.code == "answer_overtaken" and practice.case.state == "pended"
    practice.notice("approve")
    assert (practice.case.state, practice.case.decision.authorized) == ("approved", 8)


def test_an_answer_that_was_lost_is_asked_for_and_nothing_sent_again(
    practice: ByFhir, payer: FakePayer
) -> None:
    payer.scenario = "lost"
    practice.signed()
    practice.run()
    assert practice.case.state == "requested" and practice.states == ["pending answer_lost"]
    practice.now += timedelta(minutes=10)
    practice.run()
    assert [path for _, path in payer.requests] == ["/Claim/$submit", "/Claim/$inquire"]
    assert (practice.case.state, practice.states) == ("approved", ["delivered"])
