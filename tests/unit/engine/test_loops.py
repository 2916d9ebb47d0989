"""Loops: woken by what arrives, resting for larger batches, ending loudly."""

from __future__ import annotations

import threading

from connector.engine.loops import FULL_TURN, Arrivals, Loops
from connector.errors import RetryLater

PATIENCE = 60.0


def test_arrivals_are_counted_until_they_are_looked_at() -> None:
    arrivals = Arrivals()
    arrivals.tell(3)
    arrivals.wait(PATIENCE, enough=3)  # returns at once, or this test would take long
    arrivals.forget()
    waited = threading.Thread(target=arrivals.wait, args=(PATIENCE, 2))
    waited.start()
    arrivals.tell()
    arrivals.tell()
    waited.join(PATIENCE)
    assert not waited.is_alive()


def test_a_loop_takes_a_turn_at_once_and_when_told() -> None:
    turns = threading.Semaphore(0)
    loops = Loops()

    def turn() -> int:
        turns.release()
        return 0

    told = loops.start("test", turn, lambda: PATIENCE)
    assert turns.acquire(timeout=PATIENCE)
    told.tell()
    assert turns.acquire(timeout=PATIENCE)
    loops.wake()
    assert turns.acquire(timeout=PATIENCE)
    loops.stop()
    assert not loops.ended.is_set()


def test_a_full_turn_is_followed_by_the_next_without_a_rest() -> None:
    left = [FULL_TURN] * 1000 + [0]
    empty = threading.Event()
    loops = Loops()

    def turn() -> int:
        done = left.pop(0) if left else 0
        if not done:
            empty.set()
        return done

    loops.start("test", turn)
    # With a rest of a tenth of a second after each, 1,000 turns would take 100 s.
    assert empty.wait(PATIENCE)
    loops.stop()


def test_an_expected_error_is_logged_and_the_loop_goes_on(caplog) -> None:
    went_on = threading.Event()
    faults = [RetryLater("disk_full", "the disk is full")] * 5
    loops = Loops()

    def turn() -> int:
        if faults:
            raise faults.pop()
        went_on.set()
        return 0

    loops.start("test", turn, lambda: 0.0)
    assert went_on.wait(PATIENCE)
    loops.stop()
    assert not loops.ended.is_set()
    assert caplog.text.count("the disk is full") == 1  # and not once for each turn


def test_a_loop_that_breaks_ends_the_service(monkeypatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    loops = Loops()

    def turn() -> int:
        raise ZeroDivisionError

    loops.start("test", turn)
    assert loops.ended.wait(PATIENCE)
    loops.stop()
