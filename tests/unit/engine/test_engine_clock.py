"""The clock: one poll for each slot, whatever the jitter; trouble in one poll stops nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from apscheduler.triggers.interval import IntervalTrigger
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.engine import clock as clock_module
from connector.engine import workflows
from connector.engine.clock import Clock, middle, slot
from connector.errors import RetryLater

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
EVERY = st.integers(5, 100_000)


@given(moment=MOMENTS, every=EVERY)
@settings(max_examples=60)
def test_a_slot_lasts_exactly_its_interval_from_a_fixed_phase(moment, every):
    moment = moment.replace(microsecond=0)
    begin = datetime.fromtimestamp(slot(moment, every) * every, UTC)
    assert begin <= moment < begin + timedelta(seconds=every)
    assert slot(begin, every) == slot(begin + timedelta(seconds=every - 1), every)
    assert slot(begin + timedelta(seconds=every), every) == slot(begin, every) + 1


@given(moment=MOMENTS, every=EVERY, jitter=st.floats(-0.1, 0.1))
@settings(max_examples=60)
def test_each_firing_falls_into_the_next_slot_whatever_the_jitter(moment, every, jitter):
    trigger = IntervalTrigger(seconds=every, start_date=middle(every), timezone=UTC)
    first = trigger.get_next_fire_time(None, moment)
    second = trigger.get_next_fire_time(first, first)
    shift = timedelta(seconds=every * jitter)
    assert slot(second + shift, every) == slot(first - shift, every) + 1


class FakeHandle:
    def __init__(self, fault):
        self.fault = fault

    def get_result(self):
        if self.fault:
            raise self.fault
        return 0


@pytest.fixture
def polled(monkeypatch):
    """A clock whose workflows are only noted; ``faults`` are raised by the polls in turn."""
    noted, faults, woken = [], [], []

    class FakeId:
        def __init__(self, workflow_id):
            noted.append(workflow_id)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    def enqueue(queue, workflow, source):
        assert workflow is workflows.poll
        return FakeHandle(faults.pop(0) if faults else None)

    monkeypatch.setattr(clock_module, "SetWorkflowID", FakeId)
    monkeypatch.setattr(clock_module, "DBOS", SimpleNamespace(enqueue_workflow=enqueue))
    made = Clock(SimpleNamespace(alerting=None), {"csv": 300}, lambda: woken.append(True))
    return SimpleNamespace(clock=made, noted=noted, faults=faults, woken=woken)


def test_a_poll_is_named_by_source_and_slot(polled):
    before = slot(datetime.now(UTC), 300)
    polled.clock._poll("csv", 300)
    after = slot(datetime.now(UTC), 300)
    assert polled.noted[0] in {f"poll:csv:{before}", f"poll:csv:{after}"}
    assert polled.woken == [True]


def test_a_failing_poll_is_written_down_and_the_next_one_runs(polled, caplog):
    polled.faults.append(RetryLater("folder_away", "the pickup folder is away"))
    polled.clock._poll("csv", 300)
    polled.clock._poll("csv", 300)
    assert [record.getMessage() for record in caplog.records] == [
        "polling csv: the pickup folder is away [folder_away]"
    ]
    assert len(polled.noted) == 2
    assert polled.woken == [True, True], "what is there is worked on although the poll failed"


def test_a_poll_that_is_still_running_is_not_begun_again(polled):
    polled.faults.append(
        clock_module.dbos_error.DBOSQueueDeduplicatedError("poll:csv:1", "connector", "csv")
    )
    polled.clock._poll("csv", 300)
    assert polled.woken == []


def test_every_source_is_polled_at_once_and_the_day_is_looked_at(polled):
    jobs = []
    polled.clock._scheduler = SimpleNamespace(
        add_job=lambda function, trigger, **given: jobs.append((function.__name__, given)),
        start=lambda: jobs.append(("start", {})),
    )
    polled.clock.start()
    now = datetime.now(UTC)
    by_name = dict(jobs)
    assert list(by_name) == ["_poll", "_new_day", "_tidy", "start"]
    assert by_name["_poll"]["args"] == ["csv", 300]
    assert abs(by_name["_poll"]["next_run_time"] - now) < timedelta(minutes=1)
    assert by_name["_poll"]["jitter"] <= 300 * 0.1
    assert by_name["_new_day"]["next_run_time"] <= now, "a start after midnight is a new day too"


def test_a_poll_whose_budget_is_spent_goes_on_when_it_opens_and_is_no_trouble(polled, caplog):
    jobs = []
    polled.clock._scheduler = SimpleNamespace(
        add_job=lambda function, trigger, **given: jobs.append((function.__name__, trigger, given))
    )
    opens = datetime.now(UTC) + timedelta(seconds=60)
    polled.faults += [RetryLater("budget_spent", "spent", until=opens) for _ in range(2)]
    polled.clock._poll("csv", 300)
    polled.clock._poll("csv", 300)
    assert caplog.records == []
    [first, second] = jobs
    assert first == second, "replicas ask for the same, and it is done once"
    name, trigger, given = first
    assert (name, trigger) == ("_poll", "date")
    assert opens < given["run_date"] < opens + timedelta(seconds=1)
    polled.clock._poll(*given["args"])
    assert polled.noted[-1] == f"poll:csv:again-{int(opens.timestamp())}"


def test_a_budget_that_opens_after_the_next_slot_is_left_to_it(polled, caplog):
    polled.clock._scheduler = None
    opens = datetime.now(UTC) + timedelta(hours=5)
    polled.faults.append(RetryLater("budget_spent", "spent", until=opens))
    polled.clock._poll("csv", 300)
    assert len(caplog.records) == 1


def test_a_step_of_the_day_that_fails_stops_none_behind_it(polled, monkeypatch, caplog):
    asked = []

    def fails(fault):
        def step(work):
            raise fault

        return step

    monkeypatch.setattr(clock_module, "begin_day", fails(ZeroDivisionError("secret")))
    monkeypatch.setattr(clock_module.overdue, "look", lambda work: False)
    monkeypatch.setattr(clock_module, "ask_daily", fails(RetryLater("disk_full", "disk full")))
    monkeypatch.setattr(clock_module, "ask_undecided", lambda work: asked.append("payers"))
    monkeypatch.setattr(clock_module, "report_month", lambda work: asked.append("month") or True)
    polled.clock._new_day()
    assert asked == ["payers", "month"]
    assert polled.woken == [True]
    assert "disk full [disk_full]" in caplog.text
    assert "ZeroDivisionError" in caplog.text and "secret" not in caplog.text


def test_all_that_is_past_is_removed_however_much_it_is(polled, monkeypatch):
    left = [500, 500, 3, 0]
    monkeypatch.setattr(clock_module, "forget_finished", lambda before: left.pop(0))
    monkeypatch.setattr(clock_module, "tidy", lambda work: 0)
    polled.clock._tidy()
    assert left == []
