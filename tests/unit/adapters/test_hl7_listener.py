"""The listener under good and bad senders: each row of the table of what a server must stand."""

from __future__ import annotations

import logging
import socket
import threading
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from adapters.hl7_v2 import ADAPTER
from adapters.hl7_v2.framing import Framer, TooLong
from adapters.hl7_v2.page import DIGEST
from adapters.hl7_v2.settings import ListenerSettings
from connector.errors import ConfigurationError, InvalidRecord, RetryLater
from connector.testing_listeners import FakeKeeper, running
from tests.unit.adapters import hl7_messages as hl7
from tests.unit.adapters.mllp_sender import (
    CR,
    FS,
    VT,
    Sender,
    codes,
    field,
    free_port,
    listener,
    port_of,
)  # fmt: skip

CANARIES = ("Quillfeather", "Zephyrine", "P-101", "77001", "19880412")


@pytest.fixture
def keeper() -> FakeKeeper:
    return FakeKeeper()


def exchange(folder: Path, keeper: FakeKeeper, *contents: bytes, **options) -> list[bytes]:
    """The answers to messages over one connection."""
    with running(listener(folder, **options), keeper) as one, Sender(port_of(one)) as sender:
        return sender.send(*contents)


def test_many_messages_over_one_connection_one_after_the_other(tmp_path, keeper):
    with running(listener(tmp_path), keeper) as one, Sender(port_of(one)) as sender:
        for number in range(20):
            [answer] = sender.send(hl7.adt("A08", f"N{number}"))
            assert (field(answer, "MSA", 1), field(answer, "MSA", 2)) == ("AA", f"N{number}")
    assert len(keeper.pages) == 20


def test_pipelined_messages_are_answered_in_order(tmp_path, keeper):
    contents = [hl7.adt("A08", f"N{n}") if n % 3 else b"MSH|^~\\&|nothing" for n in range(300)]
    answers = exchange(tmp_path, keeper, *contents)
    assert [field(a, "MSA", 2) for a in answers] == [f"N{n}" if n % 3 else "" for n in range(300)]
    assert codes(answers) == ["AA" if n % 3 else "AR" for n in range(300)]


def test_large_messages_are_taken(tmp_path, keeper):
    """How fast, benchmarks/mllp.py measures; nothing of a document is kept."""
    answers = exchange(
        tmp_path, keeper, hl7.mdm(size=150_000), hl7.mdm("T02", "M2", size=3_000_000)
    )
    assert codes(answers) == ["AA", "AA"]
    assert max(len(repr(batch.rows)) for batch in keeper.batches) < 5000


def test_a_message_in_small_pieces_with_rubbish_around_it(tmp_path, keeper):
    frame = b"\x00\r\n rubbish" + VT + hl7.siu("S12") + FS + CR
    with running(listener(tmp_path), keeper) as one, Sender(port_of(one)) as sender:
        for start in range(0, len(frame), 7):
            sender.raw(frame[start : start + 7])
        assert codes(sender.answers()) == ["AA"]


def test_a_frame_without_its_last_byte_and_one_begun_twice(tmp_path, keeper):
    with running(listener(tmp_path), keeper) as one, Sender(port_of(one)) as sender:
        sender.raw(VT + hl7.adt("A08", "CUT")[:60] + VT + hl7.adt("A08", "N1") + FS)
        assert field(sender.answers()[0], "MSA", 2) == "N1"
        sender.raw(VT + hl7.adt("A08", "N2") + FS + VT + hl7.adt("A08", "N3") + FS + CR)
        assert [field(a, "MSA", 2) for a in sender.answers(2)] == ["N2", "N3"]
    assert len(keeper.pages) == 3


