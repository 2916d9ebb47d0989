"""Other content under an old event id is seen by a person; the same once more is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connector.engine import intake as intake_module
from connector.engine.claimed import other_content
from connector.engine.intake import Intake
from connector.ports import RawBatch, RawPage, RawRow

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def event(total, *, note="x"):
    row = RawRow(1, {"event_id": "evt-1", "total": total, "note": note})
    batch = RawBatch(key="k-1", table="event", origin="/webhooks/forms", as_of=NOW, rows=(row,))
    return RawPage(batches=(batch,), claimed=True)


class OneEvent:
    """A store that holds one batch, or its key alone."""

    def __init__(self, rows):
        self.rows = rows

    def read(self, function):
        return {"k-1": self.rows}


def held(page):
    return OneEvent(page.batches[0].rows)


def test_the_same_again_is_nothing_to_tell():
    assert other_content(held(event(14)), "forms", event(14)) is None


def test_what_retention_has_emptied_counts_as_the_same():
    assert other_content(OneEvent(()), "forms", event(14)) is None


def test_other_content_is_kept_with_what_it_said_and_names_nothing_of_it():
    told = other_content(held(event(14)), "forms", event(9, note="n" * 5000))
    (fault,) = told.faults
    assert (fault.error.code, fault.origin, len(fault.excerpt)) == (
        "duplicate_id", "/webhooks/forms", 2000,
    )  # fmt: skip
    assert b"evt-1" in fault.excerpt
    assert "evt-1" not in str(fault.error)
    again = other_content(held(event(14)), "forms", event(8))
    assert again.faults[0].key == fault.key  # one line for each event


@pytest.mark.parametrize(("claimed", "told"), [(True, 1), (False, 0)])
def test_the_way_in_keeps_it_before_it_answers(monkeypatch, claimed, told):
    stored = []

    def store_pages(store, pages, now):
        stored.extend(page for _, page in pages)
        return [0 for _ in pages]

    monkeypatch.setattr(intake_module, "store_pages", store_pages)
    way_in = Intake(held(event(14)), lambda: NOW, lambda rows: None)
    assert way_in.store("forms", replace(event(9), claimed=claimed)) == 0
    assert sum(len(page.faults) for page in stored) == told
