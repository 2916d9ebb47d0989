"""Fakes and contract tests for listeners; they ship with the package, for adapters of others too.

Subclass ``ListenerContract`` as the classes of ``connector.testing``.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from connector.errors import ConnectorError, RetryLater
from connector.ports import Keeper, Listener, RawBatch, RawPage, RawRow


class FakeKeeper:
    """Keeps a listener's pages in memory; ``failures`` are raised first, one per call of ``store``.

    While ``gate`` is not set, ``store`` waits.
    """

    def __init__(self, failures: Sequence[ConnectorError] = ()) -> None:
        self.failures = list(failures)
        self.pages: list[RawPage] = []
        self.calls = 0
        self.gate = threading.Event()
        self.gate.set()
        self._batches: dict[str, RawBatch] = {}

    def store(self, pages: Sequence[RawPage]) -> Sequence[int]:
        """Keeps each batch once."""
        self.gate.wait(30)
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        counts = []
        for page in pages:
            new = [batch for batch in page.batches if batch.key not in self._batches]
            self._batches |= {batch.key: batch for batch in new}
            counts.append(sum(len(batch.rows) for batch in new))
            self.pages.append(page)
        return counts

    def kept(self, keys: Collection[str]) -> Mapping[str, Sequence[RawRow]]:
        """The rows of batches that were stored."""
        return {key: self._batches[key].rows for key in keys if key in self._batches}

    @property
    def batches(self) -> list[RawBatch]:
        """What is kept, in order."""
        return list(self._batches.values())


class ListenerContract:
    """What every listener promises. Subclass it, with ``open`` and ``send``."""

    def open(self, folder: Path) -> Listener:
        """A listener that can be started; each time on a free address."""
        raise NotImplementedError

    def send(self, listener: Listener, number: int) -> bool:
        """Sends the message of this number as the counterpart does; whether it was acknowledged."""
        raise NotImplementedError

    def test_what_was_acknowledged_is_stored(self, tmp_path: Path) -> None:
        """Three messages, three sets of batches, each of another key."""
        keeper = FakeKeeper()
        with running(self.open(tmp_path), keeper) as listener:
            assert [self.send(listener, number) for number in range(3)] == [True] * 3
        assert len(keeper.pages) == 3
        keys = [batch.key for page in keeper.pages for batch in page.batches]
        assert len(set(keys)) == len(keys)

    def test_nothing_is_acknowledged_before_it_is_stored(self, tmp_path: Path) -> None:
        """While the store waits, so does the sender."""
        keeper = FakeKeeper()
        keeper.gate.clear()
        with running(self.open(tmp_path), keeper) as listener, ThreadPoolExecutor(1) as sender:
            sent = sender.submit(self.send, listener, 1)
            with suppress(TimeoutError):
                sent.result(0.3)
                raise AssertionError("it was acknowledged, and was not stored")
            keeper.gate.set()
            assert sent.result(30)

    def test_what_can_not_be_stored_is_not_acknowledged(self, tmp_path: Path) -> None:
        """Sent again when it can, it is taken."""
        keeper = FakeKeeper([RetryLater("disk_full", "no room")])
        with running(self.open(tmp_path), keeper) as listener:
            assert not self.send(listener, 1)
            assert not keeper.pages
            assert self.send(listener, 1)
        assert len(keeper.pages) == 1

    def test_a_message_sent_again_is_acknowledged_and_has_one_effect(self, tmp_path: Path) -> None:
        """Also by a listener started anew, over the same store."""
        keeper = FakeKeeper()
        for _ in range(2):
            with running(self.open(tmp_path), keeper) as listener:
                assert self.send(listener, 1)
                assert self.send(listener, 1)
        assert len(keeper.pages) == 1

    def test_stopping_ends_it_and_may_be_done_twice(self, tmp_path: Path) -> None:
        """Then it says that it no longer listens."""
        listener = self.open(tmp_path)
        listener.start(FakeKeeper())
        try:
            assert listener.is_listening()
        finally:
            listener.stop()
        listener.stop()
        assert not listener.is_listening()


@contextmanager
def running(listener: Listener, keeper: Keeper) -> Iterator[Listener]:
    """A listener that is started, and stopped at the end."""
    listener.start(keeper)
    try:
        yield listener
    finally:
        listener.stop()
