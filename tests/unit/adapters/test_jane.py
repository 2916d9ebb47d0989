"""Jane's adapter against its stand-in: cursors, limits, refresh tokens, events, two-step filing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.jane import ADAPTER
from adapters.jane.fake import (
    CLIENT_ID,
    CLIENT_SECRET,
    FIRST_REFRESH,
    SIGNING_SECRET,
    FakeJane,
    fill,
    signed,
    uuid,
)
from connector.errors import ConfigurationError, InvalidRecord, NotAuthentic, Rejected, RetryLater
from connector.mapping.apply import MappingContext, apply
from connector.mapping.load import load_mapping
from connector.ports import AdapterContext, Outgoing, PatientReference, Posted
from connector.record_ids import RecordIds
from connector.records import Clinician, Patient, Visit
from connector.resources import Resources
from connector.testing import DestinationContract, SourceContract

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
SPEC = load_mapping("jane", Resources())
PERSON = PatientReference("jane", uuid(1), "1001")


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JANE_SECRET", CLIENT_SECRET)
    monkeypatch.setenv("JANE_HOOK", SIGNING_SECRET)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake(clock: Clock) -> Iterator[FakeJane]:
    made = FakeJane(clock)
    with made.serving():
        yield made


def options(fake: FakeJane | None, folder: Path, **more: Any) -> dict[str, Any]:
    file = folder / "jane-refresh"
    if not file.exists():
        file.write_text(FIRST_REFRESH)
        file.chmod(0o600)
    return {
        "trial_url": fake.url if fake else None, "clinic": "riverside", "client_id": CLIENT_ID,
        "client_secret": {"env": "JANE_SECRET"}, "refresh_token_file": "jane-refresh", **more,
    }  # fmt: skip


def source(fake: FakeJane, folder: Path, **more: Any) -> Any:
    assert ADAPTER.source is not None and ADAPTER.source_settings is not None
    settings = ADAPTER.source_settings.model_validate(options(fake, folder, **more))
    return ADAPTER.source(settings, AdapterContext("jane", folder, now=fake.now))


def webhook(folder: Path) -> Any:
    assert ADAPTER.webhook is not None and ADAPTER.source_settings is not None
    given = options(None, folder, webhook={"secret": [{"env": "JANE_HOOK"}]})
    settings = ADAPTER.source_settings.model_validate(given)
    return ADAPTER.webhook(settings, AdapterContext("jane", folder))


def destination(fake: FakeJane, folder: Path) -> Any:
    assert ADAPTER.destination is not None and ADAPTER.destination_settings is not None
    given = options(fake, folder, patient_source="jane")
    settings = ADAPTER.destination_settings.model_validate(given)
    return ADAPTER.destination(settings, AdapterContext("chart", folder, now=fake.now))


def records(pages: Any) -> list[Any]:
    context = MappingContext("jane", RecordIds(b"k" * 32, "riverside"), "America/New_York", {})
    found = []
    for page in pages:
        for batch in page.batches:
            result = apply(SPEC, batch, context)
            assert not result.errors, [error.sentence() for error in result.errors]
            found += [*result.records]
    return found


class Serving:
    @pytest.fixture(autouse=True)
    def _fake(self, fake: FakeJane) -> None:
        self.fake = fake


class TestJaneKeepsTheSourceContract(Serving, SourceContract):
    def deliver_two(self, folder: Path) -> None:
        fill(self.fake)

    def deliver_broken(self, folder: Path) -> None:
        self.fake.held["appointments"]["broken"] = ["no object"]

    def open(self, folder: Path) -> Any:
        return source(self.fake, folder, page_size=2)


class TestJaneKeepsTheDestinationContract(Serving, DestinationContract):
    document = replace(DestinationContract.document, patient=PERSON)

    def open(self, folder: Path) -> Any:
        return destination(self.fake, folder)

    def effects(self, folder: Path) -> list[bytes]:
        given = self.fake.observations
        return [self.fake.documents[own_id] for one in given for own_id in one["document_ids"]]


def test_people_staff_and_visits_become_records(fake: FakeJane, tmp_path: Path) -> None:
    fill(fake)
    found = records(source(fake, tmp_path).fetch(None))
    assert [(p.chart_number, p.sex) for p in found if isinstance(p, Patient)] == [
        ("1001", "female")
    ]
    assert [c.credentials for c in found if isinstance(c, Clinician)] == ["RPT"]
    visits = sorted((v for v in found if isinstance(v, Visit)), key=lambda v: v.starts_at)
    states = [visit.status for visit in visits]
    assert states == ["attended", "no_show", "attended", "attended", "scheduled", "scheduled"]
    assert [visit.visit_type for visit in visits][:2] == ["evaluation", "treatment"]


@pytest.mark.parametrize("cursor", [None, "", 7, "MA=="])
def test_a_page_that_promises_more_and_does_not_say_where_is_not_the_last(
    fake: FakeJane, tmp_path: Path, cursor: Any
) -> None:
    """Taken for the last, it would lose the others: the next poll asks for what changed since."""
    fill(fake)
    page = fake.reply

    def more(request: Any) -> Any:
        made = page(request)
        if "items" in made.content:
            made.content.update(hasNextPage=True, cursor=cursor)
        return made

    fake.reply = more  # type: ignore[method-assign]
    document = replace(DestinationContract.document, patient=PERSON)
    for ask in (
        lambda: list(source(fake, tmp_path).fetch(None)),
        lambda: destination(fake, tmp_path).deliver(document),
    ):
        with pytest.raises(RetryLater) as garbage:
            ask()
        assert garbage.value.code == "garbage_answer"
    assert not fake.observations


def test_a_record_that_changes_while_pages_are_read_hides_no_other(
    fake: FakeJane, tmp_path: Path
) -> None:
    for number in range(1, 6):
        fake.put("patients", uuid(number), first_name="Ana", patient_number=str(number))
    fake.now.now += timedelta(hours=1)  # type: ignore[attr-defined]
    read = source(fake, tmp_path, page_size=2, lists=["patients"]).fetch(None)
    pages = [next(read)]
    fake.put("patients", uuid(1), first_name="Ana", patient_number="1")
    pages += read
    given = {row.data["id"] for page in pages for batch in page.batches for row in batch.rows}
    assert given == {uuid(number) for number in range(1, 6)}


def test_numbers_and_addresses_of_people_are_not_taken(fake: FakeJane, tmp_path: Path) -> None:
    fill(fake)
    assert "example.org" not in repr(list(source(fake, tmp_path).fetch(None)))


def test_what_changed_is_asked_for_since_the_last_reading(fake: FakeJane, tmp_path: Path) -> None:
    fill(fake)
    pages = list(source(fake, tmp_path).fetch(None))
    cursor = next(page.cursor for page in reversed(pages) if page.cursor)
    fake.now.now += timedelta(hours=1)  # type: ignore[attr-defined]
    fake.put("appointments", uuid(104), start_at=NOW.isoformat(), patient_id=uuid(1),
             state="cancelled", cancelled_reason="told us about a diagnosis")  # fmt: skip
    pages = list(source(fake, tmp_path).fetch(cursor))
    [visit] = records(pages)
    assert visit.status == "client_cancel"
    asked = [r for r in fake.requests if r.path.endswith("/appointments")]
    assert asked[-1].get("updated_at[gte]") == "2026-11-20T14:55:00Z"
    assert "diagnosis" not in repr(pages)


def test_an_archived_appointment_takes_its_visit_back(fake: FakeJane, tmp_path: Path) -> None:
    fill(fake)
    fake.put("appointments", uuid(105), start_at=NOW.isoformat(), patient_id=uuid(1),
             staff_member_id=uuid(7), state="archived")  # fmt: skip
    found = records(source(fake, tmp_path).fetch(None))
    assert [visit.deleted for visit in found if isinstance(visit, Visit)].count(True) == 1


def test_the_limit_of_one_address_is_kept(
    fake: FakeJane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.jane.account._BUDGET_SECONDS", 0.5)  # no waiting within a test
    fill(fake)
    fake._asked["patients"] = [NOW] * 100
    with pytest.raises(RetryLater) as caught:
        list(source(fake, tmp_path, lists=["patients"]).fetch(None))
    assert caught.value.code == "busy" and caught.value.until == NOW + timedelta(seconds=60)
    assert list(source(fake, tmp_path, lists=["appointments"]).fetch(None))


def test_each_refresh_token_is_used_once_and_kept_for_the_next_process(
    fake: FakeJane, tmp_path: Path
) -> None:
    fill(fake)
    for _ in range(3):
        list(source(fake, tmp_path, lists=["patients"]).fetch(None))
    file = tmp_path / "jane-refresh"
    assert file.read_text() == fake.refresh == "made-up-refresh-3"
    assert file.stat().st_mode & 0o077 == 0


def test_a_lapsed_refresh_token_says_that_a_person_must_sign_in(
    fake: FakeJane, tmp_path: Path
) -> None:
    fake.refresh = "another"
    with pytest.raises(ConfigurationError) as caught:
        list(source(fake, tmp_path).fetch(None))
    assert caught.value.code == "token_refused" and "sign in again" in caught.value.message
    assert FIRST_REFRESH not in str(caught.value)


def test_an_event_has_the_appointment_fetched(fake: FakeJane, tmp_path: Path) -> None:
    fill(fake)
    body, headers = fake.event("APPOINTMENT_BOOKED", uuid(104))
    page = webhook(tmp_path).receive(Posted(headers, body, NOW))
    [visit] = records(source(fake, tmp_path).noticed(page.notices))
    assert visit.status == "scheduled"


def test_an_event_about_an_appointment_that_is_gone_takes_it_back(
    fake: FakeJane, tmp_path: Path
) -> None:
    body, headers = fake.event("APPOINTMENT_CANCELLED", uuid(404))
    page = webhook(tmp_path).receive(Posted(headers, body, NOW))
    [answer] = source(fake, tmp_path).noticed(page.notices)
    assert answer.batches[0].rows[0].deleted and answer.answers == page.notices


def test_the_same_event_again_is_the_same_page_and_others_are_others(
    fake: FakeJane, tmp_path: Path
) -> None:
    hook, keys = webhook(tmp_path), set()
    for number in (1, 1, 2):
        body, headers = fake.event("APPOINTMENT_RESCHEDULED", uuid(104), number)
        keys.add(hook.receive(Posted(headers, body, NOW)).batches[0].key)
    assert len(keys) == 2


def test_forged_events_are_refused(fake: FakeJane, tmp_path: Path) -> None:
    body, headers = fake.event("APPOINTMENT_BOOKED", uuid(104))
    hook = webhook(tmp_path)
    other = signed(body, NOW, "another-secret-of-enough-length")
    for posted in (
        Posted(headers, body.replace(b"BOOKED", b"CANCELLED"), NOW),
        Posted({}, body, NOW),
        Posted(other, body, NOW),
    ):
        with pytest.raises(NotAuthentic):
            hook.receive(posted)


@pytest.mark.parametrize("topic", ["PATIENT_CREATED", ""])
def test_an_event_that_jane_does_not_have_is_refused(
    fake: FakeJane, tmp_path: Path, topic: str
) -> None:
    body, headers = fake.event(topic, uuid(104))
    with pytest.raises(InvalidRecord):
        webhook(tmp_path).receive(Posted(headers, body, NOW))


def test_a_file_over_janes_limit_is_not_sent(
    fake: FakeJane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.jane.destination.MOST_BYTES", 3)
    given = Outgoing("key-1", "p-1/r.pdf", "application/pdf", b"%PDF", patient=PERSON)
    with pytest.raises(Rejected) as caught:
        destination(fake, tmp_path).deliver(given)
    assert caught.value.code == "too_large" and not fake.documents
