"""keys: a new one in the place of the old, live, with nothing unreadable at any moment."""

from __future__ import annotations

import json
import logging
import stat

import pytest

from connector.app import open_app
from connector.cli import keys as keys_cli
from connector.engine.retention import tidy
from connector.errors import ConfigurationError
from connector.store.audit_check import verify
from connector.store.crypto import KeyRing
from connector.store.reseal import Reseal, move_older
from connector.store.store import Store


def everything(store):
    """What is stored, opened: a failure to open raises."""
    return store.read(
        lambda tx: (
            tx.records.patients(99), list(tx.progress.all()), tx.quarantine.list(),
            tx.alerts.list(), [tx.documents.spec(d.document_id) for d in tx.documents.list()],
        )
    )  # fmt: skip


def remaining(store):
    return store.read(lambda tx: tx.reseal.remaining())


def test_a_running_service_goes_on_over_a_rotation(connector, ran):
    with open_app(ran).open_store() as running:
        before = everything(running)
        old = running.keys.active_id
        done = connector("--home", ran, "keys", "rotate")
        assert done.code == 0, done.err
        assert "Keep a copy of it elsewhere now" in done.words
        assert everything(running) == before
        assert running.keys.active_id != old, "it took the new key from the file"
        assert remaining(running) == 0
        assert verify(running).ok
        entry = running.read(lambda tx: tx.audit.latest(1))[0]
        assert (entry.action, entry.subject) == ("keys_rotated", running.keys.active_id.hex())
    status = connector("--home", ran, "keys", "status")
    assert (status.code, "Keys: 2" in status.out) == (0, True)
    assert "older keys" not in status.out
    assert connector("--home", ran, "run", "--once").code == 0


def old_process(home):
    """A process on another machine, with its own copy of the keys as they are now."""
    app = open_app(home)
    ring = KeyRing.from_text(app.keys.text(), where="a copy")
    opened = app.open_store()
    opened.close()
    return app, ring


def test_a_process_with_the_old_keys_is_told_and_moves_nothing_back(connector, ran, caplog):
    app, ring = old_process(ran)
    with open_app(ran).open_store() as new, Store(new.database, ring, "small") as old:
        old.keys.rotate()  # a key of its own, so that it has something to move back to
        connector("--home", ran, "keys", "rotate")
        everything(new)  # reading what is under the new key makes it look into the file
        assert remaining(new) == 0
        assert move_older(old) == 0
        assert remaining(new) == 0
        with caplog.at_level(logging.ERROR):
            tidy(app.work(old, None))
        assert "restart" in caplog.text
        with pytest.raises(ConfigurationError, match="restart"):
            everything(old)


def test_a_start_with_the_old_keys_is_refused(connector, ran, monkeypatch):
    text = open_app(ran).keys.text()
    connector("--home", ran, "keys", "rotate")
    monkeypatch.setenv("CONNECTOR_KEYS", text)
    done = connector("--home", ran, "status")
    assert done.code == 3
    assert "restart" in done.words


@pytest.mark.parametrize("at", ["written", "listed", "moving"])
def test_a_rotation_that_was_cut_off_is_finished_by_the_next_start(ran, monkeypatch, at):
    with open_app(ran).open_store() as store:
        before = everything(store)
    app = open_app(ran)
    with app.open_store() as store:
        store_id = app.keys.rotate()
        if at != "written":
            store.write(lambda tx: keys_cli._note(tx, store_id, remaining(store)))
        if at == "moving":
            assert store.write(lambda tx: tx.reseal.move(tx.reseal.older(3))) == 3
    with open_app(ran).open_store() as store:
        assert everything(store) == before
        assert store.read(lambda tx: tx.key_use.order())[-1] == store_id
        assert remaining(store) > 0
        while tidy(app.work(store, None)):
            pass
        assert remaining(store) == 0
        assert everything(store) == before


def test_whole_tables_are_searched_once_a_day_and_keep_nobody_from_writing(
    connector, ran, monkeypatch
):
    connector("--home", ran, "keys", "rotate")
    searched, search = [], Reseal.older

    def older(self, limit=20_000):
        searched.append(self._scope.writing)
        return search(self, limit)

    monkeypatch.setattr(Reseal, "older", older)
    app = open_app(ran)
    with app.open_store() as store:
        now = app.site.now()
        assert tidy(app.work(store, None)) == 0
        assert store.read(lambda tx: tx.key_use.moved_lately(now))
        assert tidy(app.work(store, None)) == 0
        assert searched == [False], "once, in a read"
        app.keys.rotate()
        assert not store.read(lambda tx: tx.key_use.moved_lately(now))


def test_keys_in_the_environment_go_through_a_file(connector, ran, monkeypatch, tmp_path):
    monkeypatch.setenv("CONNECTOR_KEYS", open_app(ran).keys.text())
    done = connector("--home", ran, "keys", "rotate")
    assert (done.code, "keys rotate --out FILE" in done.words) == (3, True)
    out = tmp_path / "next.json"
    assert connector("--home", ran, "keys", "rotate", "--out", out).code == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert connector("--home", ran, "keys", "rotate", "--out", out).code == 3, "never replaced"
    monkeypatch.setenv("CONNECTOR_KEYS", out.read_text())
    assert "are still under older keys" in connector("--home", ran, "keys", "status").words
    assert connector("--home", ran, "run", "--once").code == 0
    status = connector("--home", ran, "keys", "status")
    assert "are still under older keys" not in status.words
    assert len(json.loads(out.read_text())["keys"]) == 2


def test_two_rotations_of_one_file_lose_no_key(ran):
    first, second = (KeyRing.load(ran / "data" / "keys.json", {}) for _ in range(2))
    ids = {*first.ids, first.rotate(), second.rotate()}
    assert set(KeyRing.load(ran / "data" / "keys.json", {}).ids) == ids
