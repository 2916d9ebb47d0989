"""assessments due, and measures benchmark: shown, refused, approved by name, withdrawn."""

from __future__ import annotations

import json

import pytest

from connector.app import open_app
from connector.pipeline import benchmark


@pytest.fixture
def home(small_site, rows):
    """One client in care with an old PHQ-9, one whose care ended after four forms."""
    site = small_site(extra={"rules": {"cadence": {"phq9": {"sessions": 4, "days": 14}}}})
    ended = rows.client("C-2", status="Discharged", intake_date="06/01/2026")
    site.drop_rows("clients.csv", [rows.client("C-1"), ended])
    forms = [rows.form("F-1", "C-1", [1] * 8 + [0], date_completed="10/20/2026")]
    for number, (day, answer) in enumerate(
        (("06/01/2026", 2), ("06/29/2026", 1), ("07/27/2026", 1), ("08/24/2026", 1))
    ):
        answers = [answer] * 8 + [0]
        forms.append(rows.form(f"F-2{number}", "C-2", answers, date_completed=day))
    site.drop_rows("assessment_items.csv", forms)
    app = site.open()
    with app.open_engine() as runner:
        runner.run_once(["csv"])
    return site.home


def trail(home):
    with open_app(home).open_store() as store:
        return [
            (r.action, r.subject, r.actor) for r in store.read(lambda tx: list(tx.audit.rows()))
        ]


def test_due_and_own_course_on_the_command_line(connector, home, monkeypatch):
    done = connector("--home", home, "assessments", "due")
    assert done.code == 0 and "Assessments due on 2026-11-20: 1" in done.out
    assert "C-1" in done.out and "every 4 sessions or 14 days" in done.words
    assert "C-2" not in done.out and "Samplewood" not in done.out
    late = json.loads(connector("--home", home, "assessments", "due", "--overdue", "--json").out)
    [row] = late["due"]
    assert (row["due_on"], row["overdue_on"], row["request"]) == ("2026-11-03", "2026-11-10", None)
    assert trail(home)[-1][:2] == ("due_list_shown", "all")

    # one episode of ended care: far too few, and no number is told of so few
    few = connector("--home", home, "measures", "benchmark")
    assert "PHQ-9: 1 episode of ended care; in force: default" in few.words
    assert "1 episodes count; 200 are needed" in few.words and "50" not in few.out
    refused = connector("--home", home, "measures", "benchmark", "phq9", "--apply", "--by", "D. O")
    assert refused.code == 3 and "too_few_episodes" in refused.err
    assert connector("--home", home, "measures", "benchmark", "phq9", "--apply").code == 2
    assert (
        connector("--home", home, "measures", "benchmark", "phq", "--apply", "--by", "D").code == 3
    )
    none = connector("--home", home, "measures", "benchmark", "phq9", "--withdraw", "--by", "D. O")
    assert none.code == 3 and "no_benchmark" in none.err

    for name in ("EPISODES", "AT_A_WEEK", "SMALLEST", "WEEKS_NEEDED"):
        monkeypatch.setattr(benchmark, name, 1)
    shown = connector("--home", home, "measures", "benchmark", "phq9")
    assert "Decisions that would change now: none" in shown.words
    assert "--apply --by NAME" in shown.words
    by = ("--by", "Dana Okafor, director")
    done = connector("--home", home, "measures", "benchmark", "phq9", "--apply", *by)
    assert done.code == 0 and "Approved as own-phq9-1" in done.out
    assert trail(home)[-1] == ("benchmark_approved", "phq9", "Dana Okafor, director")
    told = json.loads(connector("--home", home, "measures", "benchmark", "--json").out)
    [approved] = told["approved"]
    assert (approved["name"], approved["approved_by"]) == ("own-phq9-1", "Dana Okafor, director")
    assert told["measures"][0]["left_out"] == {"care goes on": 1}
    ended = connector("--home", home, "measures", "benchmark", "phq9", "--withdraw", *by)
    assert ended.code == 0 and trail(home)[-1][0] == "benchmark_withdrawn"