@pytest.mark.parametrize(
    ("content", "code", "condition", "kept"),
    [
        (b"", "AR", "100", False),
        (b"PID|1", "AR", "100", False),
        (b"MSH\n|^~\\&|A|B", "AR", "100", False),
        (b"\xff\xfe\x00", "AR", "100", False),
        (hl7.adt("A08", version="9.9"), "AR", "203", False),
        (hl7.adt("A08", processing="T"), "AR", "202", False),
        (hl7.adt("A99"), "AR", "201", False),
        (hl7.message(hl7.msh("ORM^O01", "X"), hl7.PID), "AR", "200", False),
        (hl7.adt("A08", charset="ISO IR87"), "AE", "103", True),
        (hl7.message(hl7.msh("ADT^A08", "X")), "AE", "100", True),
        (hl7.message(hl7.msh("ADT^A08", ""), hl7.PID), "AE", "101", True),
        (hl7.message(hl7.msh("ADT^A08", "X"), "PID|1||||Quillfeather"), "AE", "101", True),
        (hl7.message(hl7.msh("ADT^A08", "X"), "PID|1||1^^^A^MR~2^^^B^MR"), "AE", "204", True),
        (hl7.message(hl7.msh("ADT^A08", "X"), hl7.PID, "Quillfeather says"), "AE", "100", True),
        (hl7.message(hl7.msh("SIU^S12", "X"), "SCH|", hl7.PID), "AE", "101", True),
        (hl7.message(hl7.msh("MDM^T02", "X"), hl7.PID, "TXA|1|PR"), "AE", "101", True),
        (b"MSH|^^~\\&|A|B|C|D|20261120||ADT^A08|X|P|2.5.1\rPID|1", "AR", "102", False),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_not_taken_is_said_with_its_condition(
    tmp_path, keeper, caplog, content, code, condition, kept
):
    """In words without anything of the message; what the practice may miss goes to quarantine."""
    with caplog.at_level(logging.DEBUG):
        [answer] = exchange(tmp_path, keeper, content)
    assert field(answer, "MSA", 1) == code
    assert field(answer, "ERR", 3).startswith(f"{condition}^")
    assert field(answer, "ERR", 8)
    assert bool(keeper.pages) is kept
    assert not keeper.batches
    for canary in CANARIES:
        assert canary not in answer.decode() and canary not in caplog.text
        assert not any(canary in str(f.error) for page in keeper.pages for f in page.faults)


def test_old_versions_are_told_in_one_field(tmp_path, keeper):
    content = hl7.message(hl7.msh("ADT^A08", "X", version="2.3"), "PID|1||||A")
    [answer] = exchange(tmp_path, keeper, content)
    assert field(answer, "ERR", 1) == "PID^1^3^101&Required field missing&HL70357"
    assert field(answer, "MSH", 11) == "2.3"


@pytest.mark.parametrize("name", sorted(hl7.ALL))
def test_every_message_of_the_corpus_is_taken(tmp_path, keeper, name):
    assert codes(exchange(tmp_path, keeper, hl7.ALL[name])) == ["AA"]


@pytest.mark.parametrize(
    ("more", "good", "bad"),
    [
        ("||", ["AA"], ["AE"]), ("||AL|NE", ["CA"], ["CE"]), ("||AL|", ["CA"], ["CE"]),
        ("||AL|AL", ["CA", "AA"], ["CE"]), ("||NE|AL", ["AA"], ["AE"]), ("||NE|NE", [], []),
        ("||ER|SU", ["AA"], ["CE"]), ("||SU|ER", ["CA"], ["AE"]), ("|||AL", ["AA"], ["AE"]),
        ("||XX|YY", ["AA"], ["AE"]), ("||XX|AL", ["AA"], ["AE"]),
    ],
)  # fmt: skip
def test_both_modes_answer_as_the_sender_wishes(tmp_path, keeper, more, good, bad):
    contents = [
        hl7.adt("A08", "GOOD", more=more),
        hl7.message(hl7.msh("ADT^A08", "BAD", more=more), "PID|1||||A"),
        hl7.adt("A08", "LAST"),
    ]
    with running(listener(tmp_path), keeper) as one, Sender(port_of(one)) as sender:
        sender.raw(b"".join(VT + content + FS + CR for content in contents))
        answers = sender.answers(len(good) + len(bad) + 1)
    assert codes(answers) == [*good, *bad, "AA"]
    assert len(keeper.batches) > 0


def test_the_same_id_again_is_answered_alike_and_has_one_effect(tmp_path, keeper):
    first = exchange(tmp_path, keeper, hl7.phq9())
    stored = len(keeper.batches)
    again = exchange(tmp_path, keeper, hl7.phq9(), hl7.phq9())
    assert codes(again) == ["AA", "AA"]
    assert {field(a, "MSH", 9) for a in [*first, *again]} == {field(first[0], "MSH", 9)}
    assert len(keeper.batches) == stored


def test_the_same_id_with_other_content_is_refused_and_kept_for_a_person(tmp_path, keeper):
    other = hl7.phq9((3,) * 9)
    answers = exchange(tmp_path, keeper, hl7.phq9(), other, hl7.adt("A08", "O1"), hl7.phq9(), other)
    assert codes(answers) == ["AA", "AE", "AE", "AA", "AE"]
    assert field(answers[1], "ERR", 3).startswith("205^")
    faults = [fault for page in keeper.pages for fault in page.faults]
    assert {f.error.code for f in faults} == {"duplicate_id"}
    assert len({f.key for f in faults}) == 2
    [row] = [r for b in keeper.batches for r in b.rows if b.table == "results"]
    assert row.data["answers"]["44250-9"] == "2"


def test_an_id_may_come_again_on_another_day(tmp_path, keeper):
    other_day = hl7.adt("A08", "1", at="20261121093000")
    assert codes(exchange(tmp_path, keeper, hl7.adt("A08", "1"), other_day)) == ["AA", "AA"]
    other_sender = hl7.adt("A31", "1").replace(b"HARBOREHR", b"OTHEREHR")
    assert codes(exchange(tmp_path, keeper, other_sender)) == ["AA"]


def test_what_was_kept_and_is_emptied_counts_as_the_same(tmp_path):
    class Emptied(FakeKeeper):
        def kept(self, keys):
            return dict.fromkeys(keys, ())

    keeper = Emptied()
    assert codes(exchange(tmp_path, keeper, hl7.adt("A08"))) == ["AA"]
    assert keeper.pages == []


def test_nothing_is_lost_when_the_store_fails(tmp_path):
    keeper = FakeKeeper([RetryLater("disk_full", "no room"), ValueError("Quillfeather")])
    answers = []
    with running(listener(tmp_path), keeper) as one, Sender(port_of(one)) as sender:
        for _ in range(3):
            answers += sender.send(hl7.adt("A08"))
    assert codes(answers) == ["AR", "AR", "AA"]
    assert all(field(a, "ERR", 3).startswith("207^") for a in answers[:2])
    assert len(keeper.pages) == 1


def test_one_message_that_breaks_the_store_does_not_take_others_with_it(tmp_path):
    class Picky(FakeKeeper):
        def store(self, pages):
            if any("N2" in repr(page.batches) for page in pages):
                raise TypeError("a defect")
            return super().store(pages)

    keeper = Picky()
    keeper.gate.clear()
    with running(listener(tmp_path), keeper) as one, Sender(port_of(one)) as sender:
        sender.raw(VT + hl7.adt("A08", "N0") + FS + CR)
        sender.raw(b"".join(VT + hl7.adt("A08", f"N{n}") + FS + CR for n in range(1, 5)))
        keeper.gate.set()
        assert codes(sender.answers(5)) == ["AA", "AA", "AR", "AA", "AA"]


def test_a_message_over_the_limit_is_refused_and_the_connection_closed(tmp_path, keeper):
    with (
        running(listener(tmp_path, max_message_bytes=10_000), keeper) as one,
        Sender(port_of(one)) as sender,
    ):
        sender.raw(VT + hl7.adt("A08", "BIG") + b"x" * 11_000)
        [answer] = sender.answers()
        assert (field(answer, "MSA", 1), field(answer, "MSA", 2)) == ("AR", "BIG")
        assert sender.is_closed()
        with Sender(port_of(one)) as other:
            assert codes(other.send(hl7.adt("A08"))) == ["AA"]


def test_a_message_that_never_ends_and_a_silent_sender_are_cut_off(tmp_path, keeper):
    with running(listener(tmp_path, message_seconds=0.6), keeper) as one:
        with Sender(port_of(one)) as dripping, Sender(port_of(one)) as other:
            stop = threading.Event()

            def drip() -> None:
                while not stop.wait(0.05):
                    try:
                        dripping.raw(b"x")
                    except OSError:
                        return

            dripping.raw(VT + b"MSH|")
            thread = threading.Thread(target=drip)
            thread.start()
            assert dripping.is_closed()
            stop.set()
            thread.join()
            assert codes(other.send(hl7.adt("A08"))) == ["AA"]
        assert one.tally.counts == {"message_not_completed": 1}
    with running(listener(tmp_path, idle_seconds=0.3), keeper) as one:
        with Sender(port_of(one)) as idle:
            assert idle.is_closed()
        assert one.tally.counts == {}


def test_what_is_no_hl7_at_all_is_cut_off(tmp_path, keeper):
    with running(listener(tmp_path), keeper) as one, Sender(port_of(one)) as sender:
        try:
            for _ in range(100):
                sender.raw(b"GET / HTTP/1.1 " * 100)
        except OSError:
            pass
        assert sender.is_closed()


def test_four_hundred_connections_are_served_at_once(tmp_path, keeper):
    keeper.gate.clear()
    with running(listener(tmp_path), keeper) as one:
        senders = [Sender(port_of(one)) for _ in range(400)]
        try:
            for number, sender in enumerate(senders):
                sender.raw(VT + hl7.adt("A08", f"N{number}") + FS + CR)
            keeper.gate.set()
            answers = [sender.answers()[0] for sender in senders]
        finally:
            for sender in senders:
                sender.close()
    assert {field(a, "MSA", 2) for a in answers} == {f"N{n}" for n in range(400)}
    assert set(codes(answers)) == {"AA"}
    assert keeper.calls < 400, "what arrives together is stored together"


def test_more_connections_than_allowed_are_turned_away(tmp_path, keeper):
    with running(listener(tmp_path, max_connections=2), keeper) as one:
        with Sender(port_of(one)) as first, Sender(port_of(one)) as second:
            assert codes(first.send(hl7.adt("A08", "N1")) + second.send(hl7.adt("A08", "N2")))
            with Sender(port_of(one)) as third:
                assert third.is_closed()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with Sender(port_of(one)) as fourth:
                try:
                    if fourth.send(hl7.adt("A08", "N4")):
                        break
                except OSError:
                    time.sleep(0.02)
        assert one.tally.counts["too_many_connections"] >= 1
    assert [b for b in keeper.batches if any(r.data["control_id"] == "N4" for r in b.rows)]


def test_who_may_not_send_is_turned_away(tmp_path, keeper):
    with running(listener(tmp_path, senders=("10.9.9.0/24",)), keeper) as one:
        with Sender(port_of(one)) as sender:
            assert sender.is_closed()
        assert one.tally.counts == {"sender_not_allowed": 1}
    answers = exchange(tmp_path, keeper, hl7.adt("A08"), senders=("127.0.0.1",),
                       applications=("OTHER",))  # fmt: skip
    assert codes(answers) == ["AR"]
    answers = exchange(tmp_path, keeper, hl7.adt("A08"), facilities=("HARBOR",))
    assert codes(answers) == ["AA"]


def test_stopping_answers_what_has_come_and_waits_for_nothing_else(tmp_path):
    keeper = FakeKeeper()
    keeper.gate.clear()
    one = listener(tmp_path)
    one.start(keeper)
    with Sender(port_of(one)) as busy, Sender(port_of(one)) as half:
        half.raw(VT + b"MSH|half a message")
        busy.raw(VT + hl7.adt("A08", "N1") + FS + CR)
        deadline = time.monotonic() + 60
        while not (one._committer and any(c._waiting for c in one._connections)):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        stopping = threading.Thread(target=one.stop)
        stopping.start()
        assert half.is_closed()
        keeper.gate.set()
        assert codes(busy.answers()) == ["AA"]
        assert busy.is_closed()
        stopping.join()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port_of(one)), timeout=5)


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        one = listener(tmp_path, port=holder.getsockname()[1])
        with pytest.raises(ConfigurationError, match="in use") as caught:
            one.start(FakeKeeper())
    assert caught.value.code == "port_taken"
    assert not one.is_listening()
    one.stop()


