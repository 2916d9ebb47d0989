"""A service that can't be started leaves nothing behind that runs on."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from connector import service
from connector.engine import self_test
from connector.engine.durable import DurableEngine
from connector.errors import ConfigurationError

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_what_was_started_is_stopped_when_a_later_part_fails(monkeypatch):
    stopped = []
    runner = SimpleNamespace(
        work=SimpleNamespace(store=None), ended=threading.Event(), arrived=lambda rows: None
    )

    def start_runner(app, stack):
        stack.callback(stopped.append, "runner")
        return runner

    def no_key(app, flask_app):
        raise ConfigurationError("secret_not_found", "there is no such file")

    monkeypatch.setattr(service, "_start_runner", start_runner)
    monkeypatch.setattr(service, "_publish_keys", no_key)
    monkeypatch.setattr(service, "create_app", lambda *_: None)
    site = SimpleNamespace(now=lambda: NOW, sources=())
    app = SimpleNamespace(site=site, listeners={}, practice=None, webhooks={})
    with pytest.raises(ConfigurationError):
        service.start(app, "token", lambda: None)
    assert stopped == ["runner"]


def test_an_engine_file_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "taken").write_text("a file")
    place = tmp_path / "taken" / "engine.db"
    with pytest.raises(ConfigurationError) as caught:
        DurableEngine(f"sqlite:///{place}", None).start()
    assert caught.value.code == "database_unusable"
    assert str(place) in str(caught.value)


def test_a_defect_of_the_heartbeat_is_a_failed_channel_and_ends_no_loop(caplog):
    class Broken:
        def tell(self, notice):
            raise ZeroDivisionError("secret")

    work = SimpleNamespace(
        practice=SimpleNamespace(name="Riverside"), channels={self_test.HEARTBEAT: Broken()}
    )
    fault = self_test._call_heartbeat(work)
    assert fault.code == "unexpected"
    assert "secret" not in caplog.text + str(fault)
