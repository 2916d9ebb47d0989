"""quarantine and dead-letters: see, correct, send again; every look leaves a trace."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from connector.app import open_app
from connector.engine import set_aside
from connector.errors import InvalidRecord, Rejected
from connector.mapping.apply import RowError
from connector.ports import RawBatch, RawRow, Receipt
from connector.store.schema import deliveries, documents

LONG_AGO = datetime(2024, 1, 5, 12, tzinfo=UTC)


def actions(home):
    with open_app(home).open_store() as store:
        return [row.action for row in store.read(lambda tx: list(tx.audit.rows()))]


def entries(home, state=None):
    with open_app(home).open_store() as store:
        return store.read(lambda tx: tx.quarantine.list(state))


def entry(home, row_id):
    """The entry of a source row, by the row's own id."""
    (found,) = [e for e in entries(home) if row_id in (e.data or {}).values()]
    return found


def test_list_tells_where_what_and_what_is_right(connector, ran):
    before = len(actions(ran))
    done = connector("--home", ran, "quarantine", "list")
    assert done.code == 0
    assert "Set aside: 3" in done.out
    # "bad" is no word of the mapping's: it could be somebody's name
    assert re.search(r"assessment_items~[0-9a-f]{12}\.csv, row 2", done.words)
    assert "assessment_items_bad" not in done.words
    assert "13/45/1990" in done.out
    assert actions(ran)[before:] == ["quarantine_read"]


def test_list_shows_odd_values_as_they_are(connector, small_site, rows):
    site = small_site()
    site.drop_rows("clients.csv", [rows.client("C-9", date_of_birth="[/bold][red]x")])
    assert connector("--home", site.home, "run", "--once").code == 0
    done = connector("--home", site.home, "quarantine", "list")
    assert done.code == 0
    assert "[/bold][red]x" in done.out


def test_list_and_replay_know_more_than_a_hundred(connector, small_site, rows):
    site = small_site()
    site.drop_rows(
        "clients.csv", [rows.client(f"C-{n}", date_of_birth="never") for n in range(1, 131)]
    )
    assert connector("--home", site.home, "run", "--once").code == 0
    assert "Set aside: 130" in connector("--home", site.home, "quarantine", "list").out
    done = connector("--home", site.home, "quarantine", "replay", "--all")
    assert "130 rows put back" in done.out
    assert entries(site.home, "open") == []


def test_show_gives_the_whole_row(connector, ran):
    found = entry(ran, "F-90")
    done = connector("--home", ran, "quarantine", "show", found.id[:8])
    assert done.code == 0
    assert re.match(r"assessment_items~[0-9a-f]{12}\.csv, row 2", done.out)
    assert "  item_1 = 7" in done.out
    assert "  client_id = C-3101" in done.out


@pytest.mark.parametrize("words", [["show", "nothing"], ["dismiss", "nothing"]])
def test_an_unknown_id_is_told(connector, ran, words):
    done = connector("--home", ran, "quarantine", *words)
    assert done.code == 3
    assert "nothing is set aside under 'nothing' [no_such_entry]" in done.err


def test_fix_corrects_the_row_and_the_next_run_maps_it(connector, ran):
    found = entry(ran, "C-9")
    done = connector("--home", ran, "quarantine", "fix", found.id, "--set",
                     "date_of_birth=12/31/1990")  # fmt: skip
    assert done.code == 0
    assert "Fixed and put back; the next run maps it: connector run --once" in done.out
    assert connector("--home", ran, "run", "--once").code == 0
    with open_app(ran).open_store() as store:
        people = store.read(lambda tx: {p.chart_number: p for p in tx.records.patients()})
    assert people["C-9"].birth_date.isoformat() == "1990-12-31"
    assert people["C-9"].provenance.row == found.row
    assert {e.state for e in entries(ran) if e.id == found.id} == {"replayed"}
    assert actions(ran).count("quarantine_fixed") == 1


def test_fix_with_a_wrong_column_names_the_right_ones(connector, ran):
    found = entry(ran, "C-9")
    done = connector("--home", ran, "quarantine", "fix", found.id, "--set", "birthday=12/31/1990")
    assert done.code == 3
    assert "there is no column 'birthday'" in done.err
    assert "date_of_birth" in done.err
    assert {e.state for e in entries(ran) if e.id == found.id} == {"open"}


