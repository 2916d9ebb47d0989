"""Measures with rules of their own on their way through the pipeline."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connector.documents import disclosure, review
from connector.documents.disclosure import Wall
from connector.pipeline.report import report
from connector.pipeline.safety import safety_alerts
from connector.progress import PracticeProfile
from connector.substance_use import SubstanceUse

PRACTICE = PracticeProfile(id="riverside", name="Riverside", timezone="America/New_York")
PAGE = [("therapist", "page"), ("on_call", "page")]
TELL = [("therapist", "urgent")]
ASK = [("therapist", "action")]


def alerts(course: Any, record: Any) -> list[Any]:
    return list(safety_alerts(record, course.instruments[record.instrument], record.patient_id))


def to(found: list[Any], rule: str) -> list[tuple[str, str]]:
    return [(a.audience, a.severity) for a in found if a.rule == rule]


@pytest.mark.parametrize(
    ("items", "context", "positive", "words"),
    [
        ([0, 0, None, None, None, 0], None, [], ""),
        ([1, 0, None, None, None, 0], None, TELL, "suicide risk is low"),
        ([1, 1, 1, 0, 0, 0], None, PAGE, "suicide risk is moderate"),
        ([1, 1, 0, 0, 1, 0], None, PAGE, "suicide risk is high"),
        ([0, 0, 0, 0, 0, 1], {"behaviour_past_3_months": False}, PAGE, "suicide risk is moderate"),
        ([0, 0, 0, 0, 0, 1], {"behaviour_past_3_months": True}, PAGE, "suicide risk is high"),
    ],
)
def test_who_is_called_for_a_risk_level(
    items: list[int | None],
    context: dict[str, bool] | None,
    positive: list[tuple[str, str]],
    words: str,
    course: Any,
) -> None:
    found = alerts(course, course.form("cssrs_screener", 0, items, context=context))
    assert to(found, "safety_item_positive") == positive
    assert all(words in alert.text for alert in found)
    assert len(found) == len(positive)


def test_what_is_not_known_of_a_risk_form_is_asked(course: Any) -> None:
    found = alerts(course, course.form("cssrs_screener", 0, [0, 1, None, None, 0, 1]))
    assert to(found, "safety_item_positive") == PAGE
    assert to(found, "safety_item_missing") == ASK * 2
    texts = [alert.text for alert in found if alert.rule == "safety_item_missing"]
    assert "safety items 3, 4 have no usable answer" in texts[0]
    assert "the recency of safety item 6 is not known" in texts[1]
    assert len({alert.key for alert in found}) == 4


def test_the_questions_after_a_teens_form_call_too(course: Any) -> None:
    form = course.form("phqa", 0, [0] * 9, context={"lifetime_attempt": True})
    found = alerts(course, form)
    assert to(found, "safety_item_positive") == PAGE
    assert "the safety question on lifetime attempt was answered yes" in found[0].text


def test_a_risk_level_makes_the_patients_page_neutral(stated: Any) -> None:
    stated.form("phq9", 0, [3] * 8 + [0])
    stated.form("phq9", 28, [1] * 8 + [0])
    assert not review.has_positive_safety(stated.at(29))
    stated.form("cssrs_screener", 28, [1, 0, None, None, None, 0])
    assert review.has_positive_safety(stated.at(29))


def test_risk_and_alliance_never_reach_a_payer(stated: Any) -> None:
    stated.form("srs", 0, [10] * 4)
    stated.form("cssrs_screener", 0, [1, 0, None, None, None, 0])
    stated.score("phq9", 0, 12)
    progress = stated.at(1)
    shown = disclosure.payer_series(progress, stated.instruments, consent=True)
    assert [series.instrument for series in shown] == ["phq9"]
    kept = {row["what"]: row["count"] for row in disclosure.left_out(
        progress, stated.instruments, Wall(True, SubstanceUse()))}  # fmt: skip
    assert kept["alliance scores"] == 1
    assert kept["safety item answers and alerts"] == 2


@pytest.mark.parametrize(("sex", "positive"), [("male", False), ("female", True)])
def test_a_screen_knows_the_persons_sex(sex: str, positive: bool, stated: Any) -> None:
    stated.patient(sex=sex)
    stated.form("auditc", 0, [1, 1, 1])
    (series,) = stated.at(1).measured.series
    flags = series.measurements[0].score.flags
    assert ("screen_positive:auditc" in flags) is positive


def test_scales_without_a_total_are_kept_and_decide_nothing(stated: Any) -> None:
    for day in (0, 35):
        stated.form("dass21", day, [1] * 21)
        stated.form("koos", day, [1] * 42)
        stated.form("bam", day, [1] * 17)
    progress = stated.at(36)
    assert {s.instrument: s.baseline for s in progress.measured.series} == {
        "dass21": None,
        "koos": None,
        "bam": None,
    }
    assert progress.decision.rule == "R0"
    values = {s.instrument: s.measurements[-1].score.subscales for s in progress.measured.series}
    assert values["dass21"]["stress"] == 14
    assert values["koos"]["pain"] == 75


def test_variants_are_never_compared(stated: Any) -> None:
    """Of every instrument: two scores of two variants make two series and no change."""
    for name, instrument in stated.instruments.items():
        if instrument.has_total:
            ends = (instrument.score_max or Decimal(50), instrument.score_min)
            known = (*instrument.variants, None, "another")[:2]
            for variant, end, day in zip(known, ends, (0, 40), strict=True):
                stated.score(name, day, end, variant=variant)
    found: dict[str, list[Any]] = {}
    for series in stated.at(41).measured.series:
        found.setdefault(series.instrument, []).append(series)
    assert len(found) == sum(i.has_total for i in stated.instruments.values())
    for name, series in found.items():
        assert len(series) == 2, name
        assert all(s.change is None and len(s.measurements) == 1 for s in series), name


def test_reports_are_made_of_a_chart_with_every_measure(stated: Any) -> None:
    for name, instrument in stated.instruments.items():
        count = instrument.items or 3
        answers = [int(instrument.range_of(n).min) for n in range(1, count + 1)]
        for day in (0, 40):
            if instrument.totals_only:
                stated.score(name, day, 10)
            else:
                stated.form(name, day, answers)
    progress = stated.at(41)
    assert len(progress.measured.series) == 45
    documents = report(progress, PRACTICE, stated.instruments, stated.rules)
    assert {document.kind for document in documents} >= {"therapist", "patient"}
