"""The envelope of what we send: partners, control numbers, ISA to IEA around transaction sets.

Control numbers come from the case itself (a digest), unless it states one: the same case written
twice is the same interchange, which a receiver recognises by its number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from connector.records import Frozen
from connector.x12.segment import Segment
from connector.x12.writer import Value, make

_MOST = 999_999_999


class Partner(Frozen):
    """An end of the exchange: ISA05 and ISA06, or ISA07 and ISA08.

    ``code`` is what stands in GS02 or GS03, where that is another.
    """

    id: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z ._/&-]{0,13}[0-9A-Za-z]$")]
    id_type: Literal["01", "14", "20", "27", "28", "29", "30", "33", "ZZ"] = "ZZ"
    code: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z ._/&-]{0,13}[0-9A-Za-z]$")] | (
        None
    ) = None

    @property
    def group_code(self) -> str:
        """What stands in GS02 or GS03."""
        return self.code or self.id


class Envelope(Frozen):
    """Who sends to whom. ``usage``: T test, P production. ``control_number`` overrides ours."""

    sender: Partner
    receiver: Partner
    usage: Literal["T", "P"] = "T"
    control_number: Annotated[int, Field(ge=1, le=_MOST)] | None = None
    acknowledgment: bool = Field(default=False, description="ask for a TA1 (ISA14)")


def control_number(case: BaseModel, stated: int | None) -> int:
    """The number of a case's interchange and group: ``stated``, or a digest of the case."""
    if stated is not None:
        return stated
    digest = hashlib.sha256(case.model_dump_json().encode()).digest()
    return int.from_bytes(digest[:8], "big") % _MOST + 1


def clock(moment: datetime) -> str:
    """HHMM, or HHMMSS where there are seconds."""
    return f"{moment:%H%M%S}" if moment.second else f"{moment:%H%M}"


class TransactionText:
    """The segments of one transaction set as they are added; ``closed`` puts ST and SE around."""

    def __init__(self, code: str, guide: str) -> None:
        self._segments = [make("ST", code, "0001", guide)]

    def add(self, tag: str, *values: Value) -> None:
        """One segment; nothing where all its values are empty."""
        if any(values):
            self._segments.append(make(tag, *values))

    def put(self, segment: Segment) -> None:
        """A segment that is made already."""
        self._segments.append(segment)

    def closed(self) -> list[Segment]:
        """All segments, with SE and its count."""
        return [*self._segments, make("SE", str(len(self._segments) + 1), "0001")]


def interchange(
    body: Sequence[Segment],
    envelope: Envelope,
    created: datetime,
    number: int,
    *,
    group: str,
    guide: str,
) -> list[Segment]:
    """``body`` (one transaction set) in its group and interchange, numbered for writing."""
    version = "00602" if guide.startswith("006020") else "00501"
    padded, sender, receiver = f"{number:09d}", envelope.sender, envelope.receiver
    isa = make(
        "ISA", "00", " " * 10, "00", " " * 10, sender.id_type, sender.id.ljust(15),
        receiver.id_type, receiver.id.ljust(15), f"{created:%y%m%d}", f"{created:%H%M}", "",
        version, padded, "1" if envelope.acknowledgment else "0", envelope.usage, "",
    )  # fmt: skip
    isa.elements[10:] = ["^", version, padded, isa.elements[13], envelope.usage, ":"]
    gs = make(
        "GS", group, sender.group_code, receiver.group_code, f"{created:%Y%m%d}", clock(created),
        str(number), "X", guide,
    )  # fmt: skip
    segments = [isa, gs, *body, make("GE", "1", str(number)), make("IEA", "1", padded)]
    for place, segment in enumerate(segments, 1):
        segment.number = place
    return segments
