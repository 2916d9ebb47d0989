"""Made-up people for the stand-in: two patients, their visits, forms and a case. All synthetic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from adapters.cliniko.fake import FakeCliniko

Filled = TypeVar("Filled", bound=FakeCliniko)
LABELS = ("Not at all", "Several days", "More than half the days", "Nearly every day")
_WEEKS = 6


def form(answers: Sequence[int | None]) -> dict[str, Any]:
    """The content of a patient form: radio buttons with the label that was chosen."""
    questions = [
        {
            "name": f"question {number}",
            "type": "radiobuttons",
            "answers": [
                {"value": label, **({"selected": True} if answer == value else {})}
                for value, label in enumerate(LABELS)
            ],
        }
        for number, answer in enumerate(answers, start=1)
    ]
    return {"sections": [{"name": "section", "questions": questions}]}


def fill(fake: Filled, today: datetime | None = None) -> Filled:
    """Puts the sample in; its last week ends at ``today``."""
    end = today or fake.now()
    fake.put("practitioners", "71", display_name="Dana Example", designation="Psychologist")
    for own_id, given, start in (("1001", "Ana", 2), ("1002", "Ben", 1)):
        fake.put(
            "patients", own_id, first_name=given, last_name="Sample", date_of_birth="1988-03-14",
            sex="Female" if start == 2 else "Male", old_reference_id=f"CH-{own_id}",
        )  # fmt: skip
        for week in range(_WEEKS):
            _week(fake, own_id, end - timedelta(weeks=_WEEKS - week, hours=2), week, start)
        fake.put(
            "patient_cases", f"5{own_id}", patient=own_id, name=f"case {own_id}", max_sessions=20,
            issue_date=f"{end - timedelta(weeks=8):%Y-%m-%d}",
            expiry_date=f"{end + timedelta(weeks=20):%Y-%m-%d}",
        )  # fmt: skip
    return fake


def _week(fake: FakeCliniko, patient: str, at: datetime, week: int, start: int) -> None:
    stamp = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    fake.put(
        "individual_appointments", f"{patient}{week}", patient=patient, practitioner="71",
        starts_at=stamp, did_not_arrive=week == 2, cancelled_at=None,
    )  # fmt: skip
    if week % 2 == 0:
        level = max(start - week // 2, 0)
        fake.put(
            "patient_forms", f"3{patient}{week}", patient=patient, name="PHQ-9",
            completed_at=stamp, content=form([level] * 8 + [0]),
        )  # fmt: skip
    fake.put(
        "treatment_notes", f"4{patient}{week}", patient=patient, practitioner="71",
        created_at=stamp, draft=False, content=form([0]),
    )  # fmt: skip
