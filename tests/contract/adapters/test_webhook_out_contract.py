"""The outgoing webhook keeps the destination's promises against the receiver that the docs show."""

from __future__ import annotations

import importlib.util
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from adapters.webhook_out import ADAPTER
from adapters.webhook_out.destination import WebhookOut
from connector.ports import AdapterContext, Outgoing
from connector.testing import DestinationContract

RECEIVER = Path(__file__).parents[3] / "docs" / "examples" / "webhook_receiver.py"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def example() -> ModuleType:
    """The example of the docs, as a module."""
    spec = importlib.util.spec_from_file_location("webhook_receiver", RECEIVER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestWebhookOutKeepsTheDestinationContract(DestinationContract):
    document = Outgoing("key-1", "p/s.json", "application/json", b"one", {"kind": "summary"})

    def setup_method(self) -> None:
        self.module = example()
        self.servers: dict[Path, Any] = {}
        self.opened: list[WebhookOut] = []

    def teardown_method(self) -> None:
        for destination in self.opened:
            destination.close()
        for server in self.servers.values():
            server.shutdown()
            server.server_close()

    def open(self, folder: Path) -> WebhookOut:
        server = self.servers.get(folder) or self._serve(folder)
        at = f"http://127.0.0.1:{server.server_port}"
        (folder / "secret").touch(0o600)
        (folder / "secret").write_text(SECRET)
        assert ADAPTER.destination is not None and ADAPTER.destination_settings is not None
        settings = ADAPTER.destination_settings.model_validate(
            {"url": f"{at}/events", "ask_url": f"{at}/events/{{key}}", "private_network": True,
             "secret": {"file": "secret"}}
        )  # fmt: skip
        # A frozen clock of the product must not reach the signature's time.
        frozen = AdapterContext("hook", folder, now=lambda: datetime(2020, 1, 1, tzinfo=UTC))
        destination = ADAPTER.destination(settings, frozen)
        assert isinstance(destination, WebhookOut)
        self.opened.append(destination)
        return destination

    def effects(self, folder: Path) -> list[bytes]:
        return [path.read_bytes() for path in (folder / "events").glob("*.json")]

    def _serve(self, folder: Path) -> Any:
        server = self.module.Receiver(folder / "events", [SECRET])
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.servers[folder] = server
        return server
