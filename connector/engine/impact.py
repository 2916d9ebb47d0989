"""What would change if another configuration were in force, worked out before it is saved.

Nothing is written to the practice's store. What other mappings would make of the raw input that is
still kept goes into a scratch database, encrypted with a key that nobody has; then everybody is
judged twice, page by page, as things are and as they would be. So memory stays flat, however many
patients there are. Of records whose raw input is gone, what is stored counts for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from connector import pipeline
from connector.authorizations.lifecycle import Case
from connector.engine import acknowledged
from connector.engine.comparison import Impact, Judged
from connector.engine.differences import differences, kept_batches, mapped
from connector.engine.entries import judged
from connector.engine.evaluate import of_refused_forms
from connector.engine.work import Work
from connector.errors import ConnectorError
from connector.pipeline.report import report
from connector.progress import Alert, Progress
from connector.records import Record
from connector.rules import Course, RuleSet
from connector.store.crypto import KeyRing
from connector.store.joined import Together, joined_records, together
from connector.store.store import Store, Tx

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Sides:
    """The two configurations: as it is, and as it would be."""

    before: Work
    after: Work

    @property
    def mappings(self) -> list[str]:
        """The sources that other mappings would read."""
        names = {*self.before.mappings, *self.after.mappings}
        return sorted(name for name in names if self._version(name, 0) != self._version(name, 1))

    @property
    def judge_alike(self) -> bool:
        """Whether the same records would be judged the same."""
        one, two = self.before, self.after
        return (
            one.rules == two.rules
            and one.instruments == two.instruments
            and one.practice == two.practice
            and one.payers.files == two.payers.files
        )

    def _version(self, source: str, side: int) -> str:
        spec = (self.before, self.after)[side].mappings.get(source)
        return "" if spec is None else spec.version


def impact(sides: Sides, now: datetime) -> Impact:
    """What would change, with counts and a few chart numbers as examples."""
    found = Impact(notes=_not_told(sides))
    with _scratch(sides.before.store.practice_id) as scratch:
        for source in sides.mappings:
            _read_again(sides, source, scratch, found, now)
        for ids in _people(sides.before.store, scratch):
            _judge(sides, scratch, ids, found, now)
    return found


def _not_told(sides: Sides) -> list[str]:
    """What differs and can't be seen in charts as they are stored."""
    before, after = sides.before, sides.after
    return [
        f"{what} differ: {what_not}."
        for what, what_not, differ in (
            ("The rules on who is who", "whom they would join is not worked out here",
             before.identity != after.identity),
            ("The crisis wording rules", "what was judged stays as it is, new entries are judged "
             "by the new ones", before.wording.version != after.wording.version),
            ("The stages in shadow", "the counts are of everything switched on",
             before.shadow != after.shadow),
        )
        if differ
    ]  # fmt: skip


@contextmanager
def _scratch(practice_id: str) -> Iterator[Store]:
    with TemporaryDirectory() as folder:
        keys = KeyRing.create(Path(folder) / "keys.json")
        (Path(folder) / "keys.json").unlink()
        with Store.open(f"sqlite:///{folder}/preview.db", keys, practice_id) as store:
            yield store


def _read_again(sides: Sides, source: str, scratch: Store, found: Impact, now: datetime) -> None:
    before, after = sides.before, sides.after
    old, new = before.mappings.get(source), after.mappings.get(source)
    context = after.contexts.get(source) or before.contexts[source]
    kept = 0
    for page in kept_batches(before.store, source):
        for item in page:
            kept += 1
            first = judged(mapped(old, item, context), before.wording)
            second = judged(mapped(new, item, context), after.wording)
            what = differences(first, second)
            found.rows(len(item.batch.rows), what.before, what.after)
            scratch.write(lambda tx, what=what: _note(tx, what.made, what.gone, now))  # type: ignore[misc]
    emptied = before.store.read(lambda tx: tx.inbox.emptied(source))
    found.read(source, kept, emptied)


def _note(tx: Tx, made: list[Record], gone: list[Record], now: datetime) -> None:
    """What is other by the new mapping; what it does not make stands there as deleted."""
    without = {record.id for record in gone} - {record.id for record in made}
    tx.records.upsert(
        [r.model_copy(update={"deleted": True}) for r in gone if r.id in without], now
    )
    tx.records.upsert(made, now)


