"""As an admin does it, at the command line: start in shadow, see the impact, go live, go back.

A receiver counts every request that reaches it, whatever it asks for.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from connector.cli import main_group

CASE = "mh_deteriorating_with_safety_item"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Counting(ThreadingHTTPServer):
    """A receiver that takes everything and counts connections, not only requests it knows."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.connections = 0
        self.bodies: list[dict[str, Any]] = []

    def get_request(self) -> Any:
        self.connections += 1
        return super().get_request()


class _Handler(BaseHTTPRequestHandler):
    server: Counting
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.bodies.append(json.loads(body))
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[Counting]:
    with Counting() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def run_once(home: Path) -> None:
    """One run in a process of its own, whose connections end with it."""
    command = [str(Path(sys.executable).with_name("connector")), "--home", str(home)]
    done = subprocess.run([*command, "run", "--once"], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr


def connector(home: Path, *arguments: str) -> str:
    """What a command says, on one line; called in this process, which spares its start."""
    done = CliRunner().invoke(main_group, ["--home", str(home), *arguments])
    # The engine's library keeps a handler on this call's error stream, which ends now.
    logging.getLogger("dbos").handlers.clear()
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def edit(home: Path, **changes: Any) -> None:
    path = home / "site.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}))


def test_shadow_then_live_then_back(small_site: Any, rows: Any, receiver: Counting) -> None:
    target = {
        "name": "flow",
        "adapter": "webhook_out",
        "receives": ["decision", "alert"],
        "options": {
            "url": f"http://127.0.0.1:{receiver.server_port}/in",
            "secret": {"file": "secret.txt"},
            "timeout_seconds": 60,
            "private_network": True,
        },
    }
    site = small_site(CASE, extra={"destinations": [target], "shadow": ["deliver"]})
    home = site.home
    secret = home / "secret.txt"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    run_once(home)
    assert receiver.connections == 0
    said = connector(home, "shadow", "list")
    assert "Kept back from flow: decision, alert." in said and "flow alert" in said
    assert "in_shadow" in connector(home, "status")

    edit(home, shadow=[], rules={"name": "ours", "missed_in_a_row": 9, "new_episode_gap_days": 1})
    diff = connector(home, "config", "diff")
    assert "-shadow:" in diff and "+ missed_in_a_row: 9" in diff
    assert "Impact of the change" in diff and "Nothing was written" in diff
    site.drop_rows("clients_new.csv", [rows.client("C-900")])
    run_once(home)
    new = {body.get("patient_id") for body in receiver.bodies}
    kept = json.loads(connector(home, "shadow", "list", "--json"))
    assert kept["in_shadow"] == [] and sum(one["count"] for one in kept["kept_back"]) > 0
    assert new, "what is new since then goes"

    written = connector(home, "config", "rollback", "1", "--by", "Dana Okafor")
    assert "Written back from version 1: site.yaml" in written
    history = connector(home, "config", "history")
    assert "1 at the next start" in history and "2 in force" in history
    assert yaml.safe_load((home / "site.yaml").read_text())["shadow"] == ["deliver"]
