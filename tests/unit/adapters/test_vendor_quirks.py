"""What is odd about each vendor, shown by its fake, and what the adapter makes of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import cliniko, healthie, intakeq
from adapters.cliniko.fake import FakeCliniko
from adapters.cliniko.sample import fill as fill_cliniko
from adapters.healthie.fake import MOST_COMPLEX, FakeHealthie
from adapters.healthie.queries import QUESTIONS
from adapters.healthie.sample import fill as fill_healthie
from adapters.intakeq.fake import FakeIntakeq
from adapters.intakeq.sample import fill as fill_intakeq
from connector.budget import Budget, Quotas
from connector.errors import ConfigurationError, InvalidRecord, NotAuthentic, Rejected, RetryLater
from connector.fakes.server import Reply
from connector.http import Http
from connector.mapping.apply import MappingContext, apply
from connector.mapping.load import load_mapping
from connector.ports import AdapterContext, Outgoing, PatientReference, Posted
from connector.record_ids import RecordIds
from connector.records import Assessment, Authorization, Patient, Visit
from connector.registry import load_instruments
from connector.resources import Resources

NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
EXTRA = {"cliniko": {"shard": "au1", "contact": "office@practice.example"}}
KEYS = {"cliniko": "made-up-key-for-trials-au1"}
ALL = [
    (cliniko.ADAPTER, FakeCliniko, fill_cliniko),
    (intakeq.ADAPTER, FakeIntakeq, fill_intakeq),
    (healthie.ADAPTER, FakeHealthie, fill_healthie),
]


JSON = st.dictionaries(st.text(max_size=12), st.none() | st.integers() | st.text()).map(
    lambda event: json.dumps(event).encode()
)


class Clock:
    def __init__(self):
        self.at = NOW

    def __call__(self):
        return self.at


@pytest.fixture
def clock(monkeypatch):
    """The fakes' clock and ours; waiting makes it go on, and takes no time."""
    clock = Clock()

    def sleep(seconds):
        clock.at += timedelta(seconds=seconds)

    monkeypatch.setitem(Http.__init__.__kwdefaults__, "sleep", sleep)
    return clock


class Place:
    """A fake that serves, and the vendor's source and destination over it."""

    def __init__(self, adapter, fake, folder, clock, budget=None):
        self.adapter, self.fake, self.clock = adapter, fake, clock
        self.quotas = Quotas(clock)
        self.quotas.set("ehr", budget)
        (folder / "key").write_text(KEYS.get(adapter.name, "made-up-key-for-trials"))
        (folder / "key").chmod(0o600)
        self.given = {
            "trial_url": fake.url, "api_key": {"file": "key"}, **EXTRA.get(adapter.name, {}),
        }  # fmt: skip
        self.context = AdapterContext("ehr", folder, now=clock, quota_of=self.quotas.of)

    def source(self, **options):
        settings = self.adapter.source_settings.model_validate({**self.given, **options})
        return self.adapter.source(settings, self.context)

    def destination(self, **options):
        given = {**self.given, "patient_source": "ehr", **options}
        return self.adapter.destination(
            self.adapter.destination_settings.model_validate(given), self.context
        )


@pytest.fixture
def at(tmp_path, clock):
    stack = []

    def make(adapter, fake_type, *, limits=False, budget=None):
        fake = fake_type(clock)
        if not limits:
            fake.per_minute = fake.per_day = None
        fake.start()
        stack.append(fake)
        return Place(adapter, fake, tmp_path, clock, budget)

    yield make
    for fake in stack:
        fake.stop()


def everything(source, cursor=None):
    batches = []
    for page in source.fetch(cursor):
        batches += page.batches
        cursor = page.cursor or cursor
    return batches, cursor


def through(place, clock):
    """Everything, polled again whenever the budget opens; and how often that was."""
    batches, cursor, stops = [], None, 0
    while True:
        try:
            for page in place.source().fetch(cursor):
                batches += page.batches
                cursor = page.cursor or cursor
        except RetryLater as fault:
            assert fault.code in ("budget_spent", "busy")
            clock.at, stops = fault.until, stops + 1
            assert stops < 9
        else:
            return batches, stops


