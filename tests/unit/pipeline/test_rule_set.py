"""The practice's own numbers: typed, refused where no rule could work with them, and versioned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connector.errors import ConfigurationError
from connector.registry import load_instruments
from connector.resources import Resources, shipped_root
from connector.rules import DEFAULT_NAME, RuleSet
from connector.settings import check_rules
from connector.yaml_text import load_yaml


def read(text: str) -> RuleSet:
    return check_rules(RuleSet, load_yaml(text, "site.yaml", "site_unreadable"))


def test_the_shipped_numbers_have_a_name_and_keep_it() -> None:
    """Whoever changes a default gives it a new name, so that old decisions still tell theirs."""
    assert (RuleSet().version, RuleSet().changed()) == (DEFAULT_NAME, {})
    numbers = RuleSet().model_dump(mode="json", exclude={"name", "alerts"})
    assert numbers == {
        "baseline_days_before": 14, "baseline_days_after": 30, "new_episode_gap_days": 90,
        "too_early_days": 28, "curve": [[0, 0], [4, 20], [8, 35], [12, 50]],
        "missed_in_a_row": 2, "attendance_window_weeks": 6, "attendance_floor_percent": 70,
        "overdue_factor": "1.5", "authorization_flag_remaining": 1, "authorization_lead_days": 14,
        "authorization_counts_evaluations": True, "visit_milestones": [10],
        "recertification_days": 90, "milestone_lead_days": 14, "acute_days": 30,
        "cadence": {}, "requests_need_consent": False, "primary_scales": {}, "own_courses": [],
    }  # fmt: skip
    assert DEFAULT_NAME == "default-1"


@pytest.mark.parametrize(
    "text",
    [
        "too_early_days: 21",
        "curve: [[0, 0], [6, 30]]",
        "curve: []",
        "overdue_factor: 2.5",
        "visit_milestones: [8, 16]",
        "authorization_counts_evaluations: false",
        "alerts: {missed_visits: {to: [front_desk]}}",
        "name: riverside",
    ],
)
def test_every_changed_number_changes_the_version(text: str) -> None:
    rules = read(text)
    assert rules.version.startswith(f"{rules.name}+")
    assert rules.version not in {RuleSet().version, read("too_early_days: 22").version}
    assert rules.version == read(text).version
    assert rules.changed() == json.loads(json.dumps(rules.changed())) != {}
    assert check_rules(RuleSet, rules.changed() | _decimal(rules)) == rules


def _decimal(rules: RuleSet) -> dict[str, Any]:
    return {"overdue_factor": float(rules.overdue_factor)}


def test_a_copy_with_another_number_has_another_version() -> None:
    rules = RuleSet()
    assert rules.version == DEFAULT_NAME
    assert rules.model_copy(update={"acute_days": 90}).version != DEFAULT_NAME


def test_the_same_numbers_are_the_same_version_however_written() -> None:
    assert read("overdue_factor: 1.50").version == DEFAULT_NAME
    assert read("overdue_factor: 2.0").version == read("overdue_factor: 2").version


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("too_early_days: -1", "too_early_days"),
        ("too_early_days: 28.5", "too_early_days"),
        ("baseline_days_before: 1000000000", "baseline_days_before"),
        ("missed_in_a_row: 0", "missed_in_a_row"),
        ("visit_milestones: [0]", "visit_milestones.entry 1"),
        ("attendance_floor_percent: 101", "attendance_floor_percent"),
        ("attendance_window_weeks: 0", "attendance_window_weeks"),
        ("overdue_factor: 0.5", "overdue_factor"),
        ("overdue_factor: .nan", "overdue_factor"),
        ("overdue_factor: yes please", "overdue_factor"),
        ("curve: [[4, 20], [0, 0]]", "weeks must rise"),
        ("curve: [[0, 0], [0, 5]]", "weeks must rise"),
        ("curve: [[0, 20], [4, 10]]", "less than before"),
        ("curve: [[0, 120]]", "curve"),
        ("name: ''", "name"),
        ("name: a+b", "name"),
        ("version: default-1", "version"),
        ("too_early_day: 3", "Did you mean 'too_early_days'?"),
        ("alerts: {deterioration: {severity: page}}", "Valid values: urgent, action, notice"),
        ("alerts: {missed_visit: {to: [front_desk]}}", "Did you mean 'missed_visits'?"),
        ("alerts: {missed_visits: {to: []}}", "alerts.missed_visits.to"),
        ("alerts: {missed_visits: {to: [reception]}}", "front_desk, billing"),
        ("alerts: {missed_visits: {to: [billing, billing]}}", "named twice"),
        ("alerts: {safety_item_positive: {to: [billing]}}", "safety_item_positive"),
    ],
)
def test_numbers_that_no_rule_can_work_with(text: str, named: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(text)
    assert named in str(refused.value)
    assert "site.yaml, rules" in str(refused.value)


def test_a_decision_keeps_the_version_and_what_was_changed(stated: Any) -> None:
    stated.score("phq9", 0, 20)
    stated.score("phq9", 20, 18)
    kept = stated.at(30).decision
    assert (kept.rules_version, kept.inputs["rules"]["version"]) == (DEFAULT_NAME, DEFAULT_NAME)
    assert "changed" not in kept.inputs["rules"]
    stated.rules = read("{too_early_days: 40, missed_in_a_row: 3}")
    own = stated.at(30).decision
    assert (own.rule, own.rules_version) == ("R6", stated.rules.version)
    assert own.inputs["rules"]["version"] == stated.rules.version
    assert own.inputs["rules"]["changed"] == {"too_early_days": 40, "missed_in_a_row": 3}


def test_an_alert_goes_where_the_practice_sends_it(stated: Any) -> None:
    stated.visit(1, "no_show")
    stated.visit(2, "no_show")
    stated.form("phq9", 0, [1] * 9)
    stated.score("phq9", 14, 27)
    stated.score("phq9", 15, 99)

    def told(rule: str) -> set[tuple[str, str]]:
        found = stated.at(15).alerts
        return {(alert.audience, alert.severity) for alert in found if alert.rule == rule}

    assert told("missed_visits") == {("front_desk", "action"), ("therapist", "action")}
    assert told("deterioration") == {("therapist", "urgent")}
    assert told("invalid_score") == {("data_owner", "notice")}
    safety = told("safety_item_positive")
    assert safety == {("therapist", "page"), ("on_call", "page")}
    stated.rules = read(
        "alerts:\n"
        "  missed_visits: {to: [front_desk]}\n"
        "  deterioration: {to: [therapist, on_call], severity: action}\n"
        "  data: {to: [front_desk, data_owner], severity: action}\n"
    )
    assert told("missed_visits") == {("front_desk", "action")}
    assert told("deterioration") == {("therapist", "action"), ("on_call", "action")}
    assert told("invalid_score") == {("front_desk", "action"), ("data_owner", "action")}
    assert told("safety_item_positive") == safety


def test_an_instrument_that_the_site_changed_has_a_version_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "instruments"
    folder.mkdir(parents=True)
    text = (shipped_root() / "mappings" / "instruments" / "phq9.yaml").read_text("utf-8")
    shipped = load_instruments(Resources())["phq9"].version
    seen = {shipped}
    for points in (6, 5, 7):
        (folder / "phq9.yaml").write_text(
            text.replace("reliable_points: 6", f"reliable_points: {points}"), "utf-8"
        )
        own = load_instruments(Resources(tmp_path))["phq9"]
        assert own.reliable_points == points
        assert own.version.startswith(f"{shipped}+")
        seen.add(own.version)
    assert len(seen) == 4
    assert load_instruments(Resources(tmp_path))["gad7"].version == shipped
