"""Scoring of item answers: totals, blanks, encodings, faults, subscales."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from connector.measures import Instrument, Score, score

Instruments = dict[str, Instrument]
Answers = Sequence[int | str | None]


def _items(answers: Answers) -> list[Decimal | None]:
    return [None if answer is None else Decimal(answer) for answer in answers]


def _score(instrument: Instrument, answers: Answers, **more: str) -> Score:
    return score(instrument, items=_items(answers), encoding=more.get("encoding"))


def test_phq9_low_total_with_a_positive_safety_item(instruments: Instruments) -> None:
    result = _score(instruments["phq9"], [1, 1, 1, 1, 1, 0, 0, 0, 1])
    assert (result.status, result.total, result.band) == ("ok", 6, "mild")
    assert result.clinical is False
    assert result.flags == ("safety_item_positive:9",)


def test_phq9_with_three_blanks_has_no_total(instruments: Instruments) -> None:
    result = _score(instruments["phq9"], [3, 3, 3, 3, 3, None, None, None, 0])
    assert (result.status, result.error, result.n_answered) == ("incomplete", None, 6)
    assert result.total is None
    assert result.total_exact is None
    assert result.raw_sum is None
    assert result.band is None


def test_phq9_with_two_blanks_is_prorated_from_the_answered(instruments: Instruments) -> None:
    result = _score(instruments["phq9"], [2, 2, 2, 2, 1, None, None, 1, 0])
    assert (result.status, result.prorated, result.n_answered) == ("ok", True, 7)
    assert result.raw_sum == 10
    assert result.total == 13  # 10 x 9 / 7 = 12.857
    assert result.total_exact == Decimal("12.85714285714285714285714286")
    assert result.band == "moderate"


def test_a_prorated_total_is_judged_as_it_is_shown(instruments: Instruments) -> None:
    """29 x 20 / 19 is 30.53, shown as 31: at the cut-off. 4 x 9 / 8 is 4.5, shown as 5: mild."""
    trauma = _score(instruments["pcl5"], [2] * 14 + [1] + [0] * 4 + [None])
    assert trauma.total_exact is not None
    assert trauma.total_exact < 31
    assert (trauma.total, trauma.clinical) == (31, True)
    mood = _score(instruments["phq9"], [1, 1, 1, 1, 0, 0, 0, None, 0])
    assert (mood.total, mood.total_exact, mood.band) == (5, Decimal("4.5"), "mild")


def test_odi_with_one_blank(instruments: Instruments) -> None:
    result = _score(instruments["odi"], [2, 2, 2, 2, 2, 2, 2, 1, 1, None])
    assert (result.raw_sum, result.total, result.prorated) == (16, Decimal("35.6"), True)
    assert result.total_exact == Decimal("35.55555555555555555555555556")
    assert result.band == "moderate"


def test_odi_with_two_blanks_is_incomplete(instruments: Instruments) -> None:
    answers = [2, 2, 2, 2, 2, 2, 2, 1, None, None]
    assert _score(instruments["odi"], answers).status == "incomplete"


@pytest.mark.parametrize(
    ("name", "answers", "total", "raw_sum"),
    [
        ("lefs", [4] * 20, "80", 80),
        ("lefs", [4] * 10 + [1] * 10, "50", 50),
        ("who5", [3, 3, 3, 3, 0], "48", 12),
        ("ndi", [5] * 5 + [0] * 5, "50.0", 25),
        ("dash", [1] * 30, "0.0", 30),
        ("dash", [5] * 27 + [None] * 3, "100.0", 135),
        ("quickdash", [3] * 10 + [None], "50.0", 30),
        ("quickdash", [1] * 10 + [2], "2.3", 12),
        ("nprs", [7], "7", 7),
        ("pcl5", [1] * 16 + [None] * 4, "20", 16),
        ("isi", [4] * 7, "28", 28),
        ("phq2", [3, 0], "3", 3),
        ("gad2", [2, 2], "4", 4),
        ("core10", [0, 4, 4] + [0] * 7, "8", 8),
        ("koos_jr", [0] * 7, "100.000", 0),
        ("koos_jr", [1] * 7, "68.284", 7),
        ("koos_jr", [4] * 6 + [3], "8.291", 27),
        ("koos_jr", [4] * 7, "0.000", 28),
        ("hoos_jr", [1, 0, 0, 0, 0, 0], "92.340", 1),
        ("hoos_jr", [4] * 6, "0.000", 24),
        ("psfs", [7], "7.0", 7),
        ("psfs", [3, 4, 4], "3.7", 11),
        ("psfs", [1, 2, 3, 4, 5], "3.0", 15),
        ("whodas12", [4] * 12, "100.0", 48),
        ("whodas12", [1] * 11 + [None], "25.0", 11),
        ("tug", ["12.4"], "12.4", "12.4"),
        ("berg", [4] * 14, "56", 56),
    ],
)
def test_totals(
    name: str, answers: Answers, total: str, raw_sum: int | str, instruments: Instruments
) -> None:
    result = _score(instruments[name], answers)
    assert (result.status, str(result.total), result.raw_sum) == (
        "ok",
        total,
        Decimal(raw_sum),
    )


def test_one_blank_more_than_allowed_is_incomplete_everywhere(instruments: Instruments) -> None:
    for found in instruments.values():
        if found.items is None or found.totals_only or found.missing.rule != "prorate":
            continue
        if found.scoring.kind == "subscales_only" and not found.missing.whole_form:
            continue  # blanks are judged for each scale
        blanks = found.blanks_allowed + 1
        answers = [found.range_of(number).min for number in range(1, found.items + 1)]
        result = score(found, items=[None] * blanks + answers[blanks:])
        assert (result.status, result.total) == ("incomplete", None), found.id
        allowed = score(found, items=[None] * (blanks - 1) + answers[blanks - 1 :])
        assert allowed.status == "ok", found.id


@pytest.mark.parametrize(
    ("name", "encoding", "answers", "total"),
    [
        ("pss10", "raw", [0] * 10, 16),
        ("pss10", None, [0] * 10, 16),
        ("pss10", "weighted", [0] * 10, 0),
        ("dast10", "raw", [0] * 10, 1),
        ("dast10", "weighted", [0] * 10, 0),
        ("core10", None, [0, 4, 0, 0, 0, 0, 0, 0, 0, 0], 4),
        ("core10", "raw", [0, 4, 0, 0, 0, 0, 0, 0, 0, 0], 4),
        ("core10", "raw", [0, 4, 4, 0, 0, 0, 0, 0, 0, 0], 0),
        ("epds", None, [0] * 10, 0),
        ("epds", "raw", [0] * 10, 21),
        ("epds", "raw", [0, 0, 3, 0, 3, 3, 3, 3, 3, 3], 0),
        ("phq9", "raw", [1] * 9, 9),
        ("k10", "weighted", [1] * 10, 10),
        ("k10", "zero_based", [0] * 10, 10),
        ("k10", "zero_based", [4] * 10, 50),
        ("whodas12", "one_based", [1] * 12, 0),
        ("whodas12", "weighted", [1] * 12, 25),
        ("whodas12", "zero_based", [1] * 12, 25),
        ("k10", "one_based", [1] * 10, 10),
        ("phq9", "zero_based", [1] * 9, 9),
        ("audit", "zero_based", [1] * 8 + [2, 2], 12),
        ("quickdash", "one_based", [1] * 11, 0),
        ("psfs", "zero_based", [7, 8, 9], 8),
    ],
)
def test_encodings(
    name: str, encoding: str | None, answers: Answers, total: int, instruments: Instruments
) -> None:
    assert score(instruments[name], items=_items(answers), encoding=encoding).total == total


@pytest.mark.parametrize(
    ("name", "encoding", "count"),
    [
        ("phq9", "one_based", 9),
        ("quickdash", "zero_based", 11),
        ("k10", "two_based", 10),
        ("pss10", "zero_based", 10),  # says nothing of the items that are turned round
        ("vanderbilt_parent", "zero_based", 55),
    ],
)
def test_an_encoding_that_is_not_accepted_is_refused(
    name: str, encoding: str, count: int, instruments: Instruments
) -> None:
    result = _score(instruments[name], [1] * count, encoding=encoding)
    assert result.error == "unknown_encoding"


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([1] * 8, "wrong_item_count:8"),
        ([1] * 10, "wrong_item_count:10"),
        ([], "wrong_item_count:0"),
        ([1, 1, 4, 1, 1, 1, 1, 1, 1], "item_out_of_range:3"),
        ([-1, 1, 1, 1, 1, 1, 1, 1, 1], "item_out_of_range:1"),
        ([1, "1.5", 4, 1, 1, 1, 1, 1, 1], "item_not_integer:2"),
        ([1, 1, 1, 1, "NaN", 4, 1, 1, 1], "item_not_number:5"),
        ([1, 1, 1, 1, "Infinity", 1, 1, 1, 1], "item_not_number:5"),
        ([None, None, None, None, 5, 1, 1, 1, 1], "item_out_of_range:5"),
    ],
)
def test_item_faults_name_the_first_item(
    answers: Answers, error: str, instruments: Instruments
) -> None:
    result = _score(instruments["phq9"], answers)
    assert (result.status, result.error, result.total) == ("error", error, None)


@pytest.mark.parametrize(
    ("name", "total", "error"),
    [
        ("phq9", "28", "total_out_of_range"),
        ("phq9", "-1", "total_out_of_range"),
        ("phq9", "9.5", "total_not_integer"),
        ("phq9", "NaN", "total_not_number"),
        ("odi", "100.1", "total_out_of_range"),
        ("phq9", None, "total_required"),
        ("k10", "9", "total_out_of_range"),
        ("tug", "-1", "total_out_of_range"),
    ],
)
def test_total_faults(name: str, total: str | None, error: str, instruments: Instruments) -> None:
    given = None if total is None else Decimal(total)
    assert score(instruments[name], total=given).error == error


@pytest.mark.parametrize(("total", "shown"), [("35.55", "35.6"), ("35.6", "35.6"), ("40", "40.0")])
def test_a_total_alone(total: str, shown: str, instruments: Instruments) -> None:
    result = score(instruments["odi"], total=Decimal(total))
    assert (str(result.total), result.total_exact) == (shown, Decimal(total))
    assert (result.raw_sum, result.n_answered, result.prorated) == (None, None, False)


def test_a_stated_total_that_differs_from_the_items_is_flagged(instruments: Instruments) -> None:
    items = _items([1] * 7)
    assert score(instruments["gad7"], items=items, total=Decimal(7)).flags == ()
    differing = score(instruments["gad7"], items=items, total=Decimal(9))
    assert (differing.total, differing.flags) == (7, ("total_differs",))


@pytest.mark.parametrize(
    ("name", "below", "at"),
    [
        ("phq9", 9, 10),
        ("phq2", 2, 3),
        ("gad7", 9, 10),
        ("gad2", 2, 3),
        ("epds", 12, 13),
        ("core10", 10, 11),
        ("isi", 14, 15),
        ("pcl5", 30, 31),
        ("dast10", 2, 3),
        ("who5", 51, 50),
        ("berg", 45, 44),
        ("k10", 19, 20),
        ("bdi2", 13, 14),
        ("oq45", 63, 64),
        ("ybocs", 15, 16),
        ("psc17", 14, 15),
        ("scared", 24, 25),
    ],
)
def test_clinical_cutoffs(name: str, below: int, at: int, instruments: Instruments) -> None:
    found = instruments[name]
    assert score(found, total=Decimal(below)).clinical is False
    assert score(found, total=Decimal(at)).clinical is True


@pytest.mark.parametrize("name", ["pss10", "odi", "ndi", "lefs", "dash", "quickdash", "nprs"])
def test_no_cutoff_no_clinical_state(name: str, instruments: Instruments) -> None:
    assert score(instruments[name], total=Decimal(5)).clinical is None


def _pcl5(*positive: int) -> list[int | None]:
    return [2 if item in positive else 1 for item in range(1, 21)]


def test_pcl5_clusters(instruments: Instruments) -> None:
    answers = [1] * 5 + [2] * 2 + [3] * 7 + [4] * 6
    values = _score(instruments["pcl5"], answers).subscales
    assert values == {"B": 5, "C": 4, "D": 21, "E": 24, "dsm5_pattern_met": False}


@pytest.mark.parametrize(
    ("positive", "met"),
    [
        ((1, 6, 8, 9, 15, 16), True),
        ((5, 7, 13, 14, 19, 20), True),
        ((6, 8, 9, 15, 16), False),  # no B
        ((1, 8, 9, 15, 16), False),  # no C
        ((1, 6, 8, 15, 16), False),  # one D
        ((1, 6, 8, 9, 15), False),  # one E
    ],
)
def test_pcl5_pattern(positive: tuple[int, ...], met: bool, instruments: Instruments) -> None:
    result = _score(instruments["pcl5"], _pcl5(*positive))
    assert result.subscales["dsm5_pattern_met"] is met


def test_pcl5_pattern_with_blanks_is_unknown_only_where_it_matters(
    instruments: Instruments,
) -> None:
    met = _pcl5(1, 6, 8, 9, 15, 16)
    met[1] = None
    result = _score(instruments["pcl5"], met)
    assert result.subscales["dsm5_pattern_met"] is True
    assert result.subscales["B"] is None
    open_question = _pcl5(1, 6, 8, 15, 16)
    open_question[13] = None
    assert _score(instruments["pcl5"], open_question).subscales["dsm5_pattern_met"] is None
    out_of_reach = _pcl5(1, 6, 15, 16)
    out_of_reach[13] = None
    assert _score(instruments["pcl5"], out_of_reach).subscales["dsm5_pattern_met"] is False


def test_a_variable_form_takes_no_more_than_its_items(instruments: Instruments) -> None:
    assert _score(instruments["psfs"], [5] * 6).error == "wrong_item_count:6"
    assert _score(instruments["psfs"], []).error == "wrong_item_count:0"
    assert _score(instruments["psfs"], [5, None]).status == "incomplete"


def test_blanks_that_count_as_zero(instruments: Instruments) -> None:
    rmdq = _score(instruments["rmdq"], [1] * 5 + [None] * 19)
    assert (rmdq.total, rmdq.prorated, rmdq.n_answered) == (5, False, 5)
    assert rmdq.flags == ("blank_as_zero:19",)
    assert _score(instruments["psc17"], [1] * 14 + [None] * 3).total == 14
    assert _score(instruments["psc17"], [1] * 13 + [None] * 4).status == "incomplete"


def test_a_positive_subscale_is_flagged(instruments: Instruments) -> None:
    answers = [1 if item in (2, 6, 9, 11, 15) else 0 for item in range(1, 18)]
    result = _score(instruments["psc17"], answers)
    assert result.flags == ("subscale_positive:internalizing",)
    assert result.subscales == {"internalizing": 5, "attention": 0, "externalizing": 0}
    answers[1] = 0
    assert _score(instruments["psc17"], answers).flags == ()


def test_whodas_keeps_the_simple_sum_beside_the_percent(instruments: Instruments) -> None:
    assert _score(instruments["whodas12"], [2] * 12).subscales == {"sum_0_48": 24}


def test_ybocs_halves(instruments: Instruments) -> None:
    values = _score(instruments["ybocs"], [1] * 5 + [3] * 5).subscales
    assert values == {"obsessions": 5, "compulsions": 15}


def test_items_of_a_totals_only_instrument_are_not_scored(instruments: Instruments) -> None:
    result = _score(instruments["bdi2"], [0] * 8 + [1] + [0] * 12)
    assert (result.error, result.flags) == ("total_required", ("safety_item_positive:9",))
    assert score(instruments["bdi2"], total=Decimal(21)).flags == ("safety_unknown_total_only",)
    t_score = instruments["promis_depression"]
    assert _score(t_score, [3, 4, 2, 5]).error == _score(t_score, [58]).error == "total_required"
    assert str(score(t_score, total=Decimal("58.25")).total) == "58.3"
