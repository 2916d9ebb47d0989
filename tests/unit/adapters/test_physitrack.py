"""Physitrack against its stand-in: who was seen, days into weeks, what clients wrote, events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.physitrack import ADAPTER
from adapters.physitrack.fake import API_KEY, FakePhysitrack
from adapters.physitrack.source import _day
from connector.errors import ConfigurationError, InvalidRecord, NotAuthentic
from connector.mapping.apply import MappingContext, apply
from connector.mapping.load import load_mapping
from connector.ports import AdapterContext, Posted
from connector.ports import Webhook as Hook
from connector.record_ids import RecordIds
from connector.records import HomeProgram, JournalEntry, Patient
from connector.resources import Resources
from connector.testing import SourceContract, WebhookContract

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
SECRET = "madeupendofanaddress"
SPEC = load_mapping("physitrack", Resources())


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHYSITRACK_KEY", API_KEY)
    monkeypatch.setenv("PHYSITRACK_END", SECRET)


@pytest.fixture
def fake() -> Iterator[FakePhysitrack]:
    made = FakePhysitrack(Clock())
    with made.serving():
        yield made


def options(fake: FakePhysitrack | None, **more: Any) -> Any:
    assert ADAPTER.source_settings is not None
    own = {"trial_url": fake.url if fake else None, "region": "us"}
    return ADAPTER.source_settings.model_validate(
        {**own, "api_key": {"env": "PHYSITRACK_KEY"}, **more}
    )


def source(fake: FakePhysitrack, zone: tzinfo = UTC, **more: Any) -> Any:
    assert ADAPTER.source is not None
    context = AdapterContext("home", Path(), now=fake.now, zone=zone)
    return ADAPTER.source(options(fake, **more), context)


def webhook(name: str = "home") -> Hook:
    assert ADAPTER.webhook is not None
    given = options(None, webhook={"secret": {"env": "PHYSITRACK_END"}})
    return ADAPTER.webhook(given, AdapterContext(name, Path()))


def records(pages: Any) -> list[Any]:
    context = MappingContext("home", RecordIds(b"k" * 32, "riverside"), "America/New_York", {})
    found: list[Any] = []
    for page in pages:
        for batch in page.batches:
            result = apply(SPEC, batch, context)
            assert not result.errors, [one.error for one in result.errors]
            found += [*result.records]
    return found


def weeks(found: list[Any]) -> dict[date, tuple[int, int]]:
    """Done and prescribed, by week."""
    programs = [one for one in found if isinstance(one, HomeProgram)]
    return {
        week: (sum(p.done for p in programs if p.week_of == week),
               sum(p.prescribed for p in programs if p.week_of == week))
        for week in sorted({p.week_of for p in programs})
    }  # fmt: skip


class Serving:
    @pytest.fixture(autouse=True)
    def _fake(self, fake: FakePhysitrack) -> None:
        self.fake = fake


class TestPhysitrackKeepsTheSourceContract(Serving, SourceContract):
    def deliver_two(self, folder: Path) -> None:
        for number in ("1", "2"):
            self.fake.put(number, first_name="Ana")

    def deliver_broken(self, folder: Path) -> None:
        self.fake.clients["broken"] = ["no object"]  # type: ignore[assignment]

    def open(self, folder: Path) -> Any:
        return source(self.fake)


class TestPhysitrackKeepsTheWebhookContract(WebhookContract):
    event: ClassVar[dict[str, Any]] = {
        "id": "evt-1", "type": "new_message", "data": {"name": WebhookContract.patient},
        "url": "/api/v2/clients/7961/messages/3",
    }  # fmt: skip

    def open(self, folder: Path, name: str) -> Hook:
        return webhook(name)

    def post(self, body: bytes) -> Posted:
        return Posted({}, body, NOW, SECRET)

    def _event(self, **changed: Any) -> Posted:
        named = {"id": changed.pop("event_id", "evt-1"), **changed}
        return self.post(json.dumps({**self.event, **named}).encode())

    def test_the_row_is_the_event(self, tmp_path: Path) -> None:
        """Of an event that nobody vouches for only the ids are kept."""
        [batch] = webhook().receive(self._event()).batches
        kept = {"id": "evt-1", "type": "new_message", "client": "7961"}
        assert [dict(row.data) for row in batch.rows] == [kept]


def test_days_become_weeks_of_a_client_known_by_the_number_of_the_ehr(
    fake: FakePhysitrack,
) -> None:
    fake.put("1001", external_id="C-2001", first_name="Ana", last_name="Sample", gender="f")
    fake.assign("1001", "code", 70)
    for back, done in ((4, (True, True)), (3, (True, False)), (8, (False, False))):
        fake.did("1001", "code", NOW - timedelta(days=back), *done)
    found = records(source(fake).fetch(None))
    assert weeks(found) == {date(2026, 11, 9): (0, 2), date(2026, 11, 16): (3, 4)}
    [patient] = [one for one in found if isinstance(one, Patient)]
    assert (patient.chart_number, patient.sex) == ("C-2001", "female")
    assert {one.patient_id for one in found if isinstance(one, HomeProgram)} == {patient.id}


def test_a_day_that_is_not_over_yet_is_not_left_out_by_anybody(fake: FakePhysitrack) -> None:
    fake.assign("1001", "code", 70)
    fake.did("1001", "code", NOW + timedelta(days=1), False)
    fake.did("1001", "code", NOW, True)
    assert weeks(records(source(fake).fetch(None))) == {date(2026, 11, 16): (1, 1)}


def test_the_day_that_is_still_to_come_where_the_practice_is_was_not_left_out(
    fake: FakePhysitrack,
) -> None:
    """In the evening in Los Angeles it is the next day in UTC, and nobody has done it yet."""
    fake.now.now = datetime(2026, 11, 21, 4, 30, tzinfo=UTC)  # type: ignore[attr-defined]
    fake.assign("1001", "code", 70)
    fake.did("1001", "code", datetime(2026, 11, 20, tzinfo=UTC), True)
    fake.did("1001", "code", datetime(2026, 11, 21, tzinfo=UTC), False)
    there = source(fake, ZoneInfo("America/Los_Angeles"))
    assert weeks(records(there.fetch(None))) == {date(2026, 11, 16): (1, 1)}
    assert weeks(records(source(fake).fetch(None))) == {date(2026, 11, 16): (1, 2)}


def test_a_programme_that_nobody_tracks_says_nothing(fake: FakePhysitrack) -> None:
    fake.assign("1001", "code", 70, tracked=False)
    fake.did("1001", "code", NOW, False)
    assert weeks(records(source(fake).fetch(None))) == {}


def test_a_programme_that_is_gone_is_no_trouble_and_a_client_without_one_is_read(
    fake: FakePhysitrack,
) -> None:
    fake.put("1", first_name="Ana", current_access_code="gone")
    fake.put("2", first_name="Bo", current_access_code=None)
    fake.put("3", first_name="Cy", current_access_code=123456)
    assert len([o for o in records(source(fake).fetch(None)) if isinstance(o, Patient)]) == 3


def test_only_clients_who_were_seen_since_are_asked_for(fake: FakePhysitrack) -> None:
    for number in ("1", "2", "3"):
        fake.assign(number, f"code-{number}", int(number))
    pages = list(source(fake).fetch(None))
    cursor = next(page.cursor for page in reversed(pages) if page.cursor)
    fake.requests.clear()
    fake.now.now += timedelta(hours=1)  # type: ignore[attr-defined]
    fake.did("2", "code-2", MONDAY, True)
    assert weeks(records(source(fake).fetch(cursor))) == {date(2026, 11, 16): (1, 1)}
    assert fake.asked("adherence") == fake.asked("/messages") == 1
    assert len(fake.requests) == 4


def test_who_does_not_open_the_programme_any_more_is_asked_for_once_a_week(
    fake: FakePhysitrack,
) -> None:
    """Else the last week before somebody gave up would stay at what was done until then."""
    fake.assign("1001", "code", 70)
    fake.put("1002", external_id="C-2002")
    fake.did("1001", "code", MONDAY, True)
    pages = list(source(fake).fetch(None))
    assert weeks(records(pages)) == {date(2026, 11, 16): (1, 1)}
    for day in range(1, 9):  # left out, so that the client was not seen and is listed as before
        at = f"{MONDAY + timedelta(days=day):%Y-%m-%d}T00:00:00Z"
        fake.days["code"].append({"date": at, "exercises": [{"id": 1, "completed": False}]})
    found = []
    for later in range(1, 10):
        fake.now.now = MONDAY + timedelta(days=later, hours=15)  # type: ignore[attr-defined]
        fake.requests.clear()
        pages = list(source(fake).fetch(next(p.cursor for p in reversed(pages) if p.cursor)))
        found += records(pages)
        assert fake.asked("adherence") == fake.asked("/messages") == (later == 7)
    assert weeks(found) == {date(2026, 11, 16): (1, 7), date(2026, 11, 23): (0, 1)}


@pytest.mark.parametrize("number", [None, "", {}])
def test_days_of_a_programme_without_a_number_are_nobodys(
    fake: FakePhysitrack, number: Any
) -> None:
    """Two clients would share them otherwise."""
    for own_id in ("1001", "1002"):
        fake.assign(own_id, f"code-{own_id}", 70)
        fake.programs[(own_id, f"code-{own_id}")]["id"] = number
        fake.did(own_id, f"code-{own_id}", MONDAY, True)
    context = MappingContext("home", RecordIds(b"k" * 32, "riverside"), "America/New_York", {})
    results = [apply(SPEC, b, context) for p in source(fake).fetch(None) for b in p.batches]
    assert [bool(one.errors) for one in results] == [True, True]
    assert not [r for one in results for r in one.records if isinstance(r, HomeProgram)]


def test_more_clients_than_a_page_holds(fake: FakePhysitrack) -> None:
    for number in range(401):
        fake.clients[str(number)] = {"id": number, "external_id": f"C-{number}"}
    pages = source(fake, messages=False).fetch(None)
    assert sum(len(batch.rows) for page in pages for batch in page.batches) == 401
    assert fake.asked("/clients$") == 3


def test_what_clients_write_is_read_and_what_practitioners_write_is_not(
    fake: FakePhysitrack,
) -> None:
    fake.put("1001", external_id="C-2001")
    fake.writes("1001", 1, "My knee is better", sender="client")
    fake.writes("1001", 2, "Keep going!", sender="practitioner")
    fake.writes("1001", 3, "Who wrote this?", sender="somebody")
    found = [one for one in records(source(fake).fetch(None)) if isinstance(one, JournalEntry)]
    assert [one.text for one in found] == ["My knee is better", "Who wrote this?"]
    assert {one.entry for one in found} == {"message"}
    silent = records(source(fake, messages=False).fetch(None))
    assert {one.kind for one in silent} == {"patient"}


def test_messages_that_are_refused_are_set_aside_not_taken_for_none(fake: FakePhysitrack) -> None:
    fake.put("1001", external_id="C-2001", email="ana@example.org", current_access_code="zzcode")
    fake.put("1002", external_id="C-2002")
    reply = fake.reply
    gone = "/clients/1001/messages"
    fake.reply = lambda r: reply(r if gone not in r.path else _other(r))  # type: ignore[method-assign]
    rows = [r for p in source(fake).fetch(None) for b in p.batches for r in b.rows]
    assert [row.fault.code if row.fault else None for row in rows] == ["messages_refused", None]
    assert not [word for word in ("example.org", "zzcode") if word in repr(rows)]


def _other(request: Any) -> Any:
    from dataclasses import replace

    return replace(request, path="/api/v2/clients/404/messages")


def test_access_codes_and_numbers_of_people_are_not_taken(fake: FakePhysitrack) -> None:
    fake.put("1001", external_id="C-2001", email="ana@example.org", mobile_phone="+15550100")
    fake.assign("1001", "secretcode", 70)
    kept = repr(list(source(fake).fetch(None)))
    assert not [word for word in ("example.org", "5550100", "secretcode") if word in kept]


def test_an_event_has_the_client_fetched(fake: FakePhysitrack) -> None:
    fake.assign("1001", "code", 70)
    fake.did("1001", "code", NOW, True)
    body = fake.event(5, "program_accessed", "1001")
    whole = body.replace(b"/api/", b"https://us.physitrack.com/api/")
    page, other = (webhook().receive(Posted({}, one, NOW, SECRET)) for one in (body, whole))
    assert page.notices == other.notices
    assert weeks(records(source(fake).noticed(page.notices))) == {date(2026, 11, 16): (1, 1)}


@pytest.mark.parametrize("url", ["/api/v2/events/3", "/api/v2/clients/../x", "clients/1", ""])
def test_an_event_that_names_no_client_is_refused(url: str) -> None:
    body = json.dumps({"id": 1, "type": "call_ended", "url": url}).encode()
    with pytest.raises(InvalidRecord):
        webhook().receive(Posted({}, body, NOW, SECRET))


def test_only_who_knows_the_end_of_the_address_is_heard(fake: FakePhysitrack) -> None:
    with pytest.raises(NotAuthentic):
        webhook().receive(Posted({}, fake.event(5, "program_accessed", "1001"), NOW, "another"))


def test_a_wrong_key_is_told(fake: FakePhysitrack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHYSITRACK_KEY", "wrong")
    with pytest.raises(ConfigurationError) as refused:
        list(source(fake).fetch(None))
    assert refused.value.code == "not_signed_in"


@pytest.mark.parametrize("day", [None, [], {"date": "soon"}, {"date": None, "exercises": 3}, 7])
def test_days_that_can_not_be_read_stop_nobody_else(fake: FakePhysitrack, day: Any) -> None:
    fake.assign("1001", "code", 70)
    fake.days["code"].append(day)
    fake.put("1002", external_id="C-2002")
    context = MappingContext("home", RecordIds(b"k" * 32, "riverside"), "America/New_York", {})
    results = [apply(SPEC, b, context) for p in source(fake).fetch(None) for b in p.batches]
    assert [bool(one.errors) for one in results] == [True, False]
    assert any(isinstance(r, Patient) for one in results for r in one.records)


@settings(max_examples=60, deadline=None)
@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_day_belongs_to_the_week_of_the_monday_before_it(day: date) -> None:
    made = _day({"date": f"{day}T00:00:00Z", "exercises": []}, 70)
    monday = date.fromisoformat(made["week_of"])
    assert monday.weekday() == 0 and 0 <= (day - monday).days <= 6
    assert (made["id"], made["date"]) == (f"70-{day}", f"{day}")
