"""The way out beside the way in: light documents sent by the process that receives requests.

Where the web part has a process of its own, it sends answers and alerts as well: both are waiting
for the network, and leave the working process its whole core for records and decisions. What is
left to send is known by the delivery rows, here as there; nothing else is kept.
"""

from __future__ import annotations

import itertools
import secrets
from functools import partial

from connector.engine import deliver
from connector.engine.loops import Loops
from connector.engine.sender import Parcel, resting, senders
from connector.engine.work import Work


class Edge:
    """Loops that send what is light, one for each destination."""

    def __init__(self, work: Work) -> None:
        self.loops = Loops()
        self._work = work
        # Rows marked by another start of the program are left-overs, whatever their number.
        self._boot = secrets.token_hex(8)
        self._numbers = itertools.count(1)

    def start(self) -> None:
        """Send in background threads until ``stop``."""
        for sender in senders(self._work, alone=True, carry=self._carry, light=True):
            rest = partial(resting, self._work.gates[sender.destination])
            self.loops.start(f"light-{sender.destination}", sender.turn, rest)

    def queued(self, _: int) -> None:
        """Documents have been queued by the working process."""
        self.loops.wake()

    def stop(self) -> None:
        """Finish what is being sent."""
        self.loops.stop()

    def _carry(self, parcel: Parcel) -> int:
        return deliver.send(self._work, parcel.keys, by=f"edge:{self._boot}:{next(self._numbers)}")
