"""Inputs of the golden cases are complete, small and free of patients of the sample practice."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import pytest
import yaml

CASES = Path(__file__).resolve().parents[2] / "golden" / "cases"
NAMES = (
    "mh_improving",
    "mh_deteriorating_with_safety_item",
    "pt_lefs_higher_is_better",
    "incomplete_and_late",
    "authorization_seventh_of_eight",
    "corrections_and_retractions",
    "letter_to_the_referring_provider",
)


@pytest.mark.parametrize("name", NAMES)
def test_case_has_a_clock_and_one_to_three_clients_that_all_rows_belong_to(name: str) -> None:
    folder = CASES / name / "input"
    case = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
    assert datetime.fromisoformat(case["as_of"]).tzinfo is not None
    clients: set[str] = set()
    named: set[str] = set()
    for path in sorted((folder / "inbox").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found = {row["client_id"] for row in csv.DictReader(file) if "client_id" in row}
        named |= found
        if path.name.startswith("clients"):
            clients |= found
    assert 1 <= len(clients) <= 3
    assert named == clients
    assert all(client.startswith("C-3") for client in clients)
