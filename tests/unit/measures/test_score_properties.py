"""What holds for every instrument and every form."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from connector.measures import Instrument, score
from connector.measures.exact import as_decimal, round_half_away

Instruments = dict[str, Instrument]


@given(data=st.data())
def test_a_valid_form_scores_inside_the_scale(
    data: st.DataObject, instruments: Instruments
) -> None:
    found = instruments[data.draw(st.sampled_from(sorted(instruments)))]
    assume(found.items is not None and not found.totals_only and found.has_total)
    assert found.items is not None
    items: list[Decimal | None] = data.draw(st.tuples(*_answers(found)).map(list))
    for _ in range(data.draw(st.integers(0, found.blanks_allowed))):
        items[data.draw(st.integers(0, found.items - 1))] = None
    encoding = data.draw(st.sampled_from(["weighted", "raw", None]))
    result = score(found, items=items, encoding=encoding)
    assert result.status == "ok"
    assert result.total is not None
    assert found.score_min is not None
    assert result.total >= found.score_min
    assert found.score_max is None or result.total <= found.score_max
    assert (result.band is None) is (not found.bands)
    assert result.prorated is (None in items and found.missing.rule == "prorate")
    assert abs(result.total - (result.total_exact or 0)) <= Decimal(1).scaleb(-found.decimals) / 2
    if None not in items:
        alone = score(found, total=result.total)
        assert (alone.total, alone.band, alone.clinical) == (
            result.total,
            result.band,
            result.clinical,
        )


@given(answers=st.lists(st.one_of(st.none(), st.decimals()), max_size=25), data=st.data())
def test_no_form_is_too_bad_to_be_judged(
    answers: list[Decimal | None], data: st.DataObject, instruments: Instruments
) -> None:
    found = instruments[data.draw(st.sampled_from(sorted(instruments)))]
    result = score(found, items=answers)
    assert (result.status == "error") is (result.error is not None)
    if found.has_total:
        assert (result.total is None) is (result.status != "ok")
    else:
        assert result.total is None


def _answers(found: Instrument) -> list[st.SearchStrategy[Decimal]]:
    """A valid answer to each item, as a strategy."""
    ranges = [found.range_of(number) for number in range(1, (found.items or 0) + 1)]
    return [
        st.sampled_from(span.values)
        if span.values
        else st.integers(int(span.min), 999 if span.max is None else int(span.max)).map(Decimal)
        for span in ranges
    ]


@given(st.fractions(max_denominator=999), st.integers(0, 3))
def test_rounding_is_to_the_nearest_and_half_goes_away_from_zero(
    value: Fraction, decimals: int
) -> None:
    rounded = round_half_away(value, decimals)
    step = Fraction(1, 10**decimals)
    assert Fraction(rounded) % step == 0
    assert abs(Fraction(rounded) - value) <= step / 2
    if abs(Fraction(rounded) - value) == step / 2:
        assert abs(Fraction(rounded)) > abs(value)
    assert Fraction(round_half_away(-value, decimals)) == -Fraction(rounded)


def test_rounding_examples() -> None:
    cases = {"0.5": "1", "1.5": "2", "2.5": "3", "-0.5": "-1", "-0.4": "0", "0.49": "0"}
    assert {given: str(round_half_away(Decimal(given), 0)) for given in cases} == cases
    assert str(round_half_away(Fraction(1600, 45), 1)) == "35.6"
    assert str(round_half_away(Decimal("35.25"), 1)) == "35.3"


def test_a_terminating_fraction_is_exact() -> None:
    assert as_decimal(Fraction(71, 2)) == Decimal("35.5")
    assert str(as_decimal(Fraction(90))) == "90"
