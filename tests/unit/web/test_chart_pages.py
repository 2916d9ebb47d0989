"""The chart check in the browser: each break leads to a record that the store has."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from connector.chart_desk import _SHOWN, ChartDesk
from connector.records import RECORD_TYPES
from connector.store.identities import Identity
from connector.web import create_app

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
TOKEN = "the-token"
LINK = re.compile(r'href="(/records/[^"]+)"')


@pytest.fixture
def served(small_site):
    """A signed-in browser on a site that was evaluated, and its store."""
    from connector.engine import evaluate, ingest

    site = small_site("mh_deteriorating_with_safety_item")
    app = site.open()
    with app.open_store() as store:
        work = app.work(store, renderer=None)
        ingest.pick_up(work, "csv")
        while ingest.map_new(work):
            pass
        while evaluate.evaluate_due(work):
            pass
        desk = ChartDesk(app.practice, app.instruments, app.rules, app.site.now)
        client = create_app(store, app.practice, TOKEN, chart_desk=lambda: desk).test_client()
        client.get(f"/sign-in/{TOKEN}")
        yield client, store


def patients(store):
    return store.read(lambda tx: list(tx.records.patients()))


def test_the_results_lead_to_each_chart_and_each_break_to_a_record(served):
    client, store = served
    results = client.get("/").text
    for patient in patients(store):
        assert f'href="/charts/{patient.id}"' in results
        page = client.get(f"/charts/{patient.id}").text
        rows = re.findall(r'<tr>\s*<th scope="row">.*?</tr>', page, re.S)
        broken = [row for row in rows if ">absent<" in row or ">stale<" in row]
        thread = [row for row in broken if rows.index(row) < 13]
        assert thread and all(LINK.search(row) for row in thread)
        for address in set(LINK.findall(page)):
            assert client.get(address).status_code == 200, address


def test_a_record_says_where_it_is_found_again_and_nothing_of_what_people_wrote(served):
    client, store = served
    one = patients(store)[0]
    texts = []
    for record in store.read(lambda tx: tx.records.of_patients([one.id]))[one.id]:
        page = client.get(f"/records/{record.id}")
        assert page.status_code == 200
        assert record.provenance.origin in page.text and record.provenance.source_id in page.text
        assert f"chart {one.chart_number}" in page.text
        words = (getattr(record, name, None) for name in ("text", "summary", "description"))
        texts += [(page.text, said) for said in words if said]
    assert texts and not any(said in page for page, said in texts)


def test_what_is_shown_of_a_record_is_a_field_of_it_and_never_free_text_or_answers():
    hidden = {"text", "summary", "items", "context", "description", "name", "total", "findings"}
    for kind, names in _SHOWN.items():
        assert set(names) <= set(RECORD_TYPES[kind].model_fields)
        assert not set(names) & hidden


def test_only_who_is_signed_in_sees_them_and_looking_leaves_a_trace(served):
    client, store = served
    one = patients(store)[0]
    stranger = client.application.test_client()
    for path in ("/charts/", "/records/"):
        assert stranger.get(f"{path}{one.id}").status_code == 401
        assert client.get(f"{path}{one.id}").status_code == 200
        for unknown in ("patient-0", "..%2f", "'"):
            assert client.get(f"{path}{unknown}").status_code == 404
    seen = [(r.action, r.subject) for r in store.read(lambda tx: list(tx.audit.rows()))][-2:]
    assert seen == [("chart_checked", one.id), ("viewed", one.id)]


def test_charts_and_records_are_judged_without_keeping_others_from_writing(served, monkeypatch):
    client, store = served
    one = patients(store)[0]
    writing = []
    for name in ("one", "record"):
        real = getattr(ChartDesk, name)
        monkeypatch.setattr(
            ChartDesk, name,
            lambda desk, tx, id, real=real: writing.append(tx.scope.writing) or real(desk, tx, id),
        )  # fmt: skip
    assert client.get(f"/charts/{one.id}").status_code == 200
    assert client.get(f"/records/{one.id}").status_code == 200
    assert writing == [False, False]


def test_a_chart_is_not_shown_where_its_trace_can_not_be_written(served, monkeypatch):
    from connector.errors import RetryLater

    client, store = served
    one = patients(store)[0]

    def away(function):
        raise RetryLater("disk_full", "there is no room to store it")

    monkeypatch.setattr(store, "write", away)
    for path in (f"/charts/{one.id}", f"/records/{one.id}", "/"):
        done = client.get(path)
        assert (done.status_code, done.text) == (503, "there is no room to store it")


def test_a_record_of_a_joined_patient_leads_to_the_chart_that_it_is_judged_in(served):
    client, store = served
    chart = patients(store)[0]
    member = chart.model_copy(update={"id": "patient-other", "chart_number": "X-77"})

    def join(tx):
        tx.records.upsert([member], AT)
        tx.identities.put(
            Identity(member.id, chart.id, "matched", "the same number", "rules", decided_at=AT)
        )

    store.write(join)
    page = client.get(f"/records/{member.id}")
    assert f'href="/charts/{chart.id}"' in page.text and chart.chart_number in page.text
    assert chart.chart_number in client.get(f"/charts/{member.id}").text
    last = store.read(lambda tx: list(tx.audit.rows()))[-1]
    assert (last.action, last.subject) == ("chart_checked", chart.id)
