"""The roster of the results page on both databases: order, pages, search, only our patients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connector.store import Store

ORDER = ("below", "insufficient_data", "too_early", "meets", "exceeds")


def _fill(store: Store, samples: Any) -> None:
    """Five patients; p3 and p4 are below, p4 with two open alerts and one that is taken."""
    decided = {"p0": "meets", "p1": "exceeds", "p2": "meets", "p3": "below", "p4": "below"}
    raised = [samples.alert(f"a{n}", "p4") for n in range(3)] + [samples.alert("b", "p2")]

    def put(tx: Any) -> None:
        for id, decision in decided.items():
            tx.progress.put(samples.progress(id, decision), samples.at())
        tx.alerts.raise_all(raised, {}, samples.at())
        tx.alerts.acknowledge("a0", "Dana", samples.at())

    store.write(put)


def test_who_needs_a_look_first_page_by_page(store: Store, samples: Any) -> None:
    _fill(store, samples)
    whole = [("p4", 2), ("p3", 0), ("p2", 1), ("p0", 0), ("p1", 0)]
    for limit in (1, 2, 5, 9):
        seen = []
        for offset in range(0, 6, limit):
            page = store.read(
                lambda tx, n=limit, at=offset: tx.roster.page(ORDER, limit=n, offset=at)
            )
            assert len(page) <= limit
            seen += [(one.patient_id, one.open_alerts) for one in page]
        assert seen == whole, limit
    some = store.read(lambda tx: tx.roster.of(ORDER, ["p0", "p4", "nobody"]))
    assert [one.patient_id for one in some] == ["p4", "p0"]
    assert store.read(lambda tx: tx.roster.of(ORDER, [])) == []


def test_patients_are_found_by_words_and_retracted_ones_are_not(
    store: Store, samples: Any, new_practice: Callable[[], Store]
) -> None:
    people = [
        samples.patient("p1", name="Zoë"), samples.patient("p2", name="Zora"),
        samples.patient("p3", name="Zora", deleted=True),
    ]  # fmt: skip
    store.write(lambda tx: tx.records.upsert(people, samples.at()))
    new_practice().write(lambda tx: tx.records.upsert([samples.patient("p9")], samples.at()))

    def found(text: str, limit: int = 10) -> list[str]:
        return store.read(lambda tx: tx.roster.search(text, limit))

    assert found("ZOË sample") == ["p1"]
    assert found("sample 17") == ["p1", "p2"]
    assert found("sample 17", 1) == ["p1"]
    assert found("zo") == ["p1", "p2"]
    for nobody in ("", "   ", "%", "zora sample x"):
        assert found(nobody) == []


def test_another_practice_is_on_no_page(
    store: Store, samples: Any, new_practice: Callable[[], Store]
) -> None:
    _fill(store, samples)
    assert new_practice().read(lambda tx: tx.roster.page(ORDER, limit=9)) == []


def test_documents_of_some_patients_and_what_was_rendered(store: Store, samples: Any) -> None:
    specs = [samples.spec("d1"), samples.spec("d2")]

    def put(tx: Any) -> None:
        tx.documents.put_specs(specs, samples.at())
        for fmt in ("html", "pdf"):
            tx.documents.put_content("d1", fmt, b"x", samples.at())

    store.write(put)
    kind, about = specs[0].kind, specs[0].patient_id
    rows = store.read(lambda tx: tx.documents.of_patients([about, "nobody"], [kind]))
    assert sorted(row.document_id for row in rows) == ["d1", "d2"]
    assert rows == store.read(lambda tx: tx.documents.list(patient_id=about))
    assert store.read(lambda tx: tx.documents.of_patients([about], ["director"])) == []
    assert store.read(lambda tx: tx.documents.formats(["d1", "d2"])) == {"d1": ("pdf", "html")}
