"""Used, booked, left and the renewal flag, at every date and whatever is cancelled."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.authorizations import AuthorizationView, burn_down
from connector.progress import RuleSet
from connector.records import Authorization, Provenance, Visit

START = date(2026, 3, 2)
RULES = RuleSet()
PROVENANCE = Provenance(
    source="ehr", origin="f.csv", source_id="1", mapping="m", mapping_version="1"
)
BASE: dict[str, Any] = {
    "version": datetime(2026, 1, 1, tzinfo=UTC), "provenance": PROVENANCE, "patient_id": "p",
}  # fmt: skip


def on(day: int) -> date:
    return START + timedelta(days=day)


def auth(**fields: Any) -> Authorization:
    given: dict[str, Any] = {"id": "authorization-1", "payer": "Harbor", "authorized": 8,
                             "starts_on": START, "ends_on": on(300), **fields}  # fmt: skip
    return Authorization(**{**BASE, **given})


def visit(day: int, status: str = "attended", **fields: Any) -> Visit:
    starts = datetime(2026, 3, 2, 15, tzinfo=UTC) + timedelta(days=day)
    return Visit(**{**BASE, "id": f"visit-{day:04d}", "starts_at": starts, "status": status,
                    **fields})  # fmt: skip


def one(visits: list[Visit], today: int, **fields: Any) -> AuthorizationView:
    (view,) = burn_down([auth(**fields)], visits, on(today), RULES)
    return view


def weekly(count: int, attended: int = 0) -> list[Visit]:
    return [visit(7 * n, "attended" if n < attended else "scheduled") for n in range(count)]


@pytest.mark.parametrize(("booked", "due"), [(6, False), (7, True), (8, True)])
def test_the_seventh_of_eight_booked_flags(booked: int, due: bool) -> None:
    view = one(weekly(booked), 0)
    assert (view.renewal_due, view.booked, view.left) == (due, booked, 8 - booked)
    if due:
        assert view.renewal_reason == "visit 7 of 8 is booked for 13 Apr 2026"
        assert view.renewal_on == on(42)


def test_the_seventh_attended_flags() -> None:
    view = one(weekly(7, attended=7), 60)
    assert view.renewal_reason == "visit 7 of 8 took place on 13 Apr 2026"
    assert (view.used, view.booked, view.left, view.status) == (7, 0, 1, "approved")


def test_the_order_is_by_date_not_by_booking() -> None:
    assert one(list(reversed(weekly(8))), 0).renewal_on == on(42)


def test_cancelling_the_third_renumbers() -> None:
    visits = weekly(8)
    visits[2] = visit(14, "client_cancel")
    assert one(visits, 0).renewal_on == on(49)
    del visits[7]
    assert not one(visits, 0).renewal_due


@pytest.mark.parametrize("status", ["late_cancel", "no_show", "client_cancel", "practice_cancel"])
def test_missed_and_cancelled_visits_take_nothing(status: str) -> None:
    view = one([visit(1), visit(2, status)], 5)
    assert (view.used, view.booked, view.left) == (1, 0, 7)


def test_an_unclosed_past_visit_holds_its_place() -> None:
    view = one([visit(1, "scheduled")], 5)
    assert (view.used, view.booked, view.left) == (0, 1, 7)


def test_an_attended_visit_in_the_future_is_booked() -> None:
    assert one([visit(9)], 5).booked == 1


@pytest.mark.parametrize(("today", "due"), [(285, False), (286, True), (300, True)])
def test_the_end_date_within_the_lead_days_flags(today: int, due: bool) -> None:
    view = one([], today)
    assert view.renewal_due is due
    if today == 286:
        assert view.renewal_reason == "it ends on 27 Dec 2026 (in 14 days)"
        assert view.renewal_on == on(286)


def test_the_day_ahead_is_told_by_the_payers_own_lead_days() -> None:
    """The page says the day that the flag will come on, and none once it is up or asked for."""
    payer = RULES.model_copy(update={"authorization_lead_days": 45})
    views = {day: burn_down([auth()], [], on(day), RULES, lambda _: payer)[0] for day in (0, 255)}
    assert views[0].renewal_from == on(255) and not views[0].renewal_due
    assert views[255].renewal_due and views[255].renewal_on == on(255)
    assert views[255].renewal_from is None
    assert one([], 0).renewal_from == on(286)
    assert one([], 0, ends_on=None).renewal_from is None
    assert one([], 0, status="denied").renewal_from is None
    later = auth(id="authorization-2", starts_on=on(301), ends_on=on(500))
    asked, fresh = burn_down([auth(), later], [], on(290), RULES)
    assert asked.renewal_from is None and fresh.renewal_from == on(486)


def test_both_reasons_come_with_the_earlier_first() -> None:
    view = one(weekly(7), 0, ends_on=on(45))
    assert not view.renewal_reason.startswith("it ends")
    view = one(weekly(7), 31, ends_on=on(45))
    assert view.renewal_reason == (
        "it ends on 16 Apr 2026 (in 14 days); visit 7 of 8 is booked for 13 Apr 2026"
    )


def test_expired_flags_only_while_visits_are_booked_uncovered() -> None:
    assert one([], 300).status == "approved"
    assert (one([], 301).status, one([], 301).renewal_due) == ("expired", False)
    view = one([visit(310, "scheduled"), visit(320, "scheduled")], 301)
    assert view.renewal_reason == "it ended on 27 Dec 2026 and 2 booked visits are not covered"


def test_exhausted_and_overbooked() -> None:
    assert one(weekly(8, attended=8), 60).status == "exhausted"
    assert one(weekly(10), 0).left == -2


@pytest.mark.parametrize("authorized", [1, 2])
def test_small_authorizations_flag_at_the_first_visit_not_before(authorized: int) -> None:
    assert not one([], 0, authorized=authorized).renewal_due
    assert one([visit(3, "scheduled")], 0, authorized=authorized).renewal_due


def test_requested_and_authorized_stay_apart() -> None:
    view = one([], 0, requested=20, authorized=12)
    assert (view.requested, view.authorized, view.status) == (20, 12, "partly")
    pended = one([visit(1)], 2, requested=20, authorized=None, status="pended")
    assert (pended.status, pended.left, pended.used) == ("pended", None, 0)
    assert not one(weekly(8), 0, status="denied").renewal_due


@pytest.mark.parametrize("status", ["requested", "pended", "approved", "partly"])
def test_a_later_one_on_file_settles_the_renewal(status: str) -> None:
    later = auth(id="authorization-2", starts_on=on(301), ends_on=on(500), status=status)
    first = burn_down([auth(), later], weekly(7), on(0), RULES)[0]
    assert not first.renewal_due


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "denied"},
        {"status": "cancelled"},
        {"payer": "Other"},
        {"starts_on": on(-400), "ends_on": on(-50)},
    ],
)
def test_what_settles_no_renewal(fields: dict[str, Any]) -> None:
    later = auth(**{"id": "authorization-2", "starts_on": on(301), "ends_on": on(500), **fields})
    views = burn_down([auth(), later], weekly(7), on(0), RULES)
    assert next(v for v in views if v.authorization_id == "authorization-1").renewal_due


def test_visits_outside_the_period_or_procedure_take_nothing() -> None:
    visits = [
        visit(-1), visit(0), visit(300), visit(301), visit(5, cpt="90837"), visit(6, cpt="97110"),
    ]  # fmt: skip
    assert one(visits, 320, cpt=("97110",)).used == 3


def test_a_visit_that_names_an_authorization_takes_from_no_other() -> None:
    visits = [visit(1, authorization_number="A1"), visit(2, authorization_number="ZZ"), visit(3)]
    assert one(visits, 5, number="A1").used == 2


def test_overlapping_ones_of_a_payer_are_filled_in_order_each_visit_once() -> None:
    first = auth(authorized=2)
    second = auth(id="authorization-2", starts_on=on(7), authorized=2)
    other = auth(id="authorization-3", payer="Second payer")
    views = burn_down([second, first, other], weekly(5, attended=5), on(60), RULES)
    used = {view.authorization_id: (view.used, view.left) for view in views}
    assert used == {
        "authorization-1": (2, 0), "authorization-2": (3, -1), "authorization-3": (5, 3),
    }  # fmt: skip


def test_evaluations_are_left_out_where_the_payer_exempts_them() -> None:
    visits = [visit(0, visit_type="evaluation"), visit(1)]
    exempt = RULES.model_copy(update={"authorization_counts_evaluations": False})
    assert burn_down([auth()], visits, on(5), exempt)[0].used == 1
    assert burn_down([auth()], visits, on(5), RULES)[0].used == 2


def test_the_source_may_have_counted_more() -> None:
    view = one([visit(20), visit(27, "scheduled")], 21, used_reported=5)
    assert (view.used, view.booked, view.left) == (5, 1, 2)
    assert not view.renewal_due
    assert one([visit(20), visit(27, "scheduled")], 21, used_reported=6).renewal_due
    assert one(weekly(3, attended=3), 21, used_reported=1).used == 3


def test_minutes_are_counted_and_units_only_where_the_source_does() -> None:
    visits = [visit(1, minutes=60), visit(2, minutes=60), visit(9, "scheduled", minutes=60)]
    view = one(visits, 5, unit="minutes", authorized=240)
    assert (view.used, view.booked, view.left, view.unit) == (120, 60, 60, "minutes")
    assert view.renewal_reason == "180 of 240 minutes are used or booked by 11 Mar 2026"
    assert one([*visits, visit(10)], 20, unit="minutes", authorized=240).left is None
    assert one(visits, 5, unit="units", authorized=40).left is None
    assert one(visits[:2], 5, unit="units", authorized=40, used_reported=8).left == 32


def test_deleted_records_do_not_count() -> None:
    gone = visit(1).model_copy(update={"deleted": True})
    assert one([gone], 5).used == 0
    assert burn_down([auth().model_copy(update={"deleted": True})], [], on(0), RULES) == ()


statuses = st.sampled_from(["scheduled", "attended", "no_show", "late_cancel", "practice_cancel"])
visits_made = st.lists(
    st.tuples(st.integers(0, 120), statuses), max_size=25, unique_by=lambda pair: pair[0]
)


@settings(max_examples=60, deadline=None)
@given(visits_made, st.integers(0, 130), st.integers(1, 12), st.integers(1, 12))
def test_authorized_minus_used_minus_booked_is_left_at_every_date(
    made: list[tuple[int, str]], today: int, first: int, second: int
) -> None:
    visits = [visit(day, status) for day, status in made]
    authorizations = [
        auth(authorized=first, ends_on=on(60)),
        auth(id="authorization-2", authorized=second, starts_on=on(40), ends_on=on(110)),
    ]
    views = burn_down(authorizations, visits, on(today), RULES)
    for view in views:
        assert view.authorized is not None
        assert view.authorized - view.used - view.booked == view.left
        assert view.used >= 0 and view.booked >= 0
    taking = [v for v in visits if v.status in ("attended", "scheduled")]
    covered = [v for v in taking if v.starts_at.date() <= on(110)]
    assert sum(view.used + view.booked for view in views) == len(covered)
    assert views == burn_down(authorizations[::-1], visits[::-1], on(today), RULES)


@settings(max_examples=60, deadline=None)
@given(visits_made, st.integers(0, 130))
def test_cancelling_any_visit_gives_it_back(made: list[tuple[int, str]], today: int) -> None:
    visits = [visit(day, status) for day, status in made]
    before = one(visits, today)
    for place, taken in enumerate(visits):
        changed = [*visits]
        changed[place] = taken.model_copy(update={"status": "practice_cancel"})
        back = 1 if taken.status in ("attended", "scheduled") else 0
        assert one(changed, today).left == (before.left or 0) + back
