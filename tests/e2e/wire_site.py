"""A site whose sources and destinations are all on the wire, its service, and what must hold of it.

Used by the tests of kills and by ``tests/torture``. The words in ``CANARIES`` belong to invented
people; none of them may lie readable in a data file or a log.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import yaml

from connector.app import open_app
from connector.store.audit_check import verify
from connector.store.store import Tx
from tests.e2e.service_log import failures
from tests.e2e.wire_counterparts import PATIENCE, SECRET, Receiver

ROOT = Path(__file__).resolve().parents[2]
CANARIES = ("Quillfeather", "Zephyrine", "CH-7744", "wobblegong-app", SECRET.removeprefix("whsec_"))
FORM_TOOL = "wobblegong-app"
VISITS = (2, 6)
"""Weeks since each patient's visits, which are what is polled last."""


class Ehr(Protocol):
    """Where patients are and documents go: the stand-in or the counterpart in this process."""

    url: str

    def put(self, kind: str, own_id: str, **content: Any) -> Any:
        """Creates or changes a resource."""

    def documents(self) -> list[dict[str, Any]]:
        """Every DocumentReference."""


def add_patient(ehr: Ehr, number: int) -> str:
    """An invented patient with two scores and a few visits; the id."""
    own_id, today = f"p-{number}", datetime.now(UTC).date()
    subject = {"reference": f"Patient/{own_id}"}
    ehr.put(
        "Patient", own_id, active=True, gender="female", birthDate="1988-04-12",
        name=[{"use": "official", "family": "Quillfeather", "given": ["Zephyrine"]}],
        identifier=[{"type": {"coding": [{"code": "MR"}]}, "system": "urn:example:chart",
                     "value": f"CH-7744{number:04d}"}],
    )  # fmt: skip
    for week in VISITS:
        day = today - timedelta(weeks=week)
        ehr.put(
            "Encounter", f"{own_id}-e{week}", status="finished", **{"class": {"code": "AMB"}},
            subject=subject, period={"start": f"{day}T15:00:00Z", "end": f"{day}T15:50:00Z"},
        )  # fmt: skip
        ehr.put(
            "Observation", f"{own_id}-o{week}", status="final", subject=subject,
            code={"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
            effectiveDateTime=day.isoformat(), valueQuantity={"value": 10 + week},
        )  # fmt: skip
    return own_id


def make_event(patients: int, number: int) -> dict[str, Any]:
    """The ``number``-th event: mostly forms of past years, which a new form tool brings along.

    Each twentieth is a form of this week, which calls for a new report, and some of these have a
    positive safety item.
    """
    recent = number % 20 == 0
    day = datetime.now(UTC).date() - timedelta(days=number % 5 if recent else 500 + number % 700)
    items = [(number + place) % 4 for place in range(8)] + [1 if number % 60 == 0 else 0]
    return {
        "event_id": f"evt-{number}",
        "patient_id": f"p-{number % patients}",
        "instrument": "PHQ-9",
        "assessed_at": day.isoformat(),
        "items": items,
        "entered_by": FORM_TOOL,
    }


def make_site(
    home: Path, ehr: Ehr, receiver: Receiver, *, store: Mapping[str, str] | None = None,
    service: Mapping[str, Any] | None = None,
) -> Path:  # fmt: skip
    """The site file and the secret; ``home``."""
    home.mkdir(parents=True)
    secret = home / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    wire = {"base_url": ehr.url, "private_network": True}
    address = f"http://127.0.0.1:{receiver.port}"
    out = {"private_network": True, "secret": {"file": "secret"}, "timeout_seconds": 60}
    site = {
        "practice": {"id": "wire", "name": "Wire Practice", "synthetic": True},
        "sources": [
            {"name": "ehr", "adapter": "fhir_r4", "mapping": "fhir_r4", "every_seconds": 5,
             "options": {**wire, "types": ["Patient", "Observation", "Encounter"],
                         "page_size": 20, "overlap_seconds": 1}},
            {"name": "forms", "adapter": "webhook_json", "mapping": "form_webhook",
             "patients_of": "ehr", "options": {"signature": {"secret": {"file": "secret"}}}},
        ],
        "destinations": [
            {"name": "keyed", "adapter": "webhook_out", "receives": ["summary", "alert"],
             "options": {**out, "url": f"{address}/keyed"}},
            {"name": "asked", "adapter": "webhook_out", "receives": ["summary"],
             "options": {**out, "url": f"{address}/asked", "ask_url": f"{address}/asked/{{key}}"}},
            {"name": "chart", "adapter": "fhir_r4", "receives": ["therapist"],
             "options": {**wire, "patient_source": "ehr"}},
        ],
        "render": {"processes": 1},
        "store": dict(store or {}),
        "service": dict(service or {}),
    }  # fmt: skip
    (home / "site.yaml").write_text(yaml.safe_dump(site))
    _ = open_app(home).keys
    return home


class Nursery:
    """Starts services in processes of their own (``wire_driver``), and hears how they end."""

    def __init__(self) -> None:
        call = "from tests.e2e.wire_driver import main; main()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", call], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )
        self._started: queue.Queue[int] = queue.Queue()
        self._codes: dict[int, int] = {}
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(self, home: Path, port: int, **more: Any) -> int:
        """The process id of a new service."""
        wanted = {"home": str(home), "port": port, "log": str(home / "service.log"), **more}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(wanted).encode() + b"\n")
        self._process.stdin.flush()
        return self._started.get(timeout=60 * PATIENCE)

    def code(self, pid: int, seconds: float) -> int | None:
        """The exit code (of a killed one: minus the signal), once it has ended; None if in vain."""
        with self._changed:
            self._changed.wait_for(lambda: pid in self._codes, seconds * PATIENCE)
            return self._codes.get(pid)

    def kill(self, pid: int) -> bool:
        """SIGKILL; whether it lived until now."""
        with self._changed:
            if pid in self._codes:
                return False
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:  # it has ended, and we have not heard of it yet
                killed = False
            else:
                killed = True
        assert self.code(pid, 30) is not None
        return killed

    def close(self) -> None:
        """Ends every service."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=60 * PATIENCE)
        self._reader.join()
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "pid" in told:
                with self._changed:
                    self._codes.pop(told["pid"], None)  # the number of an earlier one
                self._started.put(told["pid"])
                continue
            with self._changed:
                self._codes[told["ended"]] = told["code"]
                self._changed.notify_all()


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery that is closed."""
    with closing(Nursery()) as made:
        yield made


