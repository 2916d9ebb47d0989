"""Who is told, and who next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.alerting.chain import BEFORE_THE_VISIT_ENDS, next_step
from connector.alerting.plan import Alerting
from connector.alerting.texts import _DUE, due_words

NOW = datetime(2026, 11, 20, 22, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")


def told_in_order(alert: Any, alerting: Alerting, rounds: int, clinician: Any = ()) -> list[Any]:
    """The people of each level, and the minutes to the next."""
    told: set[str] = set()
    found: list[Any] = []
    for _ in range(rounds):
        step = next_step(alert, alerting, told, NOW, ZONE, clinician)
        if step is None:
            found.append(None)
            break
        told |= set(step.people)
        wait = None if step.again is None else (step.again - NOW) // timedelta(minutes=1)
        found.append((step.people, wait))
    return found


def test_a_page_goes_on_until_somebody_acknowledges(alerting: Alerting, an_alert: Any) -> None:
    everybody = ("dana", "kim", "lee", "omar")
    assert told_in_order(an_alert(), alerting, 6) == [
        (("dana",), 10), (("kim",), 10), (("lee",), 10), (("omar",), 10), (everybody, 30),
        (everybody, 30),
    ]  # fmt: skip


def test_urgent_ends_when_nobody_is_left(alerting: Alerting, an_alert: Any) -> None:
    """omar's channel takes no urgent ones, so he is left out."""
    found = told_in_order(an_alert(severity="urgent", rule="deterioration"), alerting, 6)
    assert found == [(("dana",), 120), (("kim",), 120), (("lee",), 120), None]


def test_what_can_wait_is_told_once_and_only_where_a_channel_takes_it(
    alerting: Alerting, an_alert: Any
) -> None:
    desk = an_alert(severity="action", rule="missed_visits", audience="front_desk")
    assert told_in_order(desk, alerting, 3) == [(("omar",), None), None]
    assert told_in_order(an_alert(severity="action"), alerting, 3) == [None]


def test_the_on_call_alert_begins_with_the_rota(alerting: Alerting, an_alert: Any) -> None:
    found = told_in_order(an_alert(audience="on_call"), alerting, 3)
    assert found == [(("kim",), 10), (("lee",), 10), (("omar",), 10)]


def test_a_gap_in_the_rota_goes_to_the_fallback(section: Any, an_alert: Any) -> None:
    section["rota"]["shifts"] = [{"who": "kim", "days": ["mon"], "start": "08:00", "end": "09:00"}]
    alerting = Alerting.model_validate(section)
    assert told_in_order(an_alert(audience="on_call"), alerting, 1) == [(("lee",), 10)]


@pytest.mark.parametrize(
    ("clinician", "first"),
    [({"K-01", "Dana Okafor"}, ("dana",)), ({"K-77"}, ("kim",)), (set(), ("kim",))],
)
def test_the_patients_own_therapist(
    section: Any, an_alert: Any, clinician: set[str], first: tuple[str, ...]
) -> None:
    """A person who states clinicians is told of their patients alone; else who is on call."""
    section["people"][0]["clinicians"] = ["k-01"]
    alerting = Alerting.model_validate(section)
    assert told_in_order(an_alert(), alerting, 1, clinician)[0][0] == first


def test_an_alert_about_a_channel_never_goes_through_it(section: Any, an_alert: Any) -> None:
    section["people"][2]["channels"].append({"name": "mail", "options": {"url": {"env": "Y"}}})
    alerting = Alerting.model_validate(section)
    about = an_alert(
        severity="urgent", rule="channel_failed", audience="data_owner", sources=("lee/phone",)
    )
    step = next_step(about, alerting, set(), NOW, ZONE)
    assert step is not None and step.channels == (("lee", "lee/mail"),)
    # Without a second channel the next person is first.
    section["people"][2]["channels"].pop()
    step = next_step(about, Alerting.model_validate(section), set(), NOW, ZONE)
    assert step is not None and step.people == ("kim",)


UNSEEN = ["safety_item_missing", "safety_unknown_total_only"]


@pytest.mark.parametrize("rule", UNSEEN)
def test_an_unseen_safety_item_is_told_once_though_no_channel_lists_action(
    alerting: Alerting, an_alert: Any, rule: str
) -> None:
    """The measures reference, section 4d: the therapist, before the visit ends."""
    alert = an_alert(severity="action", rule=rule)
    assert due_words(alert) == "before the visit ends"
    step = next_step(alert, alerting, set(), NOW, ZONE)
    assert step is not None and step.channels == (("dana", "dana/phone"),)
    assert step.again is None


def test_what_else_is_due_before_the_visit_ends_is_told_so_too() -> None:
    """The times in the texts and those who are told of them are two tables of one rule."""
    assert {rule for rule, due in _DUE.items() if due == "before the visit ends"} == set(
        BEFORE_THE_VISIT_ENDS
    )


def test_a_channel_for_what_is_to_do_comes_first(section: Any, an_alert: Any) -> None:
    section["people"][0]["channels"].append(
        {"name": "mail", "severities": ["action"], "options": {"url": {"env": "Y"}}}
    )
    alerting = Alerting.model_validate(section)
    step = next_step(an_alert(severity="action", rule=UNSEEN[0]), alerting, set(), NOW, ZONE)
    assert step is not None and step.channels == (("dana", "dana/mail"),)


def test_without_a_therapist_who_is_on_call_is_told_of_it(section: Any, an_alert: Any) -> None:
    section["people"][0]["audiences"] = []
    alerting = Alerting.model_validate(section)
    alert = an_alert(severity="action", rule=UNSEEN[0])
    assert told_in_order(alert, alerting, 1) == [(("kim",), None)]
    section["rota"]["shifts"] = [{"who": "kim", "days": ["mon"], "start": "08:00", "end": "09:00"}]
    alerting = Alerting.model_validate(section)
    assert told_in_order(alert, alerting, 1) == [(("lee",), None)]


def test_one_of_an_old_form_waits_in_the_list(alerting: Alerting, an_alert: Any) -> None:
    alert = an_alert(severity="notice", rule=UNSEEN[0])
    assert told_in_order(alert, alerting, 1) == [None]
