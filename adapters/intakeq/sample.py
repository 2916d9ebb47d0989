"""Made-up people for the stand-in: two clients, their appointments and forms. All synthetic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from adapters.intakeq.fake import FakeIntakeq

Filled = TypeVar("Filled", bound=FakeIntakeq)
LABELS = ("Not at all", "Several days", "More than half the days", "Nearly every day")
_WEEKS = 6


def millis(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def matrix(answers: Sequence[int | None]) -> dict[str, Any]:
    """A form's question of the type Matrix: a row for each item, the answer as its label."""
    rows = [
        {"Text": f"row {place}", "Answers": [] if answer is None else [LABELS[answer]]}
        for place, answer in enumerate(answers, start=1)
    ]
    return {
        "Id": "q-1", "Text": "over the last two weeks", "Answer": None, "QuestionType": "Matrix",
        "ColumnNames": list(LABELS), "Rows": rows, "OfficeUse": False,
    }  # fmt: skip


def fill(fake: Filled, today: datetime | None = None) -> Filled:
    """Puts the sample in; its last week ends at ``today``."""
    end = today or fake.now()
    for own_id, given, start in (("1001", "Ana", 2), ("1002", "Ben", 1)):
        fake.put(
            "clients", own_id, FirstName=given, LastName="Sample", Archived=False,
            DateOfBirth=574_300_800_000, Gender="Female" if start == 2 else "Male",
            ExternalClientId=f"CH-{own_id}",
        )  # fmt: skip
        for week in range(_WEEKS):
            _week(fake, own_id, end - timedelta(weeks=_WEEKS - week, hours=2), week, start)
    return fake


def _week(fake: FakeIntakeq, client: str, at: datetime, week: int, start: int) -> None:
    fake.put(
        "appointments", f"a-{client}-{week}", ClientId=client,
        Status="Missed" if week == 2 else "Confirmed", StartDate=millis(at),
        EndDate=millis(at + timedelta(minutes=50)), Duration=50, ServiceName="Therapy",
        PractitionerId="p-71", PractitionerName="Dana Example", TelehealthInfo=None,
    )  # fmt: skip
    fake.put(
        "notes", f"n-{client}-{week}", ClientId=client, NoteName="Progress Note",
        Date=millis(at), Status="Locked", Content="synthetic text that must not be taken",
    )  # fmt: skip
    if week % 2 == 0:
        level = max(start - week // 2, 0)
        fake.put(
            "intakes", f"i-{client}-{week}", ClientId=client, QuestionnaireName="PHQ-9",
            QuestionnaireId="qq-9", Status="Completed", DateSubmitted=millis(at),
            Questions=[matrix([level] * 8 + [0])],
        )  # fmt: skip
