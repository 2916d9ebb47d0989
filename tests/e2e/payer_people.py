"""The people of a practice whose service is killed: who signs, and who asks payers by telephone.

A clinician completes and signs each packet by the product's own commands, some of which are killed
too and given again. Somebody looks up at the payer what no program can ask about, and says so.
"""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

from connector.documents import completion
from connector.pipeline.packet.case import attachment_number, name_of
from connector.store.store import Store, Tx
from tests.e2e.payer_counterparts import Ledger
from tests.e2e.wire_site import Nursery

_SIGNER = "Ellis Fictford, PhD"


class People:
    """They work in a thread until they go home. ``commands_to_kill`` are killed on their way."""

    def __init__(
        self, home: Path, store: Store, nursery: Nursery, ledger: Ledger, chance: random.Random,
        port: int,
    ) -> None:  # fmt: skip
        self._home, self._store, self._nursery = home, store, nursery
        self._ledger, self._chance, self._port = ledger, chance, port
        self.signed: set[str] = set()
        self.asked_by_hand = self.killed = self.commands_to_kill = 0
        self._starting = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def go_home(self) -> None:
        """They finish what they are at."""
        self._over.set()
        self._thread.join()

    def launch(self, **more: Any) -> int:
        """A child of the nursery: a service, or a command; its process id."""
        with self._starting:
            return self._nursery.start(self._home, self._port, **more)

    def _work(self) -> None:
        while not self._over.wait(0.05):
            for draft, values in self._store.read(self._to_sign):
                self._sign(draft, values)
            for key, arrived in self._store.read(self._to_look_up):
                self._look_up(key, arrived)

    def _to_sign(self, tx: Tx) -> list[tuple[str, dict[str, str]]]:
        """Packets that nobody has signed, with what the clinician writes; one for each client."""
        found = []
        for row in tx.drafts.waiting(["insurer"], 100):
            spec = tx.documents.spec(row.document_id)
            if spec is None or row.patient_id in self.signed:
                continue
            if not any(one.kind == "authorization_request" for one in _parts(tx, row)):
                continue
            values = {key: "stated by the clinician" for key in completion.fields(spec.context)}
            values["visits_asked_for_and_dates"] = "12 visits, 12/01/2026 to 02/28/2027"
            found.append((row.document_id, values))
        return found

    def _sign(self, draft: str, values: dict[str, str]) -> None:
        texts = [word for key, text in values.items() for word in ("--set", f"{key}={text}")]
        if self._command("documents", "fill", draft, *texts):
            self._command("documents", "sign", draft, "--by", _SIGNER)
        row = self._store.read(lambda tx: tx.drafts.get(draft))
        if row is not None and self._store.read(lambda tx: tx.signatures.of_drafts([draft])):
            self.signed.add(row.patient_id)

    def _command(self, *words: str) -> bool:
        """Whether a command of the product did its work. Some are killed."""
        pid = self.launch(command=list(words))
        if self.commands_to_kill:
            self.commands_to_kill -= 1
            ended = self._nursery.code(pid, self._chance.uniform(0.05, 0.6)) is not None
            self.killed += not ended and self._nursery.kill(pid)
        return self._nursery.code(pid, 60) == 0

    def _to_look_up(self, tx: Tx) -> list[tuple[str, bool]]:
        """What no program can ask about, and whether it is at the payer."""
        found = []
        for row in tx.deliveries.list("waiting", 1000):
            spec = tx.documents.spec(row.document_id)
            assert spec is not None
            of = attachment_number if row.kind == "attachment" else name_of
            found.append((row.key, self._ledger.taken[of(spec.context)] > 0))
        return found

    def _look_up(self, key: str, arrived: bool) -> None:
        word = "done" if arrived else "send-again"
        if self._command("filing", word, key, "--by", "Kim Sample"):
            self.asked_by_hand += 1


def _parts(tx: Tx, row: Any) -> list[Any]:
    """The request and what goes with a draft report."""
    for one in tx.drafts.of_patient(row.patient_id, "packet_manifest"):
        spec = tx.documents.spec(one.document_id)
        if spec is not None and spec.context["holds"][0]["document_id"] == row.document_id:
            ids = [held["document_id"] for held in spec.context["holds"][1:]]
            return list(tx.documents.specs(ids).values())
    return []
