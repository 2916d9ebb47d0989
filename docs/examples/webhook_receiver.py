"""An example receiver: verifies each request, keeps each event once, says whether a key arrived.

    export WEBHOOK_SECRET=whsec_...
    python webhook_receiver.py events 8090

Python 3.11, standard library only. Behind it stands a folder with one file per event; your own
receiver may use a table with the key as its primary key. Stop it with Ctrl-C.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import re
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TOLERANCE_SECONDS = 300
LARGEST = 1_000_000
KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")


def verified(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> bool:
    """Whether one of the signatures is right for one of the secrets, and the request is fresh."""
    key, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not (key and sent_at.isascii() and sent_at.isdigit() and len(sent_at) < 12):
        return False
    if abs(now - int(sent_at)) > TOLERANCE_SECONDS:
        return False
    signed = f"{key}.{sent_at}.".encode() + body
    right = []
    for secret in secrets:
        made = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, "sha256")
        right.append(b"v1," + base64.b64encode(made))
    tried = [part.encode() for part in given.split(" ")]
    return any(hmac.compare_digest(one, other) for one in tried for other in right)


class Receiver(ThreadingHTTPServer):
    """Listens on this machine only; ``folder`` holds what came."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, folder: Path, secrets: Sequence[str], port: int = 0) -> None:
        self.folder, self.secrets = folder, secrets
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(("127.0.0.1", port), Handler)

    def keep(self, key: str, body: bytes) -> None:
        """Stores an event, whole and on disk, unless its key is there already."""
        draft = self.folder / f".{key}.{uuid.uuid4()}"
        with draft.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, self.folder / f"{key}.json")  # never replaces what is there
        except FileExistsError:
            pass  # it came before: the answer is the same, the effect is not repeated
        finally:
            draft.unlink()


class Handler(BaseHTTPRequestHandler):
    """POST anywhere keeps an event; GET /events/KEY says whether it came."""

    server: Receiver
    protocol_version = "HTTP/1.1"
    timeout = 30
    wbufsize = -1  # one packet per answer
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """401 for what is not proven, 200 once it is stored."""
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > LARGEST:
            self.close_connection = True
            return self.answer(413, {"error": "too large"})
        body = self.rfile.read(int(length))
        key = self.headers.get("webhook-id", "")
        if not self.proven(body) or not KEY.fullmatch(key):
            return self.answer(401, {"error": "signature"})
        self.server.keep(key, body)
        return self.answer(200, {"id": f"event-{key[:40]}"})

    def do_GET(self) -> None:
        """200 if the key came, 404 if not."""
        key = self.path.rpartition("/")[2]
        if not self.proven(b"") or not KEY.fullmatch(key):
            return self.answer(401, {"error": "signature"})
        if not (self.server.folder / f"{key}.json").exists():
            return self.answer(404, {"error": "unknown"})
        return self.answer(200, {"id": f"event-{key[:40]}"})

    def proven(self, body: bytes) -> bool:
        """The signature of this request is right."""
        return verified(self.headers, body, self.server.secrets, time.time())

    def answer(self, status: int, said: Mapping[str, str]) -> None:
        """A short JSON answer."""
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Writes nothing: addresses and keys are nobody's business."""


if __name__ == "__main__":
    secrets = os.environ["WEBHOOK_SECRET"].split()
    Receiver(Path(sys.argv[1]), secrets, int(sys.argv[2])).serve_forever()
