"""The expected curve is exact: a percent improvement that just reaches it does reach it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from connector.measures import reaches_percent
from connector.pipeline.baseline import expected_percent
from connector.progress import RuleSet


@pytest.mark.parametrize("days", range(100))
def test_thirds_and_sevenths_are_not_rounded(days: int) -> None:
    week = Fraction(days, 7)
    wanted = min(5 * week if week <= 4 else 20 + Fraction(15, 4) * (week - 4), Fraction(50))
    assert expected_percent(RuleSet().curve, days) == wanted


def test_weeks_between_whole_days() -> None:
    assert expected_percent(RuleSet().curve, Fraction(63, 2)) == Fraction("21.875")


def test_one_seventh_at_day_20_is_on_the_curve(stated: Any) -> None:
    """100/7 percent is expected after 20 days, and going from 7 to 6 on a scale from 0 is that."""
    stated.score("nprs", 0, 7)
    stated.score("nprs", 20, 6)
    assert stated.decided(60) == ("meets", "R7")


def test_whether_a_percent_is_reached_is_asked_without_rounding(stated: Any) -> None:
    phq9, promis = stated.instruments["phq9"], stated.instruments["promis_depression"]
    assert reaches_percent(phq9, 15, 10, Fraction(100, 3))
    assert not reaches_percent(phq9, 15, 10, Fraction(100, 3) + Fraction(1, 10**30))
    assert reaches_percent(stated.instruments["lefs"], 20, 50, Fraction(50))
    assert not reaches_percent(promis, 70, 50, Fraction(0))
    assert not reaches_percent(phq9, 0, 0, Fraction(0))
