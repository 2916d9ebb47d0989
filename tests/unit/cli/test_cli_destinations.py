"""``destinations``: what each receives, what waits, which is off and why; switched on again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.app import open_app
from connector.cli import EXIT_CONFIGURATION

AT = datetime(2026, 11, 20, 3, 15, tzinfo=UTC)
WHY = "the receiver wants nothing more at this address (410)"


@pytest.fixture
def switched_off(ran):
    """The site that has run, its destination switched off by the receiver."""
    with open_app(ran).open_store() as store:
        store.write(lambda tx: tx.destinations.disable("filing", "gone", WHY, AT))
    return ran


def _row(done, name):
    """A row of the table, in words."""
    rows = [" ".join(line.split()) for line in done.out.splitlines()]
    return next(row for row in rows if row.startswith(name))


def test_the_list_shows_what_goes_where_and_how_much(connector, ran):
    done = connector("--home", ran, "destinations", "list")
    assert done.code == 0, done.err
    with open_app(ran).open_store() as store:
        delivered = store.read(lambda tx: tx.deliveries.counts())["filing", "delivered"]
    assert "Destinations: 1" in done.out
    row = _row(done, "filing")
    assert row.startswith("filing folder decision, alert,")
    assert row.endswith(f" 0 0 {delivered}") and delivered > 0


def test_a_destination_that_is_off_says_since_when_and_why(connector, switched_off):
    done = connector("--home", switched_off, "destinations", "list")
    assert f"since 2026-11-19 22:15: {WHY} [gone]" in done.words


def test_switching_on_says_what_waits_and_is_noted_once(connector, switched_off):
    with open_app(switched_off).open_store() as store:
        [first, second] = store.read(lambda tx: tx.deliveries.list("delivered", 2))

        def undo(tx):
            for row, state in ((first, "pending"), (second, "dead")):
                tx.deliveries._change(row.key, ("delivered",), AT, state=state)

        store.write(undo)
    done = connector("--home", switched_off, "destinations", "enable", "filing")
    assert done.code == 0
    assert "filing is switched on Waiting for it: 1; sent by" in done.words
    assert "Dead letters: 1; put back with: connector dead-letters replay --all" in done.words
    again = connector("--home", switched_off, "destinations", "enable", "filing")
    assert again.code == 0 and "filing was not switched off" in again.out
    listed = connector("--home", switched_off, "destinations", "list")
    assert "since" not in listed.out
    connector("--home", switched_off, "audit", "export", switched_off / "audit.jsonl")
    log = (switched_off / "audit.jsonl").read_text()
    assert log.count("destination_enabled") == 1


def test_an_unknown_destination_is_refused_with_the_nearest(connector, ran):
    done = connector("--home", ran, "destinations", "enable", "filling")
    assert done.code == EXIT_CONFIGURATION
    assert "no destination 'filling'. Did you mean 'filing'? Valid values: filing" in done.words


def test_what_left_the_site_file_is_still_listed_and_can_be_enabled(connector, ran):
    with open_app(ran).open_store() as store:
        store.write(lambda tx: tx.destinations.disable("old_hook", "gone", WHY, AT))
    row = _row(connector("--home", ran, "destinations", "list"), "old_hook")
    assert row.startswith("old_hook not in site.yaml 0 0 0 since")
    assert connector("--home", ran, "destinations", "enable", "old_hook").code == 0
