"""Charts: whole scale, true time, direction, gaps, labels last, golden pictures."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.documents.charts import line_data, missed_days
from connector.documents.compose import _environment
from connector.documents.drawing import line_chart
from connector.documents.marks import INSURER, STYLES, THERAPIST, Dot, Label, Line
from connector.documents.number_line import number_line

GOLDEN = Path(__file__).parent / "golden"


def data_of(samples, instrument, totals, **options):
    series = samples.series(instrument, totals, primary=True, **options)
    return line_data(series, samples.instruments()[instrument])


def svg(resources, drawing) -> str:
    template = _environment(resources).from_string(
        '{% import "_shared/chart.svg.j2" as chart %}{{ chart.svg(d) }}'
    )
    return template.render(d=drawing)


@pytest.mark.parametrize(
    ("name", "instrument", "totals", "style"),
    [
        ("phq9_better", "phq9", (19, 20, 18, 17, 14, 12, 11, 9), "therapist"),
        ("lefs_higher_is_better", "lefs", (32, 35, 41, 51), "therapist_second"),
        ("gad7_payer", "gad7", (15, 14, 12), "insurer"),
        ("odi_worse", "odi", (22.2, 30, 44.4), "insurer"),
    ],
)
def test_drawing_equals_the_golden_picture(samples, resources, name, instrument, totals, style):
    drawn = svg(resources, line_chart(data_of(samples, instrument, totals), STYLES[style]))
    path = GOLDEN / f"{name}.svg"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(drawn + "\n", encoding="utf-8")
    assert drawn + "\n" == path.read_text(encoding="utf-8")


def test_the_title_is_a_full_sentence_with_the_direction(samples):
    data = data_of(samples, "phq9", (19, 14, 9))
    assert data["title"] == (
        "PHQ-9 fell from 19 to 9 between 14 Jan 2026 and 28 Jan 2026; lower is better."
    )
    assert "higher is better" in data_of(samples, "lefs", (32, 40, 51))["title"]


def test_a_higher_score_is_always_drawn_higher(samples):
    for instrument in ("phq9", "lefs"):
        drawing = line_chart(data_of(samples, instrument, (5, 10, 20)), THERAPIST)
        dots = [m for m in drawing.marks if isinstance(m, Dot)]
        assert dots[0].y > dots[1].y > dots[2].y


def test_the_scale_is_the_whole_scale_of_the_measure(samples):
    data = data_of(samples, "phq9", (9, 10, 11))
    assert (data["low"], data["high"]) == (0, 27)


def test_the_arrow_points_to_better_and_says_so(samples):
    for instrument, end in (("phq9", "floor"), ("lefs", "top")):
        drawing = line_chart(data_of(samples, instrument, (10, 12, 14)), THERAPIST)
        word = next(m for m in drawing.marks if isinstance(m, Label) and m.text == "better")
        assert (word.y > 75) == (end == "floor")


def test_one_or_two_scores_get_no_chart(samples):
    assert data_of(samples, "phq9", (19,)) is None
    assert data_of(samples, "phq9", (19, 9)) is None
    assert data_of(samples, "phq9", (19, 12, 9)) is not None


def test_band_limits_carry_their_number_and_the_cutoff_is_marked(samples):
    data = data_of(samples, "phq9", (19, 12, 9))
    assert [t["value"] for t in data["thresholds"]] == [5, 10, 15, 20]
    assert [t["value"] for t in data["thresholds"] if t["cutoff"]] == [10]
    numbers = {
        m.text for m in line_chart(data, THERAPIST).marks if isinstance(m, Label) and not m.pad
    }
    assert {"0", "5", "10", "15", "20", "27", "mod. severe", "better"} <= numbers


def test_a_measure_without_bands_says_which_side_of_the_cutoff(samples):
    data = data_of(samples, "pcl5", (50, 40, 30))
    assert [b["word"] for b in data["bands"]] == ["below cut-off", "clinical range"]


def test_a_passed_over_form_is_a_cross_and_a_dotted_join(samples):
    series = samples.series("phq9", (19, 17, 9), every=28, skip=(2,))
    known = samples.instruments()["phq9"]
    assert missed_days(series, known) == [samples.START + timedelta(days=28 + 42)]
    drawing = line_chart(line_data(series, known), THERAPIST)
    joins = [m for m in drawing.marks if isinstance(m, Line) and m.dash == "1.5 2.5"]
    crosses = [m for m in drawing.marks if isinstance(m, Line) and m.width == 1.2]
    assert len(joins) == 1 and len(crosses) == 2
    assert all(m.y2 in (crosses[0].y1, crosses[0].y2) or m.y1 < 130 for m in crosses)


def test_a_form_every_four_to_six_weeks_is_not_called_missed(samples):
    series = samples.series("phq9", (19, 17, 9), every=42)
    assert missed_days(series, samples.instruments()["phq9"]) == []


def test_scores_left_out_of_a_payer_chart_leave_a_dotted_join(samples):
    series = samples.series("phq9", tuple(range(20, 0, -1)), every=3)
    data = line_data(series, samples.instruments()["phq9"], limit=12)
    assert [p["value"] for p in data["points"]] == [20, *range(11, 0, -1)]
    dotted = [m for m in line_chart(data, INSURER).marks if getattr(m, "dash", "") == "1.5 2.5"]
    assert len(dotted) == 1


def test_above_twelve_points_only_telling_values_are_printed(samples):
    totals = (12, 15, 11, 9, 3, 9, 11, 20, 11, 12, 10, 9, 8, 7)
    drawing = line_chart(data_of(samples, "phq9", totals), THERAPIST)
    values = [m.text for m in drawing.marks if isinstance(m, Label) and m.pad]
    assert sorted(values, key=int) == ["3", "7", "8", "9", "12", "20"]


def test_labels_come_after_everything_that_could_cross_them(samples):
    marks = line_chart(data_of(samples, "phq9", (19, 20, 9, 4)), THERAPIST).marks
    first_pad = next(i for i, m in enumerate(marks) if isinstance(m, Label) and m.pad)
    assert all(isinstance(m, Label) for m in marks[first_pad:])


def test_payer_charts_are_pure_black(samples, resources):
    drawn = svg(resources, line_chart(data_of(samples, "phq9", (19, 12, 9)), INSURER))
    assert set(re.findall(r"#[0-9A-Fa-f]{6}", drawn)) <= {"#000000", "#FFFFFF"}


@settings(max_examples=40, deadline=None)
@given(
    totals=st.lists(st.integers(0, 27), min_size=3, max_size=30),
    every=st.integers(1, 40),
    style=st.sampled_from(sorted(STYLES)),
)
def test_nothing_leaves_the_box(samples, totals, every, style):
    drawing = line_chart(data_of(samples, "phq9", tuple(totals), every=every), STYLES[style])
    for m in drawing.marks:
        places = [(m.x1, m.y1), (m.x2, m.y2)] if isinstance(m, Line) else [(m.x, m.y)]
        for x, y in places:
            assert -0.1 <= x <= drawing.width + 0.1
            assert -0.1 <= y <= drawing.height + 0.1
            assert x == round(x, 1) and y == round(y, 1)


@given(now=st.integers(0, 27), start=st.one_of(st.none(), st.integers(0, 27)))
@settings(max_examples=40, deadline=None)
def test_the_number_line_names_both_ends(now, start):
    drawing = number_line(
        {"low": 0, "high": 27, "ends": ["few symptoms", "many symptoms"], "start": start,
         "now": now, "anchor": {"value": 10, "text": "From 10 up, care teams look closer."},
         "title": "t"}
    )  # fmt: skip
    texts = [m.text for m in drawing.marks if isinstance(m, Label)]
    assert {"0: few symptoms", "27: many symptoms", f"now {now}"} <= set(texts)
    assert (f"start {start}" in texts) == (start is not None)


@pytest.mark.parametrize("style", ["therapist", "patient", "insurer"])
def test_numbers_at_many_close_points_never_lie_on_each_other(samples, style):
    totals = (12, 13, 12, 11, 13, 14, 12, 11, 10, 12) * 3 + tuple(range(13, 23))
    drawn = line_chart(data_of(samples, "phq9", totals), STYLES[style])
    pads = [m.pad for m in drawn.marks if isinstance(m, Label) and m.pad]
    assert "22" in [m.text for m in drawn.marks if isinstance(m, Label) and m.pad]
    for i, (x, y, wide, high) in enumerate(pads):
        for u, v, broad, tall in pads[:i]:
            beside = x + 2 >= u + broad or u + 2 >= x + wide
            assert beside or y + 1 >= v + tall or v + 1 >= y + high