def mapped(name, batches):
    resources = Resources()
    instruments = load_instruments(resources)
    spec = load_mapping(name, resources)
    context = MappingContext("ehr", RecordIds(b"key", "p"), "America/New_York", instruments)
    results = [apply(spec, batch, context) for batch in batches]
    assert [error.error.sentence() for result in results for error in result.errors] == []
    return [record for result in results for record in result.records]


REPORT = Outgoing(
    "key-1", "p-1/report.pdf", "application/pdf", b"%PDF-1.7 one", {"kind": "therapist"},
    PatientReference("ehr", "1001", "CH-1001"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("adapter", "fake_type", "fill"), ALL, ids=lambda v: getattr(v, "name", "")
)
def test_the_same_people_come_out_of_every_system(at, adapter, fake_type, fill):
    place = at(adapter, fake_type)
    fill(place.fake, NOW)
    records = mapped(adapter.name, everything(place.source())[0])
    patients = {r.chart_number: r for r in records if isinstance(r, Patient)}
    people = {
        number: (one.given_name, one.birth_date.isoformat(), one.sex)
        for number, one in patients.items()
    }
    assert people == {
        "CH-1001": ("Ana", "1988-03-14", "female"),
        "CH-1002": ("Ben", "1988-03-14", "male"),
    }
    ana = patients["CH-1001"].id
    forms = sorted(
        (r.taken_at, sum(r.items)) for r in records
        if isinstance(r, Assessment) and r.patient_id == ana
    )  # fmt: skip
    assert [total for _, total in forms] == [16, 8, 0]
    visits = [r.status for r in records if isinstance(r, Visit) and r.patient_id == ana]
    assert sorted(visits) == ["attended"] * 5 + ["no_show"]
    granted = [r.authorized for r in records if isinstance(r, Authorization)]
    assert granted == ([] if adapter.name == "intakeq" else [20, 20])
    assert "synthetic text" not in str(records)


@pytest.mark.parametrize(
    ("adapter", "fake_type", "fill"), ALL, ids=lambda v: getattr(v, "name", "")
)
def test_a_wrong_key_is_told_and_nothing_else_is_asked(at, adapter, fake_type, fill):
    place = at(adapter, fake_type)
    (place.context.home / "key").write_text("another-key-than-that")
    with pytest.raises(ConfigurationError) as caught:
        everything(place.source())
    assert caught.value.code == "not_signed_in"
    assert len(place.fake.requests) <= 2


@pytest.mark.parametrize(
    ("adapter", "fake_type", "fill"), ALL, ids=lambda v: getattr(v, "name", "")
)
def test_credentials_go_to_the_vendor_or_to_this_machine_and_nowhere_else(adapter, fake_type, fill):
    for url in ("https://evil.example", "http://10.0.0.1:80", "http://127.0.0.1.evil.example:80"):
        with pytest.raises(ValueError, match="this machine alone"):
            adapter.source_settings.model_validate(
                {"api_key": {"env": "X"}, "trial_url": url, **EXTRA.get(adapter.name, {})}
            )


@pytest.mark.parametrize(
    ("adapter", "fake_type", "fill"), ALL, ids=lambda v: getattr(v, "name", "")
)
def test_a_patient_of_another_system_is_never_filed(at, adapter, fake_type, fill):
    place = at(adapter, fake_type)
    for person in (
        None,
        PatientReference("csv", "1001", "CH-1001"),
        PatientReference("ehr", "../1", "x"),
    ):
        with pytest.raises(Rejected):
            place.destination().deliver(
                Outgoing("k", "p", "application/pdf", b"x", {"kind": "therapist"}, person)
            )
    assert place.fake.requests == []


class TestIntakeq:
    def test_a_minute_of_the_quota_is_never_broken_and_nothing_is_fetched_twice(self, at, clock):
        place = at(intakeq.ADAPTER, FakeIntakeq, limits=True, budget=Budget(10, 500))
        fill_intakeq(place.fake, NOW)
        batches, stops = through(place, clock)
        assert stops == 1
        assert place.fake.refused == 0
        assert len([r for r in mapped("intakeq", batches) if isinstance(r, Assessment)]) == 6
        assert place.fake.asked(r"/intakes/i-") == 6
        assert place.fake.asked(r"/clients$") == 2, "once for changes, once for what was deleted"

    def test_files_that_come_all_at_once_are_not_counted_page_by_page(self, at, monkeypatch):
        """No page of IntakeQ's says whether the list of a client's files has pages."""
        place = at(intakeq.ADAPTER, FakeIntakeq)
        receipt = place.destination().deliver(REPORT)
        client = place.fake.files[0]["ClientId"]
        place.fake.files += [
            {"Id": f"f{n}", "ClientId": client, "FileName": "scan.pdf"} for n in range(150)
        ]
        given = [{k: v for k, v in one.items() if k != "content"} for one in place.fake.files]
        monkeypatch.setattr(place.fake, "_files", lambda request, parts: Reply(200, given))
        place.fake.requests.clear()
        assert place.destination().find(REPORT) == receipt
        assert len(place.fake.requests) == 2

    def test_a_day_of_the_quota_ends_the_poll_and_the_next_goes_on(self, at, clock):
        place = at(intakeq.ADAPTER, FakeIntakeq, limits=True, budget=Budget(10, 7))
        fill_intakeq(place.fake, NOW)
        batches, days = through(place, clock)
        assert days == 1
        assert place.fake.refused == 0
        forms = [r for r in mapped("intakeq", batches) if isinstance(r, Assessment)]
        assert len(forms) == len({form.id for form in forms}) == 6

    def test_the_silence_that_it_asks_for_is_kept_across_polls(self, at, clock):
        place = at(intakeq.ADAPTER, FakeIntakeq, limits=True)
        place.fake.per_day = 3
        with pytest.raises(RetryLater) as caught:
            everything(place.source())
        assert caught.value.until - clock.at > timedelta(hours=23)
        asked = len(place.fake.requests)
        with pytest.raises(RetryLater):
            everything(place.source())
        assert len(place.fake.requests) == asked
        clock.at += timedelta(days=1)
        with pytest.raises(RetryLater):
            everything(place.source())
        assert len(place.fake.requests) > asked

    def test_a_quiet_poll_asks_each_list_once_and_fetches_no_form(self, at, clock):
        place = at(intakeq.ADAPTER, FakeIntakeq)
        fill_intakeq(place.fake, NOW)
        _, cursor = everything(place.source())
        place.fake.requests.clear()
        clock.at += timedelta(minutes=15)
        batches, _ = everything(place.source(), cursor)
        assert batches == []
        assert [r.path.removeprefix("/api/v1/") for r in place.fake.requests] == [
            "clients", "appointments", "intakes/summary", "notes/summary",
        ]  # fmt: skip

    def test_what_is_deleted_is_asked_for_once_a_day(self, at, clock):
        place = at(intakeq.ADAPTER, FakeIntakeq)
        fill_intakeq(place.fake, NOW)
        _, cursor = everything(place.source())
        place.fake.delete("appointments", "a-1001-0")
        assert everything(place.source(), cursor)[0] == []
        clock.at += timedelta(days=1)
        batches, _ = everything(place.source(), cursor)
        gone = [row for batch in batches for row in batch.rows if row.deleted]
        assert [row.data["Id"] for row in gone] == ["a-1001-0"]

    def test_a_blank_answer_stays_in_its_place(self, at):
        from adapters.intakeq.sample import matrix, millis

        place = at(intakeq.ADAPTER, FakeIntakeq)
        place.fake.put(
            "intakes", "i-1", ClientId="1001", QuestionnaireName="phq-9", Status="Completed",
            DateSubmitted=millis(NOW), Questions=[matrix([1, None, 0, 1, 1, 1, 1, 1, 3])],
        )  # fmt: skip
        [form] = mapped("intakeq", everything(place.source())[0])
        assert form.items is not None
        assert form.items[1] is None
        assert form.items[8] == 3

    def hook(self, place, folder):
        (folder / "end").write_text("aSecretEndOfTheAddress01")
        (folder / "end").chmod(0o600)
        options = intakeq.ADAPTER.source_settings.model_validate(
            {**place.given, "webhook": {"secret": {"file": "end"}}}
        )
        return intakeq.ADAPTER.webhook(options, place.context)

    def test_an_unsigned_event_is_only_a_hint_and_what_it_says_is_not_kept(self, at, tmp_path):
        place = at(intakeq.ADAPTER, FakeIntakeq)
        fill_intakeq(place.fake, NOW)
        hook = self.hook(place, tmp_path)
        body = place.fake.event("AppointmentMissed", "a-1001-2")
        for secret in ("", "aSecretEndOfTheAddress02", "é\udcff"):
            with pytest.raises(NotAuthentic):
                hook.receive(Posted({}, body, NOW, secret))
        page = hook.receive(Posted({}, body, NOW, "aSecretEndOfTheAddress01"))
        assert "Dana" not in str(page)
        [answer] = place.source().noticed(page.notices)
        assert answer.answers == page.notices
        assert answer.batches[0].rows[0].data["Status"] == "Missed"
        # an event about nothing that exists takes back what is not there, and no more
        lie = hook.receive(
            Posted(
                {}, place.fake.event("AppointmentMissed", "a-9"), NOW, "aSecretEndOfTheAddress01"
            )
        )
        [gone] = place.source().noticed(lie.notices)
        assert gone.batches[0].rows[0].deleted

    @given(body=st.binary(max_size=60) | JSON)
    @settings(max_examples=60, deadline=None)
    def test_any_body_is_taken_or_refused(self, tmp_path_factory, body):
        from adapters.intakeq.events import read_event
        from connector.polling.notice import SecretAddress, ThinWebhook

        hook = ThinWebhook("ehr", SecretAddress((b"x" * 16,)), read_event, signed=False)
        with pytest.raises(InvalidRecord):
            hook.receive(Posted({}, body, NOW, "x" * 16))


class TestCliniko:
    def test_without_a_contact_it_answers_nothing(self, at):
        place = at(cliniko.ADAPTER, FakeCliniko)
        fill_cliniko(place.fake, NOW)
        everything(place.source())
        assert {r.headers["user-agent"].partition("(")[2] for r in place.fake.requests} == {
            "office@practice.example)"
        }

    def test_three_steps_and_the_key_does_not_go_to_the_storage(self, at):
        place = at(cliniko.ADAPTER, FakeCliniko)
        receipt = place.destination().deliver(REPORT)
        steps = [(r.method, r.path) for r in place.fake.requests]
        assert steps == [
            ("GET", "/v1/patient_attachments"),
            ("GET", "/v1/patients/1001/attachment_presigned_post"),
            ("POST", "/s3"),
            ("POST", "/v1/patient_attachments"),
            ("GET", "/v1/patient_attachments/9000"),
        ]
        assert "authorization" not in place.fake.requests[2].headers
        assert receipt.reference == "patient_attachments/9000"
        assert "1001" not in place.fake.attachments["9000"]["description"]

    def test_a_file_that_is_still_processed_is_not_sent_again(self, at):
        place = at(cliniko.ADAPTER, FakeCliniko)
        place.fake.slow_files = 3
        for _ in range(2):
            with pytest.raises(RetryLater) as caught:
                place.destination().deliver(REPORT)
            assert caught.value.code == "still_processing"
            assert place.destination().find(REPORT) is None or place.fake.slow_files == 3
        assert place.destination().deliver(REPORT).reference == "patient_attachments/9000"
        assert len(place.fake.storage) == 1

    def test_a_storage_that_is_not_the_vendors_gets_nothing(self, at, monkeypatch):
        place = at(cliniko.ADAPTER, FakeCliniko)
        target = place.destination()
        for url in (
            "https://evil.example/s3",
            "http://s3.amazonaws.com/x",
            "https://s3.amazonaws.com.evil.example/",
        ):
            with pytest.raises(ConfigurationError) as caught:
                target._storage(url)
            assert caught.value.code == "storage_refused"
        assert target._storage("https://cliniko.s3.ap-southeast-2.amazonaws.com/up")[1] == "/up"

    def test_what_is_archived_cancelled_or_deleted_comes_from_lists_of_its_own(self, at, clock):
        place = at(cliniko.ADAPTER, FakeCliniko)
        fill_cliniko(place.fake, NOW)
        _, cursor = everything(place.source())
        clock.at += timedelta(days=1, seconds=1)
        stamp = f"{clock.at:%Y-%m-%dT%H:%M:%SZ}"
        for own_id, mark in (("10010", "deleted_at"), ("10011", "cancelled_at")):
            known = place.fake.held["individual_appointments"][own_id]
            place.fake.put(
                "individual_appointments", own_id, **{**known, mark: stamp, "updated_at": stamp}
            )
        known = place.fake.held["patients"]["1002"]
        place.fake.put("patients", "1002", **{**known, "archived_at": stamp, "updated_at": stamp})
        batches, _ = everything(place.source(), cursor)
        gone = [row.data["id"] for batch in batches for row in batch.rows if row.deleted]
        assert gone == ["10010"]
        found = {r.provenance.source_id: r for r in mapped("cliniko", batches)}
        assert found["10011"].status == "client_cancel"
        assert found["1002"].status == "inactive"

    def test_a_limit_that_is_reached_is_kept_until_it_opens(self, at, clock):
        place = at(cliniko.ADAPTER, FakeCliniko, limits=True)
        place.fake.per_minute = 7
        with pytest.raises(RetryLater) as caught:
            everything(place.source())
        assert timedelta(seconds=59) <= caught.value.until - clock.at < timedelta(seconds=65)
        place.fake.requests.clear()
        clock.at += timedelta(seconds=61)
        assert through(place, clock)[1] == 1
        paths = [(r.path, tuple(r.query)) for r in place.fake.requests]
        assert len(paths) == len(set(paths)) + 1, "only the one that was refused is asked again"

    def test_what_is_gone_is_found_though_its_time_of_change_is_old(self, at, clock):
        """In Cliniko's own examples, archiving and deleting leave ``updated_at`` as it was."""
        place = at(cliniko.ADAPTER, FakeCliniko)
        fill_cliniko(place.fake, NOW)
        _, cursor = everything(place.source())
        clock.at += timedelta(days=1, seconds=1)
        stamp = f"{clock.at:%Y-%m-%dT%H:%M:%SZ}"
        for table, own_id, mark in (
            ("patients", "1001", "deleted_at"), ("patients", "1002", "archived_at"),
            ("treatment_notes", "410011", "deleted_at"), ("patient_forms", "310010", "archived_at"),
        ):  # fmt: skip
            place.fake.held[table][own_id][mark] = stamp
        batches, cursor = everything(place.source(), cursor)
        rows = [(batch.table, row) for batch in batches for row in batch.rows]
        assert {(table, row.data["id"]) for table, row in rows if row.deleted} == {
            ("patients", "1001"), ("treatment_notes", "410011"), ("patient_forms", "310010")
        }  # fmt: skip
        assert not [row.fault for _, row in rows if row.fault]
        [archived] = [r for r in mapped("cliniko", batches) if r.provenance.source_id == "1002"]
        assert archived.status == "inactive"
        clock.at += timedelta(days=1, seconds=1)
        batches, _ = everything(place.source(), cursor)
        assert not [row for batch in batches for row in batch.rows], "each is told once"

    def test_forms_that_are_not_archived_are_never_taken_for_archived(self, at, monkeypatch):
        place = at(cliniko.ADAPTER, FakeCliniko)
        fill_cliniko(place.fake, NOW)
        listed = place.fake._list

        def all_of_them(request, table, aside):
            query = [pair for pair in request.query if "archived_at" not in pair[1]]
            return listed(replace(request, query=query), table, aside)

        monkeypatch.setattr(place.fake, "_list", all_of_them)
        batches, _ = everything(place.source())
        forms = [row for batch in batches for row in batch.rows if batch.table == "patient_forms"]
        assert forms and not [row for row in forms if row.deleted]

    def test_a_page_without_links_is_not_taken_for_the_last(self, at):
        place = at(cliniko.ADAPTER, FakeCliniko)
        fill_cliniko(place.fake, NOW)
        page = place.fake._page

        def without_links(request, table, held):
            made = page(request, table, held)
            made.content.pop("links")
            return made

        place.fake._page = without_links
        for ask in (lambda: everything(place.source()), lambda: place.destination().find(REPORT)):
            with pytest.raises(RetryLater) as caught:
                ask()
            assert caught.value.code == "garbage_answer"

    def test_the_plan_counts_what_is_asked_for(self):
        options = {"api_key": {"env": "KEY"}, **EXTRA["cliniko"]}
        for lists, often, daily in ((None, 7, 6), (["practitioners"], 1, 0)):
            given = options if lists is None else {**options, "lists": lists}
            calls = cliniko.ADAPTER.calls(cliniko.ADAPTER.source_settings.model_validate(given))
            assert (sum(c.per_poll for c in calls), sum(c.per_day for c in calls)) == (often, daily)


class TestHealthie:
    def test_each_question_costs_no_more_than_it_may(self, at):
        place = at(healthie.ADAPTER, FakeHealthie)
        fill_healthie(place.fake, NOW)
        everything(place.source())
        assert len(place.fake.costs) == len(QUESTIONS)
        assert max(place.fake.costs) <= MOST_COMPLEX

    @pytest.mark.parametrize(
        ("said", "code", "shown"),
        [
            ("Query has complexity of 9000, which exceeds max of 2000", "query_too_costly", ""),
            ("Field doesn't accept argument 'updated_since' for Ana", "query_refused", "_since"),
            ("You are not authorized to see Ana Sample", "not_allowed", ""),
        ],
    )  # fmt: skip
    def test_errors_that_come_with_200_are_told_apart_and_not_quoted(
        self, at, monkeypatch, said, code, shown
    ):
        from connector.fakes.server import Reply

        place = at(healthie.ADAPTER, FakeHealthie)
        monkeypatch.setattr(
            place.fake, "reply", lambda request: Reply(200, {"errors": [{"message": said}]})
        )
        with pytest.raises(ConfigurationError) as caught:
            everything(place.source())
        assert caught.value.code == code
        assert shown in str(caught.value)
        assert "Ana" not in str(caught.value)

    def test_a_notice_of_something_deleted_takes_it_back(self, at):
        place = at(healthie.ADAPTER, FakeHealthie)
        fill_healthie(place.fake, NOW)
        notices = ["appointments/10010/0123456789ab", "appointments/gone/0123456789ab"]
        found, gone = place.source().noticed(notices)
        assert found.batches[0].rows[0].data["pm_status"] == "Occurred"
        assert gone.batches[0].rows[0].deleted
        assert gone.batches[0].rows[0].data == {"id": "gone"}

    def test_an_event_of_no_interest_is_acknowledged_and_fetches_nothing(self, at, tmp_path):
        url = "https://connector.example/webhooks/ehr"
        place = at(healthie.ADAPTER, FakeHealthie)
        (tmp_path / "secret").write_text("made-up-webhook-secret-for-trials")
        (tmp_path / "secret").chmod(0o600)
        webhook = {"secret": {"file": "secret"}, "public_url": url}
        options = healthie.ADAPTER.source_settings.model_validate(
            {**place.given, "webhook": webhook}
        )
        hook = healthie.ADAPTER.webhook(options, place.context)
        headers, body = place.fake.event("Message", "77", "message.created", url=url)
        page = hook.receive(Posted(headers, body, NOW))
        assert page.notices == ()
        headers, body = place.fake.event("Appointment", "77", "appointment.updated", url=url)
        assert len(hook.receive(Posted(headers, body, NOW)).notices) == 1
        with pytest.raises(NotAuthentic):
            hook.receive(Posted(headers, body, NOW + timedelta(seconds=301)))

    def test_the_hook_is_switched_off_after_three_days_without_an_answer(self, at, clock):
        place = at(healthie.ADAPTER, FakeHealthie)
        place.fake.answered(503)
        clock.at += timedelta(days=2)
        place.fake.answered(503)
        assert place.fake.hook_on
        clock.at += timedelta(days=1)
        place.fake.answered(503)
        assert not place.fake.hook_on

    def test_only_reports_for_clients_are_shared_and_only_if_so_wanted(self, at):
        place = at(healthie.ADAPTER, FakeHealthie)
        fill_healthie(place.fake, NOW)
        patient = Outgoing(
            "key-2", "p", "application/pdf", b"two", {"kind": "patient"}, REPORT.patient
        )
        place.destination().deliver(patient)
        place.destination(share_patient_reports=True).deliver(REPORT)
        other = Outgoing("key-3", "p", "application/pdf", b"3", {"kind": "patient"}, REPORT.patient)
        place.destination(share_patient_reports=True).deliver(other)
        assert [one["share_with_rel"] for one in place.fake.documents] == [False, False, True]
