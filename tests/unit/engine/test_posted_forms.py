"""A form tool beside the EHR: what it posts joins the chart that the export made, once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from connector.engine import evaluate, ingest
from connector.engine.inflow import store_pages
from connector.ports import Posted
from connector.records import Assessment, Patient

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
EVENT = {
    "event_id": "evt-1", "patient_id": "C-3102", "instrument": "PHQ-9", "assessed_at": "2026-11-19",
    "items": [1, 2, 0, 1, 0, 2, 1, 0, 0],
    "history": [{"date": "2026-11-05", "total": 14}, {"date": "2026-11-19", "total": 7}],
}  # fmt: skip
FORMS = {
    "name": "forms", "adapter": "webhook_json", "mapping": "form_webhook",
    "options": {"accept_unsigned": True},
}  # fmt: skip


@pytest.fixture
def post(small_site):
    """Posts events to a site with an export and a form tool; gives the store afterwards."""
    opened = []

    def start(**options):
        site = small_site("mh_deteriorating_with_safety_item")
        export = {
            "name": "csv", "adapter": "csv_files", "mapping": "csv_export",
            "options": {"folder": "inbox", "settle_seconds": 0},
        }  # fmt: skip
        site.extra = {"sources": [export, {**FORMS, **options}]}
        site.write()
        from connector.app import open_app

        app = open_app(site.home)
        store = app.open_store()
        opened.append(store)
        work = app.work(store, renderer=None)
        ingest.pick_up(work, "csv")
        return Site(app, store, work)

    yield start
    for store in opened:
        store.close()


class Site:
    def __init__(self, app, store, work):
        self.app, self.store, self.work = app, store, work

    def post(self, later=0, **changed):
        body = json.dumps({**EVENT, **changed}).encode()
        request = Posted({}, body, AT + timedelta(seconds=later))
        page = self.app.webhooks["forms"].receive(request)
        [new] = store_pages(self.store, [("forms", page)], self.work.now())
        return new

    def settle(self):
        while ingest.map_new(self.work):
            pass
        while evaluate.evaluate_due(self.work):
            pass

    def records(self, chart_number="C-3102"):
        patients = self.store.read(lambda tx: tx.records.patients(limit=1000))
        [patient] = [p for p in patients if p.chart_number == chart_number]
        return self.store.read(lambda tx: tx.records.of_patients([patient.id]))[patient.id]

    def alerts(self):
        return self.store.read(lambda tx: tx.alerts.open())


def forms(records):
    return [r for r in records if isinstance(r, Assessment) and r.provenance.source == "forms"]


def test_a_posted_form_joins_the_chart_that_the_export_made(post):
    site = post(patients_of="csv")
    site.settle()
    before = site.records()
    site.post()
    site.settle()
    after = site.records()
    assert len(forms(after)) == 3
    assert len(after) == len(before) + 3
    [patient] = [r for r in after if isinstance(r, Patient)]
    assert (patient.provenance.source, patient.given_name) == ("csv", "Blake")
    charts = {
        p.chart.patient.chart_number: p for p in site.store.read(lambda tx: list(tx.progress.all()))
    }
    counted = [
        (f.taken_on.isoformat(), f.total or f.items)
        for f in charts["C-3102"].chart.assessments
        if f.provenance.source == "forms"
    ]
    assert [day for day, _ in counted] == ["2026-11-05", "2026-11-19"]


def test_the_same_ids_are_other_people_where_the_site_does_not_say_so(post):
    site = post()
    site.post()
    site.settle()
    patients = site.store.read(lambda tx: tx.records.patients(limit=1000))
    assert sorted(p.provenance.source for p in patients if p.chart_number == "C-3102") == [
        "csv", "forms"
    ]  # fmt: skip


def test_an_event_that_comes_again_has_one_effect(post):
    site = post(patients_of="csv")
    assert [site.post(later) for later in (0, 5, 10)] == [1, 0, 0]
    site.settle()
    first = site.records()
    site.post(20, items=[3] * 9)
    site.settle()
    assert [r.model_dump() for r in site.records()] == [r.model_dump() for r in first]


def test_the_same_history_in_the_next_event_adds_nothing(post):
    site = post(patients_of="csv")
    site.post()
    site.post(60, event_id="evt-2", assessed_at="2026-11-20")
    site.settle()
    days = sorted(f.taken_on.isoformat() for f in forms(site.records()))
    assert days == ["2026-11-05", "2026-11-19", "2026-11-19", "2026-11-20"]


def test_a_refused_event_waits_in_quarantine_and_its_safety_item_does_not(post):
    site = post(patients_of="csv")
    site.settle()
    known = {row.alert.key for row in site.alerts()}
    site.post(items=[0] * 8 + [3], history=[{"date": "2026-11-05", "total": 99}])
    site.settle()
    [entry] = site.store.read(lambda tx: tx.quarantine.list("open", 10))
    assert (entry.origin, entry.field) == ("/webhooks/forms", "history[1].total")
    assert forms(site.records()) == []
    new = [row.alert for row in site.alerts() if row.alert.key not in known]
    assert {alert.rule for alert in new} == {"safety_item_positive"}


def test_totals_of_a_history_ask_nobody_about_items_that_are_known(post):
    site = post(patients_of="csv")
    site.settle()
    site.post()
    site.settle()
    asked = {"safety_item_missing", "safety_unknown_total_only"}
    assert [row.alert.rule for row in site.alerts() if row.alert.rule in asked] == []
    assert "retracted" not in site.store.read(lambda tx: tx.alerts.counts())


def test_a_total_alone_is_asked_about(post):
    site = post(patients_of="csv")
    site.post(items=None, total=7, history=[])
    site.settle()
    rules = [row.alert.rule for row in site.alerts()]
    assert rules.count("safety_unknown_total_only") == 1
