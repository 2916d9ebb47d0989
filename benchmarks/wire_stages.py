"""Where the processor time of one event goes: the hot path in one process, stage by stage.

The product's own functions are timed by the processor time of the thread that runs them, so other
work on the machine disturbs little; a stage's time is without that of the stages called inside it.
Batches have a fixed size, as under load. ``wire_stages.py HOME RECEIVER EVENTS PATIENTS`` prints
milliseconds for each event as one JSON line.
"""

from __future__ import annotations

import gc
import io
import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, wraps
from pathlib import Path
from typing import Any

BATCH = 48
"""Events in one batch: about what gathers under the full load of one process."""

WEB = "web: Flask, signature, JSON"
INBOX = "store what came"
MAP_READ, MAP, MAP_STORE = "map: read the inbox", "map: rows to records", "map: store records"
READ, JUDGE = "evaluate: read the chart", "evaluate: pipeline"
ANSWER, EVALUATE_STORE = "evaluate: make answers", "evaluate: store"
CLAIM, POST, RECEIPT = "deliver: mark, read", "deliver: sign and post", "deliver: keep receipts"
AUDIT, COMMIT = "audit entries, all stages", "transactions and hand-over"
WORKFLOW, REST = "workflows of the engine", "loops and the rest"
ORDER = (
    WEB, INBOX, MAP_READ, MAP, MAP_STORE, READ, JUDGE, ANSWER, EVALUATE_STORE, CLAIM, POST,
    RECEIPT, AUDIT, COMMIT, WORKFLOW, REST,
)  # fmt: skip


class Stages:
    """Seconds of processor time by stage, each without the stages inside it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._lock = threading.Lock()
        self._inner = threading.local()

    def time(self, owner: Any, name: str, stage: str) -> None:
        """Replace a function of a module or class by itself, timed."""
        function: Callable[..., Any] = getattr(owner, name)

        @wraps(function)
        def timed(*given: Any, **named: Any) -> Any:
            outer = getattr(self._inner, "seconds", 0.0)
            self._inner.seconds = 0.0
            began = time.thread_time()
            try:
                return function(*given, **named)
            finally:
                used = time.thread_time() - began
                with self._lock:
                    self.seconds[stage] += used - self._inner.seconds
                self._inner.seconds = outer + used

        setattr(owner, name, timed)


def _time_everything(stages: Stages) -> None:
    from adapters.webhook_out.destination import WebhookOut
    from connector import pipeline
    from connector.engine import deliver, evaluate, inflow, ingest, intake, workflows
    from connector.engine.intake import Intake
    from connector.store.audit import Audit
    from connector.store.database import SqliteDatabase
    from connector.store.deliveries import Deliveries
    from connector.store.due import Due
    from connector.store.inbox import Inbox
    from connector.store.writer import GroupWriter

    for owner, name, stage in (
        (Intake, "store", INBOX), (intake, "store_pages", INBOX), (Inbox, "add_all", INBOX),
        (inflow, "store_pages", INBOX), (ingest, "map_new", MAP_READ), (Inbox, "new", MAP_READ),
        (ingest, "apply", MAP), (Due, "take", READ),
        (ingest, "_store_mapped", MAP_STORE), (evaluate, "evaluate_due", READ),
        (evaluate, "_outcomes", READ), (pipeline, "progress", JUDGE),
        (evaluate, "_with_documents", ANSWER), (evaluate, "_store_outcomes", EVALUATE_STORE),
        (deliver, "_claim", CLAIM), (deliver, "_materials", CLAIM),
        (Deliveries, "mark_sending", CLAIM), (Deliveries, "due", CLAIM),
        (WebhookOut, "deliver", POST), (deliver, "_send_line", RECEIPT),
        (deliver, "_record_receipts", RECEIPT), (Audit, "append", AUDIT),
        (GroupWriter, "_commit", COMMIT), (SqliteDatabase, "read", COMMIT),
        (SqliteDatabase, "write", COMMIT), (workflows, "call", WORKFLOW),
        (workflows, "ingest_new", WORKFLOW), (workflows, "send_light", WORKFLOW),
    ):  # fmt: skip
        stages.time(owner, name, stage)


def measure(home: Path, events: int, patients: int) -> dict[str, float]:
    """Milliseconds for each event by stage, over ``events`` in batches."""
    from connector.app import open_app
    from connector.engine.intake import Intake
    from connector.web import create_app

    app = open_app(home)
    stages = Stages()
    with app.open_engine() as runner:
        store = runner.work.store
        runner.work_until_idle()
        intake = Intake(store, app.site.now, lambda _: None)
        flask = create_app(store, app.practice, "", webhooks=app.webhooks, store_page=intake.store)
        requests = _environments(events + 2 * BATCH, patients)
        for warm in (requests[:BATCH], requests[BATCH : 2 * BATCH]):
            _batch(flask.wsgi_app, warm, runner.work_until_idle)
        _time_everything(stages)
        stages.time(type(flask), "wsgi_app", WEB)
        gc.collect()
        began = time.process_time()
        for start in range(2 * BATCH, len(requests), BATCH):
            _batch(flask.wsgi_app, requests[start : start + BATCH], runner.work_until_idle)
        stages.seconds[REST] = time.process_time() - began - sum(stages.seconds.values())
    return {stage: stages.seconds[stage] * 1000 / events for stage in ORDER}


def _batch(
    application: Callable[..., Any], requests: list[dict[str, Any]], work: Callable[[], None]
) -> None:
    """Requests at once, as many threads bring them, then all that follows from them."""
    refused: list[str] = []

    def start_response(status: str, _headers: list[tuple[str, str]]) -> None:
        if not status.startswith("202"):
            refused.append(status)

    def post(request: dict[str, Any]) -> None:
        b"".join(application(request, start_response))

    list(_threads().map(post, requests))
    if refused:
        raise RuntimeError(f"a request was refused: {refused[0]}")
    work()


@cache
def _threads() -> ThreadPoolExecutor:
    """As many as the service has."""
    return ThreadPoolExecutor(8, thread_name_prefix="web")


def _environments(count: int, patients: int) -> list[dict[str, Any]]:
    """Requests as the HTTP server hands them to the application."""
    from wire_events import Forms, proof

    forms = Forms("stages", patients, count)
    found = []
    for _ in range(count):
        event_id, body = forms.next()
        headers = {
            f"HTTP_{k.upper().replace('-', '_')}": v for k, v in proof(event_id, body).items()
        }
        found.append(
            {
                "REQUEST_METHOD": "POST", "PATH_INFO": "/webhooks/forms", "QUERY_STRING": "",
                "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
                "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.multithread": True,
                "wsgi.multiprocess": False, "wsgi.run_once": False, "wsgi.errors": sys.stderr,
                "wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True,
                "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)),
                "HTTP_HOST": "127.0.0.1", **headers,
            }
        )  # fmt: skip
    return found


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
