"""Sends what is due to one destination: light documents in batches, pages one by one.

A destination has a sender for each, so that an alert never waits behind pages being rendered, and
each destination has its own, so that a receiver that is away holds up no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.engine.gate import Gate
from connector.engine.loops import FALLBACK_SECONDS
from connector.engine.retries import release_cut_off
from connector.engine.work import Work
from connector.ports import ALL_FORMATS
from connector.store.deliveries import DeliveryRow

LIGHT_AT_ONCE = 128
_LOOK_FOR_CUT_OFF = timedelta(minutes=1)
_AWAY_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Parcel:
    """Deliveries that one workflow sends: one document to one destination, or a light batch."""

    document_id: str | None
    formats: tuple[str, ...]
    keys: tuple[str, ...]


Carry = Callable[[Parcel], int]
"""Sends a parcel now; how many of its deliveries succeeded."""


class Sender:
    """Takes turns at one destination. ``alone``: no other process sends such documents there.

    Several parcels of a turn are carried at once by ``threads``, if there are any.
    """

    def __init__(
        self,
        work: Work,
        destination: str,
        *,
        light: bool,
        alone: bool,
        carry: Carry,
        threads: Executor | None,
    ) -> None:
        self.destination = destination
        self.light = light
        self._work = work
        self._alone = alone
        self._carry = carry
        self._threads = threads
        self._looked: datetime | None = None

    def turn(self) -> int:
        """Send what is due now, a bounded number; how many rows were tried (0: nothing to do)."""
        work = self._work
        now = work.now()
        gate = work.gates[self.destination]
        if not gate.is_open(now):
            return 0
        self._take_up_cut_off(now)
        limit = 1 if gate.probing else LIGHT_AT_ONCE
        rows = work.store.read(
            lambda tx: (
                []
                if tx.destinations.is_disabled(self.destination)
                else tx.deliveries.due(self.destination, now, limit, light=self.light)
            )
        )
        if not rows:
            return 0
        found = list(parcels(rows))
        if len(found) == 1 or self._threads is None:
            for parcel in found:
                self._carry(parcel)
        else:
            begun = [self._threads.submit(self._carry, parcel) for parcel in found]
            wait(begun)  # what is still being sent must not be taken for cut off at the next turn
            for one in begun:
                one.result()
        return len(rows)

    def _take_up_cut_off(self, now: datetime) -> None:
        if self._looked is not None and now - self._looked < _LOOK_FOR_CUT_OFF:
            return
        self._looked = now
        release_cut_off(self._work, alone=self._alone, destination=self.destination,
                        light=self.light)  # fmt: skip


def senders(
    work: Work,
    *,
    alone: bool,
    carry: Carry,
    threads: Executor | None = None,
    light: bool | None = None,
) -> list[Sender]:
    """The senders of each destination; also of those that left the site file with work left.

    ``light``: only those of light documents, or only those of pages.
    """
    wanted = (True, False) if light is None else (light,)
    formats = {route.destination: route.formats for route in work.routes}
    for name in work.store.read(lambda tx: tx.deliveries.waiting_at()):
        formats[name] = ALL_FORMATS
    return [
        Sender(work, name, light=one, alone=alone, carry=carry, threads=threads)
        for name, taken in sorted(formats.items())
        for one in wanted
        if any((fmt == "json") == one for fmt in taken)
    ]


def resting(gate: Gate) -> float:
    """Seconds until a destination is looked at again, if nothing wakes its loop before."""
    return _AWAY_SECONDS if gate.probing else FALLBACK_SECONDS


def parcels(rows: Sequence[DeliveryRow]) -> Iterator[Parcel]:
    """Due rows of one destination as units of work: light ones together, pages by document."""
    light = tuple(row.key for row in rows if row.format == "json")
    if light:
        yield Parcel(None, (), light)
    pages: dict[str, list[DeliveryRow]] = {}
    for row in rows:
        if row.format != "json":
            pages.setdefault(row.document_id, []).append(row)
    for document_id, same in pages.items():
        yield Parcel(document_id, tuple(row.format for row in same), tuple(row.key for row in same))
