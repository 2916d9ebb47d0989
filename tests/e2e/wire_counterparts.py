"""What the connector talks to when it is killed: receivers, a sender, and the switch that kills it.

Everything listens on 127.0.0.1. All people are invented.
"""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 4
"""How much longer than on a quiet machine things may take where many work at once."""
SECRET = "whsec_" + base64.b64encode(b"wire-test-secret-of-32-bytes-len").decode()


def signed(message_id: str, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks, as of now."""
    stamp = str(int(time.time()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{message_id}.{stamp}.".encode() + body, "sha256")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


class KillSwitch:
    """Calls ``kill`` when a place was reached so many times. Places are named by those who pass."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._place, self._left, self._delay = "", 0, 0.0
        self._kill: Callable[[], None] | None = None
        self.fired = threading.Event()

    def arm(self, place: str, times: int, delay: float, kill: Callable[[], None]) -> None:
        """Kill ``delay`` seconds after the ``times``-th passing of ``place``."""
        with self._lock:
            self.fired.clear()
            self._place, self._left, self._delay, self._kill = place, times, delay, kill

    def disarm(self) -> None:
        """Nothing kills from now on."""
        with self._lock:
            self._kill = None

    def reached(self, place: str) -> None:
        """Somebody passes ``place``."""
        with self._lock:
            if self._kill is None or place != self._place:
                return
            self._left -= 1
            if self._left > 0:
                return
            kill, self._kill = self._kill, None
        if self._delay:
            time.sleep(self._delay)
        kill()
        self.fired.set()


class Receiver:
    """Two receivers in one: ``/keyed`` honours the key, ``/asked`` does not and can be asked.

    ``posts`` counts what was posted, by path and key; ``effects`` what it led to. ``status`` is the
    answer to posts: other than 200 has no effect.
    """

    def __init__(self, switch: KillSwitch) -> None:
        self.switch = switch
        self.status = 200
        self.port = 0
        self.posts: Counter[tuple[str, str]] = Counter()
        self.refused = self.asked = self.forged = 0
        self.effects: dict[str, list[dict[str, Any]]] = {"keyed": [], "asked": []}
        self.keys: dict[str, set[str]] = {"keyed": set(), "asked": set()}
        self._lock = threading.Lock()

    def post(self, name: str, key: str, headers: dict[str, str], body: bytes) -> int:
        self.switch.reached("post.before")
        with self._lock:
            if headers["idempotency-key"] != key or not _genuine(headers, key, body):
                self.forged += 1
                return 401
            if self.status != 200:
                self.refused += 1
                return self.status
            self.posts[name, key] += 1
            if name != "keyed" or key not in self.keys[name]:
                self.effects[name].append(json.loads(body))
            self.keys[name].add(key)
        self.switch.reached("post.after")
        return 200

    def ask(self, name: str, key: str) -> int:
        self.switch.reached("ask")
        with self._lock:
            self.asked += 1
            return 200 if key in self.keys[name] else 404

    def summaries(self, name: str) -> Counter[str]:
        """How often each event had the effect of a summary."""
        with self._lock:
            return Counter(
                one["event_id"] for one in self.effects[name] if one["type"] == "decision_summary"
            )

    @property
    def repeats(self) -> dict[str, int]:
        """How many posts too many there were, by path."""
        with self._lock:
            return {
                name: sum(count - 1 for (path, _), count in self.posts.items() if path == name)
                for name in self.effects
            }


def _genuine(headers: dict[str, str], key: str, body: bytes) -> bool:
    stamp = headers["webhook-timestamp"]
    secret = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.digest(secret, f"{key}.{stamp}.".encode() + body, "sha256")
    return headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


@contextmanager
def receiving(switch: KillSwitch) -> Iterator[Receiver]:
    """A running receiver."""
    receiver = Receiver(switch)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:
                self.close_connection = True  # the sender was killed in the middle of it
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._answer(receiver.post(self.path[1:], headers["webhook-id"], headers, body))

        def do_GET(self) -> None:
            name, _, key = self.path[1:].partition("/")
            self._answer(receiver.ask(name, key))

        def _answer(self, status: int) -> None:
            self.send_response_only(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with _serving(Handler) as port:
        receiver.port = port
        yield receiver


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: Any) -> None:
            pass  # the one at the other end was killed

    server = Quiet(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Sender:
    """A form tool: posts events until each one is acknowledged, as such tools do.

    An event whose answer was lost is posted again with its id; some that were acknowledged are too.
    ``ports`` are the services' ports, tried in turn.
    """

    def __init__(
        self, ports: list[int], make: Callable[[int], dict[str, Any]], switch: KillSwitch,
        *, seed: int, threads: int = 3, pause: float = 0.06,
    ) -> None:  # fmt: skip
        self.ports, self._make, self._switch = ports, make, switch
        self._pause, self._seed = pause, seed
        self._lock = threading.Lock()
        self._number = 0
        self._most: int | None = None
        self._stop = threading.Event()
        self.acknowledged: list[str] = []
        self.answers: Counter[int] = Counter()
        self.lost_answers = 0
        self._threads = [
            threading.Thread(target=self._post_all, args=(n,), daemon=True) for n in range(threads)
        ]

    def start(self, most: int | None = None) -> None:
        """Begin; with ``most``, end after so many events."""
        self._most = most
        for thread in self._threads:
            thread.start()

    def finish(self, seconds: float = 60) -> None:
        """No new events; wait until what was begun is acknowledged."""
        self._stop.set()
        self.wait(seconds)

    def wait(self, seconds: float = 60) -> None:
        """Until the last event is acknowledged."""
        for thread in self._threads:
            thread.join(seconds * PATIENCE)
            assert not thread.is_alive(), f"not acknowledged in time; answers {self.answers}"

    def _next(self) -> int | None:
        with self._lock:
            if self._stop.is_set() or (self._most is not None and self._number >= self._most):
                return None
            self._number += 1
            return self._number

    def _post_all(self, thread: int) -> None:
        chance = random.Random(f"{self._seed} {thread}")
        turn = thread
        while (number := self._next()) is not None:
            event = self._make(number)
            body = json.dumps(event).encode()
            repeats = 2 if chance.random() < 0.1 else 1
            while repeats:
                turn += 1
                if self._post(self.ports[turn % len(self.ports)], event["event_id"], body):
                    repeats -= 1
                    continue
                time.sleep(0.05)
            with self._lock:
                self.acknowledged.append(event["event_id"])
            time.sleep(self._pause * chance.uniform(0.5, 1.5))

    def _post(self, port: int, event_id: str, body: bytes) -> bool:
        """Whether it was acknowledged."""
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {"Content-Type": "application/json", **signed(event_id, body)}
        sent = False
        try:
            line.request("POST", "/webhooks/forms", body, headers)
            sent = True
            self._switch.reached("intake")
            status = line.getresponse().status
        except (OSError, http.client.HTTPException):
            with self._lock:
                self.lost_answers += sent
            return False
        finally:
            line.close()
        with self._lock:
            self.answers[status] += 1
        return status == 202
