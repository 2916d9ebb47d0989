"""Over random charts: blind to order, each record is in the chart, no word of it is told."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.documents.disclosure import Wall
from connector.documents.payer_view import payer_view
from connector.pipeline.golden_thread import golden_thread
from connector.pipeline.necessity import checklist
from connector.substance_use import SubstanceUse
from tests.unit.pipeline.whole_charts import DAY, whole

FEW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MARK = "PRIVATEMARK"
DISCIPLINES = st.sampled_from(["mental_health", "physical_therapy"])
maybe = st.sampled_from([True, False, None])
days = st.integers(-120, 60)


@st.composite
def harms(draw: Any) -> dict[str, dict[str, Any]]:
    """New values for the fields of papers, by kind of record."""
    text = st.sampled_from([None, MARK, f"{MARK} EMDR", f"{MARK} PHQ-9"])
    return {
        "note": {"signed": draw(maybe), "summary": draw(text), "visit_source_id": None},
        "treatment_plan": {
            "signed": draw(maybe), "modality": draw(text), "discharge_criteria": draw(text),
            "frequency": draw(text), "client_participated": draw(maybe),
        },
        "goal": {
            "text": f"{MARK} {draw(st.integers(0, 3))}", "target_value": draw(text),
            "start_value": draw(text), "current_value": draw(text),
            "status": draw(st.sampled_from(["in_progress", "achieved", "discontinued"])),
        },
        "diagnosis": {
            "code": draw(st.sampled_from(["F33.1", "296.32", "V62.89", "F41.1", MARK])),
            "system": draw(st.sampled_from(["icd10cm", "other", "snomed"])),
            "description": MARK,
        },
    }  # fmt: skip


def harmed(course: Any, discipline: str, changes: Any, kept: Any) -> None:
    course.records = [r for r in course.records if getattr(r, "kind", "") == "patient"]
    whole(course, discipline)
    course.records = [
        r.model_copy(update=changes.get(getattr(r, "kind", ""), {}))
        for n, r in enumerate(course.records)
        if r.id == course.records[0].id or kept[n % len(kept)]
    ]


def thread(course: Any, on: int) -> Any:
    progress = course.at(on)
    return golden_thread(progress, course.instruments, course.rules, progress.as_of.date())


@FEW
@given(
    discipline=DISCIPLINES,
    changes=harms(),
    kept=st.lists(st.booleans(), min_size=5, max_size=9),
    on=st.integers(0, 400),
    seed=st.integers(),
)
def test_invariants_of_every_thread(
    course: Any, discipline: str, changes: Any, kept: Any, on: int, seed: int
) -> None:
    harmed(course, discipline, changes, kept)
    found = thread(course, on)
    assert MARK not in found.model_dump_json()
    known = {r.id for r in course.records}
    rows = (*found.links, *found.participation)
    assert {r.id for row in rows for r in row.records} <= known
    assert {visit.visit.id for visit in found.visits} <= known
    for row in rows:
        assert bool(row.action) == row.broken and row.finding.endswith(".")
        assert row.records or not row.broken, "a break leads to a record"
    random.Random(seed).shuffle(course.records)
    assert thread(course, on) == found


@FEW
@given(
    discipline=DISCIPLINES, changes=harms(), kept=st.lists(st.booleans(), min_size=5, max_size=9)
)
def test_the_checklist_answers_every_chart_and_quotes_no_note(
    course: Any, discipline: str, changes: Any, kept: Any
) -> None:
    harmed(course, discipline, {**changes, "note": {"summary": "SUMMARYMARK"}}, kept)
    progress = course.at(DAY)
    seen = payer_view(progress, course.instruments, Wall(False, SubstanceUse()))
    found = checklist(seen, course.instruments, course.rules, progress.as_of.date())
    assert "SUMMARYMARK" not in "".join(element.model_dump_json() for element in found)
    assert all(element.action for element in found if element.broken)
