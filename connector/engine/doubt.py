"""Whether an earlier attempt may have arrived, and asking before anything is sent again.

As long as that is not known, the row keeps a code that says so, whatever kept us from asking.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.errors import AwaitsPerson, ConnectorError
from connector.ports import Destination, Outgoing, Receipt, Settles
from connector.store.deliveries import DeliveryRow
from connector.store.delivery_rows import MAY_HAVE_ARRIVED

ANSWER_LOST, CUT_OFF = "answer_lost", "cut_off"
CUT_OFF_TEXT = "the attempt was cut off; the receiver is asked first whether it arrived"


def unsure(row: DeliveryRow, *, left_over: bool) -> bool:
    """Whether what was tried before may have had its effect."""
    return left_over or row.code in MAY_HAVE_ARRIVED


def settled_at(destination: Destination | None, begun: datetime) -> datetime:
    """When the receiver may be asked about an attempt that was begun then and cut off.

    Sooner it may say "unknown" of what it is about to take.
    """
    seconds = destination.settle_seconds if isinstance(destination, Settles) else 0
    return begun + timedelta(seconds=seconds)


def find(destination: Destination, outgoing: Outgoing) -> Receipt | None:
    """What ``Destination.find`` says. Raises as it does, with a code that keeps the doubt."""
    try:
        return destination.find(outgoing)
    except AwaitsPerson:
        raise
    except ConnectorError as fault:
        if outgoing.unsure and fault.code not in MAY_HAVE_ARRIVED:
            fault.detail = fault.detail or fault.code
            fault.code = ANSWER_LOST
        raise
