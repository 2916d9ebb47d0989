"""Other numbers judge from the next day on, and make a report only where a decision changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from connector.engine import evaluate
from connector.rules import Course, RuleSet


def documents(bench: Any) -> dict[str, int]:
    found: dict[str, int] = bench.store.read(lambda tx: tx.documents.counts())
    return found


def next_day(bench: Any) -> None:
    bench.clock.on(days=1)
    assert evaluate.begin_day(bench.work)
    bench.evaluate_all()


def progress_of(bench: Any) -> list[Any]:
    found: list[Any] = bench.store.read(lambda tx: list(tx.progress.all()))
    return found


def test_numbers_that_change_no_decision_re_report_nobody(bench: Any) -> None:
    practice = bench("mh_improving", receives=("therapist", "decision"))
    practice.run()
    before = documents(practice)
    assert before["decision"] >= 1
    rules = RuleSet(name="riverside", attendance_floor_percent=60, visit_milestones=(12,))
    practice.work = replace(practice.work, rules=rules)
    next_day(practice)
    assert documents(practice) == before
    assert {p.decision.rules_version for p in progress_of(practice)} == {rules.version}


def test_an_approved_course_judges_from_the_next_evaluation_on(bench: Any) -> None:
    practice = bench("mh_improving", receives=("decision",))
    practice.run()
    before = documents(practice)
    own = Course(instrument="phq9", number=1, episodes=214, points=((0, 0), (4, 14), (8, 31)))
    practice.store.write(
        lambda tx: tx.benchmarks.approve(own, {"method": "test"}, "Dana Okafor", practice.clock())
    )
    next_day(practice)
    assert documents(practice) == before, "the same decision needs no new report"
    judged = [p for p in progress_of(practice) if p.decision.instrument == "phq9"]
    assert judged
    for progress in judged:
        assert progress.decision.inputs["rules"]["own_course"]["name"] == "own-phq9-1"
    practice.store.write(lambda tx: tx.benchmarks.withdraw("phq9", "Dana Okafor", practice.clock()))
    next_day(practice)
    assert all("own_course" not in p.decision.inputs["rules"] for p in progress_of(practice))
