"""An instrument as part of a memo's key."""

from __future__ import annotations

from connector.measures.instrument import Instrument


class Same:
    """An instrument compared by identity: comparing its content costs more than scoring a form.

    It keeps the instrument alive, so that its place in memory can't become another one's.
    """

    __slots__ = ("instrument",)

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument

    def __hash__(self) -> int:
        return id(self.instrument)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.instrument is other.instrument
