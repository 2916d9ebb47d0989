"""Verifies the audit chain, in the database or offline in an export, and says which entry is wrong.

Without the signing key nobody can make a chain that ends in a head with a valid signature. What
the database alone can't show is a roll-back to an older state, old signed head included: compare
with an ``anchor``, a head that was kept outside.

An export is JSON Lines: one entry a line, the signed head with its public key as the last line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.errors import ConfigurationError
from connector.store.audit_chain import GENESIS, AuditHead, AuditRow, canonical_json
from connector.store.crypto import signature_holds
from connector.store.store import Store, Tx


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The outcome of a verification; ``problem_seq`` is the first wrong or missing entry."""

    entries: int
    ok: bool
    problem_seq: int | None
    problem: str | None
    head: AuditHead | None


def verify(store: Store, *, anchor: AuditHead | None = None) -> AuditReport:
    """Checks every entry of the practice and the signed head, on one view of the database."""

    def check(tx: Tx) -> AuditReport:
        return check_chain(
            tx.audit.rows(), tx.audit.head(), store.keys.public_key, store.practice_id, anchor
        )

    return store.read(check)


def verify_file(
    path: Path, public_key: str | None = None, *, anchor: AuditHead | None = None
) -> AuditReport:
    """Checks an export without any database.

    Give the ``public_key`` that was noted when the keys were made: with the one in the file alone,
    the report only says that the file agrees with itself.
    """
    head, named_key = _head_of(path)
    practice = head.practice_id if head is not None else None
    key = public_key or named_key
    try:
        return check_chain(_rows_of(path), head, key, practice, anchor, must_have_head=True)
    except _Unreadable as fault:
        return AuditReport(fault.line - 1, False, fault.line, str(fault), head)


def export_jsonl(store: Store, path: Path) -> int:
    """Writes the practice's audit log to ``path``; number of entries."""

    def write(tx: Tx) -> int:
        count = 0
        with path.open("w", encoding="ascii", newline="\n") as file:
            for row in tx.audit.rows():
                file.write(row.line() + "\n")
                count += 1
            head = tx.audit.head()
            if head is not None:
                file.write(_head_line(head, store.keys.public_key) + "\n")
        return count

    return store.read(write)


def check_chain(
    rows: Iterable[AuditRow],
    head: AuditHead | None,
    public_key: str | None,
    practice_id: str | None,
    anchor: AuditHead | None = None,
    *,
    must_have_head: bool = False,
) -> AuditReport:
    """The report over a stream of entries and the head they must end in."""
    walk = _Walk(practice_id, anchor)
    stream = iter(rows)
    for row in stream:
        if walk.follow(row):
            continue
        return walk.explain(stream, head)
    problem = walk.check_end(head, public_key, must_have_head)
    if problem is None:
        return AuditReport(walk.seq, True, None, None, head)
    return AuditReport(walk.seq, False, problem[0], problem[1], head)


