"""Wrong settings: each fault in words for the person who writes the site file."""

from __future__ import annotations

import pytest

from connector.errors import ConfigurationError
from connector.folders import missing_folders, wrong_folders
from connector.settings import Site, check_section
from connector.sign_in import Bearer


def site(**changed):
    """A small valid site file with parts replaced; ``source`` and ``destination`` are options."""
    source, destination = changed.pop("source", {}), changed.pop("destination", {})
    return {
        "practice": {"id": "riverside", "name": "Riverside Therapy"},
        "sources": [
            {"name": "csv", "adapter": "csv_files", "mapping": "csv_export", "options": source}
        ],
        "destinations": [
            {"name": "filing", "adapter": "folder", "receives": ["alert"], "options": destination}
        ],
    } | changed


def said(data, model=Site):
    with pytest.raises(ConfigurationError) as caught:
        check_section(model, data, where="site.yaml")
    return str(caught.value)


PRACTICE = {"id": "riverside", "name": "Riverside Therapy"}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (site(practice={"name": "Riverside"}), "practice.id: is missing"),
        (site(practice=PRACTICE | {"id": "River Side"}), "practice.id: must be 2 to 40 small"),
        (site(practice=PRACTICE | {"name": 7}), "practice.name: must be text; put it into quotes"),
        (site(practice=PRACTICE | {"synthetic": "maybe"}), "must be true or false"),
        (site(practice=PRACTICE | {"signers": "Dana"}), "signers: must be a list"),
        (site(practice=PRACTICE | {"signers": ["Dana"]}), "entry 1: must be a name and, after"),
        (site(practice=PRACTICE | {"timezone": "Eastern"}), "Did you mean 'US/Eastern'?"),
        (site(practice=PRACTICE | {"timezone": "America/NewYork"}), "mean 'America/New_York'?"),
        (site(practice=PRACTICE | {"timezone": "x"}), "unknown time zone 'x', such as America"),
        (site(as_of="yesterday"), "as_of: must be a date with a time, such as"),
        (site(shadow=["delivr"]), "Did you mean 'deliver'? Valid values: ingest, evaluate"),
        (site(sources=7), "sources: must be a list"),
        (site(render={"paper": "A5"}), "render.paper: not one of the values that it can have."),
        (site(service={"threads": "many"}), "service.threads: must be a whole number"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_in_plain_words(data, sentence):
    told = said(data)
    assert sentence in told
    assert "Input should" not in told


def test_a_misspelt_key_is_told_before_the_one_that_is_missing_because_of_it():
    wrong = site()
    wrong["practice"]["nam"] = wrong["practice"].pop("name")
    assert "unknown key practice.nam (and 1 more). Did you mean 'name'?" in said(wrong)


def test_an_entry_of_a_list_is_told_by_its_name_or_counted_from_one():
    wrong = site()
    wrong["sources"][0]["every_seconds"] = 1
    assert "sources.csv.every_seconds: must be 5 or more" in said(wrong)
    wrong["sources"][0]["name"] = ""
    assert "sources.entry 1." in said(wrong)


@pytest.mark.parametrize("secret", ["hunter2-hunter2", 12345678])
def test_a_secret_in_the_settings_is_refused_and_not_repeated(secret):
    told = said({"token": secret}, Bearer)
    assert "a secret is never written into the settings" in told
    assert "{env: NAME}" in told
    assert str(secret) not in told


@pytest.mark.parametrize("other", ["inbox", "./inbox", "inbox/", "x/../inbox"])
def test_two_parts_never_share_the_folder_of_a_source(tmp_path, other):
    first = site(source={"folder": "inbox"}, destination={"folder": other})
    [fault] = wrong_folders(Site.model_validate(first), tmp_path)
    assert fault.code == "folder_shared"
    assert "destination 'filing'" in str(fault) and "that of source 'csv' too" in str(fault)
    both = site(source={"folder": "inbox"})
    both["sources"].append(both["sources"][0] | {"name": "second", "options": {"folder": other}})
    [fault] = wrong_folders(Site.model_validate(both), tmp_path)
    assert "source 'second'" in str(fault)


def test_a_folder_that_is_a_file_is_a_mistake_and_one_that_is_not_there_a_second_look(tmp_path):
    checked = Site.model_validate(site(source={"folder": "in"}, destination={"folder": "out"}))
    assert wrong_folders(checked, tmp_path) == []
    [missing] = missing_folders(checked, tmp_path)
    assert missing.startswith("source 'csv': the folder ") and "does not exist yet" in missing
    (tmp_path / "in").write_text("x")
    (tmp_path / "out").mkdir()
    [fault] = wrong_folders(checked, tmp_path)
    assert str(fault) == (
        "site.yaml, source 'csv': folder: 'in' is a file; name a folder [folder_unusable]"
    )
    assert missing_folders(checked, tmp_path) == []
