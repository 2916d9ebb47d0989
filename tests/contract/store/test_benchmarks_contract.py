"""Approved courses: one in force for each instrument, all of them kept, each practice its own."""

from __future__ import annotations

from typing import Any

from connector.rules import Course

PLAIN = Course(instrument="phq9", number=1, episodes=214, points=((0, 0), (4, 14), (8, 31)))
METHOD = {"method": "median-locf28-monotone-1", "weeks": [{"week": 4, "median": "14"}]}


def test_an_approved_course_is_in_force_until_the_next_or_its_end(store: Any, samples: Any) -> None:
    def approve(by: str, minute: int, **changes: Any) -> Course:
        course = PLAIN.model_copy(update=changes)
        made: Course = store.write(
            lambda tx: tx.benchmarks.approve(course, METHOD, by, samples.at(minute))
        )
        return made

    assert store.read(lambda tx: tx.benchmarks.courses()) == []
    first = approve("Dana Okafor", 0)
    second = approve("Kim Sample", 1, episodes=260)
    other = approve("Kim Sample", 2, instrument="gad7")
    assert [one.name for one in (first, second, other)] == [
        "own-phq9-1",
        "own-phq9-2",
        "own-gad7-1",
    ]
    assert store.read(lambda tx: tx.benchmarks.courses()) == [other, second]
    rows = store.read(lambda tx: tx.benchmarks.history("phq9"))
    assert [(row.course.number, row.approved_by, row.ended_by) for row in rows] == [
        (1, "Dana Okafor", "Kim Sample"), (2, "Kim Sample", None),
    ]  # fmt: skip
    assert rows[0].ended_at == samples.at(1) and rows[0].method == METHOD

    assert store.write(lambda tx: tx.benchmarks.withdraw("phq9", "Dana Okafor", samples.at(3)))
    assert not store.write(lambda tx: tx.benchmarks.withdraw("phq9", "Dana Okafor", samples.at(4)))
    assert store.read(lambda tx: tx.benchmarks.courses()) == [other]
    assert approve("Dana Okafor", 5).number == 3, "a number is never used twice"