class _Walk:
    """Follows the chain; remembers the last two good entries and the first bad one."""

    def __init__(self, practice_id: str | None, anchor: AuditHead | None) -> None:
        self.practice_id = practice_id
        self.anchor = anchor
        self.seq = 0
        self.last_hash = GENESIS
        self.before_last = ""
        self.bad: AuditRow | None = None
        self.anchor_broken = False

    def follow(self, row: AuditRow) -> bool:
        """True when ``row`` is the next link."""
        if (
            row.seq != self.seq + 1
            or row.prev_hash != self.last_hash
            or row.computed_hash() != row.hash
            or (self.practice_id is not None and row.practice_id != self.practice_id)
        ):
            self.bad = row
            return False
        self.seq, self.before_last, self.last_hash = row.seq, self.last_hash, row.hash
        if self.anchor is not None and row.seq == self.anchor.seq:
            self.anchor_broken = row.hash != self.anchor.hash
        return True

    def explain(self, rest: Iterator[AuditRow], head: AuditHead | None) -> AuditReport:
        """What is wrong at the bad entry, looking ahead where that tells two causes apart."""
        assert self.bad is not None
        seq, problem = self._cause(self.bad, rest)
        return AuditReport(self.seq, False, seq, problem, head)

    def _cause(self, bad: AuditRow, rest: Iterator[AuditRow]) -> tuple[int, str]:
        expected = self.seq + 1
        if bad.seq > expected:
            if any(row.seq == expected for row in rest):
                return expected, f"entry {expected} was moved: it comes after entry {bad.seq}"
            return expected, f"entry {expected} is missing: it was deleted"
        if bad.seq < expected:
            return bad.seq, f"entry {bad.seq} was inserted: it comes again after entry {self.seq}"
        if self.seq and bad.prev_hash == self.before_last:
            following = f"entry {expected} was chained to entry {self.seq - 1}"
            if bad.computed_hash() != bad.hash:
                return self.seq, f"entry {self.seq} was inserted: {following}"
        if bad.computed_hash() != bad.hash:
            return expected, f"entry {expected} was edited: its content does not match its hash"
        return self._broken_link(bad, rest)

    def _broken_link(self, bad: AuditRow, rest: Iterator[AuditRow]) -> tuple[int, str]:
        """Two whole entries that do not fit: either was made anew. The next one tells which."""
        expected = self.seq + 1
        follower = next(rest, None)
        fits = follower is not None and follower.prev_hash == bad.hash
        if self.seq and (fits or follower is None):
            return self.seq, (
                f"entry {self.seq} was rewritten with a new hash: entry {expected} was chained to "
                "another one"
            )
        return expected, f"entry {expected} was replaced: it is not chained to entry {self.seq}"

    def check_end(
        self, head: AuditHead | None, public_key: str | None, must_have_head: bool
    ) -> tuple[int, str] | None:
        """What is wrong with the end of a chain that is whole up to here."""
        if self.anchor_broken:
            assert self.anchor is not None
            return self.anchor.seq, f"entry {self.anchor.seq} is not the one that was anchored"
        if head is None:
            if self.seq or must_have_head:
                return self.seq + 1, "the signed head is missing: entries may be cut off at the end"
        elif self.seq < head.seq:
            first = self.seq + 1
            return first, f"entries {first} to {head.seq} are missing at the end"
        elif self.seq > head.seq:
            return head.seq + 1, f"entry {head.seq + 1} was added behind the signed head"
        elif head.hash != self.last_hash:
            return head.seq, f"entry {head.seq} was rewritten: the signed head names another hash"
        elif not signature_holds(public_key or "", head.message(), head.signature):
            return head.seq, "the head's signature is not by this key: the head was replaced"
        if self.anchor is not None and self.seq < self.anchor.seq:
            first = self.seq + 1
            return first, f"entries {first} to {self.anchor.seq} are missing: there was an anchor"
        return None


class _Unreadable(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} is not an entry of an audit export")
        self.line = line


def _rows_of(path: Path) -> Iterator[AuditRow]:
    """The entries of an export, each checked to be exactly the line that its fields give."""
    with path.open(encoding="utf-8", errors="replace") as file:
        head_at = 0
        for number, line in enumerate(file, start=1):
            if head_at:
                raise _Unreadable(head_at)
            if line.startswith('{"head":'):
                head_at = number
                continue
            try:
                data = json.loads(line)
                row = AuditRow(
                    data["practice"], data["seq"], data["at"], data["action"], data["subject"],
                    data["actor"], data["outcome"], canonical_json(data["detail"]),
                    data["prev_hash"], data["hash"],
                )  # fmt: skip
                whole = row.line() == line.rstrip("\n")
            except (ValueError, KeyError, TypeError):
                whole = False
            if not whole:
                raise _Unreadable(number)
            yield row


def _head_of(path: Path) -> tuple[AuditHead | None, str | None]:
    """The signed head in an export's last line and the public key named there."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    except OSError as fault:
        raise ConfigurationError(
            "audit_file_unreadable", f"{path} can't be read: {fault.strerror}"
        ) from None
    try:
        data: dict[str, Any] = json.loads(last)["head"]
        head = AuditHead(data["practice"], data["seq"], data["hash"], data["at"], data["signature"])
        return head, data.get("public_key")
    except (ValueError, KeyError, TypeError):
        return None, None


def _head_line(head: AuditHead, public_key: str) -> str:
    named = {
        "practice": head.practice_id, "seq": head.seq, "hash": head.hash, "at": head.at,
        "signature": head.signature, "public_key": public_key,
    }  # fmt: skip
    return f'{{"head":{canonical_json(named)}}}'
