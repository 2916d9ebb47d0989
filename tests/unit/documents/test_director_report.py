"""The director's report: denominators, small groups, no ranking, the pages."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import sys
from datetime import date
from pathlib import Path

import pytest
from pypdf import PdfReader

from connector.documents import compose, director
from connector.documents.director_charts import funnel, interval
from connector.outcomes.course import Period
from connector.outcomes.practice import PracticeOutcomes
from connector.outcomes.shown import Shown, WorkDone
from connector.pipeline.report import PAGES, specification


def _load(name):
    if name not in sys.modules:
        path = Path(__file__).with_name(f"{name}.py")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


D = _load("director_samples")


@pytest.fixture
def context(samples):
    """The report's context on sums, by default the sample practice's."""

    def build(found=None, shown=D.WITH_CLINICIANS, work=None, period=D.QUARTER):
        return director.context(
            found or D.outcomes(), work or D.work_done(), shown, samples.PRACTICE,
            samples.instruments(), period, "default-1",
        )  # fmt: skip

    return build


def document(context):
    return specification("director", "practice", date(2026, 3, 31), PAGES, context)


TABLES = ("measuring", "change", "decisions", "response", "attendance")


def test_every_percent_stands_with_its_numbers_and_interval(context):
    built = context()
    for table in [*(built[name] for name in TABLES), built["clinicians"]["table"]]:
        for row in table["rows"]:
            for cell in row["cells"]:
                if cell["percent"] is None:
                    continue
                assert cell["percent"] == round(100 * cell["part"] / cell["whole"], 1)
                assert cell["low"] <= cell["percent"] <= cell["high"]
                assert f"({cell['part']} of {cell['whole']})" in cell["text"]


@pytest.mark.parametrize("least", [1, 11, 40, 100, 1000])
def test_no_small_group_is_shown_or_comes_out_by_subtraction(context, least):
    built = context(shown=Shown(smallest_group=least, by_clinician=True))
    tables = [built[name] for name in TABLES] + [built["clinicians"]["table"]]
    for table in filter(None, tables):
        everybody, *groups = table["rows"]
        for place in range(len(table["columns"])):
            total = everybody["cells"][place]["whole"]
            wholes = [row["cells"][place]["whole"] for row in groups]
            shown = [whole for whole in wholes if whole]
            assert all(whole >= least for whole in shown)
            assert total is None or total == 0 or total >= least
            if total and shown and None in wholes:
                assert total - sum(shown) >= least and wholes.count(None) >= 2


def test_a_tiny_practice_gives_no_rate_away(context):
    found = PracticeOutcomes()
    for number, course in enumerate(D.courses()):
        if number < 7:
            found.add(course)
    built = context(found, work=WorkDone())
    cells = [c for name in TABLES for row in built[name]["rows"] for c in row["cells"]]
    assert {c["text"] for c in cells if c["whole"] != 0} <= {
        "fewer than 11",
        *(c["text"] for c in built["attendance"]["rows"][0]["cells"]),
    }
    assert built["people"]["courses"] == "fewer than 11"
    assert built["clinicians"]["table"] is None and built["clinicians"]["funnel"] is None


def test_clinicians_stand_by_name_with_the_caution_and_only_where_wanted(context):
    assert context(shown=D.SHOWN)["clinicians"] is None
    part = context()["clinicians"]
    names = [row["name"] for row in part["table"]["rows"]]
    assert names[0] == "Everybody" and names[-1] == "Smaller groups together\u00a0(2)"
    assert names[1:-1] == sorted(names[1:-1]) and "Wren Fictlow" not in names
    assert "nothing here is adjusted" in part["caution"]
    assert {point["name"] for point in part["funnel"]["points"]} == set(names[1:-1])


def test_the_minutes_are_called_an_assumption_and_multiply(context):
    saved = context()["time_saved"]
    rows = {row["kind"]: row for row in saved["rows"]}
    assert (rows["insurer"]["count"], rows["insurer"]["minutes"], rows["insurer"]["hours"]) == (
        96, 45, "72.0",
    )  # fmt: skip
    total = sum(row["count"] * row["minutes"] for row in saved["rows"])
    assert saved["hours"] == f"{total / 60:.1f}"


def test_times_that_are_not_known_are_said_to_be(context):
    found = PracticeOutcomes()
    for course in D.courses():
        one = course.approvals[0] if course.approvals else None
        approvals = () if one is None else (type(one)(one.payer, one.answer, None),)
        found.add(type(course)(**{**_fields(course), "approvals": approvals}))
    part = context(found)["authorizations"]
    assert "not known" in part["note"] and "not known (0 of" in part["rows"][0]["days"]
    assert "are known of" in context()["authorizations"]["note"]


def _fields(course):
    return {name: getattr(course, name) for name in course.__slots__}


def test_what_needs_a_decision_has_its_rule_and_is_empty_where_nothing_does(context):
    rules = [row["rule"] for row in context()["attention"]]
    assert rules[0] == "pages_open" and "worse" in rules
    assert context(PracticeOutcomes(), work=WorkDone())["attention"] == []


@pytest.mark.parametrize(
    ("first", "last", "title"),
    [
        ((2026, 2, 1), (2026, 2, 28), "February 2026"),
        ((2026, 1, 1), (2026, 3, 31), "January to March 2026"),
        ((2025, 12, 1), (2026, 1, 31), "December 2025 to January 2026"),
        ((2026, 1, 2), (2026, 1, 31), "2 January 2026 to 31 January 2026"),
    ],
)
def test_a_period_is_called_by_its_months(context, first, last, title):
    period = Period(date(*first), date(*last))
    assert context(period=period)["period"]["title"] == title


def test_the_context_is_json_and_the_same_again(context):
    one = context()
    assert json.loads(json.dumps(one, allow_nan=False)) == one
    assert document(one).digest == document(context()).digest


@pytest.mark.parametrize("paper", compose.PAPERS)
def test_the_pages(context, renderer, resources, paper):
    page = compose.html(document(context()), resources, paper)
    assert page == compose.html(document(context()), resources, paper)
    pdf = renderer.pdf(page)
    pages = [p.extract_text().replace("\u00a0", " ") for p in PdfReader(io.BytesIO(pdf)).pages]
    assert 2 <= len(pages) <= 4
    text = re.sub(r"\s+", " ", " ".join(pages))
    for part in (
        "What needs a decision", "1 Are we measuring?", "399 courses of care", "47% 131 of 279",
        "By clinician, in the order of their names", "Not for pay, rating or publication",
        "Documentation time, an assumption", "95 percent Wilson intervals", "Synthetic data",
        "Days from request to decision are known of 117 of 141",
    ):  # fmt: skip
        assert part in text, part


def test_drawings_say_in_words_what_they_show(context):
    part = context()["clinicians"]
    drawn = funnel(part["funnel"])
    assert "7 clinicians" in drawn.title and drawn.marks
    shown = interval({"text": "47% (8 of 17)", "percent": 47.0, "low": 26.0, "high": 69.0}, "PHQ-9")
    assert shown.title == "PHQ-9: 47% (8 of 17), 95 percent interval 26 to 69."
    empty = interval({"text": "fewer than 11", "percent": None}, "PHQ-9")
    assert empty.title == "PHQ-9: fewer than 11." and len(empty.marks) == 4
