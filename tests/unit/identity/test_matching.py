"""Whether two sources speak of one person. All people here are made up."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.identity import IdentityRules, keys_of, not_one, verdict
from connector.identity.normal import name_key, number_key
from connector.record_ids import RecordIds
from connector.records import Patient, Provenance

RULES = IdentityRules(joins="ehr")
BORN = date(1988, 4, 12)


def person(id: str, source: str = "ehr", **given: Any) -> Patient:
    own = {
        "chart_number": id.upper(), "given_name": "Avery", "family_name": "Samplewood",
        "birth_date": BORN, "sex": "female", **given,
    }  # fmt: skip
    return Patient(
        id=f"patient-{id}", version=datetime(2026, 11, 1, tzinfo=UTC),
        provenance=Provenance(
            source=source, origin="clients.csv", source_id=id, mapping="m", mapping_version="1"
        ),
        **own,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("O'Neil", "ONEIL"), ("Smith-Jones", "smith jones"), ("Núñez", "NUNEZ"),
        ("Søren", "soren"), ("Strauß", "STRAUSS"), ("Łęcka", "lecka"),
        ("  Ana  María ", "anamaria"),
    ],
)  # fmt: skip
def test_names_are_compared_without_case_accents_and_signs(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_nothing_is_guessed() -> None:
    assert name_key("Bill") != name_key("William")
    assert name_key("Smith-Jones") != name_key("Smith")
    assert number_key(" c-01 ") == number_key("C-01") != number_key("C-1")
    assert name_key(" - ") == name_key(None) == ""


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"chart_number": "E-1"}, "exact_id"),
        ({"chart_number": "E-1", "given_name": None, "family_name": None, "birth_date": None},
         "exact_id"),
        ({"chart_number": "E-1", "family_name": "Newname"}, "exact_id"),
        ({"chart_number": "F-7"}, "name_and_given_name"),
        ({"chart_number": "F-7", "given_name": "AVERY", "family_name": "SAMPLEWOOD"},
         "name_and_given_name"),
    ],
)  # fmt: skip
def test_one_who_fits_is_found(given: dict[str, Any], reason: str) -> None:
    found = verdict(person("f", "forms", **given), [person("e-1")], RULES)
    assert (found.chart_id, found.reason) == ("patient-e-1", reason)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"chart_number": "E-1", "birth_date": date(1988, 4, 13)}, "conflict"),
        ({"chart_number": "E-1", "birth_date": None, "family_name": "Other"}, "conflict"),
        ({"chart_number": "F-7", "given_name": "Robin"}, "conflict"),
        ({"chart_number": "F-7", "given_name": None}, "conflict"),
        ({"chart_number": "F-7", "sex": "male"}, "conflict"),
        ({"chart_number": "F-7", "birth_date": date(1999, 1, 1)}, "nobody"),
        ({"chart_number": "F-7", "family_name": "Other"}, "nobody"),
        ({"chart_number": " ", "birth_date": None}, "too_little"),
    ],
)  # fmt: skip
def test_who_is_not_certain_waits_with_the_reason(given: dict[str, Any], reason: str) -> None:
    found = verdict(person("f", "forms", **given), [person("e-1")], RULES)
    assert (found.chart_id, found.reason) == (None, reason)


def test_several_who_fit_wait_and_an_exact_number_decides_between_them() -> None:
    twice = [person("e-1"), person("e-2")]
    assert verdict(person("f", "forms", chart_number="F-7"), twice, RULES).reason == "several"
    assert verdict(person("f", "forms", chart_number="E-2"), twice, RULES).chart_id == "patient-e-2"


def test_a_twin_does_not_keep_the_one_who_fits_from_being_found() -> None:
    twins = [person("e-1"), person("e-2", given_name="Robin")]
    found = verdict(person("f", "forms", chart_number="F-7"), twins, RULES)
    assert found.chart_id == "patient-e-1"


def test_the_site_says_which_field_counts_and_whether_numbers_do() -> None:
    by_sex = IdentityRules(joins="ehr", exact_id=False, also=("sex",))
    nameless = person("f", "forms", chart_number="F-7", given_name=None)
    assert verdict(nameless, [person("e-1")], by_sex).reason == "name_and_sex"
    numbered = person("f", "forms", chart_number="E-1", family_name="Other")
    assert verdict(numbered, [person("e-1")], by_sex).reason == "nobody"


def test_keys_tell_nothing_and_are_the_same_for_the_same_person() -> None:
    ids = RecordIds(b"k" * 32, "practice")
    one, other = keys_of(person("e-1"), ids), keys_of(person("E-1", family_name="SAMPLEWÓOD"), ids)
    assert one == other and len(one) == 2
    assert not any("amplewood" in key or "1988" in key for key in one)
    assert keys_of(person("e-1"), RecordIds(b"j" * 32, "practice")).isdisjoint(one)


_days = st.sampled_from([None, BORN, date(1988, 4, 13), date(1990, 1, 1)])
_names = st.sampled_from(["Samplewood", "SAMPLEWOOD", "Sample-Wood", "Other", None, ""])
_given = st.sampled_from(["Avery", "avery", "Robin", None])
_numbers = st.sampled_from(["E-1", "e-1", "E-2", "", "F-9"])
_sexes = st.sampled_from(["female", "male", "unknown"])


@st.composite
def people(draw: Any, source: str = "ehr", most: int = 5) -> list[Patient]:
    count = draw(st.integers(1, most))
    return [
        person(
            f"{source}-{number}", source, chart_number=draw(_numbers), given_name=draw(_given),
            family_name=draw(_names), birth_date=draw(_days), sex=draw(_sexes),
        )
        for number in range(count)
    ]  # fmt: skip


@given(people("forms", 1), people(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_verdict_depends_on_who_is_there_and_never_joins_other_birth_dates(
    forms: list[Patient], others: list[Patient], random: Any
) -> None:
    [form] = forms
    found = verdict(form, others, RULES)
    shuffled = list(others)
    random.shuffle(shuffled)
    assert verdict(form, shuffled, RULES) == found
    if found.chart_id is not None:
        [chart] = [one for one in others if one.id == found.chart_id]
        assert None in (form.birth_date, chart.birth_date) or form.birth_date == chart.birth_date
        assert not not_one(chart, [form])
