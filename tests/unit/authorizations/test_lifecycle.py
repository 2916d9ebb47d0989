"""The states of a request: what moves them, what is refused, and that replaying changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.authorizations.answers import held_against
from connector.authorizations.lifecycle import (
    MOVES,
    STATES,
    Asked,
    Case,
    Decision,
    Event,
    Line,
    apply,
    may,
    replay,
)
from connector.authorizations.payer_file import Clock, Term
from connector.authorizations.records_of import SOURCE, merged, record_of
from connector.authorizations.standing import standing
from connector.errors import Rejected
from connector.records import Authorization, Provenance

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")


def event(kind: str, hours: int = 0, **fields: Any) -> Event:
    given: dict[str, Any] = {
        "id": f"{kind}-{hours}-{sorted(fields)}-{fields.get('state')}",
        "case": "AR-1", "kind": kind, "at": AT + timedelta(hours=hours), "way": "x12",
    }  # fmt: skip
    return Event(**{**given, **fields})


def asked(**fields: Any) -> Event:
    return event("requested", asked=Asked(payer="Harbor", visits=12, **fields), id="first")


def decided(outcome: str, hours: int = 1, **fields: Any) -> Event:
    decision = Decision.model_validate({"outcome": outcome, **fields})
    return event("decision", hours, decision=decision, id=f"{outcome}-{hours}-{sorted(fields)}")


def moved(state: str, hours: int = 2, kind: str = "moved") -> Event:
    return event(kind, hours, state=state)


def after(*events: Event) -> Case:
    case = replay([asked(), *events])
    assert case is not None
    return case


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("approved", "approved"), ("partly", "partly"), ("denied", "denied"),
        ("pended", "pended"), ("cancelled", "cancelled"), ("not_required", "cancelled"),
        ("rejected", "requested"), ("call", "requested"), ("unanswered", "requested"),
    ],
)  # fmt: skip
def test_what_a_payer_says_and_what_it_makes_of_the_request(outcome: str, state: str) -> None:
    assert after(decided(outcome)).state == state


def test_requested_and_authorized_are_kept_apart() -> None:
    case = after(decided("partly", authorized=8, number="N1"))
    record = record_of(case, "patient-1", "authorization-1", AT, UTC)
    assert (record.requested, record.authorized, record.status) == (12, 8, "partly")
    assert record.number == "N1" and record.provenance.source == SOURCE


@pytest.mark.parametrize(("zone", "day"), [("America/Los_Angeles", 20), ("UTC", 21)])
def test_asked_for_and_decided_on_the_practices_day(zone: str, day: int) -> None:
    """At half past eight in the evening in Los Angeles it is the next day in UTC."""
    evening = datetime(2026, 11, 21, 4, 30, tzinfo=UTC)
    case = after(decided("approved"))
    case = case.model_copy(update={"requested_at": evening, "decided_at": evening})
    found = record_of(case, "p", "a", evening, ZoneInfo(zone))
    assert (found.requested_on, found.decided_on) == (date(2026, 11, day),) * 2


def test_what_was_granted_counts_on_while_the_rest_is_in_appeal() -> None:
    case = after(decided("partly", authorized=8), moved("appeal"))
    assert case.state == "appeal"
    assert record_of(case, "p", "a", AT, UTC).status == "partly"
    lost = after(decided("denied"), moved("appeal"))
    assert record_of(lost, "p", "a", AT, UTC).status == "appeal"


def test_approved_in_total_without_a_number_of_visits_is_what_was_asked_for() -> None:
    assert record_of(after(decided("approved")), "p", "a", AT, UTC).authorized == 12
    assert record_of(after(decided("partly")), "p", "a", AT, UTC).authorized is None


@pytest.mark.parametrize("state", STATES)
def test_every_move_that_the_table_does_not_name_is_refused(state: str) -> None:
    case = after().model_copy(update={"state": state})
    for to in STATES:
        if may(case.state, to):
            assert apply(case, moved(to)).state == to
            continue
        with pytest.raises(Rejected) as refused:
            apply(case, moved(to))
        assert refused.value.code == "illegal_move"
        assert "it may become" in refused.value.message


def test_a_person_may_put_right_what_was_entered_wrongly() -> None:
    assert after(decided("approved"), moved("denied", kind="corrected")).state == "denied"


def test_nothing_happens_to_what_was_never_asked_for() -> None:
    with pytest.raises(Rejected, match="nothing was asked for"):
        replay([decided("approved")])


def test_a_pend_that_was_overtaken_by_the_decision_changes_nothing() -> None:
    case = after(decided("approved", 5, number="N"), decided("pended", 2))
    assert case.state == "approved"


def test_a_pend_that_the_payer_made_before_its_decision_and_that_comes_late() -> None:
    def made(outcome: str, hours: int, issued: str, way: str = "x12") -> Event:
        found = decided(outcome, hours)
        return found.model_copy(update={"issued": issued, "way": way, "id": f"{issued} {way}"})

    first = made("approved", 1, "2026-11-20T09:30:00")
    for issued in ("2026-11-20T09:00:00", "2026-11-20T09:30:00"):
        assert after(first, made("pended", 5, issued)).state == "approved", "said once more"
    for late in (made("pended", 5, "2026-11-21T09:00:00"),  # newer: a person must look
                 made("pended", 5, "2026-11-20T09:00:00", "pas"),  # clocks of two are not compared
                 decided("pended", 5)):  # fmt: skip
        with pytest.raises(Rejected, match="can't become pended"):
            after(first, late)


def test_the_same_decision_in_another_file_changes_nothing() -> None:
    first = decided("approved", 1, number="N")
    again = first.model_copy(update={"id": "other", "at": AT + timedelta(hours=9)})
    assert after(first, again) == after(first)


def test_a_returned_file_leaves_the_request_undecided_and_says_why() -> None:
    back = event("returned", texts=("segment 6 (NM1), element 9",), next_step="Correct the file.")
    case = after(back)
    assert case.undecided and "NM1" in case.problem and case.next_step == "Correct the file."
    assert after(back, decided("approved", 2)).problem == ""
    assert after(decided("approved"), back).problem == ""


def test_asked_again_is_a_new_version_that_the_clock_begins_anew() -> None:
    again = asked().model_copy(update={"id": "second", "at": AT + timedelta(days=3)})
    case = after(decided("denied"), again)
    assert (case.version, case.state, case.requested_at) == (2, "requested", again.at)
    assert case.decision is None and case.decided_at is None


EVENTS = st.lists(
    st.one_of(
        st.builds(
            decided,
            st.sampled_from(["approved", "partly", "denied", "pended", "cancelled", "call"]),
            st.integers(1, 99),
        ),
        st.builds(moved, st.sampled_from(STATES), st.integers(1, 99)),
        st.builds(lambda h: event("returned", h, texts=("x",)), st.integers(1, 99)),
    ),
    max_size=12,
)


@settings(max_examples=120, deadline=None)
@given(EVENTS)
def test_legal_histories_replay_to_the_same_case_however_often_events_come(
    events: list[Event],
) -> None:
    case, kept = apply(None, asked()), [asked()]
    for one in events:
        if any(one.id == known.id for known in kept):
            continue
        before = case
        try:
            case = apply(case, one)
        except Rejected:
            assert replay(kept) == before
            continue
        kept.append(one)
        assert case.state == before.state or case.state in MOVES[before.state]
    assert replay(kept) == case == replay([one for e in kept for one in (e, e)])
    read_back = [Event.model_validate_json(e.model_dump_json()) for e in kept]
    assert replay(read_back) == case


def clock(standard: Term, expedited: Term | None = None) -> Clock:
    return Clock(standard=standard, expedited=expedited)


def test_a_decision_is_overdue_when_its_days_are_over_in_the_practice_s_zone() -> None:
    seven = clock(Term(amount=7, unit="calendar_days"))
    case = after().model_copy(update={"asked": Asked(payer="H", clock=seven)})
    last = datetime(2026, 11, 27, 23, 59, tzinfo=ZONE)
    assert not standing(case, last, ZONE).overdue
    assert standing(case, last + timedelta(minutes=1), ZONE).overdue
    done = apply(case, decided("approved", 24 * 9))
    late = standing(done, AT + timedelta(days=30), ZONE)
    assert (late.overdue, late.in_time) == (False, False)
    assert late.took is not None and late.took.calendar_days == 9
    assert late.took.business_days == 5  # Friday 20 to Sunday 29 November


def test_urgent_requests_have_the_shorter_clock() -> None:
    both = clock(Term(amount=7, unit="calendar_days"), Term(amount=72, unit="hours"))
    urgent = after().model_copy(update={"asked": Asked(payer="H", clock=both, urgent=True)})
    assert standing(urgent, AT, ZONE).due == AT + timedelta(hours=72)


def test_nothing_is_overdue_without_a_clock() -> None:
    found = standing(after(), AT + timedelta(days=900), ZONE)
    assert (found.due, found.overdue) == (None, False)


def _record(source: str, **fields: Any) -> Authorization:
    given: dict[str, Any] = {
        "id": source, "version": AT, "patient_id": "p", "payer": "Harbor",
        "provenance": Provenance(
            source=source, origin="o", source_id="1", mapping="m", mapping_version="1"
        ),
    }  # fmt: skip
    return Authorization(**{**given, **fields})


def test_what_the_practice_s_ehr_says_of_the_same_authorization_holds() -> None:
    ours, theirs = _record(SOURCE, number="N1", authorized=12), _record("ehr", number="N1")
    assert merged([ours, theirs]) == [theirs]
    other = _record("ehr", number="N2")
    assert merged([other, ours]) == [other, ours]


def test_a_request_in_the_ehr_that_our_own_has_overtaken_counts_once() -> None:
    ours = _record(SOURCE, number="N1", authorized=12, requested_on=AT.date())
    theirs = _record("ehr", status="requested", requested_on=AT.date())
    assert merged([ours, theirs]) == [ours]
    late = theirs.model_copy(update={"requested_on": AT.date() + timedelta(days=40)})
    assert merged([ours, late]) == [late, ours]


def test_documents_that_are_wanted_are_kept_until_they_went_out() -> None:
    asks = event("wanted", 1, texts=("LOINC 11506-3",), tracking="ASK-1", next_step="Send it.")
    case = after(asks)
    assert (case.state, case.wanted, case.tracking) == ("requested", ("LOINC 11506-3",), "ASK-1")
    sent = event("answered", 2, next_step="Wait.")
    assert (after(asks, sent).wanted, after(asks, sent).next_step) == ((), "Wait.")
    assert after(asks, decided("approved", 3)).wanted == ()
    pended = decided("pended", 3, documents_wanted=("LOINC 34109-9",), tracking="ASK-2")
    assert after(pended).tracking == "ASK-2"
    assert after(decided("approved"), event("wanted", 5, texts=("x",))).wanted == ()


def test_a_receipt_never_hides_what_is_to_be_done() -> None:
    fine = event("received", 3, next_step="Nothing to do.")
    assert after(fine).next_step == "Nothing to do."
    asks = event("wanted", 1, texts=("a report",), next_step="Send it.")
    assert after(asks, fine).next_step == "Send it."
    returned = event("returned", 1, texts=("NM1",), next_step="Correct it.")
    assert after(returned, fine).next_step == "Correct it."


def test_a_cancellation_is_awaited_and_decided() -> None:
    wish = event("cancelling", 2, document="d-2", next_step="Wait.")
    case = after(decided("approved"), wish)
    assert (case.state, case.awaited, case.undecided) == ("approved", True, False)
    assert case.document == "d-2"
    done = after(decided("approved"), wish, decided("cancelled", 3))
    assert (done.state, done.cancelling) == ("cancelled", False)
    with pytest.raises(Rejected, match="nothing is to be cancelled"):
        after(decided("denied"), wish)


def test_what_is_withdrawn_before_it_left_gives_back_what_was() -> None:
    pended = decided("pended", reference="PEND-7", documents_wanted=("11506-3",), tracking="A-1")
    returned = event("returned", 3, texts=("NM1 is wrong",))
    before = after(pended, returned)
    again = event("requested", 5, asked=Asked(payer="Harbor", visits=8), document="d-2")
    back = event("kept", 6, state=before.state, was=before, next_step="Wait.")
    case = after(pended, returned, event("reopened", 4), again, back)
    changed = {"version": 2, "changed_at": back.at, "next_step": "Wait."}
    assert case == before.model_copy(update=changed)
    assert (case.problem, case.wanted, case.tracking) == ("NM1 is wrong", ("11506-3",), "A-1")


def test_only_what_is_undecided_is_drafted_again() -> None:
    wish = event("reopened", 2)
    assert after(wish).reopened and not after(wish, decided("approved", 3)).reopened
    again = event("requested", 4, asked=Asked(payer="Harbor", visits=8))
    assert not after(wish, again).reopened
    with pytest.raises(Rejected):
        after(decided("approved"), wish)


@pytest.mark.parametrize(
    ("lines", "visits", "outcome"),
    [
        ([], 12, "approved"), ([], 8, "partly"), ([], None, "approved"),
        (["unanswered", "unanswered"], 12, "approved"), (["approved", "unanswered"], 12, "partly"),
        (["approved", "denied"], None, "partly"), (["approved", "approved"], None, "approved"),
    ],
)  # fmt: skip
def test_what_is_not_granted_whole_is_a_part(
    lines: list[str], visits: int | None, outcome: str
) -> None:
    named = tuple(Line(code=f"9083{n}", outcome=one) for n, one in enumerate(lines))
    given = Decision(outcome="approved", authorized=visits, lines=named, next_step="Enter it.")
    found = held_against(given, 12)
    assert (found.outcome, found.authorized) == (outcome, visits)
    assert ("Compare" in found.next_step) is (outcome == "partly")
    assert held_against(given.model_copy(update={"outcome": "pended"}), 12).outcome == "pended"


def test_what_is_pended_beside_an_approval_is_still_awaited_and_decided_later() -> None:
    first, second = (Line(code=code, outcome="approved") for code in ("90837", "90847"))
    lines = (first, second.model_copy(update={"outcome": "pended"}))
    part = decided("partly", 1, number="N1", lines=lines, documents_wanted=("11506-3",))
    case = after(part)
    assert (case.state, case.awaited, case.part_pended) == ("partly", True, True)
    assert case.wanted == ("11506-3",)
    whole = (first, second)
    later = after(part, decided("approved", 2, number="N1", lines=whole))
    assert (later.state, later.awaited, later.wanted) == ("approved", False, ())
    denied = (first, second.model_copy(update={"outcome": "denied"}))
    last = after(part, decided("partly", 2, number="N1", lines=denied))
    assert (last.state, last.awaited) == ("partly", False)
    with pytest.raises(Rejected):
        apply(last, decided("approved", 3, lines=whole))