def test_a_fix_that_the_mapping_would_refuse_again_is_told_and_changes_nothing(connector, ran):
    found = entry(ran, "C-9")
    done = connector("--home", ran, "quarantine", "fix", found.id, "--set",
                     "date_of_birth=31/12/1990")  # fmt: skip
    assert done.code == 1
    assert "still wrong: date_of_birth: not a possible date; expected MM/DD/YYYY" in done.err
    assert "Nothing was changed; give all corrections in one call." in done.err
    assert {e.state for e in entries(ran) if e.id == found.id} == {"open"}
    assert "quarantine_fixed" not in actions(ran)


def test_replay_of_nothing_asks_what_to_replay(connector, ran):
    done = connector("--home", ran, "quarantine", "replay")
    assert done.code == 2
    assert "or say --all" in done.err


def test_a_replayed_row_that_is_still_wrong_is_set_aside_again(connector, ran):
    done = connector("--home", ran, "quarantine", "replay", "--all")
    assert "3 rows put back" in done.out
    assert connector("--home", ran, "run", "--once").code == 0
    states = [e.state for e in entries(ran)]
    assert sorted(states) == ["open"] * 3 + ["replayed"] * 3


def test_dismiss_closes(connector, ran):
    found = entry(ran, "F-91")
    assert connector("--home", ran, "quarantine", "dismiss", found.id).code == 0
    assert {e.state for e in entries(ran) if e.id == found.id} == {"dismissed"}
    assert "Set aside: 2" in connector("--home", ran, "quarantine", "list").out
    assert "Set aside: 3" in connector("--home", ran, "quarantine", "list", "--all").out


class Refuses:
    """A destination that is full of refusals until told otherwise."""

    refusing = True
    sent: list[str] = []

    def deliver(self, outgoing):
        if self.refusing:
            raise Rejected("refused", "the receiver refused the document [sic]")
        self.sent.append(outgoing.key)
        return Receipt(outgoing.key, "ok")

    def find(self, outgoing):
        return None


def test_dead_letters_are_listed_shown_and_sent_again_in_order(
    connector, small_site, rows, monkeypatch
):
    from connector.app import App

    receiver = Refuses()
    receiver.sent = []
    monkeypatch.setattr(App, "destinations", {"filing": receiver})
    site = small_site()
    site.drop_rows("clients.csv", [rows.client(f"C-{n}") for n in range(1, 4)])
    site.drop_rows("assessment_items.csv", [rows.form("F-1", "C-1", [1] * 9)])
    assert connector("--home", site.home, "run", "--once").code == 0
    done = connector("--home", site.home, "dead-letters", "list")
    with open_app(site.home).open_store() as store:
        dead = store.read(lambda tx: tx.deliveries.list("dead"))
    assert len(dead) >= 5
    assert f"Dead letters: {len(dead)}" in done.out
    assert "the receiver refused the document [sic] [refused]" in done.out

    done = connector("--home", site.home, "dead-letters", "show", dead[0].key[:10])
    assert f"key          {dead[0].key}" in done.out
    assert "state        dead" in done.out
    done = connector("--home", site.home, "dead-letters", "show", "zzz")
    assert done.code == 3
    assert "no dead letter has the key 'zzz' [no_such_dead_letter]" in done.err

    for nothing in (["replay"], ["drop", "--by", "Dana Okafor"]):
        done = connector("--home", site.home, "dead-letters", *nothing)
        assert done.code == 2 and "name the dead letters" in done.words

    receiver.refusing = False
    done = connector("--home", site.home, "dead-letters", "replay", "--all")
    assert f"{len(dead)} deliveries put back" in done.out
    assert connector("--home", site.home, "run", "--once").code == 0
    alerts = [row.key for row in dead if row.kind == "alert"]
    assert sorted(receiver.sent) == sorted(row.key for row in dead)
    assert [key for key in receiver.sent if key in alerts] == alerts
    assert "Dead letters: 0" in connector("--home", site.home, "dead-letters", "list").out
    assert actions(site.home).count("delivery_replayed") == len(dead)


