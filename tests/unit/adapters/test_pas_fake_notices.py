"""The trial payer shakes hands with a Subscription and tells it of what it decides later."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from adapters.pas_fhir import ADAPTER
from adapters.pas_fhir.fake import FakePayer
from adapters.pas_fhir.payer import PayerServer
from adapters.pas_fhir.settings import PasAnswersSettings, PasDestinationSettings
from adapters.pas_fhir.subscription import Subscriptions, subscription
from adapters.pas_fhir.webhook import PasNotifications
from connector.documents.pas.build import request_bundle
from connector.documents.pas.checking.check import check
from connector.documents.pas.decisions import decisions_of
from connector.ports import AdapterContext, Posted, utc_now
from tests.unit.pas.packets import GOLDEN, packet_of


class Endpoint:
    """Our address for notices; ``pages`` are what the source made of them."""

    def __init__(self, home: Path) -> None:
        secret = home / "hook"
        secret.write_text("s3cret")
        secret.chmod(0o600)
        settings = PasAnswersSettings.model_validate({"secret": {"file": "hook"}})
        hook = PasNotifications(settings, "answers", home)
        self.pages: list[Any] = []
        self.notices: list[Any] = []
        self.heard = threading.Semaphore(0)
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                endpoint.notices.append(json.loads(body))
                endpoint.pages.append(hook.receive(Posted(headers, body, utc_now())))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()
                endpoint.heard.release()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/webhooks/answers"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def wait(self) -> None:
        assert self.heard.acquire(timeout=120)


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[Endpoint]:
    made = Endpoint(tmp_path)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def payer() -> Iterator[FakePayer]:
    made = FakePayer("pend")
    yield made
    made.stop()


def test_pended_then_decided_and_told(payer: FakePayer, endpoint: Endpoint, tmp_path: Path) -> None:
    assert ADAPTER.destination is not None
    settings = PasDestinationSettings(base_url=payer.start(), private_network=True)
    server = PayerServer(settings, AdapterContext("plan", tmp_path))
    ours = Subscriptions(server)
    own = ours.create(subscription(endpoint.url, "SENDER", "s3cret"))
    endpoint.wait()
    payer.notices.end()
    assert ours.status(own) == "active"
    payer.decides_after, payer.decides = 0.0, "deny"
    case = json.loads((GOLDEN / "pt_initial_subscriber.json").read_text())
    status, answer = payer.submit(request_bundle(packet_of(case)))
    assert status == 200 and decisions_of(answer)[0].meaning.status == "pended"
    endpoint.wait()
    assert [check(one) for one in endpoint.notices] == [[], []]
    [batch] = endpoint.pages[-1].batches
    assert decisions_of(batch.rows[0].data["response"])[0].meaning.status == "denied"


def test_an_endpoint_elsewhere_hears_nothing_and_a_dead_one_is_an_error(
    payer: FakePayer, endpoint: Endpoint
) -> None:
    payer.subscriptions["1"] = subscription("https://practice.example/hook", "S", "s3cret")
    payer.subscriptions["2"] = subscription(endpoint.url, "S", "wrong") | {"status": "requested"}
    endpoint.server.shutdown()
    endpoint.server.server_close()
    for own in ("1", "2"):
        payer.notices.shake_hands(own)
    payer.notices.end()
    assert [payer.subscriptions[own]["status"] for own in ("1", "2")] == ["requested", "error"]
