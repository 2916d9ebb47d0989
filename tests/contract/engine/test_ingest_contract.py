"""What arrives is stored once, judged for safety at once, corrected, retracted and let go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from connector.engine import deliver, evaluate
from connector.engine.retention import tidy
from connector.errors import RetryLater
from connector.testing import FakeDestination

CALM = [1, 1, 1, 1, 1, 1, 0, 0, 0]
POSITIVE = [1, 1, 1, 1, 1, 1, 0, 0, 2]


class DiesBeforeAcknowledge:
    """A source whose process is killed after a page was stored."""

    def __init__(self, source):
        self.source = source

    def fetch(self, cursor):
        return self.source.fetch(cursor)

    def acknowledge(self, page):
        raise KeyboardInterrupt


@pytest.fixture
def with_form(bench, rows):
    """A bench with one client and one form, picked up and mapped."""

    def make(answers, **changes):
        made = bench()
        made.site.drop_rows("clients.csv", [rows.client("C-1")])
        made.site.drop_rows("assessment_items.csv", [rows.form("F-1", "C-1", answers, **changes)])
        made.pick_up()
        made.map_all()
        return made

    return make


def again(made, rows, answers, at=1, **changes):
    """The form comes again, changed."""
    name = f"assessment_items_{at}.csv"
    changes = {"last_updated": f"2026-11-19 1{at}:00:00", **changes}
    made.site.drop_rows(name, [rows.form("F-1", "C-1", answers, **changes)])
    made.pick_up()
    made.map_all()


def test_a_crash_between_store_and_acknowledge_stores_once(bench):
    made = bench("mh_improving")
    files = len(list(made.site.inbox.iterdir()))
    source = made.work.sources["csv"]
    made.work = replace(made.work, sources={"csv": DiesBeforeAcknowledge(source)})
    with pytest.raises(KeyboardInterrupt):
        made.pick_up()
    assert made.state()["inbox"] == {"new": 1}
    left = list((made.site.inbox / ".processing").iterdir())
    assert left, "the file stays until it is acknowledged"

    made.work = replace(made.work, sources={"csv": source})
    made.pick_up()
    keys = [
        row.subject
        for row in made.store.read(lambda tx: list(tx.audit.rows()))
        if row.action == "received"
    ]
    assert len(keys) == len(set(keys)) == made.state()["inbox"]["new"] == files
    assert list((made.site.inbox / ".processing").iterdir()) == []


def test_a_positive_safety_item_calls_while_nothing_else_works(with_form):
    made = with_form(POSITIVE)
    raised = made.alerts("open")
    assert {(row.alert.audience, row.alert.severity) for row in raised} == {
        ("therapist", "page"),
        ("on_call", "page"),
    }
    # No evaluation has run, there is no renderer at all, and the chart's destination is away.
    assert made.store.read(lambda tx: tx.progress.patient_ids()) == []
    assert made.work.renderer is None
    assert made.send_due() == 2
    kinds = {outgoing.labels["kind"] for outgoing in made.destination.sent.values()}
    assert kinds == {"alert"}


def test_alerts_go_out_although_every_report_fails(bench, rows):
    made = bench(receives=("therapist", "decision", "alert"))

    class ChartIsDown(FakeDestination):
        def deliver(self, outgoing):
            if outgoing.labels["kind"] != "alert":
                raise RetryLater("chart_down", "the chart is away")
            return super().deliver(outgoing)

    class NoRenderer:
        def pdf(self, html, form):
            raise RetryLater("render_crashed", "the render process ended")

    made.with_destination(ChartIsDown())
    made.work = replace(made.work, renderer=NoRenderer())
    made.site.drop_rows("clients.csv", [rows.client("C-1")])
    made.site.drop_rows("assessment_items.csv", [rows.form("F-1", "C-1", POSITIVE)])
    made.run()
    kinds = [outgoing.labels["kind"] for outgoing in made.destination.sent.values()]
    assert kinds.count("alert") >= 2
    assert set(kinds) == {"alert"}
    waiting = made.store.read(lambda tx: tx.deliveries.kind_counts("pending"))
    assert waiting == {"therapist": 1, "decision": 1}


def test_an_old_positive_answer_is_a_notice_to_the_therapist(with_form):
    made = with_form(POSITIVE, date_completed="09/20/2026", last_updated="2026-09-20 10:00:00")
    assert [(row.alert.audience, row.alert.severity) for row in made.alerts("open")] == [
        ("therapist", "notice")
    ]


def test_the_practice_says_how_long_a_safety_answer_is_acute(bench, rows):
    made = bench()
    made.work = replace(made.work, rules=made.work.rules.model_copy(update={"acute_days": 90}))
    made.site.drop_rows("clients.csv", [rows.client("C-1")])
    old = {"date_completed": "09/20/2026", "last_updated": "2026-09-20 10:00:00"}
    made.site.drop_rows("assessment_items.csv", [rows.form("F-1", "C-1", POSITIVE, **old)])
    made.pick_up()
    made.map_all()
    assert {(row.alert.audience, row.alert.severity) for row in made.alerts("open")} == {
        ("therapist", "page"),
        ("on_call", "page"),
    }


def test_a_refused_form_still_calls_for_its_safety_item(with_form):
    made = with_form([9, 1, 1, 1, 1, 1, 0, 0, 2])
    assert made.state()["quarantine"] == {"open": 1}
    assert {row.alert.severity for row in made.alerts("open")} == {"page"}


def test_a_corrected_answer_withdraws_the_alert(with_form, rows):
    made = with_form(POSITIVE)
    made.evaluate_all()
    again(made, rows, CALM)
    made.evaluate_all()
    safety = [row for row in made.alerts() if row.alert.rule == "safety_item_positive"]
    assert {row.state for row in safety} == {"retracted"}
    assert {row.note for row in safety} == {
        "the source corrected or deleted the record it came from"
    }


def test_a_deleted_form_withdraws_the_alert(with_form, rows):
    made = with_form(POSITIVE)
    made.evaluate_all()
    again(made, rows, POSITIVE, deleted="Yes")
    made.evaluate_all()
    assert {row.state for row in made.alerts() if row.alert.rule == "safety_item_positive"} == {
        "retracted"
    }


def test_an_older_export_does_not_bring_the_alert_back(with_form, rows):
    made = with_form(CALM, last_updated="2026-11-19 09:00:00")
    again(made, rows, POSITIVE, last_updated="2026-11-18 09:00:00")
    made.evaluate_all()
    assert [r for r in made.alerts() if r.alert.rule == "safety_item_positive"] == []


def test_one_cause_is_told_once_however_often_it_comes(with_form, rows):
    made = with_form(POSITIVE)
    made.evaluate_all()
    made.send_due()
    sent = dict(made.destination.sent)
    made.site.drop_rows("assessment_items_again.csv", [rows.form("F-1", "C-1", POSITIVE)])
    made.run()
    assert made.destination.sent == sent


def test_a_new_day_makes_everybody_due_once(with_form):
    made = with_form(CALM)
    made.evaluate_all()
    assert evaluate.begin_day(made.work)
    made.evaluate_all()
    assert not evaluate.begin_day(made.work)
    made.clock.on(hours=6, minutes=59)
    assert not evaluate.begin_day(made.work), "23:59 in New York is the same day"
    made.clock.on(minutes=2)
    assert evaluate.begin_day(made.work)
    assert made.state()["due"] == 1


def test_retention_empties_and_nothing_runs_again(with_form, rows):
    made = with_form(POSITIVE)
    made.evaluate_all()
    made.send_due()
    state, sent = made.state(), dict(made.destination.sent)
    assert tidy(made.work) == 0, "nothing is old yet"

    made.clock.on(days=31)
    assert tidy(made.work) == 2
    inbox = made.store.read(lambda tx: tx.inbox.items(range(1, 1000)))
    assert inbox == []
    documents = made.store.read(lambda tx: tx.documents.list())
    assert not any(row.emptied for row in documents)

    made.clock.on(days=335)
    assert tidy(made.work) == len(documents)
    assert all(row.emptied for row in made.store.read(lambda tx: tx.documents.list()))
    assert tidy(made.work) == 0

    made.site.drop_rows("clients.csv", [rows.client("C-1")])
    made.site.drop_rows("assessment_items.csv", [rows.form("F-1", "C-1", POSITIVE)])
    assert made.pick_up() == 0
    made.map_all()
    assert made.destination.sent == sent
    left = made.state()
    assert {k: v for k, v in left.items() if k != "audit"} == {
        k: v for k, v in state.items() if k != "audit"
    }


def test_a_document_that_is_waited_for_outlives_retention(with_form):
    made = with_form(POSITIVE)
    key = made.due()[0]
    made.clock.on(days=400)
    tidy(made.work)
    assert deliver.send(made.work, [key], by="w") == 1


def test_an_open_quarantine_entry_outlives_retention(with_form):
    made = with_form([9, 1, 1, 1, 1, 1, 0, 0, 0])
    made.clock.on(days=400)
    tidy(made.work)
    (entry,) = made.store.read(lambda tx: tx.quarantine.list("open"))
    assert entry.data["item_1"] == "9"


def test_rows_of_a_source_that_left_the_site_file_are_set_aside_and_stop_nothing(bench, rows):
    made = bench()
    made.site.drop_rows("clients.csv", [rows.client("C-1")])
    made.pick_up()
    here = made.work
    made.work = replace(here, mappings={}, contexts={})
    made.map_all()
    (entry,) = made.store.read(lambda tx: tx.quarantine.list("open"))
    assert entry.message == (
        "the site has no source 'csv' any more; put it back into the site file and replay, or "
        "dismiss this row"
    )
    assert entry.data["client_id"] == "C-1"
    assert made.state()["inbox"] == {"done": 1}


def test_two_replicas_that_judge_a_patient_at_the_same_time_decide_once(with_form, monkeypatch):
    made = with_form(CALM)
    whole, other = evaluate._outcomes, ThreadPoolExecutor(1)
    begun = []

    def with_another_meanwhile(tx, work, due):
        found = whole(tx, work, due)
        if not begun:
            begun.append(True)
            assert other.submit(evaluate.evaluate_due, made.work).result() == 1
        return found

    monkeypatch.setattr(evaluate, "_outcomes", with_another_meanwhile)
    with other:
        made.evaluate_all()
    entries = made.store.read(lambda tx: list(tx.audit.rows()))
    assert [entry.action for entry in entries].count("decided") == 1
    assert made.state()["due"] == 0


def test_an_older_judgement_never_replaces_a_newer_one(with_form, rows, monkeypatch):
    """A slow replica has read the chart before a form came that another one has judged already."""
    made = with_form(CALM)
    whole, other = evaluate._outcomes, ThreadPoolExecutor(1)
    begun = []

    def newer_form():
        form = rows.form("F-2", "C-1", [3] * 8 + [0], date_completed="11/19/2026")
        made.site.drop_rows("assessment_items_2.csv", [form])
        made.pick_up()
        made.map_all()
        return evaluate.evaluate_due(made.work)

    def slow(tx, work, due):
        found = whole(tx, work, due)
        if not begun:
            begun.append(True)
            assert other.submit(newer_form).result() == 1
        return found

    monkeypatch.setattr(evaluate, "_outcomes", slow)
    with other:
        made.evaluate_all()
    (patient,) = made.store.read(lambda tx: tx.records.patients())
    progress = made.store.read(lambda tx: tx.progress.get(patient.id))
    assert len(progress.measured.series[0].measurements) == 2
