"""Instruments with rules of their own: alcohol, risk, scales without a total, alliance, teens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from connector.measures import Instrument, Score, safety_flags, score

Instruments = dict[str, Instrument]
Answers = Sequence[int | str | None]
N = None


def _score(
    instrument: Instrument, answers: Answers, context: Mapping[str, Any] | None = None
) -> Score:
    items = [None if answer is None else Decimal(answer) for answer in answers]
    return score(instrument, items=items, context=context)


@pytest.mark.parametrize(
    ("answers", "status", "total", "answered"),
    [
        ([4] * 10, "ok", 40, 10),
        ([0, *[N] * 7, 2, 0], "ok", 2, 3),
        ([1, 0, 0, *[N] * 5, 0, 4], "ok", 5, 5),
        ([1, 0, 1, *[N] * 5, 0, 4], "incomplete", N, 5),
        ([1, N, N, *[N] * 5, 0, 4], "incomplete", N, 3),
        ([0, *[N] * 8, 0], "incomplete", N, 2),
    ],
)
def test_audit_lets_people_skip(
    answers: Answers, status: str, total: int | None, answered: int, instruments: Instruments
) -> None:
    result = _score(instruments["audit"], answers)
    assert (result.status, result.total, result.n_answered) == (status, total, answered)
    assert result.prorated is False


def test_audit_parts(instruments: Instruments) -> None:
    result = _score(instruments["audit"], [4, 3, 2, 1, 0, 1, 2, 1, 2, 4])
    assert result.subscales == {"consumption": 9, "dependence": 2, "problems": 9}
    assert (result.total, result.band, result.clinical) == (20, "possible_dependence", True)


@pytest.mark.parametrize("item", [9, 10])
def test_audit_items_9_and_10_take_0_2_and_4(item: int, instruments: Instruments) -> None:
    for answer in (1, 3):
        answers: list[int | None] = [0] * 10
        answers[item - 1] = answer
        assert _score(instruments["audit"], answers).error == f"item_out_of_range:{item}"


@pytest.mark.parametrize(
    ("answers", "sex", "positive"),
    [
        ([1, 1, 1], "male", False),
        ([1, 1, 2], "male", True),
        ([1, 1, 1], "Male", False),
        ([1, 1, 1], "M", False),
        ([1, 1, 1], "F", True),
        ([1, 1, 1], "female", True),
        ([1, 1, 1], "unknown", True),
        ([1, 1, 1], None, True),
        ([0, 1, 1], None, False),
        ([3, 0, 0], None, True),
    ],
)
def test_auditc_by_sex(
    answers: Answers, sex: str | None, positive: bool, instruments: Instruments
) -> None:
    result = _score(instruments["auditc"], answers, {"sex": sex} if sex else None)
    assert result.flags == (("screen_positive:auditc",) if positive else ())
    assert result.clinical is None


@pytest.mark.parametrize(
    ("yes", "context", "positive"),
    [
        (7, {"same_time": True, "problem": 2}, True),
        (13, {"same_time": "yes", "problem": "3"}, True),
        (6, {"same_time": True, "problem": 3}, False),
        (7, {"same_time": False, "problem": 3}, False),
        (7, {"same_time": True, "problem": 1}, False),
        (7, {"same_time": True}, False),
        (7, {"same_time": True, "problem": 4}, False),  # there is no such answer
        (7, {"same_time": True, "problem": True}, False),
        (7, {}, False),
    ],
)
def test_mdq_needs_both_further_answers(
    yes: int, context: dict[str, Any], positive: bool, instruments: Instruments
) -> None:
    result = _score(instruments["mdq"], [1] * yes + [0] * (13 - yes), context)
    assert (result.status, result.total) == ("ok", yes)
    assert result.flags == (("screen_positive:mdq",) if positive else ())


def test_wsas_without_work(instruments: Instruments) -> None:
    apart = _score(instruments["wsas"], [N, 4, 4, 4, 3], {"work_not_applicable": True})
    assert (apart.total, apart.total_exact, apart.raw_sum) == (19, Decimal("18.75"), 15)
    assert (apart.prorated, apart.n_answered) == (True, 4)
    assert apart.flags == ("work_not_applicable",)
    # What a system fills in where work does not apply is no answer.
    assert _score(instruments["wsas"], [0, 4, 4, 4, 3], {"work_not_applicable": True}) == apart


@pytest.mark.parametrize(
    ("answers", "context"),
    [
        ([N, 4, 4, 4, 3], {}),
        ([N, 4, 4, 4, 3], {"work_not_applicable": False}),
        ([N, N, 4, 4, 3], {"work_not_applicable": True}),
        ([4, N, 4, 4, 3], {"work_not_applicable": True}),
    ],
)
def test_wsas_needs_everything_else(
    answers: Answers, context: dict[str, Any], instruments: Instruments
) -> None:
    result = _score(instruments["wsas"], answers, context)
    assert (result.status, result.total, result.flags) == ("incomplete", None, ())


def test_dass21_scales_are_doubled_and_have_bands(instruments: Instruments) -> None:
    ones = _score(instruments["dass21"], [1] * 21)
    assert ones.subscales == {
        "depression": 14,
        "depression_band": "moderate",
        "anxiety": 14,
        "anxiety_band": "moderate",
        "stress": 14,
        "stress_band": "normal",
    }
    assert (ones.status, ones.total, ones.raw_sum, ones.prorated) == ("ok", None, None, False)


@pytest.mark.parametrize(
    ("scale", "items", "lasts"),
    [
        ("depression", (3, 5, 10, 13, 16, 17, 21), (9, 13, 20, 27)),
        ("anxiety", (2, 4, 7, 9, 15, 19, 20), (7, 9, 14, 19)),
        ("stress", (1, 6, 8, 11, 12, 14, 18), (14, 18, 25, 33)),
    ],
)
def test_dass21_band_ends(
    scale: str, items: tuple[int, ...], lasts: tuple[int, ...], instruments: Instruments
) -> None:
    bands = ("normal", "mild", "moderate", "severe", "extremely_severe")
    for points in range(22):
        spread = [min(3, max(0, points - 3 * place)) for place in range(7)]
        given = dict(zip(items, spread, strict=True))
        answers = [given.get(number, 0) for number in range(1, 22)]
        values = _score(instruments["dass21"], answers).subscales
        assert values[scale] == 2 * points
        expected = bands[sum(2 * points > last for last in lasts)]
        assert values[f"{scale}_band"] == expected, (scale, points)


def test_dass21_prorates_one_blank_of_each_scale(instruments: Instruments) -> None:
    answers: list[int | None] = [1] * 21
    answers[2], answers[4] = None, 2  # items 3 and 5 are depression: 7 of 6 answered
    one = _score(instruments["dass21"], answers)
    assert one.subscales["depression"] == 16  # 7 x 7 / 6 = 8.17, doubled 16.33
    assert (one.prorated, one.n_answered) == (True, 20)
    answers[9] = None
    two = _score(instruments["dass21"], answers)
    assert (two.status, two.subscales["depression"], two.subscales["depression_band"]) == (
        "ok",
        None,
        None,
    )
    assert two.subscales["anxiety"] == 14


def _bam(use: int, risk: int, protective: int) -> list[int | None]:
    parts = {**dict.fromkeys((4, 5, 6), use), **dict.fromkeys((1, 2, 3, 8, 11, 15), risk)}
    parts |= dict.fromkeys((9, 10, 12, 13, 14, 16), protective)
    return [parts.get(number, 4) for number in range(1, 18)]


@pytest.mark.parametrize(
    ("parts", "values", "flags"),
    [
        ((0, 1, 3), (0, 6, 18), ()),
        ((1, 1, 3), (3, 6, 18), ("any_use",)),
        ((0, 2, 3), (0, 12, 18), ("risk_high",)),
        ((0, 1, 2), (0, 6, 12), ("protection_low",)),
        ((4, 4, 0), (12, 24, 0), ("any_use", "risk_high", "protection_low")),
    ],
)
def test_bam(
    parts: tuple[int, int, int],
    values: tuple[int, int, int],
    flags: tuple[str, ...],
    instruments: Instruments,
) -> None:
    result = _score(instruments["bam"], _bam(*parts))
    assert tuple(result.subscales.values()) == values
    assert (result.total, result.flags) == (None, flags)


def test_bam_has_no_score_for_a_scale_with_a_blank(instruments: Instruments) -> None:
    answers = _bam(0, 2, 3)
    answers[0] = None
    result = _score(instruments["bam"], answers)
    assert result.subscales == {"use": 0, "risk": None, "protective": 18}
    assert result.flags == ()


def _vanderbilt(symptoms: Sequence[int], performance: int = 3) -> list[int | None]:
    scored = [2 if number in symptoms else 1 for number in range(1, 48)]
    return [*scored, *[3] * 7, performance]


@pytest.mark.parametrize(
    ("group", "first", "count"),
    [
        ("inattentive", 1, 6),
        ("hyperactive", 10, 6),
        ("oppositional", 19, 4),
        ("conduct", 27, 3),
        ("anxiety_depression", 41, 3),
    ],
)
def test_vanderbilt_counts_and_impairment(
    group: str, first: int, count: int, instruments: Instruments
) -> None:
    reached = range(first, first + count)
    found = instruments["vanderbilt_parent"]
    positive = _score(found, _vanderbilt(reached, performance=4))
    assert positive.subscales[group] == count
    assert positive.subscales["performance_impaired"] is True
    assert positive.flags == (f"subscale_positive:{group}",)
    unimpaired = _score(found, _vanderbilt(reached, performance=3))
    assert unimpaired.subscales["performance_impaired"] is False
    assert (unimpaired.subscales[group], unimpaired.flags) == (count, ())
    assert _score(found, _vanderbilt(reached[1:], performance=5)).flags == ()


def test_vanderbilt_with_a_blank_is_incomplete_and_says_what_it_knows(
    instruments: Instruments,
) -> None:
    answers = _vanderbilt(range(10, 16), performance=5)
    answers[0] = None
    result = _score(instruments["vanderbilt_parent"], answers)
    assert (result.status, result.subscales["inattentive"]) == ("incomplete", None)
    assert (result.subscales["hyperactive"], result.n_answered) == (6, 54)
    answers[54] = None
    assert _score(instruments["vanderbilt_parent"], answers).subscales[
        "performance_impaired"
    ] is None  # fmt: skip


def test_vanderbilt_performance_items_start_at_1(instruments: Instruments) -> None:
    found = instruments["vanderbilt_parent"]
    assert _score(found, _vanderbilt((), performance=0)).error == "item_out_of_range:55"
    assert _score(found, [4, *[0] * 46, *[3] * 8]).error == "item_out_of_range:1"


def test_koos_scales(instruments: Instruments) -> None:
    answers = [0] * 7 + [1] * 9 + [2] * 17 + [3] * 5 + [4] * 4
    result = _score(instruments["koos"], answers)
    assert result.subscales == {"symptoms": 100, "pain": 75, "adl": 50, "sport": 25, "qol": 0}
    assert (result.status, result.total) == ("ok", None)


@pytest.mark.parametrize(
    ("scale", "first", "size", "most_blank"),
    [
        ("symptoms", 1, 7, 3),
        ("pain", 8, 9, 4),
        ("adl", 17, 17, 8),
        ("sport", 34, 5, 2),
        ("qol", 39, 4, 2),
    ],
)
def test_koos_needs_half_of_a_scale(
    scale: str, first: int, size: int, most_blank: int, instruments: Instruments
) -> None:
    answers: list[int | None] = [1] * 42
    answers[first - 1 : first - 1 + most_blank] = [None] * most_blank
    half = _score(instruments["koos"], answers)
    assert (half.subscales[scale], half.prorated) == (75, True)
    answers[first - 1 + most_blank] = None
    less = _score(instruments["koos"], answers)
    assert less.subscales[scale] is None
    assert all(value == 75 for name, value in less.subscales.items() if name != scale)
    assert 2 * (size - most_blank) >= size > 2 * (size - most_blank - 1)


def test_koos_rounds_to_one_decimal(instruments: Instruments) -> None:
    answers = [1, *[0] * 41]
    assert str(_score(instruments["koos"], answers).subscales["symptoms"]) == "96.4"


def test_rcads25_has_two_scales_and_no_t_scores(instruments: Instruments) -> None:
    depression = {1, 4, 8, 10, 13, 15, 16, 19, 21, 24}
    answers = [3 if number in depression else 1 for number in range(1, 26)]
    result = _score(instruments["rcads25"], answers)
    assert (result.total, result.subscales) == (45, {"anxiety": 15, "depression": 30})
    assert (result.band, result.clinical) == (None, None)
    assert _score(instruments["rcads25"], [*answers[:-1], None]).status == "incomplete"


def test_ors_is_clinical_below_25(instruments: Instruments) -> None:
    below = _score(instruments["ors"], ["6.2", "6.2", "6.2", "6.3"])
    assert (str(below.total), below.clinical) == ("24.9", True)
    at = _score(instruments["ors"], ["6.2", "6.2", "6.3", "6.3"])
    assert (str(at.total), at.clinical) == ("25.0", False)


@pytest.mark.parametrize(
    ("answers", "flags"),
    [
        ([9, 9, 9, 9], ()),
        ([10, 10, 10, "8.9"], ("alliance_item_below_9",)),
        ([0, 0, 0, 0], ("alliance_item_below_9",)),
    ],
)
def test_srs_tells_of_an_item_below_9(
    answers: Answers, flags: tuple[str, ...], instruments: Instruments
) -> None:
    assert _score(instruments["srs"], answers).flags == flags


@pytest.mark.parametrize(
    ("context", "flags"),
    [
        ({}, ()),
        ({"past_month_serious_thoughts": False, "lifetime_attempt": False}, ()),
        ({"past_month_serious_thoughts": True}, ("safety_supplement:past_month_thoughts",)),
        ({"lifetime_attempt": "yes"}, ("safety_supplement:lifetime_attempt",)),
        (
            {"past_month_serious_thoughts": 1, "lifetime_attempt": True},
            ("safety_supplement:past_month_thoughts", "safety_supplement:lifetime_attempt"),
        ),
    ],
)
def test_phqa_supplement(
    context: dict[str, Any], flags: tuple[str, ...], instruments: Instruments
) -> None:
    found = instruments["phqa"]
    assert _score(found, [1] * 8 + [0], context).flags == flags
    assert _score(found, [9] * 8 + [0], context).flags == flags  # out of range
    assert _score(found, [N] * 8 + [0], context).flags == flags  # incomplete
    alone = score(found, total=Decimal(12), context=context)
    assert alone.flags == ("safety_unknown_total_only", *flags)


def test_phqa_is_scored_as_the_phq9(instruments: Instruments) -> None:
    result = _score(instruments["phqa"], [2, 2, 2, 2, 1, N, N, 1, 1])
    assert (result.total, result.prorated, result.band) == (14, True, "moderate")
    assert result.flags == ("safety_item_positive:9",)


def test_forms_without_a_total_refuse_one(instruments: Instruments) -> None:
    for found in instruments.values():
        if not found.has_total:
            result = score(found, total=Decimal(5))
            assert (result.status, result.error) == ("error", "items_required")
    assert safety_flags(instruments["cssrs_screener"], total=Decimal(0)) == (
        "safety_unknown_total_only",
    )
