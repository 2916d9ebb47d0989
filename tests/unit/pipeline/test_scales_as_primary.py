"""A named scale of a form without a total as the primary measure, and its own arithmetic."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.documents import insurer, scales, therapist
from connector.measures import Instrument, score
from connector.measures.scales import form_of, scale_score, with_scales
from connector.pipeline.benchmark import benchmark
from connector.pipeline.summary import summaries
from connector.progress import RuleSet
from tests.unit.pipeline.conftest import PRACTICE, shipped

# KOOS pain is items 8 to 16; all the others stay as they are.
WORSE, BETTER = [2] * 7 + [3] * 9 + [2] * 26, [2] * 7 + [1] * 9 + [2] * 26


@pytest.fixture
def knee(course: Any) -> Any:
    course.instruments = with_scales(course.instruments)
    course.episode(primary_instrument="koos.pain", discipline="physical_therapy")
    course.visit(0)
    course.form("koos", 0, WORSE)
    course.form("koos", 42, BETTER)
    return course


def test_the_scale_that_the_episode_names_decides(knee: Any) -> None:
    progress = knee.at(45)
    [primary] = [s for s in progress.measured.series if s.primary]
    assert primary.instrument == "koos.pain" and primary.change is not None
    # pain 25 to 75: 50 points better on a scale where higher is better, MID 10 is the basis
    assert [m.score.total for m in primary.measurements] == [25, 75]
    assert (primary.change.improvement, primary.change.reliable_basis) == (50, "mid_points")
    assert (progress.decision.decision, progress.decision.rule) == ("meets", "R5")
    assert progress.decision.instrument == "koos.pain"
    assert "KOOS pain went from 25 to 75" in progress.decision.reason


def test_the_practice_may_name_the_scale_for_everybody(course: Any) -> None:
    course.instruments = with_scales(course.instruments)
    course.episode()
    for day, low in ((0, 3), (42, 1)):
        course.form("dass21", day, [low] * 21)
    assert course.at(45).decision.instrument is None  # nobody named one
    course.rules = RuleSet(primary_scales={"dass21": "anxiety"})
    progress = course.at(45)
    assert progress.decision.instrument == "dass21.anxiety"
    [primary] = [s for s in progress.measured.series if s.primary]
    assert [(str(m.score.total), m.score.band) for m in primary.measurements] == [
        ("42", "extremely_severe"), ("14", "moderate"),
    ]  # fmt: skip


def test_a_scale_with_too_many_blanks_is_incomplete_and_the_others_stand(knee: Any) -> None:
    knee.form("koos", 50, [2] * 7 + [None] * 9 + [2] * 26)
    [primary] = [s for s in knee.at(52).measured.series if s.primary]
    assert [m.score.status for m in primary.measurements] == ["ok", "ok", "incomplete"]
    assert primary.current is not None and primary.current.score.total == 75


def test_a_total_of_the_scale_alone_counts_in_the_same_series(knee: Any) -> None:
    knee.score("koos.pain", 60, "80.6")
    [primary] = [s for s in knee.at(61).measured.series if s.primary]
    assert [str(m.score.total) for m in primary.measurements][-1] == "80.6"
    assert len(primary.measurements) == 3


def test_the_form_is_due_by_its_own_rhythm_and_never_twice(knee: Any) -> None:
    knee.visit(90)
    alerts = [a for a in knee.at(95).alerts if a.rule == "overdue_assessment"]
    assert [a.text.partition(" was ")[0] for a in alerts] == ["KOOS"]


def test_the_answer_to_the_sender_is_about_the_scale(knee: Any) -> None:
    form = knee.form("koos", 43, BETTER, event_id="evt-1")
    progress = knee.at(45)
    [said] = summaries(progress, knee.instruments, knee.rules, {form.id})
    assert said.context["primary"] is True and said.context["total"] == 75
    assert said.context["direction"] == "higher_is_better"


def test_pages_show_the_scale_once_and_the_others_beside_it(knee: Any) -> None:
    progress = knee.at(45)
    page = therapist.context(progress, PRACTICE, knee.instruments, knee.rules)
    assert [row["measure"] for row in page["scores"]["rows"]] == ["KOOS pain"]
    [line] = page["scales"]
    assert "symptoms and stiffness 50 to 50; pain 25 to 75; daily living" in line["text"]
    payer = insurer.context(progress, PRACTICE, knee.instruments)
    assert [block["measure"] for block in payer["scores"]] == ["KOOS pain"]
    others = {row["measure"] for row in payer["other_measures"]}
    assert others == {
        "KOOS symptoms and stiffness", "KOOS daily living", "KOOS sport and recreation",
        "KOOS quality of life",
    }  # fmt: skip


def test_clusters_of_a_form_with_a_total_are_for_clinicians_alone(course: Any) -> None:
    course.episode()
    course.form("pcl5", 0, [3] * 20)
    course.form("pcl5", 42, [1] * 20)
    progress = course.at(45)
    [line] = scales.lines(progress.measured.series, course.instruments)
    assert line["text"].startswith("PCL-5 scales, 2 Mar to 13 Apr: intrusion 15 to 5; avoidance 6")
    assert insurer.context(progress, PRACTICE, course.instruments)["other_measures"] == []


def test_a_scale_without_a_course_of_its_own_can_have_one(knee: Any) -> None:
    found = benchmark(knee.instruments["koos.pain"], [knee.at(45)])
    assert found.left_out == {"care goes on": 1}


def _forms() -> dict[str, Instrument]:
    return {k: v for k, v in shipped().items() if v.scoring.kind == "subscales_only"}


@settings(max_examples=120, deadline=None)
@given(data=st.data(), name=st.sampled_from(["bam", "dass21", "koos", "vanderbilt_parent"]))
def test_every_scale_scores_inside_its_range_and_as_the_form_does(data: Any, name: str) -> None:
    form = _forms()[name]
    known = with_scales({name: form})
    answers = [
        data.draw(
            st.none() | st.integers(int(form.range_of(n).min), int(form.range_of(n).max or 0))
        )
        for n in range(1, (form.items or 0) + 1)
    ]
    whole = score(form, items=[None if a is None else Decimal(a) for a in answers])
    for own_id, own in known.items():
        if own_id == name:
            continue
        assert form_of(own_id) == name and own.score_min is not None and own.score_max is not None
        scored = scale_score(whole, own)
        value = whole.subscales.get(own_id.partition(".")[2])
        assert scored.total == value
        assert scored.status == ("ok" if value is not None else "incomplete")
        if scored.total is not None:
            assert own.score_min <= scored.total <= own.score_max
            assert score(own, total=scored.total).total == scored.total
            assert not own.bands or scored.band is not None