def test_a_sender_that_goes_before_its_answer_sends_again(tmp_path):
    keeper = FakeKeeper()
    keeper.gate.clear()
    with running(listener(tmp_path), keeper) as one:
        with Sender(port_of(one)) as gone:
            gone.raw(VT + hl7.adt("A08", "N1") + FS + CR)
        keeper.gate.set()
        with Sender(port_of(one)) as back:
            assert codes(back.send(hl7.adt("A08", "N1"))) == ["AA"]
    assert len(keeper.pages) == 1


def test_a_message_that_we_read_wrongly_is_refused_and_kept(tmp_path, keeper, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("Quillfeather")

    monkeypatch.setattr("adapters.hl7_v2.page.read", broken)
    [answer] = exchange(tmp_path, keeper, hl7.adt("A08"))
    assert field(answer, "ERR", 3).startswith("207^") and b"Quill" not in answer
    [page] = keeper.pages
    assert page.faults[0].excerpt.startswith(b"MSH") and "Quill" not in str(page.faults[0].error)


def test_quarantine_can_not_be_filled_by_one_sender(tmp_path, keeper):
    bad = [hl7.message(hl7.msh("ADT^A08", f"B{n}"), "PID|1") for n in range(150)]
    assert set(codes(exchange(tmp_path, keeper, *bad))) == {"AE"}
    assert len(keeper.pages) == 100


def test_the_text_of_a_note_is_not_kept_even_when_it_is_refused(tmp_path, keeper):
    content = hl7.mdm().replace(b"DOC-1^HARBOREHR", b"").replace(b"|ED|", b"|TX|")
    content = content.replace(b"^application^pdf^Base64^", b"She told me of her mother")
    assert codes(exchange(tmp_path, keeper, content)) == ["AE"]
    assert b"mother" not in keeper.pages[0].faults[0].excerpt


def test_merged_charts_are_told_to_a_person(tmp_path, keeper):
    assert codes(exchange(tmp_path, keeper, hl7.ALL["adt_a40"])) == ["AA"]
    [fault] = [fault for page in keeper.pages for fault in page.faults]
    assert isinstance(fault.error, InvalidRecord) and fault.error.code == "patients_merged"
    assert "P-099" in fault.error.sentence() and "P-099" not in str(fault.error)


def test_keys_tell_nothing_and_the_first_row_knows_its_message(tmp_path, keeper):
    exchange(tmp_path, keeper, hl7.adt("A08", "N1", hl7.IN1, hl7.DG1))
    assert [b.table for b in keeper.batches] == ["persons", "coverages", "diagnoses", "clinicians"]
    assert DIGEST in keeper.batches[0].rows[0].data
    for batch in keeper.batches:
        assert len(batch.key) == 64 and batch.origin == "mllp:ehr"
        assert "77001" not in repr(batch.rows), "a social security number is never kept"


def test_framing_needs_no_particular_pieces():
    stream = b"".join(VT + content + FS + CR for content in hl7.ALL.values())
    whole = Framer(10_000_000).feed(stream)
    pieces = Framer(10_000_000)
    assert [m for start in range(0, len(stream), 997)
            for m in pieces.feed(stream[start : start + 997])] == whole  # fmt: skip
    assert whole == list(hl7.ALL.values())
    small = Framer(100)
    assert [type(m) for m in small.feed(VT + b"x" * 101)] == [TooLong]
    assert small.feed(stream) == [] and small.broken


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"host": "0.0.0.0"}, "who may send"), ({"host": "ehr.example"}, "address of this machine"),
        ({"senders": ["nobody"]}, "no address"), ({"charset": "KLINGON"}, "character set"),
        ({"tls": {"certificate": "c", "key": "k", "client_names": ["x"]}}, "client_ca"),
    ],
)  # fmt: skip
def test_settings_that_can_not_be_right_are_refused(options, said):
    with pytest.raises(ValidationError, match=said):
        ListenerSettings(**{"port": free_port(), **options})


def test_settings_that_deserve_a_second_look_are_named():
    open_to_all = ListenerSettings(port=1, host="0.0.0.0", senders=("10.0.0.0/8",))
    assert any("tls" in sentence for sentence in ADAPTER.concerns(open_to_all))
    tests = ListenerSettings(port=1, processing_ids=("P", "T"))
    assert any("tests" in sentence for sentence in ADAPTER.concerns(tests))
    assert ADAPTER.concerns(ListenerSettings(port=1)) == []
