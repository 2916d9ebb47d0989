"""When a letter to the referring provider is due: once it has happened, once for each reason."""

from __future__ import annotations

import importlib.util
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from connector.pipeline.compile import compile_chart
from connector.pipeline.letters_due import find_letters_due
from connector.pipeline.measure import measure
from connector.pipeline.milestones import find_milestones
from connector.records import Contact, Episode, Note, Patient, Visit
from connector.rules import RuleSet

START = date(2026, 1, 12)
RULES = RuleSet()


def _samples() -> ModuleType:
    name = "progress_samples"
    if name not in sys.modules:
        path = Path(__file__).parents[1] / "documents" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


S = _samples()


def visit(number, status="attended", kind="treatment"):
    at = datetime(2026, 1, 12, 15, tzinfo=UTC) + timedelta(days=7 * number)
    return Visit(**S.owned("visit", number), starts_at=at, status=status, visit_type=kind)


def contact(number=1, role="referring_provider", **values):
    return Contact(**{**S.owned("contact", number), "role": role, "name": "M. Fictgate", **values})


def records(*more, visits=12, status="active", ended=None):
    kept = [visit(0, kind="evaluation"), *(visit(n) for n in range(1, visits))]
    return [
        S.patient(status=status, clinician_id=None), contact(), *kept, *more,
        Episode(**S.owned("episode", 1), started_on=START, ended_on=ended),
    ]  # fmt: skip


def milestones(given, today):
    now = datetime(today.year, today.month, today.day, 20, tzinfo=UTC)
    chart = compile_chart(given, RULES, now, "UTC")
    measured = measure(chart, S.instruments(), RULES, now)
    found = find_milestones(chart, measured, S.instruments(), RULES, today)
    return {m.kind: m for m in found if m.kind in ("evaluation", "treatment_days", "discharge")}


@pytest.mark.parametrize(
    ("today", "kinds"),
    [
        (START - timedelta(days=1), set()),
        (START, {"evaluation"}),
        (START + timedelta(days=14), {"evaluation"}),
        (START + timedelta(days=15), set()),
        (START + timedelta(days=7 * 9 - 1), set()),  # the tenth is booked, not kept
        (START + timedelta(days=7 * 9), {"treatment_days"}),
        (START + timedelta(days=7 * 9 + 14), {"treatment_days"}),
        (START + timedelta(days=7 * 9 + 15), set()),
    ],
)
def test_each_reason_shows_from_its_day_for_as_long_as_facts_come_in(today, kinds):
    assert set(milestones(records(), today)) == kinds


def test_the_tenth_day_is_a_day_that_was_kept():
    given = [*records(visits=9), visit(9, "no_show"), visit(10)]
    assert milestones(given, START + timedelta(days=63)) == {}
    found = milestones(given, START + timedelta(days=70))["treatment_days"]
    assert found.text.startswith("10th treatment day on 23 Mar 2026: letter to the referring")


def test_one_key_for_one_reason_however_often_it_is_looked_at():
    days = [START + timedelta(days=n) for n in (63, 70)]
    keys = {milestones(records(), day)["treatment_days"].key for day in days}
    assert len(keys) == 1


@pytest.mark.parametrize(
    "how",
    [
        {"ended": date(2026, 3, 2)},
        {"status": "discharged", "more": [visit(20, kind="discharge")]},
        {"status": "discharged",
         "more": [Note(**S.owned("note", 1), note_type="discharge", written_on=date(2026, 6, 1))]},
    ],
    ids=["episode", "visit", "note"],
)  # fmt: skip
def test_the_end_of_care_by_a_persons_word(how):
    given = records(
        *how.get("more", ()), status=how.get("status", "active"), ended=how.get("ended")
    )
    on = how.get("ended") or date(2026, 6, 1)
    assert set(milestones(given, on)) == {"discharge"}
    assert milestones(given, on)["discharge"].due_on == on
    assert set(milestones(given, on + timedelta(days=15))) == set()


def test_care_that_merely_lapsed_ends_without_a_letter():
    assert milestones(records(), START + timedelta(days=300)) == {}


def test_nobody_is_written_to_who_did_not_refer():
    given = [r for r in records() if not isinstance(r, Contact)] + [contact(role="family")]
    assert milestones(given, START) == {}
    gone = [r for r in records() if not isinstance(r, Contact)] + [contact(deleted=True)]
    assert milestones(gone, START) == {}


def test_the_newest_referrer_is_the_one():
    newer = contact(2, name="T. Fictholm", version=S.NOW + timedelta(days=1))
    now = datetime(2026, 1, 12, 20, tzinfo=UTC)
    chart = compile_chart([*records(), newer], RULES, now, "UTC")
    assert [c.name for c in chart.referrers] == ["T. Fictholm", "M. Fictgate"]
    assert isinstance(chart.patient, Patient)
    assert list(find_letters_due(chart, chart.episode, RULES, START - timedelta(days=1))) == []
