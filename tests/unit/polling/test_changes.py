"""Reading a list of changes: overlap, resuming, pages that shift, records without a time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import ConfigurationError, RetryLater
from connector.http import NotFound
from connector.polling.changes import State, read_changes
from connector.polling.found import Found, Portion, entry, instant

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
OVERLAP = timedelta(minutes=5)


class FakeList:
    """A list in memory, counted off in pages of three, sorted by the time of change."""

    name = table = "things"
    at_once = 2

    def __init__(self, dated=True):
        self.clock = START
        self.held = {}
        self.dated = dated
        self.asked = []
        self.fails_at = None
        self.completed = []
        self.gone = set()
        self.after_page = lambda: None

    def put(self, own_id, value=0):
        self.clock += timedelta(seconds=30)
        self.held[own_id] = (self.clock, {"id": own_id, "value": value})

    def portion(self, since, place):
        self.asked.append((since, place))
        if self.fails_at == len(self.asked):
            raise RetryLater("unavailable", "away")
        listed = sorted(self.held.values(), key=lambda one: one[0])
        listed = [one for one in listed if since is None or one[0] >= since]
        first = int(place or 0)
        found = tuple(
            Found(data["id"], data, at if self.dated else None)
            for at, data in listed[first : first + 3]
        )
        more = len(listed) > first + 3
        page = Portion(found, self.clock, str(first + 3) if more else None, len(listed))
        self.after_page()
        return page

    def complete(self, found):
        self.completed.append(found.id)
        if found.id in self.gone:
            raise NotFound("not_found", "gone")
        return found

    def one(self, own_id):
        return None


def read(feed, state=None):
    """All steps, each state as it would be stored and read again; rows and the last state."""
    rows, state = [], state or State()
    for step in read_changes(feed, state, OVERLAP):
        state = State.of(json.loads(json.dumps(step.state.parts())))
        rows += [] if step.batch is None else step.batch.rows
    return rows, state


@pytest.mark.parametrize("dated", [True, False])
def test_everything_once_and_then_only_what_changed(dated):
    feed = FakeList(dated)
    for number in range(8):
        feed.put(f"t{number}")
    feed.clock += timedelta(hours=1)
    rows, state = read(feed)
    assert sorted(row.data["id"] for row in rows) == [f"t{n}" for n in range(8)]
    again, state = read(feed, state)
    assert again == []
    feed.put("t3", value=7)
    rows, state = read(feed, state)
    assert [row.data for row in rows] == [{"id": "t3", "value": 7}]
    assert read(feed, state)[0] == []


def test_a_quiet_poll_costs_one_request_and_completes_nothing():
    feed = FakeList()
    feed.put("a")
    _, state = read(feed)
    feed.asked.clear()
    feed.completed.clear()
    read(feed, state)
    assert len(feed.asked) == 1
    assert feed.completed == []


def test_a_change_that_becomes_visible_late_is_within_the_overlap():
    feed = FakeList()
    feed.put("a")
    feed.put("b")
    _, state = read(feed)
    late = feed.clock - timedelta(minutes=4)
    feed.held["late"] = (late, {"id": "late", "value": 1})
    assert [row.data["id"] for row in read(feed, state)[0]] == ["late"]


def test_a_reading_that_was_cut_off_goes_on_at_its_page():
    feed = FakeList()
    for number in range(10):
        feed.put(f"t{number}")
    feed.fails_at = 3
    rows, state = [], State()
    with pytest.raises(RetryLater):
        for step in read_changes(feed, state, OVERLAP):
            state = State.of(step.state.parts())
            rows += [] if step.batch is None else step.batch.rows
    feed.fails_at = None
    feed.asked.clear()
    rest, state = read(feed, state)
    assert feed.asked[0] == (None, "6")
    ids = [row.data["id"] for row in [*rows, *rest]]
    assert sorted(ids) == [f"t{n}" for n in range(10)]


def test_what_was_stored_of_a_page_is_not_completed_again():
    feed = FakeList()
    for number in range(3):
        feed.put(f"t{number}")
    first = next(iter(read_changes(feed, State(), OVERLAP)))
    feed.completed.clear()
    rows, _ = read(feed, State.of(first.state.parts()))
    assert feed.completed == ["t2"]
    assert [row.data["id"] for row in rows] == ["t2"]


def test_a_record_that_moves_to_the_end_while_pages_are_counted_off_hides_none():
    feed = FakeList()
    for number in range(7):
        feed.put(f"t{number}")
    touched = []

    def touch():
        if not touched:
            touched.append(True)
            feed.put("t0", value=1)  # t3 slips into the page that was read already

    feed.after_page = touch
    seen, state = read(feed)
    for _ in range(2):
        more, state = read(feed, state)
        seen += more
    assert {row.data["id"] for row in seen} == {f"t{n}" for n in range(7)}


def test_a_record_that_is_gone_before_it_is_completed_is_a_deleted_row():
    feed = FakeList()
    feed.put("a")
    feed.gone.add("a")
    [row] = read(feed)[0]
    assert row.deleted


def test_pages_without_end_are_a_fault(monkeypatch):
    from connector.polling import changes

    monkeypatch.setattr(changes, "_MOST_PAGES", 5)
    feed = FakeList()
    feed.portion = lambda since, place: Portion((), START, "again")
    with pytest.raises(ConfigurationError) as caught:
        read(feed)
    assert caught.value.code == "paging_endless"


def test_a_vendor_that_gives_the_same_page_whatever_is_asked_for_is_asked_a_few_times_only():
    feed = FakeList()
    feed.put("a")
    whole = feed.portion

    def same(since, place):
        return replace(whole(None, None), next=str(len(feed.asked)))

    feed.portion = same
    with pytest.raises(ConfigurationError) as caught:
        read(feed)
    assert caught.value.code == "paging_endless" and len(feed.asked) == 4


@given(
    events=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), max_size=25),
    dated=st.booleans(),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_whatever_changes_between_polls_the_last_state_of_all_is_known(events, dated):
    feed, known, state = FakeList(dated), {}, None
    for own_id, polls in events:
        feed.put(str(own_id), value=len(known) * 31 + polls)
        for _ in range(polls):
            rows, state = read(feed, state)
            known.update({row.data["id"]: row.data for row in rows})
    feed.clock += timedelta(hours=1)
    for _ in range(2):
        rows, state = read(feed, state)
        known.update({row.data["id"]: row.data for row in rows})
    assert known == {own_id: data for own_id, (_, data) in feed.held.items()}


def test_an_entry_without_an_id_is_a_row_with_a_fault():
    for raw in (None, [], "text", {}, {"id": ""}, {"id": True}, {"id": {}}):
        assert entry(raw, "id").fault is not None
    assert entry({"id": 7}, "id").id == "7"
    assert replace(entry({"id": 7}, "id"), deleted=True).mark() != entry({"id": 7}, "id").mark()


def test_times_of_change():
    assert instant(1_763_000_000_000) == datetime.fromtimestamp(1_763_000_000, UTC)
    assert instant("2026-11-20T09:00:00Z") == START
    never = "0001-01-01T00:00:00+02:00"  # before the first moment that there is in UTC
    for odd in (None, "2026-11-20", "soon", True, float("inf"), 1e300, {}, never):
        assert instant(odd) is None
