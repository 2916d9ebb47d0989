"""What a person gave up sending: the request says that the payer does not have it, and what to do.

All people are invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from connector.authorizations.lifecycle import Asked, Decision, Event
from connector.cli.dead_letters import dead_letters_command
from connector.cli.filing import filing_command
from connector.ports import Receipt
from connector.progress import DocumentSpec
from connector.release.dropped import note_dropped
from connector.release.requested import note_signed, record
from connector.store.delivery_rows import NewDelivery
from connector.store.signatures import SignatureRow

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
CASE = "AR-0123456789"
ASKED = Asked(payer="Example Plan", visits=12)
PENDED = Decision(
    outcome="pended", reference="R-77", documents_wanted=("a plan of care",), tracking="ASK-1"
)


class Bench:
    """One patient's request in a store, written event by event; the clock goes on by itself."""

    def __init__(self, store: Any) -> None:
        self.store, self.now = store, AT

    def event(self, kind: str, **values: Any) -> None:
        self.now += timedelta(hours=1)
        way = "person" if kind == "decision" else "clinician"
        event = Event.model_validate(
            {"id": f"e-{self.now}", "case": CASE, "kind": kind, "at": self.now, "way": way} | values
        )
        self.store.write(lambda tx: record(tx, event, "p-1", self.now))

    def document(self, id: str, kind: str, *, reference: str = CASE, signed: int = 1) -> None:
        spec = DocumentSpec(
            document_id=id, kind=kind, patient_id="p-1", as_of=AT.date(), formats=("json",),
            context={"reference": reference}, digest="0" * 64,
        )  # fmt: skip
        at = AT + timedelta(minutes=signed)
        row = SignatureRow(id, f"{id}-draft", kind, "p-1", CASE, signed, "d" * 64, {}, at)

        def write(tx: Any) -> None:
            tx.documents.put_spec(spec, AT)
            if signed:
                tx.signatures.add([row])

        self.store.write(write)

    def queue(self, id: str, kind: str, fmt: str = "x12", *, to: str = "payer") -> str:
        key = f"{id}-{fmt}-{to}"
        row = NewDelivery(
            key=key, destination=to, document_id=id, format=fmt, kind=kind, path=f"r/{key}",
            media_type="text/plain", labels={},
        )  # fmt: skip

        def write(tx: Any) -> None:
            tx.deliveries.add([row], AT)
            tx.deliveries.mark_sending([key], AT)

        self.store.write(write)
        return key

    def arrived(self, key: str) -> None:
        self.store.write(lambda tx: tx.deliveries.delivered(key, Receipt(key, "there"), self.now))

    def dropped(self, key: str, code: str = "refused") -> list[str]:
        self.now += timedelta(hours=1)

        def write(tx: Any) -> list[str]:
            tx.deliveries.dead(key, code, "it did not go", self.now)
            row = tx.deliveries.get(key)
            assert tx.deliveries.drop(key, self.now, "dead")
            return note_dropped(tx, [row], "Sam Biller", self.now)

        return self.store.write(write)

    @property
    def case(self) -> Any:
        return self.store.read(lambda tx: tx.authorizations.get(CASE)).case


@pytest.fixture
def bench(small_site: Any) -> Iterator[Bench]:
    with small_site().open().open_store() as store:
        yield Bench(store)


def asked(bench: Bench, id: str = "d-1", signed: int = 1) -> str:
    """A version of the request is signed, with its parts; its file's key."""
    bench.document(id, "authorization_request", signed=signed)
    bench.event("requested", asked=ASKED, document=id)
    return bench.queue(id, "authorization_request")


def test_a_request_that_was_refused_for_good_says_so(bench: Bench) -> None:
    assert bench.dropped(asked(bench)) == [CASE]
    assert (bench.case.state, bench.case.problem) == (
        "requested", "it was not sent: sending it was given up"
    )  # fmt: skip
    assert "authorizations amend" in bench.case.next_step
    asked(bench, "d-2", signed=2)
    assert (bench.case.problem, bench.case.version) == ("", 2), "a new version begins afresh"


