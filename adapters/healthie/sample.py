"""Made-up people for the stand-in: clients, appointments, forms, authorizations; all synthetic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from adapters.healthie.fake import FakeHealthie

Filled = TypeVar("Filled", bound=FakeHealthie)
LABELS = ("Not at all", "Several days", "More than half the days", "Nearly every day")
_WEEKS = 6


def answers(given: Sequence[int | None]) -> list[dict[str, Any]]:
    """A form's answers, each with the question's label."""
    return [
        {"label": f"question {place}", "answer": None if value is None else LABELS[value]}
        for place, value in enumerate(given, start=1)
    ]


def fill(fake: Filled, today: datetime | None = None) -> Filled:
    """Puts the sample in; its last week ends at ``today``."""
    end = today or fake.now()
    for own_id, given, start in (("1001", "Ana", 2), ("1002", "Ben", 1)):
        fake.put(
            "users", own_id, first_name=given, last_name="Sample", dob="1988-03-14",
            gender="Female" if start == 2 else "Male", record_identifier=f"CH-{own_id}",
            active=True,
        )  # fmt: skip
        fake.put(
            "insuranceAuthorizations", f"8{own_id}", user={"id": own_id},
            authorization_number=f"A-{own_id}", start_on=f"{end - timedelta(weeks=8):%Y-%m-%d}",
            end_on=f"{end + timedelta(weeks=20):%Y-%m-%d}", unit_type="visits",
            visits_authorized=20, visits_used=5, visits_left=15,
        )  # fmt: skip
        for week in range(_WEEKS):
            _week(fake, own_id, end - timedelta(weeks=_WEEKS - week, hours=2), week, start)
    return fake


def _week(fake: FakeHealthie, client: str, at: datetime, week: int, start: int) -> None:
    fake.put(
        "appointments", f"{client}{week}", user={"id": client}, date=at.isoformat(), length=50,
        provider={"id": "71", "full_name": "Dana Example"}, contact_type="Video Call",
        pm_status="No-Show" if week == 2 else "Occurred", appointment_type={"name": "Therapy"},
    )  # fmt: skip
    if week % 2 == 0:
        level = max(start - week // 2, 0)
        fake.put(
            "formAnswerGroups", f"3{client}{week}", user={"id": client}, name="PHQ-9",
            finished=True, created_at=at.isoformat(),
            custom_module_form={"id": "f-9", "name": "PHQ-9"},
            form_answers=answers([level] * 8 + [0]),
        )  # fmt: skip
