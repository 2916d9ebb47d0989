"""Measures HL7 v2: splitting beside python-hl7 and hl7apy, and messages over the wire.

    python -m benchmarks.mllp           # all of it, about a minute
    python -m benchmarks.mllp --json    # numbers alone

Messages are those of the tests. Over the wire, sender and listener share the machine; messages go
to a real encrypted store (SQLite, flushed to disk), and an answer means that they lie there.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hl7
import yaml
from hl7apy.parser import parse_message

from adapters.hl7_v2.message import read_message
from adapters.hl7_v2.page import Taker
from adapters.hl7_v2.settings import ReadingSettings
from benchmarks import mllp_others
from connector.app import App, open_app
from connector.engine.intake import Intake
from connector.ports import AdapterContext
from tests.unit.adapters import hl7_messages as messages
from tests.unit.adapters.mllp_sender import Sender, codes, free_port

_SECONDS = 1.0
_MANY = 400


def each(what: Callable[[], object], seconds: float = _SECONDS) -> float:
    """CPU milliseconds of one call, the median of five rounds."""
    rounds = []
    for _ in range(5):
        count, began = 0, time.process_time()
        while time.process_time() - began < seconds / 5:
            what()
            count += 1
        rounds.append((time.process_time() - began) / count * 1000)
    return statistics.median(rounds)


def splitting() -> dict[str, dict[str, float]]:
    """Milliseconds a message: ours (split, and all the way to rows), python-hl7, hl7apy."""
    taker = Taker(ReadingSettings(), AdapterContext("ehr", Path()), "mllp:ehr")
    found = {}
    for name in ("adt_a08", "siu_s12", "oru_phq9", "mdm_200kb"):
        content = messages.ALL[name]
        text = content.decode()
        # hl7apy refuses long texts only when it is strict; here it is tolerant.
        found[f"{name} ({len(content)} bytes)"] = {
            "split, all fields": each(lambda text=text: _walk(text)),
            "to rows": each(lambda content=content: taker.take(content)),
            "python-hl7": each(lambda text=text: hl7.parse(text)),
            "hl7apy": each(lambda text=text: parse_message(text, find_groups=False)),
        }
    return found


def _walk(text: str) -> None:
    for segment in read_message(text).segments:
        for number in range(1, len(segment.fields)):
            segment.parts(number)


class Site:
    """A listener over a store of its own, without the engine."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        site = {
            "practice": {"id": "bench", "name": "Bench", "synthetic": True},
            "sources": [{"name": "ehr", "adapter": "hl7_v2", "mapping": "hl7_v2",
                         "options": {"port": self.port}}],
            "destinations": [{"name": "out", "adapter": "folder", "receives": ["decision"],
                              "options": {"folder": "out"}}],
        }  # fmt: skip
        (home / "site.yaml").write_text(yaml.safe_dump(site))
        self.app: App = open_app(home)

    def __enter__(self) -> Site:
        self._store = self.app.open_store()
        self.store = self._store.__enter__()
        keeper = Intake(self.store, lambda: datetime.now(UTC), lambda *_: None).keeper("ehr")
        self.listener = self.app.listeners["ehr"]
        self.listener.start(keeper)
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.stop()
        self._store.__exit__(None, None, None)


def over_the_wire(site: Site) -> dict[str, Any]:
    """Latency of one message, of a large one, messages a second, many connections."""
    with Sender(site.port) as sender:
        alone = _latencies(sender, [messages.adt("A08", f"L{n}") for n in range(300)])
        large = _latencies(sender, [messages.mdm("T02", f"B{n}", size=150_000) for n in range(40)])
    found: dict[str, Any] = {
        "one message, ms (median, 95 %)": alone, "200 kB message, ms (median, 95 %)": large,
    }  # fmt: skip
    for connections in (1, 4, 16):
        found[f"messages/s, {connections} connections, one in flight each"] = round(
            _rate(site.port, connections, f"R{connections}-")
        )
    with Sender(site.port) as sender:
        batch = [messages.adt("A08", f"P{n}") for n in range(3000)]
        began = time.perf_counter()
        assert set(codes(_pipelined(sender, batch))) == {"AA"}
        found["messages/s, 1 connection, pipelined"] = round(
            len(batch) / (time.perf_counter() - began)
        )
    return found | _connections(site.port)


def _latencies(sender: Sender, contents: list[bytes]) -> list[float]:
    took = []
    for content in contents:
        began = time.perf_counter()
        assert codes(sender.send(content)) == ["AA"]
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return [round(statistics.median(took), 2), round(took[int(len(took) * 0.95)], 2)]


def _rate(port: int, connections: int, mark: str, each_sends: int = 400) -> float:
    def send(number: int) -> None:
        with Sender(port) as sender:
            for n in range(each_sends):
                assert codes(sender.send(messages.adt("A08", f"{mark}{number}-{n}"))) == ["AA"]

    began = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(send, range(connections)))
    return connections * each_sends / (time.perf_counter() - began)


def _pipelined(sender: Sender, contents: list[bytes]) -> list[bytes]:
    stream = b"".join(b"\x0b" + content + b"\x1c\r" for content in contents)
    thread = threading.Thread(target=sender.raw, args=(stream,))
    thread.start()
    answers = sender.answers(len(contents))
    thread.join()
    return answers


def _connections(port: int) -> dict[str, float]:
    before = _resident()
    began = time.perf_counter()
    senders = [Sender(port) for _ in range(_MANY)]
    opened = time.perf_counter() - began
    began = time.perf_counter()
    for n, sender in enumerate(senders):
        sender.raw(b"\x0b" + messages.adt("A08", f"C{n}") + b"\x1c\r")
    assert {codes(sender.answers())[0] for sender in senders} == {"AA"}
    answered = time.perf_counter() - began
    grown = (_resident() - before) / 1e6
    cpu = time.process_time()
    time.sleep(2)
    idle = (time.process_time() - cpu) / 2
    for sender in senders:
        sender.close()
    return {
        f"s to open {_MANY} connections": round(opened, 3),
        f"s until a message on each of {_MANY} is answered": round(answered, 3),
        f"MB more with {_MANY} connections (both ends)": round(grown, 1),
        f"share of a core, {_MANY} idle connections": round(idle, 4),
    }


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    socket.setdefaulttimeout(60)
    with tempfile.TemporaryDirectory() as folder, Site(Path(folder)) as site:
        wire = over_the_wire(site)
    found: dict[str, Any] = {"split": splitting(), "wire": wire, "others": mllp_others.measured()}
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for message, times in found["split"].items():
        print(message, "  ".join(f"{name} {ms:.3f} ms" for name, ms in times.items()), sep=": ")
    for name, value in wire.items():
        print(f"{name}: {value}")
    for library, numbers in found["others"].items():
        for name, value in numbers.items():
            print(f"{library}, which keeps nothing: {name}: {value}")


if __name__ == "__main__":
    main()