def test_the_commands_that_drop_say_where_to_look(small_site: Any) -> None:
    site = small_site()
    with site.open().open_store() as store:
        bench = Bench(store)
        dead, waiting = asked(bench), asked(bench, "d-2", signed=2)
        store.write(lambda tx: tx.deliveries.dead(dead, "refused", "no", AT))
        store.write(lambda tx: tx.deliveries.wait(waiting, "arrival_unknown", "ask", AT))
    run = CliRunner().invoke
    done = run(dead_letters_command, ["drop", dead, "--by", "Sam Biller"], obj=site.home)
    assert done.output == "1 dead letters dropped; they are never sent\n", "a newer one stands"
    done = run(
        filing_command, ["drop", waiting, "--by", "Sam Biller", "--why", "portal"], obj=site.home
    )
    assert done.exit_code == 0, done.output
    with site.open().open_store() as store:
        bench = Bench(store)
        assert "nobody knows whether it arrived" in bench.case.problem
        bench.now += timedelta(days=2)
        third = asked(bench, "d-3", signed=3)
        store.write(lambda tx: tx.deliveries.dead(third, "refused", "no", AT))
    done = run(dead_letters_command, ["drop", third, "--by", "Sam Biller"], obj=site.home)
    assert f"A request has changed: connector authorizations show {CASE}" in done.output


def test_a_version_that_never_arrived_is_not_sent_beside_a_newer_one(bench: Bench) -> None:
    first, attached = asked(bench), bench.queue("d-275", "attachment")
    bench.document("d-275", "attachment")
    delivered = asked(bench, "d-2", signed=2)
    bench.arrived(delivered)
    other = bench.queue("d-2", "authorization_request", to="second")
    for key in (first, attached, other):
        bench.store.write(lambda tx, key=key: tx.deliveries.dead(key, "refused", "no", AT))
    third = DocumentSpec(
        document_id="d-3", kind="authorization_request", patient_id="p-1", as_of=AT.date(),
        formats=("json",), digest="0" * 64, context={
            "reference": CASE, "version": 3, "payer_name": "Example Plan", "payer": {"id": None},
            "event": {"procedures": ["90837"], "previous_authorization": None}, "asked": None,
            "clock": None,
        },
    )  # fmt: skip
    bench.store.write(lambda tx: note_signed(tx, [third], bench.now, "Ellis Fictford"))
    states = bench.store.read(
        lambda tx: [tx.deliveries.get(key).state for key in (first, attached, other)]
    )
    assert states == ["withdrawn", "withdrawn", "dead"], "replayed, the first would ask twice"
    assert bench.case.version == 3


def test_one_that_may_have_arrived_is_asked_about_first(bench: Bench) -> None:
    bench.dropped(asked(bench), "answer_lost")
    assert "nobody knows whether it arrived" in bench.case.problem
    assert bench.case.next_step.startswith("Call the payer")


def test_it_is_found_when_retention_has_removed_the_document(bench: Bench) -> None:
    bench.event("requested", asked=ASKED, document="d-gone")
    assert bench.dropped(bench.queue("d-gone", "authorization_request")) == [CASE]
    assert bench.case.problem


def test_nothing_is_said_where_another_copy_goes_or_a_newer_version_stands(bench: Bench) -> None:
    first = asked(bench)
    copy = bench.queue("d-1", "authorization_request", "json", to="chart")
    other = bench.queue("d-1", "authorization_request", to="second")
    assert bench.dropped(copy) == [], "the practice's own copy is not the payer's"
    bench.arrived(other)
    assert bench.dropped(first) == []
    asked(bench, "d-2", signed=2)
    third = bench.queue("d-1", "authorization_request", to="third")
    bench.document("d-9", "insurer")
    assert bench.dropped(third) == []
    assert bench.dropped(bench.queue("d-9", "insurer", "json")) == []
    assert bench.case.problem == ""


