"""A mapping proposed from a sample: which kind, which column, how sure; and the text of it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import ConfigurationError
from connector.mapping.load import build_mapping, load_mapping
from connector.mapping.proposal import draft, propose, vocabulary
from connector.mapping.proposal.profile import profile
from connector.resources import Resources

KNOWN = vocabulary([load_mapping("csv_export", Resources())])
VISITS = ["Appt ID", "Client ID", "Provider", "Appointment Date", "Duration", "Status", "Remarks"]
ROWS = [
    ["A1", "C-1", "Dana Okafor", "11/05/2026 03:00 PM", "50", "Show", "x"],
    ["A2", "C-2", "Dana Okafor", "11/15/2026 09:00 AM", "45", "No Show", ""],
    ["A3", "C-2", "Kim Sample", "11/25/2026 09:30 AM", "50", "Vanished", "y"],
    ["A4", "C-1", "Kim Sample", "11/26/2026 09:30 AM", "50", "Show", "y"],
]


def _by_column(proposal: Any) -> dict[str, Any]:
    return {one.column: one for one in proposal.columns}


def test_the_kind_the_columns_and_how_sure() -> None:
    made = propose(VISITS, ROWS, KNOWN, file="Export 7")
    found = _by_column(made)
    assert made.kind == "visit" and made.missing == ()
    assert {n: c.target for n, c in found.items() if c.target} == {
        "Client ID": "patient_id", "Provider": "clinician_id", "Appointment Date": "starts_at",
        "Duration": "minutes", "Status": "status",
    }  # fmt: skip
    assert found["Client ID"].confidence == 100
    assert found["Appointment Date"].options == {"format": "%m/%d/%Y %I:%M %p"}
    # Names, where numbers are needed: half sure, and a value file must say whose they are.
    assert found["Provider"].confidence < 70
    assert found["Provider"].options["values_file"] == "clinicians.csv"


def test_words_are_taken_from_mappings_that_exist_and_others_left_to_decide() -> None:
    status = _by_column(propose(VISITS, ROWS, KNOWN))["Status"]
    assert status.options["values"] == {"Show": "attended", "No Show": "no_show"}
    assert status.undecided == ("Vanished",) and status.confidence < 100


def test_the_draft_is_a_mapping_that_loads() -> None:
    header = [*VISITS[:2], *VISITS[3:]]
    rows = [[*row[:2], *row[3:]] for row in ROWS]
    text = draft(propose(header, rows, KNOWN), "visits", "Export*.csv", "CSV")
    spec = build_mapping("draft", yaml.safe_load(text))
    assert spec.tables["visits"].known_columns == {
        "Client ID", "Appointment Date", "Duration", "Status",
    }  # fmt: skip
    assert '# what does "Vanished" mean?' in text and "# not read: Remarks" in text


def test_without_an_id_the_fields_that_tell_rows_apart_make_it() -> None:
    made = propose(["Client ID", "Start", "Status"], [["C", "2026-11-05 15:00", "Show"]] * 3, KNOWN)
    assert (made.source_id, made.id_from) == (None, ("patient_id", "starts_at"))
    text = draft(made, "visits", "v*.csv", "CSV")
    assert build_mapping("draft", yaml.safe_load(text)).tables["visits"].records[0].id_from


def test_numbered_columns_are_answers() -> None:
    header = ["Form ID", "Client ID", "Measure", "Date Completed", "Q1", "Q2", "Q3"]
    rows = [
        ["F1", "C-1", "PHQ-9", "11/20/2026", "1", "n/a", ""],
        ["F2", "C-2", "PHQ-9", "11/21/2026", "3", "0", "1"],
    ]
    made = propose(header, rows, KNOWN)
    assert made.kind == "assessment" and made.source_id == "Form ID"
    assert _by_column(made)["Q"].options == {"columns": 3}


def test_what_is_missing_is_said() -> None:
    made = propose(["Client ID", "Total"], [["C-1", "3"]], KNOWN, kind="assessment")
    assert made.missing == ("instrument", "taken_on")
    text = draft(made, "t", "t*.csv", "CSV")
    assert "# taken_on: MISSING" in text
    with pytest.raises(ConfigurationError):
        build_mapping("draft", yaml.safe_load(text))


@pytest.mark.parametrize(
    ("values", "formats"),
    [
        (["11/25/2026"], ("%m/%d/%Y",)),
        (["25/11/2026"], ("%d/%m/%Y",)),
        (["03/04/2026"], ("%m/%d/%Y", "%d/%m/%Y")),
        (["2026-11-25"], ("iso",)),
        (["5 Mar 2026", "31 Feb 2026", "1 Apr 2026"], ("%d %b %Y",)),
        (["12", "13"], ()),
        (["no", "dates"], ()),
    ],
)
def test_how_dates_are_written(values: list[str], formats: tuple[str, ...]) -> None:
    assert profile(values).formats == formats


_CELL = st.text(max_size=12) | st.sampled_from(
    ["C-1", "11/05/2026", "Show", "12", "Yes", '"', ": #"]
)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(_CELL | st.sampled_from(VISITS), max_size=8),
    st.lists(st.lists(_CELL, max_size=9), max_size=5),
)
def test_any_sample_gives_a_draft_that_is_yaml(header: list[str], rows: list[list[str]]) -> None:
    made = propose(header, rows, KNOWN, file="any")
    assert all(0 <= one.confidence <= 100 for one in made.columns)
    assert isinstance(yaml.safe_load(draft(made, "t", "t*.csv", "CSV")), dict)
