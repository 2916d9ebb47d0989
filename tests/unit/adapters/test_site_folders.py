"""Folders of a site: the example works as it is, and what would eat files is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.app import App, open_app
from connector.errors import ConfigurationError
from connector.pickup import Pickup, PickupSettings
from connector.resources import Resources


def site(home: Path, **folders: Any) -> App:
    """The example site with other folders: ``csv``, ``fhir``, ``out``."""
    document = yaml.safe_load(Resources().find("config/site.yaml.example").text())
    parts = {
        "csv": document["sources"][0], "fhir": document["sources"][1],
        "out": document["destinations"][0],
    }  # fmt: skip
    for name, folder in folders.items():
        parts[name]["options"]["folder"] = folder
    (home / "site.yaml").write_text(yaml.safe_dump(document))
    return open_app(home)


def test_the_example_reads_csv_and_fhir_from_folders_of_their_own(tmp_path: Path) -> None:
    app = site(tmp_path)
    assert {given.adapter for given in app.site.sources} == {"csv_files", "fhir_files"}
    assert len(app.sources) == 2 and len(app.destinations) == 1


@pytest.mark.parametrize(
    "folders",
    [{"fhir": "inbox"}, {"fhir": "./inbox/"}, {"fhir": "x/../inbox"}, {"out": "inbox"}],
)
def test_a_folder_used_twice_is_refused(tmp_path: Path, folders: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="source 'practice_csv'") as caught:
        _ = site(tmp_path, **folders).sources
    assert caught.value.code == "folder_shared"


@pytest.mark.parametrize(
    ("fhir", "archive"), [("fhir", "inbox"), ("archive", None), ("fhir", "./fhir/")]
)
def test_files_that_were_read_are_not_put_where_a_source_reads(
    tmp_path: Path, fhir: str, archive: str | None
) -> None:
    """They would be read again for ever, or as another source's."""
    document = yaml.safe_load(Resources().find("config/site.yaml.example").text())
    document["sources"][1]["options"]["folder"] = fhir
    csv = document["sources"][0]["options"]
    csv |= {"after_pickup": "archive"} | ({} if archive is None else {"archive": archive})
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(ConfigurationError, match="archive: ") as caught:
        _ = open_app(tmp_path).sources
    assert caught.value.code == "folder_shared" and "practice_csv" in caught.value.where
    csv["archive"] = "read"
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(document))
    assert len(open_app(tmp_path).sources) == 2


@pytest.mark.parametrize("folder", ["", "a\0b", "a\nb", 5, None, ["inbox"]])
def test_what_is_no_folder_name_is_refused(tmp_path: Path, folder: Any) -> None:
    with pytest.raises(ConfigurationError, match="folder"):
        _ = site(tmp_path, csv=folder).sources


@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), -1, "soon", 1e12])
def test_a_settling_time_that_never_ends_is_refused(tmp_path: Path, seconds: Any) -> None:
    with pytest.raises(ValueError, match="settle_seconds"):
        PickupSettings(folder="inbox", settle_seconds=seconds)


@pytest.mark.parametrize("folder", [".", "./", "data", "sub/.."])
@pytest.mark.parametrize("owned", ["site.yaml", "keys.json", "connector.db", "manifest.jsonl"])
def test_the_site_never_picks_itself_up(tmp_path: Path, folder: str, owned: str) -> None:
    for place in (tmp_path, tmp_path / "data", tmp_path / "sub"):
        place.mkdir(exist_ok=True)
        (place / owned).write_text("precious")
    with pytest.raises(ConfigurationError, match=owned):
        Pickup(PickupSettings(folder=folder, settle_seconds=0), tmp_path).claim()
    assert (tmp_path / owned).read_text() == "precious"
