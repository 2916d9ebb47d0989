"""Whether an earlier attempt may have arrived, and asking before anything is sent again.

As long as that is not known, the row keeps a code that says so, whatever kept us from asking.
"""

from __future__ import annotations

from connector.errors import AwaitsPerson, ConnectorError
from connector.ports import Destination, Outgoing, Receipt
from connector.store.deliveries import DeliveryRow

ANSWER_LOST, UNKNOWN = "answer_lost", "arrival_unknown"
_CODES = frozenset({ANSWER_LOST, UNKNOWN, "cut_off", "unexpected"})


def unsure(row: DeliveryRow, *, left_over: bool) -> bool:
    """Whether what was tried before may have had its effect."""
    return left_over or row.code in _CODES


def find(destination: Destination, outgoing: Outgoing) -> Receipt | None:
    """What ``Destination.find`` says. Raises as it does, with a code that keeps the doubt."""
    try:
        return destination.find(outgoing)
    except AwaitsPerson:
        raise
    except ConnectorError as fault:
        if outgoing.unsure and fault.code not in _CODES:
            fault.detail = fault.detail or fault.code
            fault.code = ANSWER_LOST
        raise
