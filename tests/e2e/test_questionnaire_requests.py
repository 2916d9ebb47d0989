"""A form comes due, the client is asked once, the form arrives, and the next one is due later."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from connector.engine import deliver, evaluate, ingest
from connector.pipeline.cadence import assessments_due

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver(ThreadingHTTPServer):
    """A form tool of a practice: takes signed requests, or is away."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.away = False
        self.asked: list[dict[str, Any]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if not self.server.away:
            Verifier(SECRET).verify(body, dict(self.headers))
            self.server.asked.append(json.loads(body))
        self.send_response(503 if self.server.away else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(timeout=10)


class Practice:
    """A small site with one client, whose days pass."""

    def __init__(self, small_site: Any, rows: Any, port: int) -> None:
        self.rows = rows
        destinations = [
            {
                "name": "filing", "adapter": "folder", "receives": ["alert", "request"],
                "options": {"folder": "out"},
            },
            {
                "name": "forms", "adapter": "webhook_out", "receives": ["request"],
                "options": {
                    "url": f"http://127.0.0.1:{port}/ask", "private_network": True,
                    "secret": {"file": "secret.txt"}, "timeout_seconds": 60,
                },
            },
        ]  # fmt: skip
        rules = {"cadence": {"phq9": {"days": 14}, "gad7": {"days": 7, "ask": False}}}
        self.site = small_site(extra={"destinations": destinations, "rules": rules})
        secret = self.site.home / "secret.txt"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        self.site.drop_rows("clients.csv", [rows.client("C-1")])
        self.app = self.site.open()
        self.store = self.app.open_store()
        self.now = self.app.site.now()
        self.work = replace(self.app.work(self.store, renderer=None), now=lambda: self.now)

    def close(self) -> None:
        self.work.destinations["forms"].close()
        self.store.close()

    def form(self, number: str, day: str, **changes: str) -> None:
        answers = [1] * (7 if changes else 8) + [0] * (not changes)
        row = self.rows.form(
            number, "C-1", answers, date_completed=day, last_updated=_stamp(day), **changes
        )
        self.site.drop_rows(f"assessment_items_{number}.csv", [row])

    def on(self, day: str) -> None:
        """A day on which the units of work run: what came is read, everybody judged, all sent."""
        self.now = datetime.fromisoformat(f"{day}T17:00:00-05:00")
        evaluate.begin_day(self.work)
        ingest.pick_up(self.work, "csv")
        while ingest.map_new(self.work):
            pass
        while evaluate.evaluate_due(self.work):
            pass
        rows = self.store.read(lambda tx: tx.deliveries.due(None, self.now, 1000))
        deliver.send(self.work, [row.key for row in rows], by="test")

    def due(self, instrument: str) -> list[tuple[str, bool]]:
        """The due days of a measure, and whether it is overdue."""
        today = self.now.date()
        [progress] = self.store.read(lambda tx: list(tx.progress.all()))
        return [
            (one.due_on.isoformat(), one.overdue_on is not None and one.overdue_on <= today)
            for one in assessments_due(progress, self.app.instruments, self.app.rules, today)
            if one.instrument == instrument
        ]

    @property
    def filed(self) -> list[Path]:
        return sorted((self.site.home / "out" / "requests").rglob("*.json"))


def _stamp(day: str) -> str:
    month, date, year = day.split("/")
    return f"{year}-{month}-{date} 10:00:00"


@pytest.fixture
def practice(small_site: Any, rows: Any, receiver: Receiver) -> Iterator[Practice]:
    with closing(Practice(small_site, rows, receiver.server_address[1])) as made:
        yield made


def test_due_asked_once_answered_and_due_again(practice: Practice, receiver: Receiver) -> None:
    practice.form("F-1", "11/01/2026")
    practice.form("F-2", "11/01/2026", measure="GAD-7")
    practice.on("2026-11-14")
    assert receiver.asked == [], "the GAD-7 is on the list alone"
    assert practice.due("gad7") == [("2026-11-08", True)]

    practice.on("2026-11-15")
    practice.on("2026-11-23")
    [request] = receiver.asked
    assert (request["type"], request["instrument"]) == ("questionnaire_request", "phq9")
    assert (request["patient_id"], request["due_on"]) == ("C-1", "2026-11-15")
    assert len(practice.filed) == 1 and json.loads(practice.filed[0].read_text()) == request
    assert practice.due("phq9") == [("2026-11-15", True)]

    practice.form("F-3", "11/24/2026")
    practice.on("2026-11-24")
    assert len(receiver.asked) == 1
    assert practice.due("phq9") == [("2026-12-08", False)]

    practice.on("2026-12-08")
    assert [one["due_on"] for one in receiver.asked] == ["2026-11-15", "2026-12-08"]
    assert receiver.asked[0]["request_id"] != receiver.asked[1]["request_id"]


def test_a_request_that_could_not_leave_ends_when_the_form_comes(
    practice: Practice, receiver: Receiver
) -> None:
    receiver.away = True
    practice.form("F-1", "11/01/2026")
    practice.on("2026-11-15")
    practice.form("F-2", "11/16/2026")
    practice.on("2026-11-16")
    receiver.away = False
    practice.on("2026-11-20")
    assert receiver.asked == []
    store = practice.store
    states = store.read(
        lambda tx: {(d.destination, d.state) for d in tx.deliveries.of_kind("request")}
    )
    actions = [row.action for row in store.read(lambda tx: list(tx.audit.rows()))]
    assert states == {("filing", "delivered"), ("forms", "withdrawn")}
    assert actions.count("request_withdrawn") == 1
