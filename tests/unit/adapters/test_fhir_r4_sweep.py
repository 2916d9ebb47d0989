"""Reading changes: whatever the server does meanwhile and wherever we crash, nothing is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.fhir_r4.cursor import Cursor, Place, TypeState, read_cursor
from adapters.fhir_r4.page import Item, Page, instant, read_page
from adapters.fhir_r4.sweep import sweep
from connector.errors import ConfigurationError
from connector.http import Answer
from connector.http.answer import Headers

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
OVERLAP = timedelta(seconds=20)


@dataclass(frozen=True)
class Version:
    id: str
    number: int
    changed: datetime
    visible: datetime

    def item(self, *, dated: bool = True) -> Item:
        changed = self.changed if dated else None
        return Item(f"{self.id}/{self.number}", 1, self.id, {"id": self.id}, changed)


@dataclass
class Server:
    """Versions that become visible some time after they are made; pages are counted off."""

    sorts: bool = True
    selects: bool = True
    dated: bool = True
    size: int = 3
    now: datetime = START
    held: dict[str, list[Version]] = field(default_factory=dict)
    made: int = 0
    plan: list[tuple[str, int, int]] = field(default_factory=list)
    asked: list[datetime | None] = field(default_factory=list)

    def do(self, what: str, number: int, seconds: int) -> None:
        """Something happens: a change (visible ``seconds`` later), a deletion, time passes."""
        own_id = f"r{number}"
        if what == "change":
            self.made += 1
            changed = self.now + timedelta(milliseconds=self.made)
            version = Version(own_id, self.made, changed, changed + timedelta(seconds=seconds))
            self.held.setdefault(own_id, []).append(version)
        elif what == "delete":
            self.held.pop(own_id, None)
        else:
            self.now += timedelta(seconds=seconds)

    def current(self, at: datetime) -> list[Version]:
        found = []
        for versions in self.held.values():
            shown = [version for version in versions if version.visible <= at]
            if shown:
                found.append(shown[-1])
        return found

    def since(self, moment: datetime | None) -> Page:
        self.asked.append(moment)
        return self._page(moment, 0)

    def follow(self, link: str) -> Page:
        moment, start = link.split(" ")
        return self._page(None if moment == "-" else datetime.fromisoformat(moment), int(start))

    def _page(self, moment: datetime | None, start: int) -> Page:
        if self.plan:
            self.do(*self.plan.pop(0))
        found = self.current(self.now + timedelta(milliseconds=999))
        if moment is not None and self.selects and self.dated:
            found = [version for version in found if version.changed >= moment]
        if self.sorts:
            found.sort(key=lambda version: version.changed)
        link = f"{moment.isoformat() if moment else '-'} {start + self.size}"
        items = tuple(v.item(dated=self.dated) for v in found[start : start + self.size])
        return Page(
            items, self.now, link if start + self.size < len(found) else None, len(found),
            in_order=self.sorts and self.dated,
        )  # fmt: skip


def poll(server: Server, place: Place, stop_after: int | None = None) -> tuple[list[str], Place]:
    """The marks that were stored, and the place; the process dies after so many steps."""
    stored: list[str] = []
    for number, step in enumerate(sweep(server, place, OVERLAP)):
        if number == stop_after:
            break
        stored += [item.mark for item in step.items]
        place = (
            read_cursor(Cursor("s", {"T": TypeState("a", step.place or place)}).text(), "s")
            .of("T", "a")
            .changed
        )
    return stored, place


def marks(server: Server) -> set[str]:
    return {version.item().mark for version in server.current(datetime.max.replace(tzinfo=UTC))}


Event = tuple[str, int, int]
Round = tuple[list[Event], list[Event], int]


def rounds(*, late: bool) -> st.SearchStrategy[list[Round]]:
    """What happens before and during each poll, and after how many steps the process dies."""
    ids = st.integers(0, 9)
    change = st.tuples(st.just("change"), ids, st.sampled_from([0, 0, 12, 19] if late else [0]))
    delete = st.tuples(st.just("delete"), ids, st.just(0))
    pause = st.tuples(st.just("pause"), st.just(0), st.sampled_from([1, 2, 11, 30, 5000]))
    events = st.one_of(change, change, change, pause, delete)
    before, during = st.lists(events, max_size=10), st.lists(events, max_size=5)
    return st.lists(st.tuples(before, during, st.integers(0, 6)), min_size=1, max_size=4)


def run(server: Server, happens: list[Round], *, crash: bool) -> Counter[str]:
    """All that was given, by polls while things happen and by some last quiet ones."""
    told: Counter[str] = Counter()
    place = Place()
    for before, during, dies_after in happens:
        for event in before:
            server.do(*event)
        server.plan = list(during)
        stored, place = poll(server, place, dies_after if crash else None)
        told.update(stored)
        for event in server.plan:
            server.do(*event)
        server.plan = []
    for _ in range(2):
        server.now += timedelta(seconds=60)
        stored, place = poll(server, place)
        told.update(stored)
    return told


SIZES = st.integers(1, 5)


@given(rounds(late=True), SIZES)
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost_and_nothing_comes_twice_from_a_server_that_sorts(
    happens: list[Round], size: int
) -> None:
    server = Server(size=size)
    told = run(server, happens, crash=False)
    assert marks(server) <= set(told)
    assert max(told.values(), default=1) == 1


@given(rounds(late=True), SIZES)
@settings(max_examples=60, deadline=None)
def test_a_crash_loses_nothing_of_a_server_that_sorts(happens: list[Round], size: int) -> None:
    server = Server(size=size)
    assert marks(server) <= set(run(server, happens, crash=True))


@given(rounds(late=False), SIZES, st.booleans(), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost_of_a_server_that_does_not_sort(
    happens: list[Round], size: int, selects: bool, dated: bool, crash: bool
) -> None:
    server = Server(sorts=False, size=size, selects=selects, dated=dated)
    told = run(server, happens, crash=crash)
    assert marks(server) <= set(told)
    assert crash or max(told.values(), default=1) == 1


def filled(count: int, **habits: object) -> Server:
    server = Server(**habits)  # type: ignore[arg-type]
    for number in range(count):
        server.do("change", number, 0)
        server.do("pause", 0, 40)
    return server


def test_each_page_of_a_sorted_server_moves_the_place_so_that_a_crash_costs_one_page() -> None:
    server = filled(30, size=5)
    first, place = poll(server, Place(), stop_after=3)
    assert place.since is not None and len(first) >= 13
    rest, _ = poll(server, place)
    assert len(rest) + len(first) == 30
    assert not set(first) & set(rest)


def test_when_it_was_quiet_for_long_the_next_search_begins_at_the_newest_change() -> None:
    server = Server(size=50)
    for number in range(20):
        server.do("change", number, 0)
    _, place = poll(server, Place())
    assert len(place.given) == 20
    server.now += timedelta(hours=2)
    _, place = poll(server, place)
    newest = max(version.changed for version in server.current(server.now))
    assert place.since == newest - timedelta(seconds=1)


def test_the_place_never_runs_ahead_of_the_servers_clock() -> None:
    server = Server()
    future = START + timedelta(days=400)
    server.held["f"] = [Version("f", 1, future, START)]
    stored, place = poll(server, Place())
    assert stored == ["f/1"]
    assert place.since == START - OVERLAP
    server.do("change", 1, 0)
    assert poll(server, place)[0] == ["r1/1"]


def test_an_overlap_is_asked_for_again_and_not_given_again() -> None:
    server = filled(3)
    _, place = poll(server, Place())
    server.asked.clear()
    assert poll(server, place) == ([], place)
    assert server.asked[0] == place.since


def test_a_server_that_says_that_it_sorts_and_does_not_is_read_by_links() -> None:
    class Liar(Server):
        def _page(self, moment: datetime | None, start: int) -> Page:
            page = super()._page(moment, start)
            return Page(page.items, page.at, page.next, page.total, in_order=start == 0)

    honest = filled(9)
    held = {own_id: honest.held[own_id] for own_id in ("r1", "r4", "r8", *sorted(honest.held))}
    liar = Liar(sorts=False, selects=False, held=held, now=honest.now)
    told, place = poll(liar, Place())
    assert sorted(told) == sorted(marks(liar))
    assert poll(liar, place)[0] == []


def test_links_in_a_circle_end_in_a_sentence() -> None:
    class Circle(Server):
        def _page(self, moment: datetime | None, start: int) -> Page:
            return Page((), self.now, "- 0")

    with pytest.raises(ConfigurationError) as caught:
        poll(Circle(), Place())
    assert caught.value.code == "paging_endless"


def test_a_cursor_of_another_server_or_question_begins_anew() -> None:
    place = Place(START, {"m": START + timedelta(microseconds=1), "n": None})
    text = Cursor("one", {"Goal": TypeState("a", place, Place(START))}).text()
    assert read_cursor(text, "one").of("Goal", "a") == TypeState("a", place, Place(START))
    assert read_cursor(text, "one").of("Goal", "b").changed == Place()
    for other in (read_cursor(text, "two"), read_cursor("{", "one"), read_cursor("[]", "one")):
        assert other.types == {}
    assert read_cursor('{"server": "one", "types": {"Goal": 1}}', "one").types == {}


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-05:00"])
def test_the_first_and_last_moments_of_all_are_none(text):
    """Some systems write them for "never"; a poll must not end over one."""
    assert instant(text) is None


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 -0500", "never", "Mon, 99 Jan"])
def test_a_server_without_a_clock_is_taken_to_have_ours(date):
    bundle = b'{"resourceType": "Bundle", "type": "searchset"}'
    answer = Answer(200, Headers([("date", date)]), bundle, "ehr.example")
    assert read_page(answer, "Patient", lambda: START).at == START
