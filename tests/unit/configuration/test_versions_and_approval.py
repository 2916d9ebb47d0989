"""Versions of a site's files: kept, approved by a second person, written back exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.app import edited_app, open_app
from connector.configuration import ledger
from connector.configuration.files import SiteFiles, read_files, replace_files
from connector.errors import ConfigurationError, Rejected
from connector.store import Store


@dataclass
class Kept:
    """A site with its store; ``start`` is what a start of the service does with its files."""

    site: Any
    store: Store

    @property
    def home(self) -> Path:
        return Path(self.site.home)

    def start(self) -> int:
        app = open_app(self.home)
        approval = app.site.approval is not None
        version = ledger.starting(self.store, self.home, app.files, approval)
        self.store.write(lambda tx: ledger.now_in_force(tx, version, {}))
        return version.number

    def edit(self, **changes: Any) -> None:
        path = self.home / "site.yaml"
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}))

    def standing(self) -> ledger.Standing:
        return self.store.read(lambda tx: ledger.standing(tx, self.home))

    def missed(self) -> object:
        """A number of the rules that the service works with."""
        return open_app(self.home).site.rules.get("missed_in_a_row", 2)


@pytest.fixture
def kept(small_site: Any) -> Iterator[Kept]:
    site = small_site()
    with open_app(site.home).open_store() as store:
        yield Kept(site, store)


@pytest.fixture
def by_approval(kept: Kept) -> Kept:
    """A site whose changes wait for a second person since version 2."""
    assert kept.start() == 1
    kept.edit(approval="second_person")
    assert kept.start() == 2
    return kept


def test_a_version_is_kept_when_the_files_changed_and_only_then(kept: Kept) -> None:
    assert [kept.start(), kept.start()] == [1, 1]
    kept.edit(rules={"missed_in_a_row": 5})
    assert kept.standing().edited is None, "nobody has looked at the edit yet"
    assert kept.start() == 2
    kept.edit(rules={})
    assert kept.start() == 3
    kept.edit(rules={"missed_in_a_row": 5})
    assert kept.start() == 2, "the same contents are the same version"
    where = kept.standing()
    assert where.in_force is not None and where.in_force.number == 2 and not where.waits
    actions = [row.action for row in kept.store.read(lambda tx: list(tx.audit.rows()))]
    assert actions.count("config_seen") == 3 and actions.count("config_in_force") == 5


def test_a_rollback_writes_back_what_was_there_and_keeps_what_it_replaces(kept: Kept) -> None:
    (kept.home / "mappings" / "ours").mkdir(parents=True)
    mapping = kept.home / "mappings" / "ours" / "mapping.yaml"
    mapping.write_bytes(b"extends: csv_export\r\n# \xff not text\n")
    template = kept.home / "report_templates" / "patient" / "report.css"
    before = read_files(kept.home)
    kept.start()
    mapping.write_text("extends: csv_export\n")
    template.parent.mkdir(parents=True)
    template.write_text("body {}")
    replaced = read_files(kept.home)
    changed, place = ledger.rollback(kept.store, kept.home, 1, "Dana Okafor")
    assert changed == ["mappings/ours/mapping.yaml", "report_templates/patient/report.css"]
    assert read_files(kept.home) == before and not template.exists()
    assert (place / "report_templates/patient/report.css").read_text() == "body {}"
    again, _ = ledger.rollback(kept.store, kept.home, 2, "Dana Okafor")
    assert again == changed and read_files(kept.home) == replaced
    assert ledger.rollback(kept.store, kept.home, 2, "Dana Okafor")[0] == []
    with pytest.raises(ConfigurationError, match=r"no version 9 .*1 to 2"):
        ledger.rollback(kept.store, kept.home, 9, "Dana Okafor")


def test_until_a_second_person_approves_the_approved_version_works(by_approval: Kept) -> None:
    kept = by_approval
    kept.edit(rules={"missed_in_a_row": 9})
    edits = read_files(kept.home)
    assert kept.missed() == 2
    assert kept.start() == 2
    where = kept.standing()
    assert where.by_approval and where.waits
    assert where.edited is not None and where.edited.number == 3
    with pytest.raises(Rejected, match="nobody has said who made"):
        ledger.approve(kept.store, kept.home, 3, "Kim Sample")
    ledger.propose(kept.store, kept.home, "Kim Sample")
    with pytest.raises(Rejected, match="another person"):
        ledger.approve(kept.store, kept.home, 3, "kim sample")
    assert kept.missed() == 2
    ledger.approve(kept.store, kept.home, 3, "Dana Okafor")
    assert kept.missed() == 9 and read_files(kept.home) == edits
    assert kept.start() == 3 and not kept.standing().waits


def test_what_is_edited_after_the_proposal_is_not_approved_with_it(by_approval: Kept) -> None:
    kept = by_approval
    kept.edit(rules={"missed_in_a_row": 9})
    ledger.propose(kept.store, kept.home, "Kim Sample")
    kept.edit(rules={"missed_in_a_row": 1})
    ledger.approve(kept.store, kept.home, 3, "Dana Okafor")
    assert kept.missed() == 9
    assert kept.start() == 3
    where = kept.standing()
    assert where.edited is not None and where.edited.number == 4 and where.waits


def test_taking_the_approval_away_needs_approval_itself(by_approval: Kept) -> None:
    kept = by_approval
    kept.edit(approval=None)
    assert kept.start() == 2 and open_app(kept.home).files is not None
    ledger.propose(kept.store, kept.home, "Kim Sample")
    ledger.approve(kept.store, kept.home, 3, "Dana Okafor")
    assert kept.start() == 3
    assert open_app(kept.home).files is None
    kept.edit(rules={"missed_in_a_row": 7})
    assert kept.missed() == 7


def test_who_works_with_approved_files_has_them_after_the_approval_has_ended(
    by_approval: Kept,
) -> None:
    kept = by_approval
    template = kept.home / "report_templates" / "patient" / "report.css"
    template.parent.mkdir(parents=True)
    template.write_text("body {}")
    kept.edit(approval=None)
    ledger.propose(kept.store, kept.home, "Kim Sample")
    ledger.approve(kept.store, kept.home, 3, "Dana Okafor")
    app = open_app(kept.home)
    kept.start()
    assert app.resources.find("report_templates/patient/report.css").text() == "body {}"
    kept.edit(approval="second_person", rules={"missed_in_a_row": 9})
    kept.start()
    assert open_app(kept.home).files is not None and kept.missed() == 9


def test_a_crash_while_files_are_approved_lets_no_edit_in(
    by_approval: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = by_approval
    kept.edit(rules={"missed_in_a_row": 9})
    ledger.propose(kept.store, kept.home, "Kim Sample")
    kept.edit(rules={"missed_in_a_row": 1})
    rename = Path.replace

    def cut_off(path: Path, target: Path) -> Path:
        if path.name == "approved.new":
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", cut_off)
    with pytest.raises(KeyboardInterrupt):
        ledger.approve(kept.store, kept.home, 3, "Dana Okafor")
    monkeypatch.undo()
    assert kept.missed() == 2 and kept.standing().by_approval
    assert kept.start() == 2
    ledger.approve(kept.store, kept.home, 3, "Dana Okafor")
    assert kept.missed() == 9 and kept.start() == 3


def test_approved_files_that_were_changed_by_hand_are_refused(by_approval: Kept) -> None:
    files = open_app(by_approval.home).files
    assert files is not None
    path = files / "site.yaml"
    path.write_text(path.read_text().replace("Small Practice", "Other Practice"))
    with pytest.raises(ConfigurationError, match="changed by hand"):
        by_approval.start()
    ledger.rollback(by_approval.store, by_approval.home, 2, "Dana Okafor")
    assert by_approval.start() == 2


def test_half_an_edit_stops_nobody_and_is_not_lost(by_approval: Kept) -> None:
    path = by_approval.home / "site.yaml"
    path.write_text("practice: [half an edit")
    assert by_approval.start() == 2
    with pytest.raises(ConfigurationError):
        edited_app(by_approval.home)
    ledger.rollback(by_approval.store, by_approval.home, 2, "Dana Okafor")
    assert edited_app(by_approval.home).site.approval == "second_person"
    third = by_approval.store.read(lambda tx: tx.configurations.get(3))
    contents = by_approval.store.read(lambda tx: tx.configurations.contents(third))
    assert contents["site.yaml"] == b"practice: [half an edit"


def test_only_what_held_before_can_be_gone_back_to(by_approval: Kept) -> None:
    kept = by_approval
    kept.edit(rules={"missed_in_a_row": 9})
    assert kept.start() == 2
    with pytest.raises(Rejected, match="never approved"):
        ledger.rollback(kept.store, kept.home, 3, "Kim Sample")
    ledger.rollback(kept.store, kept.home, 1, "Kim Sample")
    assert kept.start() == 1
    assert open_app(kept.home).files is None, "version 1 asks for no approval"


_names = st.sampled_from(
    ["site.yaml", "mappings/a/mapping.yaml", "config/x.yaml", "report_templates/t/a.css"]
)
_contents = st.dictionaries(_names, st.binary(max_size=40), min_size=1)


@given(_contents, _contents)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_files_are_replaced_exactly_whatever_stood_there(
    tmp_path_factory: pytest.TempPathFactory, first: dict[str, bytes], second: dict[str, bytes]
) -> None:
    home = tmp_path_factory.mktemp("site")
    SiteFiles(first).write(home)
    (home / "data").mkdir()
    (home / "data" / "keys.json").write_text("not configuration")
    changed = replace_files(home, SiteFiles(second), home / "data" / "before")
    assert read_files(home).contents == second
    names = {*first, *second}
    assert set(changed) == {n for n in names if first.get(n) != second.get(n)}
    kept = {n: b for n, b in first.items() if n in changed}
    place = home / "data" / "before"
    found = read_files(place).contents if place.exists() else {}
    assert found == kept
