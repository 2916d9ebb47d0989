"""One person's course as facts, and the sums of them: each numerator lies in its denominator."""

from __future__ import annotations

import importlib.util
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from connector.outcomes.course import Period, course_of
from connector.outcomes.practice import PracticeOutcomes
from connector.outcomes.tally import PARTS, Tally
from connector.records import Authorization

QUARTER = Period(date(2026, 1, 1), date(2026, 3, 31))


def _load(name: str) -> ModuleType:
    if name not in sys.modules:
        path = Path(__file__).parents[1] / "documents" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


S, D = _load("progress_samples"), _load("director_samples")


def course(progress, period=QUARTER):
    return course_of(progress, period, S.instruments())


def of(*totals, **changes):
    return S.progress(S.series("phq9", totals, primary=True), **changes)


def test_a_course_with_a_real_and_clinical_change():
    found = course(of(*S.BETTER, decision="exceeds"))
    assert (found.instrument, found.baseline, found.follow_up) == ("phq9", Decimal(19), True)
    assert (found.change, found.clinical, found.recovered) == ("improved", True, True)
    # 19 to 9 is 52.6 percent, the first score to reach half; 8 weeks less one.
    assert found.response_days == 49
    assert (found.kept, found.missed) == (6, 2)
    assert found.began and found.active and found.repeated and not found.overdue


def test_worse_is_worse_and_one_score_is_not_rated():
    assert course(of(*S.WORSE)).change == "deteriorated"
    single = course(of(17))
    assert (single.follow_up, single.change, single.repeated) == (False, None, False)
    assert single.baseline == 17 and single.response_days is None


def test_a_repeat_is_asked_of_who_began_90_days_before_the_end():
    began = S.START
    at_90 = Period(began, began + timedelta(days=90))
    assert course(of(17), at_90).repeat_due
    assert not course(of(17), Period(began, began + timedelta(days=89))).repeat_due
    late = S.progress(S.series("phq9", (17, 12), primary=True, every=91))
    assert not course(late).repeated


def test_without_contact_in_the_period_there_is_no_course():
    assert course(of(17), Period(date(2025, 1, 1), date(2025, 3, 31))) is None
    chart = of(17).chart.model_copy(update={"episode": None})
    assert course(of(17).model_copy(update={"chart": chart})) is None


def authorization(**values):
    return Authorization(**S.owned("authorization", 9), payer="Example Health", **values)


@pytest.mark.parametrize(
    ("values", "answer", "days"),
    [
        ({"status": "approved", "requested": 8, "authorized": 8, "requested_on": date(2026, 1, 2),
          "decided_on": date(2026, 1, 12)}, "in_full", 10),
        ({"status": "approved", "requested": 20, "authorized": 12,
          "decided_on": date(2026, 2, 1)}, "partly", None),
        ({"status": "denied", "requested": 8, "starts_on": date(2026, 2, 1)}, "denied", None),
        ({"status": "approved", "requested": 8, "authorized": 0,
          "decided_on": date(2026, 2, 1)}, "denied", None),
        ({"status": "pended", "requested_on": date(2026, 3, 21)}, "waiting", 10),
        ({"status": "requested"}, "waiting", None),
        # days that contradict each other give no time
        ({"status": "approved", "requested_on": date(2026, 2, 3),
          "decided_on": date(2026, 2, 1)}, "in_full", None),
    ],
)  # fmt: skip
def test_what_payers_answered_and_how_long_it_took(values, answer, days):
    [found] = course(of(17, authorizations=(authorization(**values),))).approvals
    assert (found.answer, found.days) == (answer, days)


@pytest.mark.parametrize(
    "values",
    [
        {"status": "approved", "decided_on": date(2025, 12, 31), "starts_on": date(2026, 1, 1)},
        {"status": "approved"},
        {"status": "cancelled", "decided_on": date(2026, 2, 1)},
        {"status": "requested", "requested_on": date(2026, 4, 1)},
    ],
)
def test_what_was_decided_at_another_time_is_not_counted(values):
    assert course(of(17, authorizations=(authorization(**values),))).approvals == ()


def test_authorizations_that_end_soon_are_counted_by_month():
    assert course(of(17)).endings == ((2026, 6),)


def test_each_numerator_lies_in_its_denominator_and_the_groups_add_up():
    found = D.outcomes()
    tallies = [found.everybody, *found.disciplines.values(), *found.clinicians.values()]
    for tally in tallies:
        for name in PARTS:
            assert tally.share(name).part <= tally.share(name).whole, name
        decided = ("exceeds", "meets", "below", "too_early", "insufficient_data")
        assert sum(tally.counts[name] for name in decided) == tally.courses
        rated = sum(tally.counts[name] for name in ("improved", "unclear", "worse"))
        assert rated == tally.counts["rated"]
    for groups in (found.disciplines, found.instruments, found.clinicians):
        together = Tally()
        for tally in groups.values():
            together.join(tally)
        assert together == found.everybody


def test_sums_do_not_grow_with_people():
    once, often = PracticeOutcomes(), PracticeOutcomes()
    for _ in range(20):
        for one in D.courses():
            often.add(one)
    for one in D.courses():
        once.add(one)
    assert often.everybody.courses == 20 * once.everybody.courses
    assert len(often.everybody.response_days.counts) == len(once.everybody.response_days.counts)
    assert len(often.everybody.baselines) == len(once.everybody.baselines)
