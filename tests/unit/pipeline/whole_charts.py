"""Charts that lack nothing, and ways to take something away. The people are invented."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

DAY = 42


def only(course: Any, kind: str) -> Any:
    return next(r for r in course.records if getattr(r, "kind", "") == kind)


def every(course: Any, kind: str) -> list[Any]:
    return [r for r in course.records if getattr(r, "kind", "") == kind]


def whole(course: Any, discipline: str = "mental_health") -> None:
    """Six weeks of care with every paper there."""
    physical = discipline == "physical_therapy"
    course.patient(discipline=discipline)
    course.episode(discipline=discipline)
    for day in range(0, DAY, 7):
        visit = course.visit(day, visit_type="evaluation" if day == 0 else "treatment")
        first = "evaluation" if physical else "intake"
        course.add(
            "note", visit_source_id=visit.provenance.source_id,
            note_type=first if day == 0 else "progress", written_on=course.day(day), signed=True,
            summary="CBT: graded tasks." if not physical else "Therapeutic exercise: stairs.",
        )  # fmt: skip
    for day in (0, 14, 28, 35):
        course.score("lefs" if physical else "phq9", day, 30 + day if physical else 20 - day // 3)
        course.score("nprs" if physical else "wsas", day, 7 - day // 10 if physical else 20)
    course.add("diagnosis", code="M17.11" if physical else "F33.1", primary=True,
               onset_on=course.day(-60))  # fmt: skip
    plan = course.add(
        "treatment_plan", starts_on=course.day(0), review_on=course.day(90), signed=True,
        certified_until=course.day(89) if physical else None, client_participated=True,
        modality="Therapeutic exercise" if physical else "Cognitive behavioral therapy",
        frequency="weekly", discharge_criteria="Goals met",
    )  # fmt: skip
    for text in ("Walk to work", "Sleep seven hours"):
        course.add(
            "goal", plan_source_id=plan.provenance.source_id, text=text, level="objective",
            status="in_progress", start_value="0", current_value="2", target_value="5",
            target_on=course.day(80),
        )  # fmt: skip


def gone(kind: str) -> Callable[[Any], None]:
    def take(course: Any) -> None:
        course.records = [r for r in course.records if getattr(r, "kind", "") != kind]

    return take


def changed(kind: str, **fields: Any) -> Callable[[Any], None]:
    def change(course: Any) -> None:
        for record in every(course, kind):
            course.replace(record, **fields)

    return change
