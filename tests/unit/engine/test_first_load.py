"""The first load: waits while the server prepares, goes on after a crash, then the polls follow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connector.engine.first_load import first_load
from connector.errors import ConfigurationError, RetryLater
from connector.ports import RawBatch, RawPage, RawRow, utc_now


class Exporting:
    """A source with an export of ten pages, which dies where it is told to."""

    exports = True

    def __init__(self) -> None:
        self.begun: list[str | None] = []
        self.waits = 2
        self.dies_at = 5

    def fetch(self, cursor: str | None) -> Iterator[RawPage]:
        yield from ()

    def acknowledge(self, page: RawPage) -> None:
        pass

    def export(self, state: str | None) -> Iterator[RawPage]:
        self.begun.append(state)
        if self.waits:
            self.waits -= 1
            until = utc_now() + timedelta(seconds=90)
            raise RetryLater("export_running", "not ready", until=until)
        for number in range(int(state or 0), 10):
            if number == self.dies_at:
                self.dies_at = -1
                raise OSError
            rows = (RawRow(number, {"id": number}),)
            batch = RawBatch(f"b{number}", "Goal", "export", utc_now(), rows)
            yield RawPage((batch,), cursor=str(number + 1), left=9 - number)
        yield RawPage(token="where the polls go on")


def test_it_waits_and_goes_on_after_a_crash(small_site: Any) -> None:
    app, source, waited = small_site().open(), Exporting(), []
    app.__dict__["sources"] = {"csv": source}
    with app.open_store() as store:
        work = app.work(store, None)
        with pytest.raises(OSError):
            first_load(work, "csv", waits=waited.append)
        assert store.read(lambda tx: tx.cursors.get("csv")) is None
        assert first_load(work, "csv", waits=waited.append) == 5
        assert store.read(lambda tx: tx.inbox.counts()) == {"new": 10}
        assert store.read(lambda tx: tx.cursors.get("csv")) == "where the polls go on"
        assert source.begun == [None, None, None, "5"]
        assert [round(seconds, -1) for seconds in waited] == [90, 90]
        assert first_load(work, "csv", waits=waited.append) == 0  # the same again changes nothing
        assert source.begun[-1] is None


def test_a_source_without_an_export_is_told_in_words(small_site: Any) -> None:
    app, source = small_site().open(), Exporting()
    source.exports = False
    app.__dict__["sources"] = {"csv": source}
    with app.open_store() as store, pytest.raises(ConfigurationError) as caught:
        first_load(app.work(store, None), "csv")
    assert caught.value.code == "no_export"
