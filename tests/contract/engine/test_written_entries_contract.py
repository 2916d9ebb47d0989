"""What a patient wrote is judged when it comes in, calls by itself, and is not kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from connector.engine import entries
from connector.errors import RetryLater
from connector.testing import FakeDestination

SAID = "I want to kill myself"
DENIED = "I do not want to kill myself"


def entry(number="J-1", text=SAID, **changes):
    return {
        "entry_id": number, "client_id": "C-1", "type": "Journal",
        "written": "11/19/2026 09:00 PM", "question_id": "", "mood": "3", "mood_min": "1",
        "mood_max": "10", "text": text, "last_updated": "2026-11-19 21:01:00", **changes,
    }  # fmt: skip


@pytest.fixture
def wrote(bench, rows):
    """A bench with one client and the given entries, picked up and mapped."""

    def make(*given, **options):
        made = bench(**options)
        made.site.drop_rows("clients.csv", [rows.client("C-1")])
        made.site.drop_rows("journal.csv", given)
        made.pick_up()
        made.map_all()
        return made

    return make


def again(made, *given, at=1):
    made.site.drop_rows(f"journal_{at}.csv", given)
    made.pick_up()
    made.map_all()


def called(made, *states):
    return sorted(
        (row.alert.severity, row.alert.audience) for row in made.alerts(*states or ("open",))
        if row.alert.rule == "safety_wording"
    )  # fmt: skip


def kept(made):
    patients = made.store.read(lambda tx: [p.id for p in tx.records.patients()])
    records = made.store.read(lambda tx: tx.records.of_patients(patients))
    return [r for of_one in records.values() for r in of_one if r.kind == "journal_entry"]


PAGE = [("page", "on_call"), ("page", "therapist")]


def test_it_calls_while_nothing_else_works(wrote):
    made = wrote(entry())
    assert called(made) == PAGE
    assert made.store.read(lambda tx: tx.progress.patient_ids()) == []
    assert made.work.renderer is None
    assert made.send_due() == 2
    assert {o.labels["kind"] for o in made.destination.sent.values()} == {"alert"}
    for outgoing in made.destination.sent.values():
        assert b"kill" not in outgoing.content
        assert b"not a monitoring service" in outgoing.content


def test_it_calls_although_chart_and_reports_are_away(wrote):
    class ChartIsDown(FakeDestination):
        def deliver(self, outgoing):
            if outgoing.labels["kind"] != "alert":
                raise RetryLater("chart_down", "the chart is away")
            return super().deliver(outgoing)

    made = wrote(entry(), receives=("therapist", "insurer", "decision", "alert"))
    made.with_destination(ChartIsDown())
    made.evaluate_all()
    made.send_due()
    kinds = [o.labels["kind"] for o in made.destination.sent.values()]
    assert kinds.count("alert") >= 2
    assert set(kinds) == {"alert"}


def test_what_is_kept_are_counts_and_the_mood(wrote):
    [record] = kept(wrote(entry()))
    assert (record.text, record.mood, record.mood_max) == (None, 3, 10)
    assert [(f.rule, f.reading, f.level, f.mentions) for f in record.findings] == [
        ("suicidal_ideation", "as_said", "page", 1)
    ]
    assert record.judged_by.startswith("crisis-1+")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DENIED, [("notice", "therapist")]),
        ("My sister said she wants to die", [("notice", "therapist")]),
        ("When I was 15 I wanted to die", [("action", "therapist")]),
        ("He hits me", [("urgent", "therapist")]),
        ("My back is killing me", []),
        ("", []),
    ],
)
def test_the_level_says_whom(wrote, text, expected):
    assert called(wrote(entry(text=text))) == expected


def test_one_entry_calls_once_for_a_group_however_often_it_comes(wrote):
    made = wrote(entry(text=f"{SAID}. {SAID}. I feel suicidal and I want to die."))
    assert called(made) == PAGE
    again(made, entry(text=f"{SAID}. {SAID}. I feel suicidal and I want to die."))
    made.evaluate_all()
    made.evaluate_all()
    assert called(made) == PAGE
    again(made, entry("J-2"), at=2)
    assert called(made) == sorted(PAGE * 2)


def test_an_edit_that_says_more_calls_and_one_that_says_less_settles_nothing(wrote):
    made = wrote(entry(text=DENIED))
    assert called(made) == [("notice", "therapist")]
    again(made, entry(text=SAID, last_updated="2026-11-19 21:30:00"))
    made.evaluate_all()
    assert called(made) == [("notice", "therapist"), *PAGE]
    again(made, entry(text="all well", last_updated="2026-11-19 22:00:00"), at=2)
    made.evaluate_all()
    assert called(made) == [("notice", "therapist"), *PAGE]
    progress = made.store.read(lambda tx: next(iter(tx.progress.all())))
    assert "safety_wording" in {alert.rule for alert in progress.alerts}, "reports are not silent"


def test_a_deleted_entry_leaves_its_alert_to_a_person(wrote):
    made = wrote(entry())
    again(made, {**entry(last_updated="2026-11-19 23:00:00"), "deleted": "Yes"})
    made.evaluate_all()
    assert called(made) == PAGE


def test_an_entry_that_is_refused_calls_all_the_same(wrote):
    made = wrote(entry(mood="77"))
    assert kept(made) == []
    assert called(made) == PAGE
    made.evaluate_all()
    assert called(made) == PAGE


def test_an_old_entry_is_a_notice_and_an_old_mention_is_only_counted(wrote):
    old = {"written": "08/01/2026 09:00 PM"}
    made = wrote(entry(**old), entry("J-2", text=DENIED, **old))
    made.evaluate_all()
    assert called(made) == [("notice", "therapist")]
    [alert] = [row.alert for row in made.alerts("open") if row.alert.rule == "safety_wording"]
    assert "Old, check that it was followed up" in alert.text
    assert sum(f.mentions for record in kept(made) for f in record.findings) == 2


def test_an_entry_that_cannot_be_judged_asks_to_be_read(wrote, monkeypatch, caplog):
    def broken(text, rules):
        raise ValueError(text)

    monkeypatch.setattr(entries, "findings", broken)
    made = wrote(entry())
    assert called(made) == [("urgent", "therapist")]
    assert "could not be judged" in caplog.text
    assert SAID not in caplog.text


def test_an_edited_list_judges_what_comes_next_and_says_so(wrote):
    made = wrote(entry(text="purple weather"))
    assert called(made) == []
    file = made.work.wording.file
    rule = file.rules[0].model_copy(update={"id": "ours", "phrases": ("purple weather",)})
    from connector.wording import compile_wording

    longer = file.model_copy(update={"name": "ours", "rules": (*file.rules, rule)})
    made.work = replace(made.work, wording=compile_wording(longer, "x"))
    again(made, entry(text="purple weather", last_updated="2026-11-20 09:00:00"))
    assert called(made) == PAGE
    assert all(
        " of list ours+" in row.alert.text
        for row in made.alerts("open") if row.alert.rule == "safety_wording"
    )  # fmt: skip


def test_the_audit_log_names_rule_and_level_only(wrote):
    made = wrote(entry())
    rows = made.store.read(lambda tx: list(tx.audit.rows()))
    raised = [json.loads(row.detail) for row in rows if row.action == "alert_raised"]
    told = [(detail["rule"], detail["severity"]) for detail in raised]
    assert told.count(("safety_wording", "page")) == 2
    assert "kill" not in repr(rows)
