"""Who trickles a request holds no thread for ever, and fewer still when many do."""

from __future__ import annotations

import socket
import threading

import pytest

from connector.cli import incoming as incoming_module
from connector.cli.incoming import (
    CROWDED_SECONDS,
    SILENT_SECONDS,
    SLOWEST_SECONDS,
    Incoming,
    TimedReader,
)


class Clock:
    """Time passes only where nothing comes."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(incoming_module, "time", made)
    return made


@pytest.fixture
def pair(monkeypatch, clock):
    """Our end and the sender's; waiting for bytes that are not there takes no real time."""
    ours, theirs = socket.socketpair()
    real = incoming_module.select.poll

    class Poll:
        def __init__(self):
            self.inner = real()

        def register(self, connection, events):
            self.inner.register(connection, events)

        def poll(self, milliseconds):
            found = self.inner.poll(0)
            if not found:
                clock.now += milliseconds / 1000
            return found

    monkeypatch.setattr(incoming_module.select, "poll", Poll)
    with ours, theirs:
        yield ours, theirs


def seconds_until_given_up(clock, reader, sender, pause):
    """How long a sender of one byte each ``pause`` is borne with."""
    began = clock.now
    reader.begin()
    with pytest.raises(TimeoutError):
        while True:
            sender.send(b"x")
            assert reader.chunk() == b"x"
            clock.now += pause
    return clock.now - began


def test_a_request_that_trickles_is_given_up_and_the_next_one_has_its_own_time(clock, pair):
    ours, theirs = pair
    reader = TimedReader(ours, Incoming(8))
    assert seconds_until_given_up(clock, reader, theirs, 3) == pytest.approx(SLOWEST_SECONDS, abs=4)
    reader.begin()
    theirs.send(b"POST")
    # The last byte of the one that was given up is read with it: gunicorn has closed by then.
    assert reader.chunk().endswith(b"POST")


def test_who_is_silent_in_a_request_is_given_up_sooner(clock, pair):
    ours, _ = pair
    began = clock.now
    with pytest.raises(TimeoutError):
        TimedReader(ours, Incoming(8)).chunk()
    assert clock.now - began == pytest.approx(SILENT_SECONDS, abs=1)


def test_while_many_wait_each_has_less_and_none_is_counted_for_ever(clock, pair):
    ours, theirs = pair
    crowd = Incoming(1)
    for _ in range(3):
        began = clock.now
        with pytest.raises(TimeoutError):
            TimedReader(ours, crowd).chunk()
        assert clock.now - began == pytest.approx(CROWDED_SECONDS, abs=0.1)
    assert crowd._waiting == 0
    theirs.send(b"a whole request")
    assert TimedReader(ours, crowd).chunk() == b"a whole request"


def test_what_comes_while_it_is_waited_for_is_read(pair, monkeypatch):
    ours, theirs = pair
    monkeypatch.undo()
    threading.Timer(0.05, theirs.send, [b"late"]).start()
    assert TimedReader(ours, Incoming(8)).chunk() == b"late"


def test_a_connection_that_is_being_emptied_keeps_the_time_it_was_given(pair):
    ours, _ = pair
    ours.settimeout(0.01)
    with pytest.raises(TimeoutError, match="timed out"):
        TimedReader(ours, Incoming(8)).chunk()
