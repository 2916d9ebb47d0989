"""Care without an authorization: asked for when the visit before the last free one is booked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.authorizations import burn_down
from connector.authorizations.needs import need
from connector.authorizations.payers import Advice
from connector.progress import AuthorizationNeed, RuleSet
from connector.records import Authorization, Provenance, Visit

START = date(2026, 3, 2)
WANTED = Advice(
    payer="Harbor", verdict="needed", from_visit=9,
    reason="the payer needs one from visit 9 on",
)  # fmt: skip
BASE: dict[str, Any] = {
    "version": datetime(2026, 1, 1, tzinfo=UTC), "patient_id": "p",
    "provenance": Provenance(
        source="ehr", origin="f", source_id="1", mapping="m", mapping_version="1"
    ),
}  # fmt: skip


def visit(day: int, status: str = "scheduled", **fields: Any) -> Visit:
    starts = datetime(2026, 3, 2, 15, tzinfo=UTC) + timedelta(days=day)
    return Visit(**BASE, id=f"visit-{day:04d}", starts_at=starts, status=status, **fields)  # type: ignore[arg-type]


def asked(
    visits: list[Visit], advice: Advice = WANTED, own: tuple[Authorization, ...] = ()
) -> AuthorizationNeed | None:
    return need(advice, "coverage-1", own, visits, START, flag_remaining=1, count_evaluations=True)


def weekly(count: int) -> list[Visit]:
    return [visit(7 * n) for n in range(count)]


@pytest.mark.parametrize(("booked", "due"), [(6, None), (7, 42), (8, 42), (12, 42)])
def test_the_seventh_of_eight_free_visits_asks_once_for_a_series(
    booked: int, due: int | None
) -> None:
    found = asked(weekly(booked))
    assert found is not None
    assert found.due_on == (None if due is None else START + timedelta(days=due))


def test_a_cancellation_renumbers_those_after_it() -> None:
    visits = weekly(8)
    visits[2] = visit(14, "client_cancel")
    found = asked(visits)
    assert found is not None and found.due_on == START + timedelta(days=49)


def test_evaluations_do_not_count_where_the_payer_says_so() -> None:
    visits = [visit(0, "attended", visit_type="evaluation"), *weekly(8)[1:7]]
    exempt = WANTED.model_copy(update={"counts_evaluations": False})
    counted, free = asked(visits), asked(visits, exempt)
    assert counted is not None and counted.due_on is not None
    assert free is not None and free.due_on is None


@pytest.mark.parametrize("status", ["requested", "pended", "approved", "partly", "appeal"])
def test_what_was_asked_for_already_is_not_asked_for_again(status: str) -> None:
    own = Authorization(**BASE, id="a", payer="Harbor", status=status)  # type: ignore[arg-type]
    assert asked(weekly(8), own=(own,)) is None


def test_a_denied_or_cancelled_request_leaves_the_need() -> None:
    own = Authorization(**BASE, id="a", payer="Harbor", status="denied")
    found = asked(weekly(8), own=(own,))
    assert found is not None and found.due_on is not None


def test_an_unknown_payer_is_check_and_drafts_nothing() -> None:
    found = asked(weekly(30), Advice(payer="Other", reason="no file describes this payer"))
    assert found is not None and found.verdict == "check" and found.due_on is None
    assert asked(weekly(30), Advice(payer="Other", verdict="not_needed")) is None


STATUSES = st.lists(
    st.sampled_from(["attended", "scheduled", "no_show", "client_cancel", "late_cancel"]),
    max_size=20,
)


@settings(max_examples=100, deadline=None)
@given(STATUSES, st.integers(1, 12))
def test_it_is_due_on_the_day_of_the_visit_before_the_last_free_one(
    statuses: list[str], first: int
) -> None:
    visits = [visit(3 * n, status) for n, status in enumerate(statuses)]
    found = asked(visits[::-1], WANTED.model_copy(update={"from_visit": first}))
    taking = [v.starts_at.date() for v in visits if v.status in ("attended", "scheduled")]
    place = max(first - 2, 1)
    assert found is not None
    assert found.due_on == (taking[place - 1] if len(taking) >= place else None)


@settings(max_examples=60, deadline=None)
@given(STATUSES, st.integers(0, 40), st.integers(0, 60), st.booleans())
def test_a_payer_s_own_numbers_take_the_practice_s_place(
    statuses: list[str], today: int, lead: int, counts: bool
) -> None:
    """The same views as with rules of these numbers, at every date."""
    own = Authorization(
        **BASE, id="a", payer="Harbor", authorized=8, starts_on=START,
        ends_on=START + timedelta(days=50),
    )  # fmt: skip
    visits = [
        visit(3 * n, status, visit_type="evaluation" if n % 4 == 0 else "treatment")
        for n, status in enumerate(statuses)
    ]
    numbers = RuleSet(authorization_lead_days=lead, authorization_counts_evaluations=counts)
    day = START + timedelta(days=today)
    by_payer = burn_down([own], visits, day, RuleSet(), lambda _: numbers)
    assert by_payer == burn_down([own], visits, day, numbers)
    (view,) = by_payer
    assert view.left == 8 - view.used - view.booked
