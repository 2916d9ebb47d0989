"""Kills a practice's service while its requests go to payers by every way; says what came of it.

People are played too (``payer_people``).
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.caqh_core.fake import PASSWORD, USER
from adapters.clearinghouse_rest.fake import CLIENT, SECRET
from connector.app import open_app
from connector.pipeline.packet.case import attachment_number, name_of
from connector.store.audit_check import verify
from connector.store.store import Store, Tx
from tests.e2e import payer_site
from tests.e2e.payer_counterparts import (
    HOOK,
    OUTCOMES,
    CoreHouse,
    DropHouse,
    Ledger,
    PasHouse,
    RestHouse,
)
from tests.e2e.payer_people import People
from tests.e2e.service_log import failures
from tests.e2e.wire_counterparts import KillSwitch
from tests.e2e.wire_site import Nursery, family, listens, wait_for
from tests.free_ports import free_port
from tests.sftp_counterpart import Sshd

PLACES = (
    "sftp.part", "sftp.named", "sftp.answer", "core.before", "core.after", "batch.before",
    "batch.after", "rest.before", "rest.after", "rest.look", "pas.before", "pas.after",
    "pas.inquire", "pas.notice",
)  # fmt: skip
MODES = ("start-up", "drafting", "signing", *("way",) * 5, "any time")
_PREPARE = "tests.e2e.payer_hurry"


class Payers:
    """The counterparts of one site."""

    def __init__(self, sshd: Sshd, ways: tuple[str, ...], port: int, seed: int) -> None:
        self.switch = KillSwitch()
        self.ledger = Ledger(self.switch, seed)
        self.sshd, self.ways = sshd, ways
        self.drop = DropHouse(sshd.folder, self.ledger)
        self.core = CoreHouse("core", self.ledger, batch=False)
        self.batch = CoreHouse("batch", self.ledger, batch=True)
        self.rest = RestHouse(self.ledger)
        self.pas = PasHouse(self.ledger, port)
        for one in (self.core, self.batch, self.rest):
            one.start()
        self._pas_url = self.pas.start()
        self._stop = threading.Event()
        self._ticking = threading.Thread(target=self._tick, daemon=True)
        self._ticking.start()

    def _tick(self) -> None:
        while not self._stop.wait(0.02):
            self.ledger.tick()

    def options(self) -> dict[str, dict[str, Any]]:
        """Of the destinations by way, and of the sources that answers come from."""
        there: dict[str, Any] = {"private_network": True}
        sftp = {**self.sshd.settings, "timeout_seconds": 120}
        return {
            "sftp": {**sftp, "remote_folder": "in", "asked_folders": ["taken"]},
            "from-sftp": {**sftp, "remote_folder": "out", "reads": "x12_files",
                          "names": ["*.x12"], "settle_seconds": 0},
            "core": {**self._core(self.core), "answers_to": "from-core",
                     "repeats": "recognised"},
            "from-core": self._core(self.core),
            "batch": {**self._core(self.batch), "answers_to": "from-batch", "mode": "batch",
                      "envelope": "mime"},
            "from-batch": {**self._core(self.batch), "envelope": "mime"},
            "rest": {**there, "base_url": f"{self.rest.url}/v2", "client_id": CLIENT,
                     "token_url": f"{self.rest.url}/v1/token",
                     "secret": {"file": "rest"}, "answers_to": "from-rest", "polls": 1,
                     "poll_seconds": 0, "settle_seconds": 1},
            "from-rest": {"folder": "from_rest", "settle_seconds": 0},
            "pas": {**there, "base_url": self._pas_url, "answers_to": "from-pas",
                    "settle_seconds": 2},
            "from-pas": {"secret": {"file": "hook"}},
        }  # fmt: skip

    def _core(self, fake: CoreHouse) -> dict[str, Any]:
        return {
            "url": f"{fake.url}/core", "sender_id": "A", "receiver_id": "B", "user": USER,
            "password": {"file": "core"}, "private_network": True,
        }  # fmt: skip

    def stop(self) -> None:
        """End them all."""
        self._stop.set()
        self._ticking.join()
        self.drop.stop()
        for one in (self.core, self.batch, self.rest, self.pas):
            one.stop()


@dataclass
class PayerRun:
    """One site under fire; ``at_once`` new clients come before most kills.

    ``patience``: so many seconds a kill waits for its place to be reached.
    """

    home: Path
    payers: Payers
    nursery: Nursery
    port: int
    seed: int
    at_once: int = 2
    patience: float = 6
    clients: int = 0
    kills: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self._ways = itertools.cycle(self.payers.ways)
        self._killing = threading.Lock()
        payer_site.make_site(self.home, self.payers.options(), self.payers.ways)
        for name, secret in (("core", PASSWORD), ("rest", SECRET), ("hook", HOOK)):
            (self.home / name).write_text(secret)
            (self.home / name).chmod(0o600)
        (self.home / "from_rest").mkdir()
        self._store: Store = open_app(self.home).open_store()
        self._people = People(
            self.home, self._store, self.nursery, self.payers.ledger, self.chance, self.port
        )

    def add_clients(self, count: int) -> list[str]:
        """Charts whose 7th of 8 visits is booked, each at the next way's payer; those ways."""
        first = self.clients
        self.clients += count
        ways = {number: next(self._ways) for number in range(first, self.clients)}
        payer_site.add_clients(self.home, ways)
        return list(ways.values())

    # --- the service ---------------------------------------------------------------------------

    def start(self) -> int:
        """Start the service and wait until it answers; its process id."""
        pid = self._launch()
        wait_for(lambda: self.nursery.code(pid, 0) is not None or listens(self.port), 90)
        assert self.nursery.code(pid, 0) is None, self.said()
        return pid

    def _launch(self) -> int:
        return self._people.launch(prepare=_PREPARE)

    def kill_one(self) -> None:
        """Give it work, start the service, kill it at a random moment."""
        mode = self.chance.choice(MODES)
        ways = self.add_clients(self.at_once) if mode in ("drafting", "signing", "way") else []
        if mode == "start-up":
            pid = self._launch()
            time.sleep(self.chance.uniform(0.05, 1.5))
        elif mode == "way":
            pid, mode = self._kill_on_the_way(ways)
        else:
            pid = self.start()
            self._await_moment(mode)
        self._kill(pid)
        self.kills[mode] += 1

    def _kill_on_the_way(self, ways: list[str]) -> tuple[int, str]:
        """A service that is killed when something reaches a place, and where it was."""
        own = [one for one in PLACES if one.split(".")[0] in ways]
        place, switch = self.chance.choice(own), self.payers.switch
        delay = self.chance.choice((0, 0, self.chance.uniform(0, 0.1)))
        started: list[int] = []

        def kill() -> None:
            if started:
                self._kill(started[0])

        started.append(self._launch())
        switch.arm(place, self.chance.randint(1, 2), delay, kill)
        reached = switch.fired.wait(self.patience)
        switch.disarm()
        return started[0], place if reached else "any time"

    def _await_moment(self, mode: str) -> None:
        if mode == "signing":
            self._people.commands_to_kill += 1
            known = len(self._people.signed)
            wait_in_vain(lambda: len(self._people.signed) > known, 3)
            time.sleep(self.chance.uniform(0, 0.3))
        else:
            time.sleep(self.chance.uniform(0, 2))

    def _kill(self, pid: int) -> None:
        with self._killing:
            if self.nursery.code(pid, 0) is None:
                assert self.nursery.kill(pid), f"seed {self.seed}: it ended: {self.said()}"

    def said(self) -> str:
        """The end of the service's log."""
        return (self.home / "service.log").read_text(errors="replace")[-3000:]

    def close(self) -> None:
        """End what is left: the people, the payers, the store."""
        self._people.go_home()
        self.payers.stop()
        self._store.close()

    # --- the end -------------------------------------------------------------------------------

    def finish(self, seconds: float = 90) -> dict[str, int]:
        """Let it work undisturbed until nothing waits, stop it, look at everything."""
        pid = self.start()
        found: dict[str, Any] = {}

        def idle() -> bool:
            nonlocal found
            time.sleep(0.2)
            found = self._store.read(self._left)
            return not any(found.values()) and len(self._people.signed) == self.clients

        try:
            wait_for(idle, seconds)
        except AssertionError:
            raise AssertionError(
                f"seed {self.seed}: left after {seconds} s: {found}, "
                f"{len(self._people.signed)} of {self.clients} signed\n{self.said()}"
            ) from None
        processes = family(pid)
        os.kill(pid, signal.SIGTERM)
        assert self.nursery.code(pid, 60) == 0, self.said()
        self._people.go_home()
        wait_for(lambda: not any(one.alive for one in processes), 30)
        return self.checked()

    def _left(self, tx: Tx) -> dict[str, Any]:
        counts = tx.deliveries.counts()
        return {
            "undelivered": {k: n for k, n in counts.items() if k[1] != "delivered"},
            "undecided": {
                row.case.id: row.case.state
                for row in tx.authorizations.all()
                if row.case.state != self._expected(row.case)
            },
            "new": tx.inbox.counts().get("new", 0),
            "due": tx.due.count(),
        }

    def _expected(self, case: Any) -> str:
        outcome = self.payers.ledger.outcomes.get(f"{case.id}-{case.version}")
        return OUTCOMES[outcome] if outcome else "at the payer"

    def checked(self) -> dict[str, int]:
        """All that must hold when no service runs; the numbers."""
        try:
            return self._store.read(self._checked)
        finally:
            report = verify(self._store)
            assert report.ok, report.problem
            for path in sorted((self.home / "data").glob("*.db")):
                with closing(sqlite3.connect(path)) as connection:
                    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            self._check_secrecy()

    def _checked(self, tx: Tx) -> dict[str, int]:
        ledger = self.payers.ledger
        cases = [row.case for row in tx.authorizations.all()]
        assert len(cases) == self.clients
        wanted = {name for spec in self._sent(tx) for name in spec}
        entries = list(tx.audit.rows())
        delivered = Counter(one.subject for one in entries if one.action == "delivered")
        by_hand = Counter(one.subject for one in entries if one.action == "filed_by_hand")
        given_up = [one for one in entries if one.action == "delivery_given_up"]
        assert not given_up, [(one.subject, one.outcome) for one in given_up]
        rows = tx.deliveries.list(limit=1_000_000)
        assert delivered + by_hand == Counter(row.key for row in rows)
        assert tx.quarantine.counts() == {}, [
            (one.origin, one.code, one.message) for one in tx.quarantine.list("open")
        ]
        return {
            "kills": sum(self.kills.values()) + self._people.killed,
            "requests": len(cases),
            "taken": len(ledger.taken),
            "lost": len(wanted - ledger.taken.keys()),
            "twice": sum(count - 1 for count in ledger.taken.values()),
            "unknown": len(ledger.taken.keys() - wanted),
            "undecided": sum(case.state != self._expected(case) for case in cases),
            "again": sum(ledger.repeats.values()),
            "by_hand": self._people.asked_by_hand,
        }

    def _sent(self, tx: Tx) -> list[list[str]]:
        """The numbers of all that was signed and goes to a payer."""
        found = []
        for row in tx.deliveries.list("delivered", 1_000_000):
            if row.kind not in ("authorization_request", "attachment"):
                continue
            spec = tx.documents.spec(row.document_id)
            assert spec is not None
            of = attachment_number if row.kind == "attachment" else name_of
            found.append([of(spec.context)])
        return found

    def _check_secrecy(self) -> None:
        secrets = (*payer_site.CANARIES, PASSWORD, SECRET, HOOK)
        for path in [*(self.home / "data").glob("*.db*"), self.home / "service.log"]:
            content = path.read_bytes()
            found = [word for word in secrets if word.encode() in content]
            assert not found, f"{found} in {path.name}"
        assert failures(self.home / "service.log") == []


def wait_in_vain(what: Callable[[], bool], seconds: float) -> None:
    """Until it is so, but no longer."""
    until = time.monotonic() + seconds
    while not what() and time.monotonic() < until:
        time.sleep(0.02)


def new_run(
    home: Path, nursery: Nursery, sshd: Sshd, ways: tuple[str, ...], seed: int, at_once: int = 2
) -> PayerRun:
    """A site with payers of these ways."""
    port = free_port()
    return PayerRun(home, Payers(sshd, ways, port, seed), nursery, port, seed, at_once)
