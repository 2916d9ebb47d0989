"""What may be said of a change: never improvement inside measurement error."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.documents import narrative, wording


def said(samples, instrument, totals):
    series = samples.series(instrument, totals, primary=True)
    return narrative.headline(series, samples.instruments()[instrument])["text"]


def test_reliable_improvement_is_called_better(samples):
    text = said(samples, "phq9", (19, 9))
    assert text == "PHQ-9 (depression) is better, beyond measurement error: it went from 19 to 9."


def test_higher_is_better_scales_improve_upwards(samples):
    assert "is better, beyond measurement error" in said(samples, "lefs", (32, 51))
    assert "is worse, beyond measurement error" in said(samples, "lefs", (51, 32))


def test_one_point_short_of_reliable_change_is_not_improvement(samples):
    assert "is better" in said(samples, "phq9", (15, 9))
    text = said(samples, "phq9", (15, 10))
    assert text == (
        "PHQ-9 (depression) has not clearly changed: 15 to 10, within measurement error."
    )


def test_worse_is_said_plainly(samples):
    assert "is worse, beyond measurement error" in said(samples, "phq9", (9, 19))


def test_one_score_states_no_change(samples):
    assert "no change can be stated yet" in said(samples, "phq9", (17,))


def test_without_a_threshold_the_change_is_not_judged(samples):
    series = samples.series("pss10", (30, 10), primary=True)
    known = samples.instruments()["pss10"]
    assert narrative.state(series) == "unknown"
    assert "No threshold for real change is known" in narrative.headline(series, known)["text"]
    assert "not rated" in narrative.change_words(series)


@settings(max_examples=60, deadline=None)
@given(first=st.integers(0, 27), last=st.integers(0, 27))
def test_improvement_words_need_six_points(samples, first, last):
    series = samples.series("phq9", (first, last), primary=True)
    known = samples.instruments()["phq9"]
    headline = narrative.headline(series, known)["text"]
    payer = " ".join(s["text"] for s in narrative.payer_sentences(series, known))
    assert ("is better" in headline) == (first - last >= 6)
    assert ("This is an improvement" in payer) == (first - last >= 6)
    assert ("is worse" in headline) == (last - first >= 6)
    assert ("not counted as improvement" in payer) == (abs(first - last) < 6)


def test_each_sentence_carries_a_rule_and_its_records(samples):
    series = samples.series("phq9", (19, 9), primary=True)
    known = samples.instruments()["phq9"]
    for row in [narrative.headline(series, known), *narrative.payer_sentences(series, known)]:
        assert row["rule"] and row["sources"] == ["assessment-phq9-0000", "assessment-phq9-0001"]


def test_no_meaning_in_a_dash(samples):
    known = samples.instruments()["phq9"]
    text = " ".join(
        s["text"] for s in narrative.payer_sentences(samples.series("phq9", (9, 19)), known)
    )
    assert "range 0 to 27" in text and "10 higher" in text
    assert " -" not in text and "\u2212" not in text and "\u2013" not in text


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("short", 10, "short"),
        ("a longer text here", 12, "a longer..."),
        ("x" * 30, 10, "x" * 7 + "..."),
    ],
)
def test_clipped_text_keeps_its_limit(text, limit, cut):
    assert wording.clipped(text, limit) == cut
    assert len(wording.clipped(text, limit)) <= limit


@given(st.decimals(-999, 999, places=2))
def test_numbers_have_no_exponent_and_no_trailing_zero(value):
    text = wording.number(value)
    assert "E" not in text and float(text) == float(value)
    assert "." not in text or not text.endswith("0")


def test_the_smallest_important_change_is_not_called_measurement_error(samples):
    known = samples.instruments()["quickdash"]
    for totals, words in (
        ((60, 40), "is better, by the smallest important change or more"),
        ((60, 55), "60 to 55, less than the smallest important change"),
    ):
        series = samples.series("quickdash", totals, primary=True)
        payer = " ".join(s["text"] for s in narrative.payer_sentences(series, known))
        assert words in narrative.headline(series, known)["text"]
        assert "measurement error" not in narrative.headline(series, known)["text"] + payer
