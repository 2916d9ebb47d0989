"""The audit chain on both databases: every single-row change is found, at the right entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from connector.store import AuditEntry, AuditHead, AuditRow, Store
from connector.store.audit_check import verify
from connector.store.schema import audit, audit_head

COUNT = 8
EDITABLE = ("at", "action", "subject", "actor", "outcome", "detail", "prev_hash", "hash")


@pytest.fixture
def chain(store: Store, samples: Any) -> Store:
    entries = [
        AuditEntry("mapped", f"batch-{n}", detail={"rows": n, "source": 'Ω"\\'})
        for n in range(1, COUNT + 1)
    ]
    store.write(lambda tx: tx.audit.append(entries[:3], samples.at()))
    store.write(lambda tx: tx.audit.append(entries[3:], samples.at(1)))
    return store


def _run(store: Store, *statements: Any) -> None:
    def change(tx: Any) -> None:
        for statement in statements:
            mine = statement.table.c.practice_id == store.practice_id
            tx.scope.connection.execute(statement if statement.is_insert else statement.where(mine))

    store.write(change)


def _rows(store: Store) -> list[AuditRow]:
    return store.read(lambda tx: list(tx.audit.rows()))


def _values(row: AuditRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in AuditRow.__slots__}


def _problem(store: Store) -> tuple[int | None, str]:
    report = verify(store)
    assert not report.ok
    return report.problem_seq, report.problem or ""


def test_an_untouched_chain_holds(chain: Store, samples: Any) -> None:
    report = verify(chain)
    assert (report.ok, report.entries, report.problem) == (True, COUNT, None)
    assert report.head is not None
    assert (report.head.seq, report.head.hash) == (COUNT, _rows(chain)[-1].hash)
    latest = chain.read(lambda tx: tx.audit.latest(2))
    assert [row.seq for row in latest] == [COUNT, COUNT - 1]
    assert [r.seq for r in chain.read(lambda tx: tx.audit.latest(9, "batch-3"))] == [3]
    assert [r.seq for r in chain.read(lambda tx: list(tx.audit.rows(5, page=2)))] == [6, 7, 8]


def test_an_empty_chain_holds(store: Store, samples: Any) -> None:
    store.write(lambda tx: tx.audit.append([], samples.at()))
    assert verify(store).ok


@pytest.mark.parametrize("column", EDITABLE)
def test_every_edit_is_found_at_its_entry(chain: Store, column: str) -> None:
    for row in _rows(chain):
        here = update(audit).where(audit.c.seq == row.seq)
        _run(chain, here.values({column: getattr(row, column) + " "}))
        assert _problem(chain)[0] == row.seq
        _run(chain, here.values({column: getattr(row, column)}))
    assert verify(chain).ok


def test_an_entry_rewritten_with_a_fitting_hash_is_found(chain: Store) -> None:
    for row in _rows(chain):
        forged = replace(row, subject="other")
        forged = replace(forged, hash=forged.computed_hash())
        here = update(audit).where(audit.c.seq == row.seq)
        _run(chain, here.values(_values(forged)))
        assert _problem(chain)[0] == row.seq
        _run(chain, here.values(_values(row)))
    assert verify(chain).ok


def test_every_deletion_is_found(chain: Store) -> None:
    for row in _rows(chain):
        _run(chain, delete(audit).where(audit.c.seq == row.seq))
        seq, problem = _problem(chain)
        assert (seq, "missing" in problem) == (row.seq, True)
        _run(chain, insert(audit).values(_values(row)))
    assert verify(chain).ok


def test_every_cut_of_the_tail_is_found(chain: Store) -> None:
    rows = _rows(chain)
    for keep in range(COUNT):
        _run(chain, delete(audit).where(audit.c.seq > keep))
        assert _problem(chain)[0] == keep + 1
        _run(chain, insert(audit).values([_values(row) for row in rows[keep:]]))


def test_every_insertion_is_found(chain: Store) -> None:
    rows = _rows(chain)
    for row in rows:
        forged = replace(row, subject="forged")
        forged = replace(forged, hash=forged.computed_hash())
        behind = [replace(other, seq=other.seq + 1) for other in rows[row.seq - 1 :]]
        _run(
            chain,
            delete(audit).where(audit.c.seq >= row.seq),
            insert(audit).values([_values(new) for new in (forged, *behind)]),
        )
        seq, problem = _problem(chain)
        assert (seq, "inserted" in problem) == (row.seq, True), problem
        _run(chain, delete(audit).where(audit.c.seq >= row.seq))
        _run(chain, insert(audit).values([_values(old) for old in rows[row.seq - 1 :]]))
    assert verify(chain).ok


def test_an_entry_added_behind_the_head_is_found(chain: Store) -> None:
    last = _rows(chain)[-1]
    forged = replace(last, seq=COUNT + 1, prev_hash=last.hash)
    forged = replace(forged, hash=forged.computed_hash())
    _run(chain, insert(audit).values(_values(forged)))
    assert _problem(chain)[0] == COUNT + 1


def test_every_swap_of_neighbours_is_found(chain: Store) -> None:
    rows = _rows(chain)
    for one, two in pairwise(rows):
        _run(
            chain,
            update(audit).where(audit.c.seq == one.seq).values(seq=1000),
            update(audit).where(audit.c.seq == two.seq).values(seq=one.seq),
            update(audit).where(audit.c.seq == 1000).values(seq=two.seq),
        )
        assert _problem(chain)[0] == one.seq
        _run(chain, delete(audit).where(audit.c.seq.in_((one.seq, two.seq))))
        _run(chain, insert(audit).values([_values(one), _values(two)]))
    assert verify(chain).ok


def test_a_chain_made_anew_fails_at_the_signed_head(chain: Store) -> None:
    rows = _rows(chain)
    anchor = chain.read(lambda tx: tx.audit.head())
    last = rows[2].hash
    for row in rows[3:]:
        forged = replace(row, actor="nobody", prev_hash=last)
        forged = replace(forged, hash=forged.computed_hash())
        _run(chain, update(audit).where(audit.c.seq == row.seq).values(_values(forged)))
        last = forged.hash
    assert _problem(chain) == (
        COUNT, "entry 8 was rewritten: the signed head names another hash",
    )  # fmt: skip
    _run(chain, update(audit_head).values(hash=last))
    assert "signature" in _problem(chain)[1]
    assert anchor is not None
    report = verify(chain, anchor=anchor)
    assert (report.problem_seq, "anchored" in (report.problem or "")) == (COUNT, True)


def test_a_missing_head_and_a_rolled_back_database_are_found(chain: Store, samples: Any) -> None:
    head = chain.read(lambda tx: tx.audit.head())
    assert head is not None
    ahead = AuditHead(head.practice_id, COUNT + 5, "0" * 64, head.at, "")
    report = verify(chain, anchor=ahead)
    assert (report.ok, report.problem_seq) == (False, COUNT + 1)
    _run(chain, delete(audit_head))
    assert _problem(chain)[0] == COUNT + 1


def test_entries_of_another_practice_do_not_fit(
    chain: Store, new_practice: Callable[[], Store], samples: Any
) -> None:
    other = new_practice()
    other.write(lambda tx: tx.audit.append([AuditEntry("mapped", "x")], samples.at()))
    foreign = replace(_rows(other)[0], practice_id=chain.practice_id)
    _run(chain, update(audit).where(audit.c.seq == 1).values(_values(foreign)))
    assert _problem(chain)[0] == 1


def test_detail_takes_flat_values_only(store: Store, samples: Any) -> None:
    for bad in ({"a": ["list"]}, {"a": None}, {"a": 1.5}):
        entry = AuditEntry("a", "b", detail=bad)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            store.write(lambda tx, entry=entry: tx.audit.append([entry], samples.at()))
    assert verify(store).entries == 0
