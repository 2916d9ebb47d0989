"""What a client wrote, in the pipeline: alerts on it, and nothing of it for a payer."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connector.alerting.texts import due_words
from connector.documents import disclosure
from connector.documents.disclosure import Wall
from connector.documents.payer_view import payer_view
from connector.pipeline.entries import entry_alerts
from connector.pipeline.golden_thread import golden_thread
from connector.records import JournalEntry, WordingFinding
from connector.substance_use import SubstanceUse

SAID = WordingFinding(
    rule="r", group="g", name="suicidal thoughts", reading="as_said", level="page", mentions=2
)
DENIED = SAID.model_copy(update={"reading": "negated", "level": "notice", "mentions": 1})
IDIOM = SAID.model_copy(update={"reading": "idiom", "level": None})
OTHER = DENIED.model_copy(update={"group": "h", "name": "self-harm"})


def wrote(course: Any, *findings: WordingFinding, day: int = 40) -> JournalEntry:
    entry: JournalEntry = course.add(
        "journal_entry", written_on=course.day(day), findings=findings, judged_by="crisis-1+aa",
        mood=Decimal(4), mood_min=Decimal(1), mood_max=Decimal(10),
    )  # fmt: skip
    return entry


def test_one_alert_for_each_group_and_reader(course: Any) -> None:
    alerts = entry_alerts(wrote(course, SAID, DENIED, IDIOM, OTHER))
    assert [(a.severity, a.audience) for a in alerts[:2]].count(("page", "therapist")) == 1
    assert sorted((a.severity, a.audience) for a in alerts) == [
        ("notice", "therapist"), ("page", "on_call"), ("page", "therapist")
    ]  # fmt: skip
    assert len({a.key for a in alerts}) == 3
    text = alerts[0].text
    for words in (
        "Journal entry of 11 Apr 2026: suicidal thoughts. Read at once: journal_entry.csv, row 2.",
        "r (2 mentions as said), r (1 mention negated) and r (2 mentions in an idiom)",
        "of list crisis-1+aa. A match of words, no judgement; this is not a monitoring service.",
    ):
        assert words in text
    assert all(a.rule == "safety_wording" for a in alerts)


@pytest.mark.parametrize("level", ["page", "urgent", "action", "notice"])
def test_the_message_says_the_same_time_as_the_alert(course: Any, level: str) -> None:
    """ "Read before the next visit" is not due at once."""
    alert = entry_alerts(wrote(course, SAID.model_copy(update={"level": level})))[0]
    assert alert.severity == level
    assert f"Read {due_words(alert)}: " in alert.text


def test_what_is_only_counted_calls_nobody(course: Any) -> None:
    assert entry_alerts(wrote(course, IDIOM)) == ()
    assert entry_alerts(wrote(course)) == ()


def test_recent_entries_are_among_the_alerts_and_old_ones_are_not(course: Any) -> None:
    course.episode()
    entry = wrote(course, SAID, day=10)
    assert "safety_wording" in {a.rule for a in course.at(10 + 30).alerts}
    assert "safety_wording" not in {a.rule for a in course.at(10 + 31).alerts}
    assert entry.written_on + timedelta(days=30) == course.day(40)


def test_a_payer_sees_nothing_of_it_and_the_manifest_counts_it(course: Any) -> None:
    course.episode()
    wrote(course, SAID, day=10)
    wrote(course, day=12)
    found = course.at(20)
    seen = payer_view(found, course.instruments, Wall(True, SubstanceUse()))
    assert (seen.chart.entries, seen.alerts) == ((), ())
    rows = {
        r["what"]: r["count"]
        for r in disclosure.left_out(found, course.instruments, Wall(True, SubstanceUse()))
    }
    assert rows["journal entries, messages and moods"] == 2


def test_entries_are_the_clients_own_words_on_the_participation_sheet(course: Any) -> None:
    course.episode()
    course.visit(0)
    wrote(course, day=12)
    found = course.at(20)
    thread = golden_thread(found, course.instruments, course.rules, course.day(20))
    [row] = [one for one in thread.participation if one.key == "own_words"]
    assert (row.state, row.finding) == ("present", "1 entry by the client.")
    assert [record.kind for record in row.records] == ["journal_entry"]


def test_the_note_speaks_of_an_entry_and_of_no_positive_item(course: Any) -> None:
    from connector.documents import review

    course.episode()
    wrote(course, SAID, day=10)
    found = course.at(20)
    assert review.has_positive_safety(found)
    assert review.has_urgent_wording(found)
    assert not review.has_positive_item(found)
    milder = found.model_copy(update={"alerts": entry_alerts(wrote(course, DENIED))})
    assert not review.has_positive_safety(milder)
    [line] = review.safety_lines(found, course.day(20))
    assert line["text"] == (
        "Journal entry of 12 Mar 2026: suicidal thoughts. Read at once: journal_entry.csv, row 3. "
        "Raised 10 days ago."
    )
