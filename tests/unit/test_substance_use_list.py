"""The list of codes that tell of substance use treatment: shipped, read, changed by a site."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.app import App
from connector.errors import ConfigurationError
from connector.registry import SUBSTANCE_USE, load_substance_use
from connector.resources import Resources
from connector.settings import Site
from connector.substance_use import SubstanceUse
from connector.yaml_text import load_yaml

SHIPPED = load_substance_use(Resources())
NAMED = ("H0001", "H0005", "H0015", "H0020", "G0396", "G0397", "G2011", "99408", "99409")


def site_list(home: Path, text: str) -> Resources:
    path = home / SUBSTANCE_USE
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return Resources(home)


def own(procedures: str, name: str = "ours") -> str:
    return (
        f"name: {name}\nprocedures:\n  - {{codes: [{procedures}], what: ours, source: our own}}\n"
    )


@pytest.mark.parametrize("code", NAMED)
def test_the_usual_services_are_known(code: str) -> None:
    assert SHIPPED.is_procedure(code) and SHIPPED.names_procedure(f"Bill {code} weekly")


@pytest.mark.parametrize("code", ["90837", "97110", "H0004", "H0031", "H0034", "99213", "", None])
def test_other_services_are_not(code: str | None) -> None:
    assert not SHIPPED.is_procedure(code)


@given(
    st.sampled_from(sorted(SHIPPED.procedures)),
    st.sampled_from(["", "-", " ", ":", "^"]),
    st.lists(st.sampled_from(["95", "GT", "U1"]), max_size=4),
    st.booleans(),
)
def test_a_code_is_known_however_it_is_written(
    code: str, between: str, modifiers: list[str], small: bool
) -> None:
    text = between.join([code, *modifiers])
    assert SHIPPED.is_procedure(f" {text.lower() if small else text} ")


@pytest.mark.parametrize("code", ["90837-HF", "90837 95 HG", "90837hh", "97110:U1:HF"])
def test_a_modifier_tells_of_it(code: str) -> None:
    assert SHIPPED.is_procedure(code)


@given(st.text(max_size=30))
def test_any_text_is_answered(text: str) -> None:
    assert SHIPPED.is_procedure(text) in (True, False)
    assert SHIPPED.names_procedure(text) <= SHIPPED.names_code(text)


@pytest.mark.parametrize("code", ["F10.20", "f1120", "F19.9", "Z71.41", "Z7151", "F55.3", "R78.0"])
def test_diagnoses(code: str) -> None:
    assert SHIPPED.is_diagnosis(code) and SHIPPED.names_code(f"known {code} since May")


@pytest.mark.parametrize("code", ["F33.1", "Z71.4", "R78.9", "F50.01", "Z71.1"])
def test_other_diagnoses(code: str) -> None:
    assert not SHIPPED.is_diagnosis(code)


def test_an_empty_list_still_knows_the_diagnoses_of_the_law() -> None:
    assert SubstanceUse().is_diagnosis("F10.20") and not SubstanceUse().is_procedure("H0015")


def test_every_code_has_its_source() -> None:
    data = load_yaml(Resources().find(SUBSTANCE_USE).text(), SUBSTANCE_USE, "list_unreadable")
    assert isinstance(data, dict)
    parts = [part for key in data if key != "name" for part in data[key]]
    assert all(part["source"] and part["what"] for part in parts)
    # What no official source was read for says so.
    assert all(part.get("confirm") for part in parts if "general knowledge" in part["source"])


def test_a_sites_own_list_takes_its_place_with_a_version_of_its_own(tmp_path: Path) -> None:
    ours = load_substance_use(site_list(tmp_path, own("H0004")))
    assert ours.is_procedure("H0004") and not ours.is_procedure("H0015")
    assert ours.is_diagnosis("F11.20")
    assert ours.version.startswith("ours+") and ours.version != SHIPPED.version


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (own("H15"), "invalid_value", "'H15' is no CPT or HCPCS code"),
        (own("H0015, H0015"), "code_twice", "H0015"),
        (f"{own('H0015')}procedure: []\n", "unknown_key", "Did you mean 'procedures'"),
        ("[", "list_unreadable", SUBSTANCE_USE),
    ],
)
def test_a_wrong_list_is_refused_with_its_place(
    text: str, code: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_substance_use(site_list(tmp_path, text))
    assert refused.value.code == code and told in str(refused.value)
    assert SUBSTANCE_USE in str(refused.value)


def test_the_service_works_with_it(tmp_path: Path) -> None:
    source = {"name": "one", "adapter": "csv_files", "mapping": "csv_export"}
    to = {"name": "two", "adapter": "folder", "receives": ["insurer"]}
    practice = {"id": "mine", "name": "Mine"}
    site = Site.model_validate({"practice": practice, "sources": [source], "destinations": [to]})
    app = App(tmp_path, site)
    assert app.practice.substance_use == SHIPPED
    assert app.desk(None).substance_use == SHIPPED  # type: ignore[arg-type]


def test_a_site_is_written_the_same_in_every_process(tmp_path):
    """What a start compares with the last one: else everybody would be judged again each time."""
    script = (
        "from connector.app import open_app; import sys, pathlib; "
        "app = open_app(pathlib.Path(sys.argv[1])); "
        "parts = [app.practice, app.rules, *app.instruments.values(), *app.routes, "
        "*app.payers.files.values()]; "
        "print([part.model_dump_json() for part in parts])"
    )
    example = Resources().find("config/site.yaml.example").text()
    (tmp_path / "site.yaml").write_text(example, encoding="utf-8")
    said = [
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert said[0] == said[1]
    assert "H0015" in said[0]
