"""What arrives, unparsed: rows, the batches they are stored in, and pages of a source.

``connector.ports`` gives these names to adapters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.announced import Heard
from connector.errors import ConnectorError


@dataclass(frozen=True, slots=True)
class RawRow:
    """One raw record as the source gave it; ``number`` is its 1-based place in the origin.

    ``fault`` says why the row can't be read (too few fields, bad JSON); mapping turns it into a row
    error and makes no record of ``data``. ``deleted`` says that the source deleted the record;
    ``data`` then need hold no more than its id, and its time of change where that is known.
    """

    number: int
    data: Mapping[str, Any]
    fault: ConnectorError | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Rows of one table that arrived together; the unit of storage in the inbox.

    ``key`` is deterministic (event id, or digest of the content) and holds no patient identifier.
    ``as_of`` is when the source made them; it is the version of records without one of their own.
    """

    key: str
    table: str
    origin: str
    as_of: datetime
    rows: tuple[RawRow, ...]


@dataclass(frozen=True, slots=True)
class RawFault:
    """Something that arrived and can't be read at all (a whole file); goes to quarantine."""

    key: str
    origin: str
    error: ConnectorError
    excerpt: bytes = b""


@dataclass(frozen=True, slots=True)
class RawPage:
    """What one step of a source gives; stored in one transaction, then acknowledged.

    ``notices`` say that something changed at the counterpart and is to be fetched; they are kept
    until a page that ``answers`` them is stored. ``left``: rows that are known to come after it.
    ``heard``: the notification that brought it, for channels that count theirs. ``claimed``: its
    keys are ids that the sender gave; other content under one of them is told to a person.
    """

    batches: tuple[RawBatch, ...] = ()
    faults: tuple[RawFault, ...] = ()
    cursor: str | None = None
    token: str = ""
    notices: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    left: int | None = None
    heard: Heard | None = None
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class ExpectedTable:
    """What a mapping expects of one table, so that a source can refuse a file as a whole.

    ``pattern`` is a file-name pattern (fnmatch, case-insensitive). ``required`` columns must be
    there; ``known`` are all that the mapping reads (for "did you mean"). ``date_formats``: how the
    mapping reads the dates of a column, for files that hold dates as such and not as text.
    """

    name: str
    pattern: str
    required: frozenset[str]
    known: frozenset[str]
    date_formats: Mapping[str, str] = field(default_factory=dict)
