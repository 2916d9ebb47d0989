"""From an export to a telephone, over the wire: pages arrive whatever else is down.

The telephones are addresses of an HTTP server in this process (apprise's json://), the people are
made up, and the clock is set.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connector import alert_desk
from connector.engine import ingest
from connector.engine.notify import Notifier
from connector.errors import ConnectorError
from connector.testing import FakeDestination
from tests.e2e.test_service import wait_for
from tests.free_ports import free_port

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@dataclass
class Telephones:
    """What arrived, by path; a path in ``down`` answers 503."""

    port: int = 0
    down: set[str] = field(default_factory=set)
    got: list[tuple[str, str, str]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    def who(self) -> list[str]:
        """The paths of what arrived, in order; then forgotten."""
        found = [path for path, _, _ in self.got]
        self.got.clear()
        return found


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        phones: Telephones = self.server.phones  # type: ignore[attr-defined]
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        place = self.path.strip("/")
        if place not in phones.down:
            phones.got.append((place, sent["title"], sent["message"]))
            phones.arrived.set()
        self.send_response(503 if place in phones.down else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing: tests show what they need."""


@pytest.fixture
def phones() -> Iterator[Telephones]:
    """The telephones of everybody."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    found = Telephones(server.server_port)
    server.phones = found  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def _person(id: str, *audiences: str) -> dict[str, Any]:
    options = {"url": {"env": f"{id.upper()}_URL"}, "private_network": True, "timeout_seconds": 60}
    channels = [{"name": "phone", "options": options}]
    return {"id": id, "name": id.capitalize(), "audiences": audiences, "channels": channels}


@pytest.fixture
def site(
    small_site: Callable[..., Any], phones: Telephones, monkeypatch: pytest.MonkeyPatch, rows: Any
) -> Any:
    """A site with a therapist, one on call and an owner, and a form with a positive item 9."""
    for name in ("dana", "kim", "lee"):
        monkeypatch.setenv(f"{name.upper()}_URL", f"json://127.0.0.1:{phones.port}/{name}")
    monkeypatch.setenv("EHR_SECRET", "whsec_" + "QUJD" * 8)
    receiver = {
        "name": "ehr", "adapter": "webhook_out", "receives": ["alert", "decision"],
        "options": {
            "url": f"http://127.0.0.1:{free_port()}/", "secret": {"env": "EHR_SECRET"},
            "private_network": True,
        },
    }  # fmt: skip
    filing = {
        "name": "filing", "adapter": "folder", "receives": ["therapist"],
        "options": {"folder": "out"},
    }  # fmt: skip
    alerting = {
        "people": [_person("dana", "therapist"), _person("kim"), _person("lee", "data_owner")],
        "rota": {"shifts": [{"who": "kim", "days": DAYS, "start": "00:00", "end": "24:00"}]},
        "fallback": ["lee"],
    }
    made = small_site(extra={"alerting": alerting, "destinations": [receiver, filing]})
    made.drop_rows("clients.csv", [rows.client("C-1")])
    made.drop_rows("assessment_items.csv", [rows.form("A-1", "C-1", [1] * 9)])
    return made


@contextmanager
def _path(site: Any, clock: Callable[[], datetime]) -> Iterator[tuple[Any, Notifier]]:
    """The store and the alert path as a process has them, without the rest of the service."""
    app = site.open()
    with app.open_store() as store:
        # The other destinations play no part here.
        work = replace(app.work(store, None), now=clock, destinations={"ehr": FakeDestination()})
        yield work, Notifier(work, alone=True)


def _go(notifier: Notifier) -> None:
    while notifier.turn():
        pass


def test_a_page_arrives_while_receiver_and_renderer_are_down(
    site: Any, phones: Telephones, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole service: what else fails is seen, and holds up nobody."""
    from connector.documents.render import Renderer

    def broken(*_: Any, **__: Any) -> bytes:
        raise MemoryError("the renderer is down")

    monkeypatch.setattr(Renderer, "pdf", broken)
    app = site.open()
    with app.open_engine() as runner:
        ingest.poll(runner.work, "csv")
        runner.start()
        wait_for(lambda: {"dana", "kim"} <= {path for path, _, _ in list(phones.got)})
    told = {path: title for path, title, _ in phones.got}
    assert told["dana"] == told["kim"] == "PAGE: a safety item needs review - Small Practice"
    text = " ".join(f"{title} {body}" for _, title, body in phones.got)
    assert not [one for one in ("Avery", "Samplewood", "PHQ", "C-1", "patient-") if one in text]
    with app.open_store() as store:
        assert store.read(lambda tx: tx.alerts.counts())["open"] >= 2
        assert not store.read(lambda tx: tx.deliveries.counts()).get(("ehr", "delivered"))


def test_escalation_over_a_restart_until_somebody_acknowledges(
    site: Any, phones: Telephones
) -> None:
    moment = [datetime(2026, 11, 20, 22, tzinfo=UTC)]
    with _path(site, lambda: moment[0]) as (work, notifier):
        ingest.poll(work, "csv")
        ingest.map_new(work)
        _go(notifier)
        assert sorted(phones.who()) == ["dana", "kim"]
        moment[0] += timedelta(minutes=9)
        _go(notifier)
        assert phones.who() == []
    moment[0] += timedelta(minutes=1)
    with _path(site, lambda: moment[0]) as (work, notifier):
        _go(notifier)
        # Two alerts of one form: who was told of one is not waited for with the other.
        assert sorted(phones.who()) == ["kim", "lee"]
        [first, *_] = work.store.read(lambda tx: tx.alerts.open())
        taken = alert_desk.acknowledge(
            work.store, first.alert.key, by="Lee Owner", note=None, now=moment[0]
        )
        assert len(taken) == 2
    moment[0] += timedelta(days=1)
    with _path(site, lambda: moment[0]) as (work, notifier):
        _go(notifier)
        assert phones.who() == []


def test_a_telephone_that_is_down_tells_the_next_person_and_is_an_alert(
    site: Any, phones: Telephones
) -> None:
    moment = [datetime(2026, 11, 20, 22, tzinfo=UTC)]
    phones.down = {"kim"}
    with _path(site, lambda: moment[0]) as (work, notifier):
        ingest.poll(work, "csv")
        ingest.map_new(work)
        _go(notifier)
        titles = {(path, title.partition(":")[0]) for path, title, _ in phones.got}
        assert titles == {("dana", "PAGE"), ("lee", "PAGE"), ("lee", "Urgent")}


def test_a_channel_whose_secret_is_gone_is_named(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KIM_URL")
    found = [str(fault) for fault in site.open().findings()]
    assert found == [
        "channel 'kim/phone', url: the environment variable KIM_URL is not set; the service must "
        "be started with it [secret_not_found]"
    ]
    with pytest.raises(ConnectorError):
        site.open().open_engine().__enter__()