@pytest.mark.parametrize(("code", "state"), [("refused", "pended"), ("answer_lost", "requested")])
def test_a_new_version_that_did_not_go_leaves_the_former_as_it_was(
    bench: Bench, code: str, state: str
) -> None:
    bench.arrived(asked(bench))
    bench.event("decision", decision=PENDED)
    before = bench.case
    bench.event("reopened")
    second = asked(bench, "d-2", signed=2)
    assert (bench.case.state, bench.case.wanted) == ("requested", ())
    assert bench.dropped(second, code) == [CASE]
    after = bench.case
    assert after.state == state
    if state == "requested":
        assert after.problem and after.document == "d-2"
        return
    assert (after.wanted, after.tracking) == (("a plan of care",), "ASK-1")
    assert (after.pended_at, after.requested_at) == (before.pended_at, before.requested_at)
    assert (after.document, after.version, after.reopened) == ("d-1", 2, False)
    assert after.next_step.startswith("The new version was not sent")


def test_papers_that_did_not_go_are_wanted_still(bench: Bench) -> None:
    bench.arrived(asked(bench))
    bench.event("decision", decision=PENDED)
    bench.document("d-papers", "attachment", signed=3)
    bench.event("answered", document="d-papers")
    assert bench.case.wanted == ()
    assert bench.dropped(bench.queue("d-papers", "attachment", "cdex")) == [CASE]
    assert (bench.case.wanted, bench.case.tracking) == (("a plan of care",), "ASK-1")
    assert "send-documents" in bench.case.next_step


def test_an_attachment_that_did_not_go_is_missed_where_its_request_went(bench: Bench) -> None:
    request = asked(bench)
    bench.document("d-275", "attachment")
    attachment = bench.queue("d-275", "attachment")
    bench.arrived(request)
    assert bench.dropped(attachment) == [CASE]
    assert "its attachment was not sent" in bench.case.problem


def test_of_a_request_that_did_not_go_its_attachment_is_not_missed(bench: Bench) -> None:
    request = asked(bench)
    bench.document("d-275", "attachment")
    attachment = bench.queue("d-275", "attachment")
    assert bench.dropped(request) == [CASE]
    assert bench.dropped(attachment) == []
    assert bench.case.problem == "it was not sent: sending it was given up"


def test_a_cancellation_that_did_not_go_leaves_the_authorization_standing(bench: Bench) -> None:
    bench.arrived(asked(bench))
    bench.event("decision", decision=Decision(outcome="approved", number="N-1", authorized=12))
    before = bench.case
    bench.document("d-void", "authorization_request", signed=4)
    bench.event("cancelling", document="d-void")
    assert bench.case.cancelling
    assert bench.dropped(bench.queue("d-void", "authorization_request")) == [CASE]
    after = bench.case
    assert (after.state, after.cancelling, after.document) == ("approved", False, "d-1")
    assert (after.decision, after.decided_at) == (before.decision, before.decided_at)
    assert "was not asked to cancel" in after.next_step


def test_a_copy_sheet_that_nobody_files_is_not_filed(bench: Bench) -> None:
    bench.document("d-1", "authorization_request")
    bench.event("requested", asked=ASKED, document="d-1")
    for id, signed in (("d-sheet", 1), ("d-draft", 0)):
        bench.document(id, "copy_sheet", signed=signed)
    assert bench.dropped(bench.queue("d-draft", "copy_sheet", "pdf")) == []
    first, second = (bench.queue("d-sheet", "copy_sheet", fmt) for fmt in ("pdf", "html"))
    assert bench.dropped(first) == [], "the other one lies there"
    assert bench.dropped(second) == [CASE]
    assert bench.case.problem


def test_what_the_payer_decided_meanwhile_stands(bench: Bench) -> None:
    request = asked(bench)
    bench.event("decision", decision=Decision(outcome="denied", reasons=("no cover",)))
    assert bench.dropped(request) == []
    assert bench.case.state == "denied"
