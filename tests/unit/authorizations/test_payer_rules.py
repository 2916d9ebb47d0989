"""Payers' files: what is not known is "check", and every value has its source."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.authorizations.payer_file import PayerFile
from connector.authorizations.payers import PayerBook, Question
from connector.errors import ConfigurationError
from connector.registry import load_payers
from connector.resources import Resources

TODAY = date(2026, 11, 20)
SAID = "made up for the test"


def stated(value: Any, *, confirm: bool = False) -> dict[str, Any]:
    return {"value": value, "source": SAID, "confirm": confirm}


def rule(id: str = "one", verdict: str = "needed", **fields: Any) -> dict[str, Any]:
    return {"id": id, "authorization": stated(verdict), **fields}


def book(*rules: dict[str, Any], **fields: Any) -> PayerBook:
    data = {"id": "harbor", "name": "Harbor Plan", "names": ["HHP"], "rules": rules, **fields}
    return PayerBook([PayerFile.model_validate(data)])


def ask(payers: PayerBook, payer: str = "Harbor Plan", **fields: Any) -> Any:
    return payers.advise(Question(**{"payer": payer, "on": TODAY, **fields}))


def test_an_unknown_payer_is_check_and_never_not_needed() -> None:
    found = ask(book(rule(verdict="not_needed")), "Some Other Plan")
    assert found.verdict == "check" and found.payer_id is None


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=20), st.one_of(st.none(), st.text(max_size=10)))
def test_whatever_name_comes_only_the_payer_itself_needs_none(payer: str, plan: str | None) -> None:
    found = ask(book(rule(verdict="not_needed")), payer, plan=plan)
    same = "".join(c for c in payer.casefold() if c.isalnum()) in ("harbor", "harborplan", "hhp")
    assert (found.verdict == "not_needed") is same


@pytest.mark.parametrize("name", ["harbor plan", "HARBOR  PLAN.", "hhp", "harbor"])
def test_a_payer_is_found_by_any_of_its_names(name: str) -> None:
    assert ask(book(rule()), name).payer_id == "harbor"


def test_what_nobody_confirmed_is_not_taken_for_no_need() -> None:
    unsure = {**rule(), "authorization": stated("not_needed", confirm=True)}
    found = ask(book(unsure))
    assert found.verdict == "check" and found.to_confirm == ("authorization",)


def test_the_closest_rule_holds_and_a_draw_is_check() -> None:
    close = rule("gold", "not_needed", plans=["Gold PPO"])
    assert ask(book(rule(), close), plan="gold ppo").rule_id == "gold"
    assert ask(book(rule(), close), plan="Silver").rule_id == "one"
    assert ask(book(rule(), rule("two"))).verdict == "check"
    assert "the plan is not on file" in ask(book(close)).reason


def test_rules_hold_for_their_procedures_and_days() -> None:
    narrow = book(rule(cpt=["90837"], valid_from="2026-01-01", valid_until="2026-12-31"))
    assert ask(narrow, cpt=("90837",)).verdict == "needed"
    assert ask(narrow, cpt=("90837", "90834")).verdict == "check"
    assert ask(narrow, cpt=()).verdict == "check"
    assert ask(narrow, cpt=("90837",), on=date(2027, 1, 1)).verdict == "check"
    assert ask(narrow, cpt=("90837",), on=date(2026, 12, 31)).verdict == "needed"


def test_the_federal_clock_binds_where_the_file_states_none() -> None:
    advantage = ask(book(rule(line_of_business="medicare_advantage")))
    assert advantage.clock.standard.words == "7 calendar days"
    assert advantage.clock.expedited.words == "72 hours"
    assert any("CMS-0057-F" in one.source for one in advantage.sources)
    assert ask(book(rule(line_of_business="commercial"))).clock is None
    own = rule(clock=stated({"standard": {"amount": 2, "unit": "business_days"}}))
    assert ask(book(own)).clock.standard.words == "2 business days"


@pytest.mark.parametrize(
    "wrong",
    [
        rule(from_visit={"value": 9}),
        rule(verdict="perhaps"),
        rule(verdict="check", from_visit=stated(9)),
        rule(valid_from="2026-02-01", valid_until="2026-01-01"),
        rule(continued=stated("I")),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        book(wrong)


def test_every_value_of_the_shipped_files_has_a_source_and_no_payer_is_free_of_need() -> None:
    files = load_payers(Resources())
    assert {"optum_behavioral", "cohere_health", "blue_care_network_michigan"} <= set(files)
    payers = PayerBook(files.values())
    for file in files.values():
        assert not file.synthetic
        for one in file.rules:
            assert all(value.confirm for _, value in one.stated())
            found = ask(payers, file.id, discipline=one.disciplines[0])
            assert found.verdict != "not_needed"


def test_a_site_s_own_file_takes_the_shipped_one_s_place(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "payers"
    folder.mkdir(parents=True)
    (folder / "optum_behavioral.yaml").write_text(
        "id: optum_behavioral\nname: Optum\nrules:\n"
        "  - id: all\n    authorization: {value: not_needed, source: confirmed by telephone}\n"
    )
    payers = PayerBook(load_payers(Resources(tmp_path)).values())
    assert ask(payers, "Optum").verdict == "not_needed"
    (folder / "other.yaml").write_text("id: optum_behavioral\nname: X Y\nrules: []\n")
    with pytest.raises(ConfigurationError) as wrong:
        load_payers(Resources(tmp_path))
    assert "config/payers/other.yaml" in wrong.value.message