def descendants(pid: int) -> list[int]:
    """All processes under a process."""
    every = [int(found.name) for found in Path("/proc").glob("[0-9]*")]
    parents = {child: parent(child) for child in every}
    found, left = [], [pid]
    while left:
        above = left.pop()
        inner = [child for child, its in parents.items() if its == above]
        found += inner
        left += inner
    return found


def _stat(pid: int) -> list[str]:
    """What the kernel tells of a process from its state on; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def parent(pid: int) -> int | None:
    """The process that started another; None when that is gone."""
    known = _stat(pid)
    return int(known[1]) if known else None


def command(pid: int) -> str:
    """What a process was started with; nothing when it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    return ""


@dataclass(frozen=True)
class Process:
    """A process, which is not another of the same number: those are used again."""

    pid: int
    began: str

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        known = _stat(self.pid)
        return bool(known) and known[0] != "Z" and known[19] == self.began


def stop(pid: int) -> None:
    """Stops a process (SIGSTOP), so that it starts no other before it is killed."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: (_stat(pid) or "Z")[0] in "TtZX", 30, "for a process to stop")


def family(pid: int) -> set[Process]:
    """A process and all under it, as far as they run."""
    known = {one: _stat(one) for one in [pid, *descendants(pid)]}
    return {Process(one, stat[19]) for one, stat in known.items() if stat}


def wait_for(what: Callable[[], Any], seconds: float, why: str = "") -> Any:
    """The first true answer of ``what``. Fails after ``seconds`` times the patience."""
    until = time.monotonic() + seconds * PATIENCE
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain {why}")


def listens(port: int) -> bool:
    """Whether somebody answers /readyz with 200 there."""
    import http.client

    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request("GET", "/readyz")
        return line.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def looked(home: Path) -> dict[str, Any]:
    """What is left to do, and how much there is."""

    def look(tx: Tx) -> dict[str, Any]:
        counts, records = tx.deliveries.counts(), tx.records.counts()
        return {
            "patients": records.get("patient", 0),
            "visits": records.get("visit", 0),
            "delivered": sum(n for (_, state), n in counts.items() if state == "delivered"),
            "undelivered": {k: n for k, n in counts.items() if k[1] != "delivered"},
            "new": tx.inbox.counts().get("new", 0),
            "due": tx.due.count(),
            "quarantine": tx.quarantine.counts(),
        }

    with open_app(home).open_store() as store:
        return store.read(look)


def wait_until_idle(home: Path, patients: int, seconds: float) -> None:
    """Until everything that came was worked on and delivered."""
    found: dict[str, Any] = {}

    def idle() -> bool:
        nonlocal found
        time.sleep(0.3)
        found = looked(home)
        return (
            found["patients"] == patients and found["visits"] == patients * len(VISITS)
            and found["delivered"] > 0
            and not (found["undelivered"] or found["new"] or found["due"])
        )  # fmt: skip

    try:
        wait_for(idle, seconds)
    except AssertionError:
        raise AssertionError(f"not idle after {seconds} s: {found}") from None


def check_effects(
    home: Path, ehr: Ehr, receiver: Receiver, acknowledged: list[str], patients: int
) -> dict[str, int]:
    """Every acknowledged event had one effect, every document is on the server once. The numbers.

    ``lost`` and ``twice`` are over both receivers and the chart.
    """
    events = set(acknowledged)
    lost = twice = 0
    for name in ("keyed", "asked"):
        found = receiver.summaries(name)
        lost += len(events - found.keys())
        twice += sum(count - 1 for count in found.values())
        assert found.keys() <= events, "a summary of an event that nobody posted"
    filed = Counter(one["value"] for document in ehr.documents() for one in document["identifier"])
    with open_app(home).open_store() as store:
        rows = store.read(lambda tx: tx.deliveries.list(limit=1_000_000))
    to_chart = {row.key for row in rows if row.destination == "chart"}
    lost += len(to_chart - filed.keys())
    twice += sum(count - 1 for count in filed.values())
    assert filed.keys() <= to_chart, "a document in the chart that the books do not know"
    charts = {document["subject"]["reference"] for document in ehr.documents()}
    lost += patients - len(charts)
    for name in ("keyed", "asked"):
        keys = {row.key for row in rows if row.destination == name}
        assert keys == receiver.keys[name]
    assert receiver.forged == 0
    return {
        "acknowledged": len(events), "lost": lost, "twice": twice,
        "repeats_keyed": receiver.repeats["keyed"], "repeats_asked": receiver.repeats["asked"],
        "documents": len(filed),
    }  # fmt: skip


def check_books(home: Path) -> None:
    """The audit chain is whole and knows each step once; the databases are sound; nothing is read.

    To be called when no service runs.
    """
    with open_app(home).open_store() as store:
        report = verify(store)
        assert report.ok, report.problem
        entries = store.read(lambda tx: list(tx.audit.rows()))
        rows = store.read(lambda tx: tx.deliveries.list(limit=1_000_000))
        assert store.read(lambda tx: tx.quarantine.counts()) == {}
    of = {
        action: Counter(entry.subject for entry in entries if entry.action == action)
        for action in {entry.action for entry in entries}
    }
    assert set(of["received"].values()) == {1}, "an event came in twice"
    assert of["delivered"] == Counter(row.key for row in rows), "a delivery is not there once"
    decided = sum(json.loads(e.detail)["deliveries"] for e in entries if e.action == "decided")
    queued = sum(row.kind != "alert" for row in rows)
    assert decided == queued, "something was decided twice"
    assert "delivery_given_up" not in of
    for path in sorted((home / "data").glob("*.db")):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    check_secrecy(home)


def check_secrecy(home: Path) -> None:
    """No canary in a data file or in the log, and no failure that nobody expected."""
    for path in [*(home / "data").iterdir(), home / "service.log"]:
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # a database's log, when the last connection was closed
            continue
        found = [word for word in CANARIES if word.encode() in content]
        assert not found, f"{found} in {path.name}"
    assert failures(home / "service.log") == []
