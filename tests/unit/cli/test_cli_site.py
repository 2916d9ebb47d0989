"""init, check, status: a site's mistakes are told in one sentence each, with the right word."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml

from connector.registry import adapter_names
from connector.resources import shipped_root
from connector.settings import RenderSettings, Site, SourceSettings, load_site


def edit(site, change):
    path = site.home / "site.yaml"
    loaded = yaml.safe_load(path.read_text())
    change(loaded)
    path.write_text(yaml.safe_dump(loaded))


def test_init_makes_a_site_that_passes_its_check(connector, tmp_path):
    home = tmp_path / "mine"
    done = connector(
        "init", home, "--id", "harbor", "--name", 'Harbor "PT" \\ Søn', "--timezone",
        "America/Denver",
    )  # fmt: skip
    assert done.code == 0, done.err
    practice = load_site(home).practice
    assert (practice.id, practice.name) == ("harbor", 'Harbor "PT" \\ Søn')
    assert practice.timezone == "America/Denver"
    assert (home / "inbox").is_dir()
    assert (home / "out").is_dir()
    assert (home / "data" / "keys.json").stat().st_mode & 0o777 == 0o600
    assert "Keep a copy of data/keys.json in a safe place" in done.words
    steps = [line[:2] for line in done.out.splitlines() if line[1:3] == ". "]
    assert steps == ["1.", "2.", "3.", "4.", "5."]
    done = connector("--home", home, "check")
    assert done.code == 0, done.err
    assert "No mistakes found." in done.out


def test_a_run_with_nothing_to_read_says_where_exports_go(connector, tmp_path):
    connector("init", tmp_path / "mine")
    done = connector("--home", tmp_path / "mine", "run", "--once")
    assert done.code == 0, done.err
    assert f"Nobody yet: put exports into {tmp_path / 'mine' / 'inbox'}" in done.out


def test_init_overwrites_nothing(connector, tmp_path):
    home = tmp_path / "mine"
    connector("init", home)
    before = {p: p.read_bytes() for p in home.rglob("*") if p.is_file()}
    done = connector("init", home, "--name", "Other")
    assert done.code == 3
    assert f"{home / 'site.yaml'} exists already; nothing was changed [site_exists]" in done.err
    assert {p: p.read_bytes() for p in home.rglob("*") if p.is_file()} == before


def test_init_with_a_wrong_word_leaves_nothing_behind(connector, tmp_path):
    home = tmp_path / "mine"
    done = connector("init", home, "--timezone", "New York")
    assert done.code == 3
    assert "unknown time zone 'New York'. Did you mean 'America/New_York'?" in done.err
    assert not home.exists()


def test_a_folder_without_a_site_is_told_how_to_make_one(connector, tmp_path):
    done = connector("--home", tmp_path, "status")
    assert done.code == 3
    assert f"no site.yaml in {tmp_path}; make one with: connector init {tmp_path}" in done.err


def test_a_wrong_key_gets_the_right_one(connector, small_site):
    site = small_site()
    edit(site, lambda s: s.update(destinatons=s.pop("destinations")))
    done = connector("--home", site.home, "run", "--once")
    assert done.code == 3
    assert (
        "connector: site.yaml: unknown key destinatons (and 1 more). Did you mean 'destinations'? "
        f"Valid values: {', '.join(sorted(Site.model_fields))} [unknown_key]"
    ) in done.err
    assert len(done.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda s: s["render"].update(papper="A4"),
            "site.yaml: unknown key render.papper. Did you mean 'paper'? "
            f"Valid values: {', '.join(sorted(RenderSettings.model_fields))} [unknown_key]",
        ),
        (
            lambda s: s["sources"][0].update(every_second=9),
            "site.yaml: unknown key sources.csv.every_second. Did you mean 'every_seconds'? "
            f"Valid values: {', '.join(sorted(SourceSettings.model_fields))} [unknown_key]",
        ),
        (
            lambda s: s["sources"][0].update(every_seconds=1),
            "site.yaml: sources.csv.every_seconds: must be 5 or more [invalid_value]",
        ),
        (
            lambda s: s["destinations"].append(s["destinations"][0]),
            "site.yaml: destinations: the name 'filing' is used twice [invalid_value]",
        ),
        (
            lambda s: s["sources"][0].update(adapter="csv_file"),
            "there is no adapter 'csv_file'. Did you mean 'csv_files'? "
            f"Valid values: {', '.join(sorted(adapter_names()))} [unknown_adapter]",
        ),
        (
            lambda s: s["sources"][0].update(mapping="csv_exprt"),
            "no mapping 'csv_exprt'. Did you mean 'csv_export'?",
        ),
        (
            lambda s: s["sources"][0]["options"].update(foldr="x"),
            "site.yaml, source 'csv', options: unknown key foldr. Did you mean 'folder'?",
        ),
        (
            lambda s: s["sources"][0].update(adapter="folder"),
            "source 'csv': folder can't be read from [not_a_source]",
        ),
        (
            lambda s: s["destinations"][0].update(adapter="csv_files"),
            "destination 'filing': csv_files can't be sent to [not_a_destination]",
        ),
        (
            lambda s: s.update(rules={"too_early_day": 3}),
            "site.yaml, rules: unknown key too_early_day. Did you mean 'too_early_days'?",
        ),
        (
            lambda s: s.update(store={"url": "mysql://x/y"}),
            "site.yaml: store: url and engine_url must both be SQLite files",
        ),
        (
            lambda s: s.update(store={"url": "postgresql://u@h/d"}),
            "site.yaml: store: url and engine_url must both be SQLite files",
        ),
    ],
    ids=[
        "key", "key in a list", "number", "doubled name", "adapter", "mapping", "option",
        "not a source", "not a destination", "rule", "database", "two kinds of database",
    ],
)  # fmt: skip
def test_check_names_key_and_right_word(connector, small_site, change, sentence):
    site = small_site(extra={"render": {"paper": "A4"}})
    edit(site, change)
    done = connector("--home", site.home, "check")
    assert done.code == 3
    assert sentence in done.err
    assert "1 mistake found; nothing is run until they are fixed" in done.err
    assert not (site.home / "data").exists(), "check stores nothing"


def test_check_lists_every_mistake_of_the_site_file(connector, small_site):
    site = small_site()

    def three(loaded):
        loaded["practise"] = {}
        loaded["practice"]["timezone"] = "Mars/Base"
        loaded["sources"][0]["every_seconds"] = 1

    edit(site, three)
    done = connector("--home", site.home, "check")
    assert done.code == 3
    for sentence in (
        "unknown key practise. Did you mean 'practice'?",
        "practice.timezone: unknown time zone 'Mars/Base'",
        "sources.csv.every_seconds",
        "3 mistakes found",
    ):
        assert sentence in done.err


def test_check_lists_every_mistake_of_the_parts(connector, small_site):
    site = small_site(extra={"rules": {"nonsense": 1}})

    def wrong(loaded):
        loaded["sources"][0]["mapping"] = "nowhere"
        loaded["destinations"][0]["options"] = {"folder": "out", "colour": "red"}

    edit(site, wrong)
    for name in ("phq9", "gad7"):
        path = site.home / "mappings" / "instruments" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("id: broken\n")
    done = connector("--home", site.home, "check")
    assert done.code == 3
    for words in ("nonsense", "no mapping 'nowhere'", "unknown key colour", "phq9", "gad7"):
        assert words in done.err


def test_check_reads_the_keys_that_are_published(connector, small_site):
    site = small_site(extra={"service": {"publish_keys": ["keys/none.pem"]}})
    done = connector("--home", site.home, "check")
    assert done.code == 3
    assert "site.yaml, service.publish_keys" in done.words
    assert "1 mistake found" in done.words


def test_check_says_whose_each_file_is(connector, small_site):
    site = small_site()
    done = connector("--home", site.home, "check")
    assert "shipped mappings/csv_export/mapping.yaml" in done.words
    assert "mappings/fhir_r4" not in done.out, "it is not in use"

    own = site.home / "mappings" / "csv_export"
    own.mkdir(parents=True)
    shutil.copy(shipped_root() / "mappings" / "csv_export" / "mapping.yaml", own)
    done = connector("--home", site.home, "check")
    assert done.code == 0, done.err
    assert "site mappings/csv_export/mapping.yaml" in done.words
    assert "shipped mappings/csv_export/mapping.yaml" not in done.words
    count = len(list((shipped_root() / "mappings" / "instruments").glob("*.yaml")))
    assert f"shipped mappings/instruments/ ({count} files)" in done.words
    assert "phq9" not in done.out, "what nobody changed is counted"

    measure = site.home / "mappings" / "instruments"
    measure.mkdir()
    shutil.copy(shipped_root() / "mappings" / "instruments" / "phq9.yaml", measure)
    done = connector("--home", site.home, "check")
    assert "site mappings/instruments/phq9.yaml" in done.words
    assert f"shipped mappings/instruments/ ({count - 1} files)" in done.words
    assert "instrument Patient Health Questionnaire-9 1+" in done.words
    assert f"instruments {count - 1} shipped measures" in done.words
    done = connector("--home", site.home, "check", "--all")
    assert "shipped mappings/instruments/gad7.yaml" in done.words
    assert "instrument Generalized Anxiety Disorder-7 1" in done.words


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            b"practice: [\n",
            "site.yaml: not valid YAML: expected the node content, but found '<stream end>', "
            "line 2",
        ),
        (b"\xff\xfe\x00\x01\x02", "site.yaml is not UTF-8 text"),
        (b"\x00\x01", "site.yaml: not valid YAML: unreadable text"),
        (b"", "site.yaml holds no keys, such as practice:"),
        (b"just words\n", "site.yaml holds no keys, such as practice:"),
        (None, "site.yaml in {home} can't be read: Is a directory"),
    ],
)
@pytest.mark.parametrize("words", [["check"], ["run", "--once"]])
def test_an_unreadable_site_file_is_one_sentence(connector, tmp_path, content, sentence, words):
    path = tmp_path / "site.yaml"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    done = connector("--home", tmp_path, *words)
    assert done.code == 3
    assert sentence.format(home=tmp_path) in done.err
    assert "Traceback" not in done.err


def test_status_as_text_and_as_json(connector, ran):
    done = connector("--home", ran, "status", "--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["practice"] == "small"
    assert found["records"]["patient"] == 2
    assert found["quarantine"] == {"open": 3}
    assert found["deliveries"][0]["destination"] == "filing"
    assert {one["state"] for one in found["deliveries"]} == {"delivered"}
    assert found["patients_due"] == 0
    done = connector("--home", ran, "status")
    assert "quarantine open 3" in done.words


def test_home_can_come_from_the_environment(connector, ran, monkeypatch):
    monkeypatch.setenv("CONNECTOR_HOME", str(ran))
    assert connector("status").code == 0
