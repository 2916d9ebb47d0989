"""What is pushed together is stored together, and one page that can't be taken spoils no other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.engine import intake as intake_module
from connector.engine.intake import Intake, _Waiting
from connector.errors import RetryLater
from connector.ports import RawPage

NOW = datetime(2026, 11, 20, tzinfo=UTC)
FULL = RetryLater("too_many_notices", "too many wait already")
DISK = RetryLater("disk_full", "the disk is full")


@pytest.fixture
def intake(monkeypatch):
    """An intake whose store refuses what ``faults`` names by source; ``calls`` are the groups."""
    made = Intake(None, lambda: NOW, lambda rows: made.woken.append(rows))
    made.calls, made.faults, made.woken = [], {}, []

    def store_pages(store, pages, now):
        made.calls.append([source for source, _ in pages])
        for source, _ in pages:
            if source in made.faults:
                raise made.faults[source]
        return [1] * len(pages)

    monkeypatch.setattr(intake_module, "store_pages", store_pages)
    return made


def test_pages_that_came_at_the_same_time_do_not_fail_with_one_another(intake):
    intake.faults["ehr"] = FULL
    others = [_Waiting("forms", RawPage()), _Waiting("hl7", RawPage())]
    intake._queue += others
    with pytest.raises(RetryLater) as caught:
        intake.store("ehr", RawPage())
    assert caught.value is FULL
    assert [(one.rows, one.fault) for one in others] == [(1, None), (1, None)]
    assert sum(intake.woken) == 2


def test_a_full_disk_is_met_once_for_all(intake):
    intake.faults["ehr"] = DISK
    other = _Waiting("forms", RawPage())
    intake._queue.append(other)
    with pytest.raises(RetryLater):
        intake.store("ehr", RawPage())
    assert (other.fault, intake.calls) == (DISK, [["forms", "ehr"]])
