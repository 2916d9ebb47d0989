"""Payers of every way, watched: each counts what it took by the request's own number, and decides.

A request is approved, denied, modified, or pended and approved later, in turn. Each passes the
kill switch before and after it takes something. Everything listens on 127.0.0.1.
"""

from __future__ import annotations

import http.client
import itertools
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from adapters.caqh_core.fake import FakeReceiver, receipt_of
from adapters.clearinghouse_rest.fake import FakeClearinghouse
from adapters.pas_fhir.fake import FakePayer
from adapters.pas_fhir.fake_answers import find_claim, notification
from connector.fakes.server import Reply, Request
from tests import payer_files
from tests.e2e.wire_counterparts import KillSwitch

OUTCOMES = {"approve": "approved", "deny": "denied", "pend": "approved", "modify": "partly"}
HOOK = "hook-secret-of-the-trial"
_NUMBER = re.compile(r"AR-[0-9A-F]{10}-\d+(?:-A)?")
_RESULTS = "X12_005010_Request_Batch_Results_278"
_ACTIONS = {"approve": "A1", "deny": "A3", "pend": "A4", "modify": "A1"}


class Ledger:
    """What payers took, by the request's own number, and how each request is decided."""

    def __init__(self, switch: KillSwitch, seed: int) -> None:
        self.switch = switch
        self.chance = random.Random(seed)
        self.taken: Counter[str] = Counter()
        self.repeats: Counter[str] = Counter()
        self.outcomes: dict[str, str] = {}
        self._turn = itertools.cycle(OUTCOMES)
        self._lock = threading.Lock()
        self._later: list[tuple[float, Callable[[], bool]]] = []

    def take(self, content: bytes) -> str:
        """A 278 or 275 was taken; its number."""
        tag = "TRN" if payer_files.value(content, "ST", 1) == "275" else "BHT"
        place = 2 if tag == "TRN" else 3
        return self.count(payer_files.value(content, tag, place))

    def count(self, number: str) -> str:
        """Something of this number was taken; the number."""
        assert _NUMBER.fullmatch(number), number
        with self._lock:
            self.taken[number] += 1
        return number

    def outcome(self, number: str) -> str:
        """How the request of this number is decided."""
        with self._lock:
            if number not in self.outcomes:
                self.outcomes[number] = next(self._turn)
            return self.outcomes[number]

    def later(self, seconds: float, act: Callable[[], bool]) -> None:
        """Do this in a while, and again until it says that it is done."""
        with self._lock:
            self._later.append((time.monotonic() + seconds, act))

    def tick(self) -> int:
        """Do what is due; how much is left."""
        with self._lock:
            now = time.monotonic()
            due = [act for at, act in self._later if at <= now]
            self._later = [one for one in self._later if one[0] > now]
        for act in due:
            if not act():
                self.later(0.2, act)
        with self._lock:
            return len(self._later)


def decided(request: bytes, outcome: str, number: str) -> bytes:
    """The 278 response to a request of this number."""
    visits = 8 if outcome == "modify" else 12
    action = _ACTIONS[outcome]
    return payer_files.review(request, action, number=f"HH-{number}"[:20], visits=visits)


