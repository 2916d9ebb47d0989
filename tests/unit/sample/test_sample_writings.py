"""What the sample's clients wrote reads as its README says."""

from __future__ import annotations

import csv
from pathlib import Path

from connector.cli.wording import calls
from connector.registry import load_wording
from connector.resources import Resources
from connector.wording import judge

INBOX = Path(__file__).parents[3] / "config" / "sample_practice" / "inbox"


def test_each_entry_and_message_calls_whom_the_readme_says() -> None:
    rules = load_wording(Resources())
    called = {}
    for name in ("journal.csv", "messages.csv"):
        with (INBOX / name).open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                judged = judge(row["text"], rules)
                readings = "/".join(sorted({m.reading for m in judged.mentions}))
                if readings:
                    called[row["client_id"]] = (calls(judged), readings)
    assert called == {
        "C-1018": ("page", "as_said"),
        "C-1016": ("notice", "negated"),
        "C-1006": ("notice", "quoted"),
        "C-1011": ("none", "idiom"),
        "C-1012": ("page", "as_said"),
        "C-1009": ("notice", "other_person"),
        "C-2004": ("none", "idiom"),
    }
