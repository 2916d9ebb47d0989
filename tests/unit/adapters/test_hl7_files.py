"""Files of HL7 messages, however they are put together."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.hl7_v2.files import Hl7Files, messages
from adapters.hl7_v2.page import Refused, Taker
from adapters.hl7_v2.refusals import answer_to
from adapters.hl7_v2.settings import FilesSettings, ReadingSettings
from connector.errors import InvalidRecord
from connector.ports import AdapterContext
from tests.unit.adapters import hl7_messages as hl7

ONE, TWO = hl7.adt("A08", "N1"), hl7.siu("S12", "N2")
FHS = b"FHS|^~\\&|HARBOREHR\rBHS|^~\\&|HARBOREHR\r"
TAKER = Taker(ReadingSettings(), AdapterContext("ehr", Path()), "mllp:ehr")
BTS = b"BTS|2\rFTS|1\r"


@pytest.mark.parametrize(
    "content",
    [
        ONE + TWO, FHS + ONE + TWO + BTS, b"\x0b" + ONE + b"\x1c\r\x0b" + TWO + b"\x1c\r",
        (ONE + TWO).replace(b"\r", b"\r\n"), (FHS + ONE + TWO + BTS).replace(b"\r", b"\n"),
        b"\xef\xbb\xbf" + ONE + b"\n\n" + TWO, FHS + ONE + b"BTS|1\r" + FHS + TWO + BTS,
    ],
)  # fmt: skip
def test_messages_are_found_in_all_usual_wrappings(tmp_path, content):
    file = tmp_path / "m.hl7"
    file.write_bytes(content)
    found = [m.replace(b"\r\n", b"\r").replace(b"\n", b"\r") for m in messages(file)]
    assert found == [ONE, TWO]


def test_messages_are_found_wherever_the_reading_is_cut(tmp_path, monkeypatch):
    file = tmp_path / "m.hl7"
    file.write_bytes(FHS + (ONE + TWO) * 5 + BTS)
    for size in (7, 11, 64, 100, 501):
        monkeypatch.setattr("adapters.hl7_v2.files._CHUNK", size)
        assert list(messages(file)) == [ONE, TWO] * 5


@pytest.mark.parametrize("content", [b"hello", b"hello\r" + ONE, b"PID|1\r", b"MSH"])
def test_what_is_no_file_of_messages_is_refused(tmp_path, content):
    file = tmp_path / "m.hl7"
    file.write_bytes(content)
    with pytest.raises(InvalidRecord, match="MSH"):
        list(messages(file))


def pages(tmp_path, **files: bytes):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name, content in files.items():
        (inbox / name.replace("_", ".")).write_bytes(content)
    options = FilesSettings(folder="inbox", settle_seconds=0)
    return list(Hl7Files(options, AdapterContext("ehr", tmp_path)).fetch(None))


def test_a_bad_message_is_set_aside_by_its_place_and_the_others_are_read(tmp_path):
    bad = hl7.message(hl7.msh("ADT^A08", "BAD"), "PID|1||||Quillfeather")
    [page] = pages(tmp_path, a_hl7=ONE + bad + TWO)
    assert {b.table for b in page.batches} >= {"persons", "appointments"}
    [fault] = page.faults
    assert "message 2" in fault.error.message and "Quill" not in str(fault.error)


def test_the_same_message_over_the_wire_and_in_a_file_has_one_key(tmp_path):
    [page] = pages(tmp_path, a_hl7=ONE)
    taken = Taker(ReadingSettings(), AdapterContext("ehr", tmp_path), "mllp:ehr").take(ONE)
    assert [b.key for b in taken.page.batches] == [b.key for b in page.batches]


def test_many_messages_come_in_several_pages_and_an_empty_file_is_refused(tmp_path):
    many = b"".join(hl7.adt("A08", f"N{n}") for n in range(250))
    found = pages(tmp_path, a_hl7=many, b_hl7=b"\r\n", c_pdf=b"%PDF")
    assert sum(len(page.batches) > 0 for page in found) == 3
    codes = sorted(fault.error.code for page in found for fault in page.faults)
    assert codes == ["empty_file", "unknown_file"]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([m for m in hl7.ALL.values() if len(m) < 5000]),
    st.lists(st.tuples(st.integers(0, 900), st.binary(max_size=4)), max_size=6),
)
def test_a_message_with_any_damage_is_taken_or_refused_by_name(content, damage):
    """Never an error of another kind; scripts/fuzz_hl7.py does the same at length."""
    for place, what in damage:
        content = content[:place] + what + content[place + len(what) :]
    taken = TAKER.take(content)
    if isinstance(taken, Refused):
        assert taken.fault.code != "unexpected"
        answer_to(taken.fault)
