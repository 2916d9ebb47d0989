"""Deliveries: once per key, retried in time, given up with a reason, replayed in order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import timedelta

import pytest

from connector.engine import deliver, retries, workflows
from connector.engine.sender import Sender
from connector.errors import ConfigurationError, Disabled, Rejected, RetryLater
from connector.store import NewDelivery
from connector.testing import FakeDestination

CASE = "mh_deteriorating_with_safety_item"


def busy(**more):
    return RetryLater("busy", "the receiver is busy", **more)


@pytest.fixture
def ready(bench, rows):
    """A bench on which a decision and two alerts wait to be sent for the first time."""
    made = bench()
    made.site.drop_rows("clients.csv", [rows.client("C-1")])
    made.site.drop_rows("assessment_items.csv", [rows.form("F-1", "C-1", [1] * 9)])
    made.pick_up()
    made.map_all()
    made.evaluate_all()
    assert len(made.due()) >= 3
    return made


def test_everything_is_delivered_once_and_a_second_run_changes_nothing(bench):
    made = bench(CASE)
    made.run()
    state = made.state()
    assert state["inbox"].keys() == {"done"}
    assert state["due"] == 0
    assert {state for _, state in state["deliveries"]} == {"delivered"}
    assert len(made.destination.sent) == made.destination.attempts > 0
    sent = dict(made.destination.sent)

    made.site.drop_case(CASE)
    made.run()
    assert made.destination.sent == sent
    assert made.destination.attempts == len(sent)
    assert made.state() == state


def test_a_failed_delivery_is_tried_again_after_the_first_wait(ready):
    key = ready.due()[0]
    ready.with_destination(FakeDestination(failures=[busy()]))
    assert deliver.send(ready.work, [key], by="w") == 0
    row = ready.row(key)
    assert (row.state, row.code, row.attempts) == ("pending", "busy", 1)
    assert timedelta(seconds=4.5) <= row.due_at - ready.clock() <= timedelta(seconds=5.5)
    assert key not in ready.due()
    ready.clock.on(seconds=6)
    assert key in ready.due()
    assert deliver.send(ready.work, [key], by="w") == 1
    assert list(ready.destination.sent) == [key]
    assert ready.row(key).state == "delivered"
    assert ready.store.read(lambda tx: tx.deliveries.receipt(key)).reference == f"fake-{key}"


def test_the_whole_schedule_then_a_dead_letter(ready):
    key = ready.due()[0]
    ready.with_destination(FakeDestination(failures=[busy() for _ in range(20)]))
    for number, wait in enumerate(retries.RETRY_AFTER, start=1):
        deliver.send(ready.work, [key], by="w")
        row = ready.row(key)
        assert (row.state, row.attempts) == ("pending", number)
        assert 0.9 * wait <= row.due_at - ready.clock() <= 1.1 * wait
        ready.clock.moment = row.due_at
    deliver.send(ready.work, [key], by="w")
    row = ready.row(key)
    assert (row.state, row.attempts) == ("dead", len(retries.RETRY_AFTER) + 1)
    assert row.message == "the receiver is busy"
    assert ready.destination.sent == {}
    outcomes = [
        (entry.action, entry.outcome)
        for entry in ready.store.read(lambda tx: tx.audit.latest(100, subject=key))
    ]
    assert outcomes == [("delivery_given_up", "busy")] + [("delivery_postponed", "busy")] * 9


def test_the_receiver_says_when(ready):
    key = ready.due()[0]
    until = ready.clock() + timedelta(hours=3)
    ready.with_destination(FakeDestination(failures=[busy(until=until)]))
    deliver.send(ready.work, [key], by="w")
    assert ready.row(key).due_at == until
    ready.clock.on(hours=2, minutes=59)
    assert key not in ready.due()
    ready.clock.on(minutes=1)
    assert key in ready.due()


def test_a_receiver_that_says_at_once_still_gets_the_first_wait(ready):
    key = ready.due()[0]
    ready.with_destination(FakeDestination(failures=[busy(until=ready.clock())]))
    deliver.send(ready.work, [key], by="w")
    assert ready.row(key).due_at >= ready.clock() + timedelta(seconds=4.5)


def test_a_refusal_is_a_dead_letter_and_stops_nothing_else(ready):
    keys = ready.due()
    fault = Rejected("refused", "the receiver refused the document")
    ready.with_destination(FakeDestination(failures=[fault]))
    assert ready.send_due() == len(keys) - 1
    row = ready.row(keys[0])
    assert (row.state, row.code, row.message) == ("dead", fault.code, fault.message)
    assert set(ready.destination.sent) == set(keys[1:])
    ready.clock.on(days=30)
    assert ready.due() == []


def test_a_wrong_configuration_holds_everything_until_it_is_put_right(ready):
    keys = ready.due()
    fault = ConfigurationError("bad_login", "the login was refused; renew it")
    ready.with_destination(FakeDestination(failures=[fault]))
    assert ready.send_due() == 0
    row = ready.row(keys[0])
    assert (row.state, row.code, row.message) == ("pending", fault.code, fault.message)
    assert row.needs_person
    assert ready.destination.attempts == 1, "one attempt says it for all of them"
    assert not ready.work.gates["filing"].is_open(ready.clock())
    (trouble,) = ready.store.read(lambda tx: tx.deliveries.troubles())
    assert (trouble.needs_person, trouble.message, trouble.count) == (True, fault.message, 1)
    ready.clock.on(minutes=6)
    assert ready.work.gates["filing"].is_open(ready.clock())
    assert ready.send_due() == len(keys)
    assert ready.store.read(lambda tx: tx.deliveries.troubles()) == ()


def test_an_absent_receiver_is_tried_with_one_delivery_and_the_rest_follows_its_return(ready):
    keys = ready.due()
    away = RetryLater("unreachable", "the receiver can't be reached")
    ready.with_destination(FakeDestination(failures=[away] * 3))
    for tried in range(1, 4):
        assert ready.send_due() == 0
        assert ready.destination.attempts == tried
        ready.clock.on(seconds=6)
    rows = [ready.row(key) for key in keys]
    assert all(row.state == "pending" for row in rows)
    assert sum(row.attempts for row in rows) == 3
    # The first one waits five minutes by its schedule; the success of another brings it forward.
    assert ready.row(keys[0]).due_at > ready.clock()
    assert ready.send_due() + ready.send_due() == len(keys)
    assert {ready.row(key).state for key in keys} == {"delivered"}


def test_a_receiver_that_is_gone_is_switched_off_until_a_person_acts(ready):
    keys = ready.due()
    gone = Disabled("gone", "the receiver says that it is gone for good")
    ready.with_destination(FakeDestination(failures=[gone]))
    assert ready.send_due() == 0
    assert ready.row(keys[0]).state == "dead"
    assert {ready.row(key).state for key in keys[1:]} == {"pending"}, "kept, not given up"
    off = ready.store.read(lambda tx: tx.destinations.disabled())
    assert off["filing"].message == gone.message
    with ThreadPoolExecutor(1) as pool:
        sender = Sender(
            ready.work, "filing", light=True, alone=True, carry=workflows.carry, threads=pool
        )
        ready.clock.on(hours=1)
        assert sender.turn() == 0
    assert ready.store.write(lambda tx: tx.destinations.enable("filing"))
    assert ready.send_due() == len(keys) - 1


def test_what_a_patient_was_sent_first_arrives_first(ready):
    """A later document of the same patient and kind waits behind one that is tried again."""
    template = ready.row(ready.due()[0])
    first, second = [replace(_new(template), key=f"order-{n}", kind="decision") for n in range(2)]
    ready.store.write(lambda tx: tx.deliveries.add([first, second], ready.clock()))
    conflict = RetryLater("conflict", "not now")
    ready.with_destination(FakeDestination(failures=[conflict]))
    assert deliver.send(ready.work, ["order-0", "order-1"], by="w") == 0
    assert ready.row("order-1").attempts == 0
    assert not {"order-0", "order-1"} & set(ready.due())
    ready.clock.on(seconds=6)
    due = [key for key in ready.due() if key.startswith("order")]
    assert due == ["order-0", "order-1"]
    assert deliver.send(ready.work, due, by="w") == 2
    assert list(ready.destination.sent) == due


def _new(row):
    names = [field.name for field in fields(NewDelivery)]
    return NewDelivery(**{name: getattr(row, name) for name in names})


def test_replay_keeps_order_and_keys(ready):
    keys = ready.due()
    refusal = Rejected("refused", "no")
    ready.with_destination(FakeDestination(failures=[refusal] * len(keys)))
    ready.send_due()
    ready.clock.on(hours=1)
    ready.store.write(lambda tx: tx.deliveries.replay(reversed(keys), ready.clock()))
    assert ready.due() == keys
    assert ready.send_due() == len(keys)
    assert list(ready.destination.sent) == keys


def test_a_destination_that_left_the_site_file_is_named(ready):
    key = ready.due()[0]
    ready.work.destinations.clear()
    deliver.send(ready.work, [key], by="w")
    row = ready.row(key)
    assert (row.state, row.code) == ("dead", "unknown_destination")
    assert row.message == "the site has no destination 'filing' any more"


def test_a_defect_of_an_adapter_costs_one_dead_letter(ready, caplog):
    class Broken(FakeDestination):
        def deliver(self, outgoing):
            if not self.attempts:
                self.attempts += 1
                raise ValueError("Avery Samplewood is quoted here")
            return super().deliver(outgoing)

    keys = ready.due()
    ready.with_destination(Broken())
    assert ready.send_due() == len(keys) - 1
    row = ready.row(keys[0])
    assert (row.state, row.code) == ("dead", "unexpected")
    assert row.message == "sending failed unexpectedly (ValueError)"
    assert "ValueError at" in caplog.text
    assert "Samplewood" not in caplog.text


def begin_and_die(made, key):
    """What a process leaves behind that was killed while it was sending."""
    made.store.write(
        lambda tx: tx.deliveries.mark_sending([key], made.clock(), "being sent by send:dead:1")
    )


def test_what_a_dead_process_was_sending_is_asked_for_first(ready):
    key, other = ready.due()[:2]
    begin_and_die(ready, key)
    begin_and_die(ready, other)
    row = ready.row(key)
    content = ready.destination.sent
    content[key] = "arrived before the crash"
    assert deliver.send(ready.work, [key, other], by="send:dead:1") == 2
    assert ready.destination.attempts == 1, "only the one that had not arrived was sent"
    assert ready.row(key).state == ready.row(other).state == "delivered"
    assert ready.row(key).attempts == row.attempts


def test_what_another_replica_is_sending_is_left_alone(ready):
    key = ready.due()[0]
    begin_and_die(ready, key)
    assert deliver.send(ready.work, [key], by="w") == 0
    assert ready.destination.attempts == 0
    assert ready.row(key).state == "sending"


def test_an_attempt_that_was_cut_off_is_taken_up_again(ready):
    key = ready.due()[0]
    begin_and_die(ready, key)
    ready.destination.sent[key] = "arrived"
    assert retries.release_cut_off(ready.work, alone=False) == 0, "another replica may be at it"
    ready.clock.on(minutes=16)
    assert retries.release_cut_off(ready.work, alone=False) == 1
    assert key in ready.due()
    assert deliver.send(ready.work, [key], by="w") == 1
    assert ready.destination.attempts == 0, "it was asked for first"


def test_a_process_alone_takes_up_at_once_what_was_cut_off(ready):
    key = ready.due()[0]
    begin_and_die(ready, key)
    assert retries.release_cut_off(ready.work, alone=True) == 1
    assert retries.release_cut_off(ready.work, alone=True) == 0
    assert deliver.send(ready.work, [key], by="w") == 1


class SlowDestination(FakeDestination):
    """Its receiver takes a document some time after it was sent, and knows nothing of it before."""

    settle_seconds = 300


@pytest.mark.parametrize("same_workflow", [True, False])
def test_who_may_still_work_on_a_cut_off_attempt_is_asked_later(ready, same_workflow):
    key = ready.due()[0]
    ready.with_destination(SlowDestination())
    begin_and_die(ready, key)
    ready.clock.on(seconds=10)
    if not same_workflow:
        assert retries.release_cut_off(ready.work, alone=True) == 1
        assert key not in ready.due(), "it would say that it knows nothing of it"
    else:
        assert deliver.send(ready.work, [key], by="send:dead:1") == 0
    row = ready.row(key)
    assert (row.state, row.code, ready.destination.attempts) == ("pending", "cut_off", 0)
    ready.destination.sent[key] = "taken at last"
    ready.clock.on(seconds=291)
    assert key in ready.due()
    assert deliver.send(ready.work, [key], by="w") == 1
    assert ready.destination.attempts == 0, "it was asked, and had it"


def test_a_last_attempt_that_was_cut_off_is_asked_about_before_it_is_given_up(ready):
    key = ready.due()[0]
    ready.with_destination(SlowDestination())

    def fail(tx):
        tx.deliveries.mark_sending([key], ready.clock())
        tx.deliveries.retry(key, ready.clock(), "unreachable", "away", ready.clock())

    for _ in retries.RETRY_AFTER:
        ready.store.write(fail)
    begin_and_die(ready, key)
    assert deliver.send(ready.work, [key], by="send:dead:1") == 0
    assert (ready.row(key).state, ready.row(key).code) == ("pending", "cut_off")
    ready.destination.sent[key] = "taken at last"
    ready.clock.on(seconds=301)
    assert key in ready.due(), "as soon as the receiver knows, whatever attempt it was"
    assert deliver.send(ready.work, [key], by="w") == 1


def test_a_lost_answer_is_asked_for_before_sending_again(ready):
    key = ready.due()[0]
    ready.with_destination(FakeDestination(lost_receipts=[busy()]))
    assert deliver.send(ready.work, [key], by="w") == 0
    ready.clock.on(seconds=6)
    assert deliver.send(ready.work, [key], by="w") == 1
    assert ready.destination.attempts == 1


def test_two_senders_at_once_send_once(ready):
    keys = ready.due()
    with ThreadPoolExecutor(4) as pool:
        delivered = list(pool.map(lambda n: deliver.send(ready.work, keys, by=f"w{n}"), range(4)))
    assert sum(delivered) == len(keys)
    assert ready.destination.attempts == len(keys)


def test_a_document_that_cannot_be_rendered_is_a_dead_letter_for_each_of_its_deliveries(ready):
    keys = ready.due()[:2]
    fault = Rejected("render_failed", "the page could not be rendered")
    deliver.fail_document(ready.work, keys, fault)
    assert [ready.row(key).state for key in keys] == ["dead", "dead"]
    assert [ready.row(key).attempts for key in keys] == [1, 1]
    later = RetryLater("render_crashed", "the render process ended")
    key = ready.due()[0]
    deliver.fail_document(ready.work, [key], later)
    assert ready.row(key).state == "pending"
    assert ready.row(key).due_at > ready.clock()


@pytest.mark.parametrize("fault", [Rejected("render_failed", "x"), RetryLater("crashed", "x")])
def test_a_failed_rendering_leaves_alone_what_another_replica_is_sending(ready, fault):
    key = ready.due()[0]
    begin_and_die(ready, key)
    before = ready.row(key)
    deliver.fail_document(ready.work, [key], fault)
    assert ready.row(key) == before
    assert ready.state()["deliveries"][("filing", "sending")] == 1


def test_the_first_failure_waits_for_seconds_however_it_is_counted(ready):
    key = ready.due()[0]
    now = ready.clock()
    ready.store.write(lambda tx: retries.record_failure(tx, ready.row(key), busy(), 0, now))
    assert ready.row(key).due_at - now < timedelta(seconds=6)


def test_what_was_sent_is_kept_though_the_database_fails_the_next(ready, monkeypatch):
    first, second = ready.due()[:2]
    sent = FakeDestination()

    class FailsLater:
        def deliver(self, outgoing):
            if outgoing.key == second:
                raise busy()
            return sent.deliver(outgoing)

        def find(self, outgoing):
            return sent.find(outgoing)

    def away(*_):
        raise RetryLater("database_busy", "the database is busy")

    ready.with_destination(FailsLater())
    monkeypatch.setattr(deliver, "record_failure", away)
    with pytest.raises(RetryLater):
        deliver.send(ready.work, [first, second], by="w")
    assert ready.row(first).state == "delivered"
    assert ready.row(second).state == "sending"
