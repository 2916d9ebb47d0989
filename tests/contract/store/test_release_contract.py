"""Drafts, what is written into them, signatures: order, one live signature, retention, sealing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from connector.release.fill import open_packet
from connector.store import FieldRow, KeyRing, SignatureRow, Store
from connector.store.reseal import move_older


def draft(samples: Any, id: str, kind: str = "insurer", **more: Any) -> Any:
    release = "therapist_release" if kind == "patient" else "clinician_signature"
    return samples.spec(id, digest=id, kind=kind).model_copy(update={"release": release, **more})


def keep(store: Store, samples: Any, *specs: Any, minutes: int = 0) -> None:
    def write(tx: Any) -> None:
        tx.documents.put_specs(specs, samples.at(minutes))
        tx.drafts.expect(specs, samples.at(minutes))

    store.write(write)


def signature(samples: Any, document_id: str, draft_id: str, **more: Any) -> SignatureRow:
    return SignatureRow(
        **{
            "document_id": document_id, "draft_id": draft_id, "kind": "insurer",
            "patient_id": "patient-1", "reference": "PR-1", "version": 1, "digest": "d",
            "body": {"by": "Dana Example, LCSW"}, "signed_at": samples.at(), **more,
        }
    )  # fmt: skip


@pytest.fixture
def charted(store: Store, samples: Any) -> Store:
    store.write(lambda tx: tx.progress.put(samples.progress(), samples.at()))
    return store


def test_only_what_a_person_must_act_on_is_a_draft(charted: Store, samples: Any) -> None:
    signed = draft(samples, "signed", draft_id="one")
    keep(charted, samples, draft(samples, "one"), signed, samples.spec("free"))
    found = charted.read(lambda tx: tx.drafts.of_documents(["one", "signed", "free"]))
    assert list(found) == ["one"] and found["one"].waits and found["one"].newest


def test_the_newest_of_a_patient_and_kind_waits(charted: Store, samples: Any) -> None:
    keep(charted, samples, draft(samples, "one"), draft(samples, "p", kind="patient"))
    keep(charted, samples, draft(samples, "two"))
    rows = charted.read(lambda tx: tx.drafts.of_patient("patient-1", "insurer"))
    assert [(row.document_id, row.newest) for row in rows] == [("two", True), ("one", False)]
    assert charted.read(lambda tx: tx.drafts.waiting_counts()) == {"insurer": 1, "patient": 1}
    keep(charted, samples, draft(samples, "one"), draft(samples, "p", kind="patient"))
    waiting = charted.read(lambda tx: tx.drafts.waiting(["insurer"], 9))
    assert [row.document_id for row in waiting] == ["one"], "facts were corrected back"


def test_nobody_waits_without_a_chart_or_a_content(store: Store, samples: Any) -> None:
    keep(store, samples, draft(samples, "one"))
    assert store.read(lambda tx: tx.drafts.waiting_counts()) == {}
    store.write(lambda tx: tx.progress.put(samples.progress(), samples.at()))
    assert store.read(lambda tx: tx.drafts.waiting_counts()) == {"insurer": 1}
    store.write(lambda tx: tx.documents.prune(samples.at(1)))
    assert store.read(lambda tx: tx.drafts.waiting_counts()) == {}


def test_a_manifest_stands_for_its_report(charted: Store, samples: Any) -> None:
    listing = draft(
        samples, "list", kind="packet_manifest", context={"holds": [{"document_id": "one"}]}
    )
    keep(charted, samples, draft(samples, "one"), listing)
    row = charted.read(lambda tx: tx.drafts.get("list"))
    assert row is not None and row.packet_id == "one" and row.waits
    charted.write(lambda tx: tx.signatures.add([signature(samples, "s1", "one")]))
    assert charted.read(lambda tx: tx.drafts.waiting_counts()) == {}


def test_a_withdrawn_draft_waits_for_nobody(charted: Store, samples: Any) -> None:
    keep(charted, samples, draft(samples, "one"))
    note = {"by": "Dana", "why": "Ana has moved"}
    charted.write(lambda tx: tx.drafts.withdraw("one", note, samples.at()))
    row = charted.read(lambda tx: tx.drafts.get("one"))
    assert row is not None and row.withdrawn == note and not row.waits


def test_fields_are_kept_replaced_and_taken_away(store: Store, samples: Any) -> None:
    store.write(lambda tx: tx.drafts.fill("one", {"a": "x", "b": "y"}, "Kim", samples.at()))
    store.write(lambda tx: tx.drafts.fill("one", {"a": "Ω", "b": ""}, "Dana", samples.at(1)))
    fields = store.read(lambda tx: tx.drafts.fields("one"))
    assert fields == {"a": FieldRow("Ω", "Dana", samples.at(1))}
    assert store.read(lambda tx: tx.drafts.fields("two")) == {}


def test_a_draft_has_one_live_signature(store: Store, samples: Any) -> None:
    first = signature(samples, "s1", "one")
    store.write(lambda tx: tx.signatures.add([first]))
    with pytest.raises(IntegrityError):
        store.write(lambda tx: tx.signatures.add([signature(samples, "s2", "one")]))
    store.write(
        lambda tx: tx.signatures.withdraw(first, {"by": "Dana", "why": "no"}, samples.at(1))
    )
    second = signature(samples, "s2", "one", signed_at=samples.at(2))
    store.write(lambda tx: tx.signatures.add([second]))
    line = store.read(lambda tx: tx.signatures.line("patient-1", "insurer", "PR-1"))
    assert [(row.document_id, row.live) for row in line] == [("s1", False), ("s2", True)]
    assert line[0].body["withdrawn"] == {"by": "Dana", "why": "no"}
    assert store.read(lambda tx: tx.signatures.live(["s1", "s2", "one"])) == {"s2"}
    assert store.read(lambda tx: tx.signatures.of_drafts(["one"])) == {"one": second}
    assert set(store.read(lambda tx: tx.signatures.of_documents(["s1", "s2"]))) == {"s1", "s2"}


def test_what_was_signed_together_is_found_together(store: Store, samples: Any) -> None:
    report, listing = signature(samples, "s1", "one"), signature(samples, "s2", "list")
    other = signature(samples, "s3", "three", digest="e")
    store.write(lambda tx: tx.signatures.add([report, listing, other]))
    assert store.read(lambda tx: tx.signatures.together(listing)) == [report, listing]


def test_retention_keeps_signed_documents_for_their_own_time(store: Store, samples: Any) -> None:
    made = draft(samples, "s1", draft_id="one")
    keep(store, samples, draft(samples, "one"), made)
    store.write(lambda tx: tx.signatures.add([signature(samples, "s1", "one")]))
    store.write(lambda tx: tx.drafts.fill("one", {"a": "x"}, "Kim", samples.at()))
    prune = lambda signed: store.write(  # noqa: E731
        lambda tx: tx.documents.prune(samples.at(1), signed_before=signed)
    )
    assert prune(samples.at()) == 1
    assert store.read(lambda tx: tx.documents.spec("s1")) == made
    assert store.read(lambda tx: tx.drafts.fields("one")) == {}, "they are in the signed one"
    assert prune(samples.at(1)) == 1
    assert store.read(lambda tx: tx.documents.spec("s1")) is None
    assert store.read(lambda tx: tx.signatures.live(["s1"])) == {"s1"}


def test_a_withdrawn_version_goes_with_the_drafts(store: Store, samples: Any) -> None:
    keep(store, samples, draft(samples, "s1", draft_id="one"))
    row = signature(samples, "s1", "one")
    store.write(lambda tx: tx.signatures.add([row]))
    assert store.write(lambda tx: tx.documents.prune(samples.at(1))) == 0
    store.write(lambda tx: tx.signatures.withdraw(row, {"by": "Dana"}, samples.at()))
    assert store.write(lambda tx: tx.documents.prune(samples.at(1))) == 1


def test_withdrawn_deliveries_are_not_sent_and_not_replayed(store: Store, samples: Any) -> None:
    def write(tx: Any) -> int:
        tx.documents.put_spec(samples.spec(), samples.at())
        tx.deliveries.add([samples.delivery(key) for key in "abc"], samples.at())
        tx.deliveries.dead("b", "c", "m", samples.at())
        tx.deliveries.mark_sending(["c"], samples.at())
        return tx.deliveries.withdraw(["doc-1"], samples.at())

    assert store.write(write) == 2
    assert store.read(lambda tx: tx.deliveries.due(None, samples.at(9), 9)) == []
    assert store.write(lambda tx: tx.deliveries.replay(["a", "b"], samples.at())) == 0
    states = store.read(lambda tx: {row.key: row.state for row in tx.deliveries.list()})
    assert states == {"a": "withdrawn", "b": "withdrawn", "c": "sending"}


def test_what_people_wrote_is_sealed_and_moves_to_the_newest_key(
    url: str, samples: Any, tmp_path: Any
) -> None:
    ring = KeyRing.create(tmp_path / "keys.json")
    with Store.open(url, ring, f"practice_{tmp_path.name[:20].lower()}") as store:
        keep(store, samples, draft(samples, "one"))
        row = signature(samples, "s1", "one", body={"by": "MARKER"})
        store.write(lambda tx: tx.drafts.fill("one", {"a": "MARKER"}, "Kim", samples.at()))
        store.write(lambda tx: tx.drafts.withdraw("one", {"why": "MARKER"}, samples.at()))
        store.write(lambda tx: tx.signatures.add([row]))
        for table in ("draft_fields", "drafts", "signatures"):
            kept = store.read(
                lambda tx, table=table: tx.scope.connection.exec_driver_sql(
                    f"SELECT * FROM {table}"
                ).all()
            )
            assert kept and "MARKER" not in repr(kept)
        ring.rotate()
        left = store.read(lambda tx: tx.reseal.remaining())
        assert move_older(store) == left == 5, "with spec and key check"
        assert store.read(lambda tx: tx.drafts.fields("one"))["a"].value == "MARKER"
        assert store.read(lambda tx: tx.signatures.of_documents(["s1"])) == {"s1": row}


def test_documents_from_before_become_drafts(new_url: Any, samples: Any, keys: KeyRing) -> None:
    from alembic import command

    from connector.store.database import open_database
    from connector.store.migrate import alembic_config

    url = new_url()
    with Store.open(url, keys, "practice_a") as store:
        store.write(lambda tx: tx.progress.put(samples.progress(), samples.at()))
        keep(store, samples, draft(samples, "old"), minutes=1)
        keep(store, samples, draft(samples, "new"), samples.spec("free"), minutes=2)
    database = open_database(url)
    try:
        database.write(lambda c: command.downgrade(alembic_config(c), "0002"))
    finally:
        database.close()
    with Store.open(url, keys, "practice_a") as store:
        rows = store.read(lambda tx: tx.drafts.waiting(["insurer"], 9))
        assert [(row.document_id, row.newest) for row in rows] == [("new", True)]
        assert store.read(lambda tx: tx.drafts.get("old")) is not None
        assert store.read(lambda tx: tx.drafts.get("free")) is None


def _is_held(store: Store, document_id: str) -> bool:
    """Whether another connection would have to wait to act on this draft."""
    with store.database.engine.connect() as other:
        try:
            if other.dialect.name == "postgresql":
                text = "SELECT 1 FROM drafts WHERE practice_id = %s AND document_id = %s"
                values = (store.practice_id, document_id)
                other.exec_driver_sql(f"{text} FOR UPDATE NOWAIT", values)
            else:
                other.exec_driver_sql("PRAGMA busy_timeout=0")
                other.exec_driver_sql("BEGIN IMMEDIATE")
            return False
        except DBAPIError:
            return True
        finally:
            other.rollback()
            if other.dialect.name == "sqlite":
                other.invalidate()


@pytest.mark.parametrize("kind", ["referrer", "insurer"])
def test_a_draft_is_held_while_it_is_written_into(charted: Store, samples: Any, kind: str) -> None:
    holds = {"holds": [{"document_id": "one"}]}
    listing = draft(samples, "list", kind="packet_manifest", context=holds)
    keep(charted, samples, draft(samples, "one", kind=kind), listing)
    given = "one" if kind == "referrer" else "list"

    def write(tx: Any) -> bool:
        open_packet(tx, "one")
        return _is_held(charted, given)

    assert charted.write(write)
    assert not _is_held(charted, given)