def _people(main: Store, scratch: Store) -> Iterator[list[str]]:
    """The ids of all patients of both, page by page, each once."""
    for store, other in ((main, None), (scratch, main)):
        after = ""
        while True:
            start = after
            page = store.read(lambda tx, at=start: tx.records.patients(_PAGE, at))  # type: ignore[misc]
            if not page:
                break
            after = page[-1].id
            ids = [patient.id for patient in page]
            if other is not None:
                known = other.read(lambda tx, ids=ids: set(tx.records.of_ids(ids)))  # type: ignore[misc]
                # Who is stored as deleted is not among the first ones.
                ids = [id for id in ids if id not in known or _is_deleted(other, id)]
            if ids:
                yield ids


def _is_deleted(store: Store, id: str) -> bool:
    found = store.read(lambda tx: tx.records.get(id))
    return found is not None and found.deleted


def _judge(sides: Sides, scratch: Store, ids: list[str], found: Impact, now: datetime) -> None:
    before, after = sides.before, sides.after
    stored = before.store.read(lambda tx: _stored(tx, ids, now))
    other = scratch.read(lambda tx: _other(tx, stored.joined))
    for id in ids:
        base = stored.joined.records[id]
        over = other.of(id, base)
        if over == base and sides.judge_alike:
            found.same(bool(base))
            continue
        found.add(
            _judged(before, base, stored, id, now),
            _judged(after, over, stored, id, now, other.shared),
        )


@dataclass(frozen=True, slots=True)
class _Stored:
    """A page of charts as they are stored, with all else that judging them takes."""

    joined: Together
    shared: list[Record]
    refused: Mapping[str, list[Alert]]
    cases: Mapping[str, list[Case]]
    courses: list[Course]


def _stored(tx: Tx, ids: list[str], now: datetime) -> _Stored:
    joined = together(tx, ids)
    taken = acknowledged.taken(tx, joined.ids, now)
    return _Stored(
        joined, tx.records.shared(), of_refused_forms(tx, joined.ids, taken),
        tx.authorizations.of_patients(joined.ids), tx.benchmarks.courses(),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Other:
    """What the scratch database has of a page: records that would be other, by chart."""

    records: Mapping[str, list[Record]]
    known: Set[str]
    shared: Mapping[str, Record]
    joined: Together

    def of(self, id: str, base: list[Record]) -> list[Record]:
        """A chart's records as they would be; ``base`` itself where none would be other."""
        if id in self.joined.held:
            return base
        parts = [self.records.get(member, []) for member in self.joined.members.get(id, ())]
        over = {r.id: r for r in joined_records(self.records.get(id, []), parts, id)}
        # What is known there and not in this chart has gone to another one.
        kept = {r.id: r for r in base if r.id in over or r.id not in self.known}
        if not over and len(kept) == len(base):
            return base
        merged = over | {i: _newer(r, over.get(i)) for i, r in kept.items()}
        return [merged[i] for i in sorted(merged)]


def _other(tx: Tx, joined: Together) -> _Other:
    base = [record.id for records in joined.records.values() for record in records]
    shared = {record.id: record for record in tx.records.shared()}
    known = frozenset(tx.records.of_ids(base))
    return _Other(tx.records.of_patients(joined.ids), known, shared, joined)


def _newer(stored: Record, other: Record | None) -> Record:
    """What would stand there: a reading of the same row takes its place, else the newer one."""
    if other is None:
        return stored
    one, two = stored.provenance, other.provenance
    same_row = (one.origin, one.row) == (two.origin, two.row)
    return other if same_row or other.version >= stored.version else stored


def _judged(
    work: Work,
    records: Iterable[Record],
    stored: _Stored,
    id: str,
    now: datetime,
    shared: Mapping[str, Record] | None = None,
) -> Judged | None:
    """One side of one chart; None where there is none. A defect counts as a chart that fails."""
    rules = work.rules.with_own(stored.courses)
    everyone = {record.id: record for record in stored.shared} | dict(shared or {})
    try:
        progress = pipeline.progress(
            [*records, *everyone.values()],
            practice=work.practice,
            instruments=work.instruments,
            rules=rules,
            now=now,
            raised=stored.joined.of_chart(id, stored.refused),
            payers=work.payers,
            cases=stored.joined.of_chart(id, stored.cases),
        )
        return None if progress is None else Judged(progress, _documents(work, rules, progress))
    except ConnectorError:
        raise
    except Exception as fault:  # noqa: BLE001 - a defect met by one chart must not end the preview
        return Judged(None, {}, type(fault).__name__)


def _documents(work: Work, rules: RuleSet, progress: Progress) -> dict[str, str]:
    """The digest of each document that would be made of it now, by kind."""
    made = report(
        progress, work.practice, work.instruments, rules, kinds=work.kinds, payers=work.payers
    )
    return {one.kind: one.digest for one in made}
