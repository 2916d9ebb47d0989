"""What a vendor's list gives: records, portion by portion."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from connector.errors import InvalidRecord, RetryLater
from connector.http import Answer


@dataclass(frozen=True, slots=True)
class Found:
    """One record as found. ``changed`` is when the vendor says that it changed, where it does."""

    id: str
    data: Mapping[str, Any]
    changed: datetime | None = None
    deleted: bool = False
    fault: InvalidRecord | None = None

    def mark(self) -> str:
        """The digest of what was found: the same state of the same record has the same mark.

        Its content counts beside its time: times come in seconds, and two changes may share one.
        """
        state = json.dumps(self.data, sort_keys=True, default=str)
        code = "" if self.fault is None else self.fault.code
        return digest(self.id, self.deleted, code, self.changed, state)[:16]

    def name(self) -> str:
        """The digest of whose state it is; of what has no id, of what it says."""
        return digest(self.id or self.mark())[:12]


@dataclass(frozen=True, slots=True)
class Portion:
    """One page. ``at`` is the vendor's time, ``next`` how to ask for the page after it.

    ``total`` is how many records the vendor says that the whole list has.
    """

    found: tuple[Found, ...]
    at: datetime
    next: str | None = None
    total: int | None = None


class Feed(Protocol):
    """A list of a vendor that can be asked for what changed.

    ``table`` is what the mapping calls its rows; ``name`` is apart from other feeds of the table.
    ``at_once`` is how many records are completed before they are stored.
    """

    @property
    def name(self) -> str: ...
    @property
    def table(self) -> str: ...
    @property
    def at_once(self) -> int: ...

    def portion(self, since: datetime | None, place: str | None) -> Portion:
        """The page at ``place`` (None: the first) of what changed since then (None: of all)."""

    def complete(self, found: Found) -> Found:
        """The record with what the list leaves out. Called for new and changed records only."""

    def one(self, own_id: str) -> Found | None:
        """The record of an id; None where the vendor has it no more."""


def entry(
    raw: Any, id_key: str, changed: datetime | None = None, *, deleted: bool = False
) -> Found:
    """A list's entry as a record; one that is no object, or has no id, has a fault instead."""
    own_id = raw.get(id_key) if isinstance(raw, dict) else None
    if isinstance(own_id, int) and not isinstance(own_id, bool):
        own_id = str(own_id)
    if not isinstance(own_id, str) or not own_id:
        fault = InvalidRecord("no_id", f"the list holds something without {id_key}", field=id_key)
        return Found("", {"entry": raw}, fault=fault)
    return Found(own_id, raw, changed, deleted)


def asked_for(found: Found, own_id: str) -> Found:
    """The record that was asked for by its id; it has a fault where another was given."""
    if found.fault is None and found.id != own_id:
        fault = InvalidRecord("other_record", "another record was given than asked for")
        return replace(found, fault=fault)
    return found


def instant(value: Any) -> datetime | None:
    """An ISO time with an offset, or milliseconds since 1970, as a moment; else None."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        # The first moment of all, which some systems write for "never", has no earlier zone.
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None


def digest(*parts: object) -> str:
    """32 hexadecimal digits; the same parts give the same, and it tells nothing of them."""
    text = "\x1f".join(map(str, parts))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def server_time(answer: Answer, now: datetime) -> datetime:
    """The vendor's clock; ours where it does not tell."""
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError, OverflowError):
        return now.astimezone(UTC)


def only(raw: Any, wanted: Collection[str]) -> Any:
    """An object with those of its fields that are wanted; anything else as it is."""
    if not isinstance(raw, dict):
        return raw
    return {name: value for name, value in raw.items() if name in wanted}


def without(raw: Any, unwanted: Collection[str], links: Collection[str] = ()) -> Any:
    """An object without fields that nothing needs; of ``links`` only that there is one.

    A link into a video call lets anybody into it.
    """
    if not isinstance(raw, dict):
        return raw
    return {
        name: bool(value) if name in links else value
        for name, value in raw.items()
        if name not in unwanted
    }


@dataclass(frozen=True, slots=True)
class Taken:
    """What is kept of a table's records: ``fields`` alone where any are stated, never ``left_out``.

    Of ``links`` it is kept only that there is one.
    """

    fields: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    links: tuple[str, ...] = ()

    def of(self, raw: Any, also: Collection[str] = ()) -> Any:
        """Of one record; ``also`` are the fields that the site asks for beside ``fields``."""
        kept = only(raw, (*self.fields, *also)) if self.fields else raw
        return without(kept, self.left_out, self.links)


def listed(value: Any, host: str, what: str) -> list[Any]:
    """A list out of an answer. Raises RetryLater ("garbage_answer") where it is something else."""
    if isinstance(value, list):
        return value
    raise no_whole_list(host, what)


def no_whole_list(host: str, what: str) -> RetryLater:
    """The error for a page that can't be read, or says that more follows and not where.

    Taken for an empty or last page, it would lose what comes after it: the next poll begins later.
    """
    return RetryLater(
        "garbage_answer",
        f"{host} answered with something else than a list of {what}; it may be under maintenance",
    )