class DropHouse:
    """A clearinghouse behind an SFTP server: it takes files away and lays answers out."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self._folder, self._ledger = folder, ledger
        for name in ("in", "out", "taken"):
            (folder / name).mkdir()
        self._seen: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.003):
            for path in sorted((self._folder / "in").iterdir()):
                if path.name in self._seen:
                    continue
                self._seen.add(path.name)
                if path.name.startswith("."):
                    self._ledger.switch.reached("sftp.part")
                else:
                    self._collect(path)

    def _collect(self, path: Path) -> None:
        self._ledger.switch.reached("sftp.named")
        if self._ledger.chance.random() < 0.5:
            time.sleep(0.05)
        content = path.read_bytes()
        path.rename(self._folder / "taken" / path.name)
        number = self._ledger.take(content)
        if number.endswith("-A"):
            self._lay(f"{number}.999.x12", receipt_of(content))
            return
        outcome = self._ledger.outcome(number)
        self._lay(f"{number}.999.x12", receipt_of(content))
        self._lay(f"{number}.278.x12", decided(content, outcome, number))
        if outcome == "pend":
            late = decided(content, "approve", number)
            self._ledger.later(0.5, lambda: self._lay(f"{number}.later.x12", late))

    def _lay(self, name: str, content: bytes) -> bool:
        unfinished = self._folder / f"{name}.tmp"
        unfinished.write_bytes(content)
        unfinished.rename(self._folder / "out" / name)
        self._ledger.switch.reached("sftp.answer")
        return True


class CoreHouse(FakeReceiver):
    """A CORE receiver; in real time it decides at once, batches are answered by results."""

    def __init__(self, name: str, ledger: Ledger, *, batch: bool) -> None:
        super().__init__(recognises=True, answer=self._decide)
        self.gives_again = True  # who retrieved it may have died before it was kept
        self._name, self._ledger, self._batch = name, ledger, batch

    def reply(self, request: Request) -> Reply:
        self._ledger.switch.reached(f"{self._name}.before")
        before = len(self.effects)
        reply = super().reply(request)
        if len(self.effects) > before:
            self._ledger.switch.reached(f"{self._name}.after")
        elif b"ISA*" in request.body:
            self._ledger.repeats[self._name] += 1
        return reply

    def _decide(self, content: bytes) -> bytes:
        number = self._ledger.take(content)
        if number.endswith("-A"):
            return receipt_of(content)
        outcome = self._ledger.outcome(number)
        answer = decided(content, outcome, number)
        late = decided(content, "approve", number)
        if self._batch:
            self._ledger.later(0.3, lambda: self._tell(answer))
        if outcome == "pend":
            self._ledger.later(0.8, lambda: self._tell(late))
        return receipt_of(content) if self._batch else answer

    def _tell(self, content: bytes) -> bool:
        self.results.setdefault(_RESULTS, []).append(content)
        return True


class RestHouse(FakeClearinghouse):
    """A clearinghouse with reviews and attachments. Some answers are lost at the gateway."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self.slow = 0
        self._ledger = ledger

    def reply(self, request: Request) -> Reply:
        submits = request.method == "POST" and request.path != "/v1/token"
        if submits and self._ledger.chance.random() < 0.2:
            self.script.append(self._ledger.chance.choice(("lose", "lost before")))
        self._ledger.switch.reached("rest.before" if submits else "rest.look")
        known = set(self.reviews) | set(self.attachments)
        reply = super().reply(request)
        for id in (set(self.reviews) | set(self.attachments)) - known:
            self._took(id)
            self._ledger.switch.reached("rest.after")
        return reply

    def _took(self, id: str) -> None:
        if id in self.attachments:
            self._ledger.count(self.attachments[id]["referenceNumber"])
            return
        review = self.reviews[id]
        number = self._ledger.count(review["referenceNumber"])
        outcome = self._ledger.outcome(number)
        self._say(review, outcome, number)
        if outcome == "pend":
            self._ledger.later(0.6, lambda: self._say(review, "approve", number))

    def _say(self, review: dict[str, Any], outcome: str, number: str) -> bool:
        action = "A6" if outcome == "modify" else _ACTIONS[outcome]
        review["statusCode"] = action
        if action in ("A1", "A6"):
            review |= {
                "certificationNumber": f"HH-{number}"[:20], "quantityTypeCode": "VS",
                "quantity": "8" if action == "A6" else "12",
            }  # fmt: skip
        return True


class PasHouse(FakePayer):
    """A PAS payer. Some requests are answered late, by 500, or with something unreadable.

    What it decides later it tells the practice by a notice, sometimes; else it waits to be asked.
    """

    def __init__(self, ledger: Ledger, port: int) -> None:
        super().__init__(slow_seconds=0.4)
        self._ledger, self._port = ledger, port
        self._times: Counter[str] = Counter()

    def submit(self, bundle: dict[str, Any]) -> tuple[int, Any]:
        identifier = str(bundle["identifier"]["value"])
        self._ledger.switch.reached("pas.before")
        fault = self._ledger.chance.choice(("", "", "", "503", "slow", "malformed", "late"))
        if fault == "503" and not self._times[identifier]:
            self._times[identifier] += 1
            return 503, {}
        if fault == "late":
            time.sleep(0.4)  # it works on, whoever waits for the answer
        known = identifier in self.submitted
        status, answer = super().submit(bundle)
        if known:  # this payer recognises it; others need not
            self._ledger.count(_number_of(bundle))
        else:
            self._took(identifier, bundle)
        self._ledger.switch.reached("pas.after")
        if fault == "slow":
            time.sleep(self.slow_seconds)
        return (200, "<html>maintenance</html>") if fault == "malformed" else (status, answer)

    def inquire(self, bundle: dict[str, Any]) -> tuple[int, Any]:
        self._ledger.switch.reached("pas.inquire")
        time.sleep(0.1)  # what was sent before has been taken, on a busy machine too
        return super().inquire(bundle)

    def _scenario(self, bundle: dict[str, Any]) -> str:
        return self._ledger.outcome(_number_of(bundle))

    def _took(self, identifier: str, bundle: dict[str, Any]) -> None:
        number = self._ledger.count(_number_of(bundle))
        if self._ledger.outcome(number) == "pend":
            tells = self._ledger.chance.random() < 0.5
            self._ledger.later(0.5, lambda: self._later(identifier, tells=tells))

    def _later(self, identifier: str, *, tells: bool) -> bool:
        found = self.decide(identifier, "approve")
        if tells:
            body = json.dumps(notification("event-notification", "s-1", [found], 1)).encode()
            self._ledger.later(0, lambda: self._notify(body))
        return True

    def _notify(self, body: bytes) -> bool:
        """Whether the notice was taken."""
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        status = 0
        with suppress(OSError, http.client.HTTPException):
            line.request("POST", "/webhooks/from-pas", body, {"Authorization": f"Bearer {HOOK}"})
            self._ledger.switch.reached("pas.notice")
            status = line.getresponse().status
        line.close()
        return status in (200, 202)


def _number_of(bundle: dict[str, Any]) -> str:
    found = _NUMBER.search(json.dumps(find_claim(bundle)["identifier"]))
    assert found is not None
    return found[0]
