"""SPRY PT's adapter against its stand-in: envelope, calendars, cases, events, two-step filing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.spry import ADAPTER
from adapters.spry.fake import (
    BUCKET,
    CLIENT_ID,
    CLIENT_SECRET,
    ORGANISATION,
    SIGNATURE_KEY,
    FakeSpry,
    fill,
    signed,
)
from connector.errors import (
    ConfigurationError,
    InvalidRecord,
    NotAuthentic,
    Rejected,
    RetryLater,
)
from connector.mapping.apply import MappingContext, apply
from connector.mapping.load import load_mapping
from connector.ports import AdapterContext, FetchesNotices, Outgoing, PatientReference, Posted
from connector.record_ids import RecordIds
from connector.records import Authorization, Contact, Diagnosis, Episode, Visit
from connector.resources import Resources
from connector.testing import DestinationContract, SourceContract

CASE = "SPRY_CASE_694937120fde6014d5956f69"
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
SPEC = load_mapping("spry", Resources())


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPRY_SECRET", CLIENT_SECRET)
    monkeypatch.setenv("SPRY_KEY", SIGNATURE_KEY)


@pytest.fixture
def fake() -> Iterator[FakeSpry]:
    made = FakeSpry(lambda: NOW)
    with made.serving():
        yield made


def options(fake: FakeSpry, **more: Any) -> dict[str, Any]:
    return {
        "trial_url": fake.url, "client_id": CLIENT_ID, "client_secret": {"env": "SPRY_SECRET"},
        **more,
    }  # fmt: skip


def source(fake: FakeSpry, folder: Path) -> Any:
    assert ADAPTER.source is not None and ADAPTER.source_settings is not None
    given = options(
        fake, organisation=ORGANISATION, calendars=[{"doctor": 239, "clinic": 18}],
        webhook={"secret": {"env": "SPRY_KEY"}},
    )  # fmt: skip
    settings = ADAPTER.source_settings.model_validate(given)
    return ADAPTER.source(settings, AdapterContext("spry", folder, now=lambda: NOW))


def webhook(folder: Path, name: str = "spry") -> Any:
    assert ADAPTER.webhook is not None and ADAPTER.source_settings is not None
    given = {
        "client_id": "c", "client_secret": {"env": "SPRY_SECRET"}, "organisation": 1,
        "calendars": [{"doctor": 1, "clinic": 1}], "webhook": {"secret": {"env": "SPRY_KEY"}},
    }  # fmt: skip
    settings = ADAPTER.source_settings.model_validate(given)
    return ADAPTER.webhook(settings, AdapterContext(name, folder))


def destination(fake: FakeSpry, folder: Path) -> Any:
    assert ADAPTER.destination is not None and ADAPTER.destination_settings is not None
    given = options(fake, patient_source="spry", bucket=BUCKET, file_links="public")
    settings = ADAPTER.destination_settings.model_validate(given)
    return ADAPTER.destination(settings, AdapterContext("chart", folder))


def records(pages: Any) -> list[Any]:
    ids = RecordIds(b"k" * 32, "riverside")
    context = MappingContext("spry", ids, "America/New_York", {})
    found = []
    for page in pages:
        for batch in page.batches:
            if batch.table == "notice":
                continue
            result = apply(SPEC, batch, context)
            assert not result.errors, [error.sentence() for error in result.errors]
            found += [*result.records]
    return found


def outgoing(key: str = "key-1") -> Outgoing:
    return Outgoing(
        key, "p-1/report.pdf", "application/pdf", b"%PDF one", {"kind": "therapist"},
        patient=PatientReference("spry", "1001", "1001"),
    )  # fmt: skip


class Serving:
    @pytest.fixture(autouse=True)
    def _fake(self, fake: FakeSpry) -> None:
        self.fake = fake


class TestSpryKeepsTheSourceContract(Serving, SourceContract):
    def deliver_two(self, folder: Path) -> None:
        fill(self.fake)

    def deliver_broken(self, folder: Path) -> None:
        self.fake.appointments["broken"] = ["no object"]

    def open(self, folder: Path) -> Any:
        return source(self.fake, folder)


class TestSpryKeepsTheDestinationContract(Serving, DestinationContract):
    document = replace(
        DestinationContract.document, patient=PatientReference("spry", "1001", "1001")
    )

    def open(self, folder: Path) -> Any:
        return destination(self.fake, folder)

    def effects(self, folder: Path) -> list[bytes]:
        names = [one["document_url"].partition(f"{BUCKET}/")[2] for one in self.fake.documents]
        return [self.fake.storage[name] for name in names]


def test_people_visits_and_authorizations_become_records(fake: FakeSpry, tmp_path: Path) -> None:
    fill(fake)
    found = records(source(fake, tmp_path).fetch(None))
    visits = [one for one in found if isinstance(one, Visit)]
    assert [v.status for v in visits] == ["attended"] * 2 + ["scheduled"] * 2
    assert {v.telehealth for v in visits} == {None}
    [granted] = [one for one in found if isinstance(one, Authorization)]
    assert (granted.payer, granted.authorized, granted.used_reported) == ("Sample Mutual", 20, 5)
    assert granted.number == "AUTH-2026-001" and str(granted.ends_on) == "2026-12-31"


def test_more_pages_than_one_are_read(
    fake: FakeSpry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(fake)
    monkeypatch.setattr("adapters.spry.source.PAGE_SIZE", 2)
    pages = list(source(fake, tmp_path).fetch(None))
    rows = [r for p in pages for b in p.batches if b.table == "appointments" for r in b.rows]
    assert len(rows) == 4 and fake.asked("calendar/events") == 2


def test_a_full_page_is_not_the_last_where_it_is_not_told_how_many_there_are(
    fake: FakeSpry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(fake)
    monkeypatch.setattr("adapters.spry.source.PAGE_SIZE", 3)
    reply = fake.reply

    def silent(request: Any) -> Any:
        made = reply(request)
        if request.path.endswith("calendar/events"):
            made.content["data"].pop("pages")
        return made

    fake.reply = silent  # type: ignore[method-assign]
    pages = list(source(fake, tmp_path).fetch(None))
    rows = [r for p in pages for b in p.batches if b.table == "appointments" for r in b.rows]
    assert len(rows) == 4 and fake.asked("calendar/events") == 2


def test_a_case_that_an_event_names_is_fetched_whole(fake: FakeSpry, tmp_path: Path) -> None:
    fill(fake)
    body, headers = fake.event("case.updated", spry_case_id=CASE, patient_id=1001)
    page = webhook(tmp_path).receive(Posted(headers, body, NOW))
    opened = source(fake, tmp_path)
    assert isinstance(opened, FetchesNotices)
    found = records(opened.noticed(page.notices))
    kinds = {type(one) for one in found}
    assert {Episode, Diagnosis, Contact, Authorization} <= kinds
    [referrer] = [one for one in found if isinstance(one, Contact)]
    assert (referrer.name, referrer.fax) == ("Mara Example", "5550100101")


def test_the_same_authorization_is_one_record_from_both_lists(
    fake: FakeSpry, tmp_path: Path
) -> None:
    fill(fake)
    opened = source(fake, tmp_path)
    polled = records(opened.fetch(None))
    told = records(opened.noticed([f"cases/{CASE}/0123456789ab"]))
    ids = {one.id for one in [*polled, *told] if isinstance(one, Authorization)}
    assert len(ids) == 1


def test_a_case_that_is_refused_becomes_a_fault_and_answers_its_notice(
    fake: FakeSpry, tmp_path: Path
) -> None:
    [page] = source(fake, tmp_path).noticed(["cases/SPRY_CASE_0/0123456789ab"])
    assert [fault.error.code for fault in page.faults] == ["notice_refused"]
    assert page.answers == ("cases/SPRY_CASE_0/0123456789ab",)
    assert "Ana" not in str(page.faults[0].error)


def test_an_error_code_on_status_200_stops_that_list_alone(fake: FakeSpry, tmp_path: Path) -> None:
    fill(fake)
    fake.error_codes = [2999]
    opened, pages = source(fake, tmp_path), []
    with pytest.raises(ConfigurationError) as caught:
        for page in opened.fetch(None):
            pages.append(page)
    assert caught.value.code == "list_refused" and "2999" in str(caught.value)
    assert "Ana" not in str(caught.value)
    assert [b.table for p in pages for b in p.batches] == ["authorizations"]


def test_an_answer_without_envelope_is_tried_again(fake: FakeSpry, tmp_path: Path) -> None:
    opened = destination(fake, tmp_path)
    opened.find(outgoing())  # has a token now
    fake.broken = [200]
    with pytest.raises(RetryLater) as caught:
        opened.find(outgoing())
    assert caught.value.code == "garbage_answer"


@pytest.mark.parametrize("kind", ["appointment.created", "appointment.updated", "patient.updated"])
def test_an_event_about_a_visit_or_person_has_the_calendars_read(
    fake: FakeSpry, tmp_path: Path, kind: str
) -> None:
    body, headers = fake.event(kind, appointment_id=5001, patient_id=1001)
    page = webhook(tmp_path).receive(Posted(headers, body, NOW))
    assert [notice.startswith("catch up ") for notice in page.notices] == [True]
    assert [batch.table for batch in page.batches] == ["notice"]


def test_a_cancelled_appointment_is_taken_back(fake: FakeSpry, tmp_path: Path) -> None:
    body, headers = fake.event("appointment.cancelled", appointment_id=5001, patient_id=1001)
    page = webhook(tmp_path).receive(Posted(headers, body, NOW))
    [_, gone] = page.batches
    assert gone.table == "appointments" and gone.rows[0].deleted
    assert dict(gone.rows[0].data) == {"appointment_id": "5001"}


def _older(body: bytes, headers: dict[str, str]) -> Posted:
    return Posted(headers, body, NOW + timedelta(seconds=301))


def _changed(body: bytes, headers: dict[str, str]) -> Posted:
    return Posted(headers, body.replace(b"5001", b"5002"), NOW)


def _other_key(body: bytes, headers: dict[str, str]) -> Posted:
    return Posted(signed(body, int(NOW.timestamp()), "another-key-of-enough-length"), body, NOW)


@pytest.mark.parametrize("forge", [_older, _changed, _other_key])
def test_forged_and_old_events_are_refused(
    fake: FakeSpry, tmp_path: Path, forge: Callable[[bytes, dict[str, str]], Posted]
) -> None:
    body, headers = fake.event("appointment.updated", appointment_id=5001)
    with pytest.raises(NotAuthentic):
        webhook(tmp_path).receive(forge(body, headers))


def test_another_payload_version_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    body = b'{"event_type": "case.updated", "api_version": "2027-01-01", "data": {}}'
    posted = Posted(signed(body, int(NOW.timestamp())), body, NOW)
    with pytest.raises(InvalidRecord) as caught:
        webhook(tmp_path).receive(posted)
    assert caught.value.code == "wrong_event_version"


def test_links_name_nobody_and_the_patient_is_not_in_them(fake: FakeSpry, tmp_path: Path) -> None:
    destination(fake, tmp_path).deliver(outgoing())
    [document] = fake.documents
    assert "1001" not in document["document_url"] and document["patient_id"] == 1001


def test_a_crash_between_the_steps_files_once(fake: FakeSpry, tmp_path: Path) -> None:
    opened = destination(fake, tmp_path)
    opened.find(outgoing())  # has a token now
    fake.error_codes = [2000, 2000, 2999]  # 2000: as usual
    with pytest.raises(Rejected):
        opened.deliver(outgoing())
    assert fake.storage and not fake.documents
    opened.deliver(outgoing())
    assert opened.find(outgoing()) is not None and len(fake.documents) == 1


def test_an_error_code_at_the_upload_is_a_refusal(fake: FakeSpry, tmp_path: Path) -> None:
    fake.error_codes = [2999]
    with pytest.raises(Rejected) as caught:
        destination(fake, tmp_path).deliver(outgoing())
    assert caught.value.code == "refused" and "Ana" not in str(caught.value)


def test_public_links_must_be_agreed_to(fake: FakeSpry) -> None:
    assert ADAPTER.destination_settings is not None
    given = options(fake, patient_source="spry", bucket=BUCKET)
    with pytest.raises(ValueError, match="file_links"):
        ADAPTER.destination_settings.model_validate(given)
