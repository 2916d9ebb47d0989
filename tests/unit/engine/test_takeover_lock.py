"""A replica asks for its own lock at each look, and goes on looking after other failures."""

from __future__ import annotations

from types import SimpleNamespace

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from connector.engine import takeover
from connector.engine.takeover import Takeover


class Connection:
    """Answers until it is lost."""

    def __init__(self):
        self.lost = False

    def execute(self, *_):
        if self.lost:
            raise psycopg.OperationalError("the connection is closed")


@pytest.fixture
def watching(monkeypatch):
    """A replica that watches nobody; ``looks`` run one by one at each look, then it stops."""
    made = Takeover("postgresql://nowhere/none", "replica-a")
    made._connection = Connection()
    looks, codes = [], []

    def look(**_):
        if not looks:
            made._stop.set()
            return []
        return looks.pop(0)()

    def leave(code):
        codes.append(code)
        made._stop.set()

    monkeypatch.setattr(takeover, "_EVERY_SECONDS", 0)
    monkeypatch.setattr(takeover, "DBOS", SimpleNamespace(list_workflows=look))
    monkeypatch.setattr(takeover.os, "_exit", leave)
    return SimpleNamespace(replica=made, looks=looks, codes=codes)


def test_a_lost_lock_ends_the_process_though_nobody_else_has_work(watching):
    def lose():
        watching.replica._connection.lost = True
        return []

    watching.looks += [list, lose]
    watching.replica._run()
    assert watching.codes == [75]


def test_a_failure_of_the_engines_library_does_not_end_the_watch(watching, caplog):
    def fail():
        raise OperationalError("SELECT secret", {}, Exception("secret"))

    watching.looks += [fail, list]
    watching.replica._run()
    assert (watching.looks, watching.codes) == ([], [])
    assert "looking for stopped replicas failed" in caplog.text
    assert "secret" not in caplog.text


def test_a_lock_given_back_at_the_end_is_not_lost(watching):
    watching.replica._connection.lost = True
    stopped = [False, True]
    watching.replica._stop = SimpleNamespace(
        wait=lambda _: stopped.pop(0), is_set=lambda: True, set=lambda: None
    )
    watching.replica._run()
    assert watching.codes == []
