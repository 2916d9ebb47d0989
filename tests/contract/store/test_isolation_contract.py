"""Two practices in one database never see or change each other's rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, select, update

from connector.authorizations.lifecycle import Asked, Event
from connector.errors import ConfigurationError
from connector.ports import Receipt
from connector.rules import Course
from connector.store import AuditEntry, QuarantineEntry, SignatureRow, Store
from connector.store.audit_check import verify
from connector.store.direct import Direct
from connector.store.identities import Identity
from connector.store.notices import NewNotice
from connector.store.schema import metadata, records


def _entry(samples: Any) -> QuarantineEntry:
    return QuarantineEntry(
        id="q1", source="s", scope="row", table="t", origin="o", row=1, code="c", message="m",
        as_of=samples.at(), created_at=samples.at(), data={"a": "b"},
    )  # fmt: skip


def _signature(samples: Any, name: str) -> SignatureRow:
    return SignatureRow(
        document_id="signed-1", draft_id="draft-0", kind="insurer", patient_id="patient-1",
        reference="PR-1", version=1, digest=name, body={"by": name}, signed_at=samples.at(),
    )  # fmt: skip


def _fill(tx: Any, samples: Any, name: str) -> None:
    tx.authorizations.add(_request(samples, name, "AR-1"), "patient-1", samples.at())
    tx.authorizations.tie("AR-1", ["trace:1"])
    tx.eligibility.asked([("EL-1", "patient-1", name)], samples.at())
    tx.inbox.add("s", samples.batch("event-1"), samples.at())
    tx.quarantine.put(_entry(samples))
    tx.records.upsert([samples.patient(name=name), samples.clinician()], samples.at())
    tx.due.add(["patient-1"], samples.at())
    tx.progress.put(samples.progress(reason=name), samples.at())
    tx.alerts.raise_all([samples.alert(text=name)], {}, samples.at())
    tx.documents.put_spec(samples.spec(digest=name), samples.at())
    tx.documents.put_content("doc-1", "pdf", name.encode(), samples.at())
    draft = samples.spec("draft-1", digest=name, kind="insurer").model_copy(
        update={"release": "clinician_signature"}
    )
    tx.documents.put_spec(draft, samples.at())
    tx.drafts.expect([draft], samples.at())
    tx.drafts.fill("draft-1", {"field": name}, name, samples.at())
    tx.signatures.add([_signature(samples, name)])
    tx.deliveries.add([samples.delivery("k1"), samples.delivery("k2")], samples.at())
    tx.deliveries.mark_sending(["k1"], samples.at())
    tx.deliveries.delivered("k1", Receipt("k1", name), samples.at())
    tx.destinations.disable("chart", "gone", name, samples.at())
    tx.cursors.set("s", name, samples.at())
    notice = NewNotice("alert-1", samples.at(), 1, "kim", "kim/phone", "page")
    tx.notices.add([notice, replace(notice, person=name)], samples.at())
    tx.channels.failed("kim/phone", "unreachable", name, samples.at())
    course = Course(instrument="phq9", number=1, episodes=200 + len(name), points=((0, 0), (4, 9)))
    tx.benchmarks.approve(course, {"by": name}, name, samples.at())
    tx.configurations.keep(name, {"site.yaml": (name, name.encode())}, samples.at())
    tx.configurations.put_in_force(1, {"rules": name}, samples.at())
    tx.identities.put(Identity("patient-2", "patient-1", "merged", name, name, samples.at()))
    tx.identities.set_keys("patient-1", name, ["key-1"])
    tx.audit.append([AuditEntry("filled", name)], samples.at())


def _everything(tx: Any, samples: Any) -> dict[str, Any]:
    return {
        "inbox": [item.batch for item in tx.inbox.new()],
        "inbox_counts": tx.inbox.counts(),
        "quarantine": [tx.quarantine.list(), tx.quarantine.get("q1"), tx.quarantine.counts()],
        "records": [tx.records.of_patients(["patient-1"]), tx.records.shared()],
        "more_records": [tx.records.counts(), tx.records.patients(), tx.records.get("patient-1")],
        "digests_known": [v is not None for v in tx.records.digests(["patient-1"]).values()],
        "due": [tx.due.take(), tx.due.count()],
        "progress": [list(tx.progress.all()), tx.progress.decision_counts()],
        "patient_ids": tx.progress.patient_ids(),
        "history": [row.view for row in tx.progress.history("patient-1")],
        "alerts": [[row.alert for row in tx.alerts.list()], tx.alerts.counts()],
        "documents": [tx.documents.spec("doc-1"), tx.documents.content("doc-1", "pdf")],
        "more_documents": [tx.documents.counts(), len(tx.documents.list())],
        "content_digests": tx.documents.digests("doc-1"),
        "drafts": [tx.drafts.get("draft-1"), tx.drafts.of_patient("patient-1", "insurer")],
        "more_drafts": [tx.drafts.waiting_counts(), tx.drafts.waiting(["insurer"], 9)],
        "fields": [tx.drafts.fields("draft-1"), tx.drafts.of_documents(["draft-1"])],
        "signatures": [
            tx.signatures.of_documents(["signed-1"]),
            tx.signatures.of_drafts(["draft-0"]),
            tx.signatures.live(["signed-1"]),
            tx.signatures.line("patient-1", "insurer", "PR-1"),
            tx.signatures.together(_signature(samples, "alpha")),
        ],
        "found_documents": [tx.documents.get("draft"), tx.documents.releases(["draft-1"])],
        "deliveries": [row.key for row in tx.deliveries.list()],
        "more_deliveries": [tx.deliveries.counts()],
        "receipt": tx.deliveries.receipt("k1"),
        "due_deliveries": [row.key for row in tx.deliveries.due(None, samples.at(), 9)],
        "due_count": tx.deliveries.due_count(samples.at()),
        "destinations": [tx.destinations.disabled(), tx.destinations.is_disabled("chart")],
        "summaries": [tx.documents.existing(["doc-1"]), list(tx.documents.specs(["doc-1"]))],
        "records_of": [tx.records.references(["patient-1"]), tx.records.source_ids("s")],
        "changed": tx.records.changed_since(["patient-1"], "patient", samples.at(-9)),
        "facts": tx.progress.reported({"patient-1": ""}),
        "open_alerts": {
            id: [r.alert for r in rows] for id, rows in tx.alerts.open_of(["patient-1"]).items()
        },
        "waiting": [tx.inbox.newest_waiting() is None, tx.inbox.waits(5000)],
        "delivery_queue": [tx.deliveries.waiting_at(), tx.deliveries.troubles()],
        "by_key": list(tx.deliveries.get_all(["k1", "k2"])),
        "cursor": tx.cursors.get("s"),
        "notices": [tx.notices.of_alert("alert-1"), tx.notices.counts(), tx.notices.waiting()],
        "notices_due": [row.person for row in tx.notices.due(samples.at(9))],
        "channels": tx.channels.all(),
        "courses": [tx.benchmarks.courses(), tx.benchmarks.history()],
        "of_a_kind": [row.key for row in tx.deliveries.of_kind("therapist")],
        "unsent": tx.deliveries.unsent("therapist", "chart", ["patient-1"]),
        "alert_state": [tx.alerts.get("alert-1"), tx.alerts.to_tell(samples.at(9))],
        "alerts_taken": [tx.alerts.taken_of(["patient-1"]), tx.alerts.unacknowledged()],
        "audit": [(row.seq, row.subject) for row in tx.audit.rows()],
        "latest": [row.subject for row in tx.audit.latest()],
        "versions": [
            (one.digest, tx.configurations.contents(one)) for one in tx.configurations.list()
        ],
        "in_force": tx.configurations.in_force(),
        "identities": [tx.identities.list(), tx.identities.links(["patient-1"])],
        "more_identities": [tx.identities.counts(), tx.identities.sharing(["key-1"])],
        "kept_raw": [tx.inbox.done_with_body("s", 0), tx.inbox.emptied("s")],
        "of_ids": tx.records.of_ids(["patient-1"]),
        "requests": [tx.authorizations.all(), tx.authorizations.of_patients(["patient-1"])],
        "request": [tx.authorizations.get("AR-1"), tx.authorizations.tied(["trace:1"])],
        "eligibility": [tx.eligibility.all(), tx.eligibility.get("EL-1")],
    }


def _request(samples: Any, payer: str, case: str) -> Event:
    return Event(
        id=f"{case}-{payer}", case=case, kind="requested", at=samples.at(), way="clinician",
        asked=Asked(payer=payer),
    )  # fmt: skip


def _change_everything(tx: Any, samples: Any) -> None:
    tx.inbox.done(range(1, 5000), samples.at())
    tx.inbox.prune(samples.at(9))
    tx.quarantine.set_state("q1", "dismissed", samples.at())
    tx.quarantine.prune(samples.at(9))
    tx.records.upsert([samples.patient(version=9, name="Other")], samples.at())
    tx.due.done(tx.due.take())
    tx.progress.remove("patient-1")
    tx.alerts.set_told("alert-1", 1, samples.at(5))
    tx.alerts.acknowledge("alert-1", "kim", samples.at())
    tx.alerts.resolve("alert-1", "kim", samples.at(), "done")
    tx.alerts.retract(["alert-1"], "note", samples.at())
    tx.deliveries.retry("k2", samples.at(), "c", "m", samples.at())
    tx.deliveries.dead("k2", "c", "m", samples.at())
    tx.deliveries.replay(["k2"], samples.at(99))
    tx.deliveries.bring_forward("chart", samples.at(), ["c"])
    tx.deliveries.mark_sending(["k2"], samples.at(), "me")
    tx.deliveries.put_back(["k2"], "me", samples.at())
    tx.destinations.enable("chart")
    tx.documents.put_spec(samples.spec(digest="zzz"), samples.at())
    tx.drafts.fill("draft-1", {"field": ""}, "other", samples.at())
    tx.drafts.withdraw("draft-1", {"by": "other"}, samples.at())
    tx.drafts.expect(
        [
            samples.spec("draft-1", kind="insurer").model_copy(
                update={"release": "clinician_signature"}
            )
        ],
        samples.at(),
    )
    tx.signatures.withdraw(_signature(samples, "alpha"), {"by": "other"}, samples.at())
    tx.deliveries.withdraw(["doc-1"], samples.at())
    tx.documents.prune(samples.at(99), signed_before=samples.at(99))
    tx.cursors.set("s", "changed", samples.at())
    keys = [row.key for row in tx.notices.due(samples.at(9))]
    tx.notices.mark_sending(keys, "me", samples.at())
    tx.notices.release(samples.at(9), samples.at(9))
    tx.notices.stop(["alert-1"], samples.at(9))
    tx.channels.worked("kim/phone", "sent", samples.at(9))
    tx.benchmarks.withdraw("phq9", "other", samples.at(9))
    tx.configurations.propose(1, "other", samples.at(9))
    tx.configurations.put_in_force(1, {"rules": "other"}, samples.at(9))
    tx.identities.remove("patient-2")
    tx.identities.set_keys("patient-1", "other", ["key-2"])
    tx.inbox.again(range(1, 5000))
    tx.records.forget(["patient-1"])
    tx.quarantine.forget_open(["q1"])
    tx.authorizations.add(_request(samples, "other", "AR-1"), "patient-1", samples.at())
    tx.authorizations.tie("AR-2", ["trace:1", "trace:2"])
    tx.eligibility.asked([("EL-1", "patient-2", "other")], samples.at(9))
    row = tx.eligibility.get("EL-1")
    tx.eligibility.answered(row, {"plan": "other"}, samples.at(9), changed=True)
    tx.audit.append([AuditEntry("changed", "all")], samples.at())
    tx.reseal.move(tx.reseal.older())


def test_practices_do_not_see_or_change_each_other(
    new_practice: Callable[[], Store], samples: Any
) -> None:
    one, two, empty = new_practice(), new_practice(), new_practice()
    one.write(lambda tx: _fill(tx, samples, "alpha"))
    two.write(lambda tx: _fill(tx, samples, "beta"))
    before = one.read(lambda tx: _everything(tx, samples))
    assert before["cursor"] == "alpha" and before["receipt"] == Receipt("k1", "alpha")
    two.write(lambda tx: _change_everything(tx, samples))
    assert one.read(lambda tx: _everything(tx, samples)) == before
    assert verify(one).entries == 1 and verify(one).ok
    assert verify(two).entries == 2 and verify(two).ok
    nothing = empty.read(lambda tx: _everything(tx, samples))
    assert not any("alpha" in repr(value) or "beta" in repr(value) for value in nothing.values())
    assert nothing["inbox"] == [] and nothing["deliveries"] == []


def test_every_statement_names_the_practice(
    store: Store, samples: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    tables = set(metadata.tables)

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    bound = Direct.bound

    def noted(self: Direct, given: Mapping[str, Any]) -> list[Any]:
        statements.append(self.text)
        return bound(self, given)

    monkeypatch.setattr(Direct, "bound", noted)
    event.listen(store.database.engine, "before_cursor_execute", note)
    store.write(lambda tx: _fill(tx, samples, "alpha"))
    store.read(lambda tx: _everything(tx, samples))
    store.write(lambda tx: _change_everything(tx, samples))
    event.remove(store.database.engine, "before_cursor_execute", note)
    verbs = ("SELECT", "UPDATE", "DELETE", "INSERT")
    ours = [text for text in statements if text.split()[0] in verbs]
    touched = {table for table in tables for text in ours if f" {table}" in text}
    assert tables - touched <= {"meta"}
    for text in ours:
        condition = text if text.startswith("INSERT") else text.partition("WHERE")[2]
        assert "practice_id" in condition, text


def test_a_row_moved_to_another_row_or_practice_does_not_open(
    new_practice: Callable[[], Store], samples: Any
) -> None:
    one, two = new_practice(), new_practice()
    rows = [samples.patient("p1", name="One"), samples.patient("p2", name="Two")]
    for store in (one, two):
        store.write(lambda tx: tx.records.upsert(rows, samples.at()))

    def body(store: Store, id: str) -> bytes:
        query = select(records.c.body).where(
            records.c.practice_id == store.practice_id, records.c.id == id
        )
        found: bytes = store.read(lambda tx: tx.scope.connection.execute(query).scalar_one())
        return found

    for stolen in (body(one, "p2"), body(two, "p1"), b"", b"\x01short", body(one, "p1") + b"x"):
        place = (records.c.practice_id == one.practice_id, records.c.id == "p1")
        change = update(records).where(*place).values(body=stolen)
        one.write(lambda tx, change=change: tx.scope.connection.execute(change))
        with pytest.raises(ConfigurationError) as caught:
            one.read(lambda tx: tx.records.get("p1"))
        assert caught.value.code == "cannot_decrypt"
        assert one.read(lambda tx: tx.records.get("p2")) == rows[1]
