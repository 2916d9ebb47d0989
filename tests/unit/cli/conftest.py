"""The command line called as the installed command is, in this process."""

from __future__ import annotations

import logging
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from connector import cli, logs

CASE = "mh_deteriorating_with_safety_item"


@dataclass
class Done:
    """What a command left: exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Both streams on one line, as tables break lines."""
        return " ".join((self.out + self.err).split())


@pytest.fixture
def connector(monkeypatch, capsys):
    """Runs ``connector ARGUMENTS``."""
    monkeypatch.setattr(logs, "set_up", lambda: None)
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.delenv("CONNECTOR_HOME", raising=False)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["connector", *map(str, arguments)])
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        # The engine's library keeps a handler on this call's error stream, which ends now.
        logging.getLogger("dbos").handlers.clear()
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def _ran(tmp_path_factory):
    return tmp_path_factory.mktemp("ran")


@pytest.fixture
def ran(_ran, small_site, rows, connector, tmp_path):
    """A site that has run once: one good case, two rows set aside. Each test has its own copy."""
    original = _ran / "site"
    if not original.exists():
        site = small_site(CASE)
        site.drop_rows(
            "assessment_items_bad.csv",
            [
                rows.form("F-90", "C-3101", [7] + [0] * 8),
                rows.form("F-91", "C-3101", [0] * 8 + [8]),
            ],
        )
        site.drop_rows("clients_bad.csv", [rows.client("C-9", date_of_birth="13/45/1990")])
        done = connector("--home", site.home, "run", "--once")
        assert done.code == 0, done.err
        shutil.copytree(site.home, original)
    return Path(shutil.copytree(original, tmp_path / "ran"))