def test_a_row_that_the_source_deleted_is_replayed_as_deleted(connector, ran):
    app = open_app(ran)
    now = app.site.now()
    error = RowError(1, "clients", "feed", InvalidRecord("bad", "x"), {"client_id": "C-77"})
    batch = RawBatch("b", "clients", "feed", now, (RawRow(1, error.data, deleted=True),))
    with app.open_store() as store:
        [made] = set_aside.rows("csv", batch, [error], now)
        store.write(lambda tx: tx.quarantine.put(made))
    assert connector("--home", ran, "quarantine", "replay", made.id).code == 0
    with app.open_store() as store:
        [item] = store.read(lambda tx: tx.inbox.new())
    assert item.batch.rows == (RawRow(1, {"client_id": "C-77"}, deleted=True),)


@pytest.fixture
def refused(connector, small_site, rows, monkeypatch):
    """A site whose receiver refused everything, a year ago and longer."""
    from connector.app import App

    receiver = Refuses()
    receiver.sent = []
    monkeypatch.setattr(App, "destinations", {"filing": receiver})
    site = small_site()
    site.drop_rows("clients.csv", [rows.client("C-1")])
    site.drop_rows("assessment_items.csv", [rows.form("F-1", "C-1", [1] * 9)])
    assert connector("--home", site.home, "run", "--once").code == 0
    receiver.refusing = False

    def age(tx):
        for table in (documents, deliveries):
            tx.scope.run(tx.scope.update(table).values(updated_at=LONG_AGO))

    with open_app(site.home).open_store() as store:
        store.write(age)
        site.dead = store.read(lambda tx: tx.deliveries.list("dead"))
    site.receiver = receiver
    return site


def tidied(home):
    """Retention has run to its end."""
    from connector.engine.retention import tidy

    app = open_app(home)
    with app.open_store() as store:
        while tidy(app.work(store, None)):
            pass


def test_a_dead_letter_can_be_sent_again_however_long_it_has_stood(connector, refused):
    tidied(refused.home)
    listed = connector("--home", refused.home, "dead-letters", "list")
    assert "Their documents are kept until each is replayed or dropped" in listed.words
    assert "kept longer than keep_documents_days (365)" in listed.words
    told = connector("--home", refused.home, "status")
    assert f"dead letters {len(refused.dead)} stand longer than 365 days" in told.words
    connector("--home", refused.home, "dead-letters", "replay", "--all")
    assert connector("--home", refused.home, "run", "--once").code == 0
    assert sorted(refused.receiver.sent) == sorted(row.key for row in refused.dead)


def test_one_that_lost_its_document_says_so_and_is_never_sent_empty(connector, refused):
    """As in a database of before dead letters kept their documents."""
    [gone, *others] = refused.dead

    def empty(tx):
        change = tx.scope.update(documents).values(spec=None)
        tx.scope.run(change.where(documents.c.document_id == gone.document_id))

    with open_app(refused.home).open_store() as store:
        store.write(empty)
        lost = [r for r in refused.dead if r.document_id == gone.document_id]
    said = f"{len(lost)} can't be sent again: retention removed the document"
    assert said in connector("--home", refused.home, "dead-letters", "list").words
    assert f"{len(lost)} can't be sent again" in connector("--home", refused.home, "status").words
    shown = connector("--home", refused.home, "dead-letters", "show", gone.key)
    assert "document can't be sent again" in shown.words
    one = connector("--home", refused.home, "dead-letters", "replay", gone.key)
    assert one.code == 3 and "[document_gone]" in one.err
    done = connector("--home", refused.home, "dead-letters", "replay", "--all")
    assert f"{len(refused.dead) - len(lost)} deliveries put back" in done.out and said in done.words
    dropped = ("--home", refused.home, "dead-letters", "drop", "--removed", "--by", "Pat Example")
    assert f"{len(lost)} dead letters dropped" in connector(*dropped).out
    assert "0 dead letters dropped" in connector(*dropped).out
    assert "Dead letters: 0" in connector("--home", refused.home, "dead-letters", "list").out
    assert actions(refused.home).count("delivery_dropped") == len(lost)
    assert others


def test_a_dropped_one_is_never_sent_and_its_document_goes_in_time(connector, refused):
    [first, *others] = refused.dead
    key = first.key[:12]
    connector("--home", refused.home, "dead-letters", "drop", key, "--by", "Pat Example")
    connector("--home", refused.home, "dead-letters", "replay", "--all")
    assert connector("--home", refused.home, "run", "--once").code == 0
    assert sorted(refused.receiver.sent) == sorted(row.key for row in others)
