"""The splitter: what it finds, that it never fails but by its own error, and that it is right.

"Right" is judged by two libraries that others wrote: hl7apy (structure, escapes left alone) and
python-hl7 (escapes), on the corpus and on random messages.
"""

from __future__ import annotations

import time

import hl7
import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from adapters.hl7_v2.message import Message, Separators, read_message, separators_of, unescape
from adapters.hl7_v2.results import groups
from connector.errors import InvalidRecord
from tests.unit.adapters import hl7_messages as corpus

MARKS = Separators()
READABLE = {name: text.decode("latin-1") for name, text in corpus.ALL.items()}


def tree(message: Message) -> list[tuple[str, list[tuple[int, list[list[list[str]]]]]]]:
    """Segments, fields, repetitions, components, subcomponents, as sent; blank ones left out."""
    marks = message.marks
    found = []
    for segment in message.segments:
        fields = []
        for number in range(1, len(segment.fields)):
            if segment.name == "MSH" and number <= 2:
                continue
            listed = [
                [part.split(marks.subcomponent) for part in repetition.split(marks.component)]
                for repetition in segment.repetitions(number)
            ]
            if segment.raw(number):
                fields.append((number, listed))
        found.append((segment.name, fields))
    return found


def their_tree(text: str) -> list[tuple[str, list[tuple[int, list[list[list[str]]]]]]]:
    """The same, as hl7apy sees it."""
    message = parse_message(text, find_groups=False, validation_level=VALIDATION_LEVEL.TOLERANT)
    found = []
    for segment in message.children:
        fields: dict[int, list[list[list[str]]]] = {}
        for field in segment.children:
            number = int(field.name.rpartition("_")[2])
            if segment.name == "MSH" and number <= 2:
                continue
            marks = message.encoding_chars
            # A field that is text alone has no components, whatever characters are in it; its
            # whole text is what both must agree in.
            parts = field.to_er7().split(marks["COMPONENT"])
            fields.setdefault(number, []).append([p.split(marks["SUBCOMPONENT"]) for p in parts])
        found.append((segment.name, sorted(fields.items())))
    return found


@pytest.mark.parametrize("name", [n for n in READABLE if "v21" not in n and "own" not in n])
def test_the_corpus_is_split_as_hl7apy_splits_it(name: str) -> None:
    text = READABLE[name].replace("\r\n\r\n", "\r").replace("\n", "\r")
    if name in ("adt_v23_no_structure", "adt_escapes"):
        text = text.replace(
            "\\XC3AB\\", "e"
        )  # it escapes the escape characters of hexadecimal ones
    assert tree(read_message(text)) == their_tree(text)


ALPHABET = "abcXYZ 019.-/äß€" + '"'
# With a letter in each: what is a number alone, hl7apy writes anew in its own way ("9." as "9").
values = (
    st.text(ALPHABET, min_size=1, max_size=6)
    .map(str.strip)
    .filter(lambda text: any(letter.isalpha() for letter in text))
)
FIELDS = {
    "PID": (3, 5, 7, 8, 11, 13), "PV1": (2, 3, 7, 19), "OBR": (2, 3, 4), "IN1": (2, 3, 4, 8),
    "SCH": (1, 2, 7, 11), "TXA": (2, 12), "DG1": (3, 4),
}  # fmt: skip


@st.composite
def messages(draw: st.DrawFn) -> str:
    """Messages with repetitions, components and subcomponents where HL7 has them."""
    lines = [corpus.msh("ADT^A08^ADT_A01", "R1")]
    for name in draw(st.lists(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=5)):
        cells = [""] * 20
        for number in FIELDS[name]:
            listed = draw(st.lists(_composite(), max_size=3))
            cells[number] = "~".join(listed)
        lines.append("|".join([name, *cells[1:]]).rstrip("|"))
    return "\r".join(lines) + "\r"


@st.composite
def _composite(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.lists(values, min_size=1, max_size=3), min_size=1, max_size=4))
    return "^".join("&".join(part) for part in parts)


# hl7apy is slow: a failure is shown as it was found, shrinking it would take minutes.
@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(messages())
def test_random_messages_are_split_as_hl7apy_splits_them(text: str) -> None:
    assert tree(read_message(text)) == their_tree(text)


@settings(max_examples=50, deadline=None)
@given(messages())
def test_random_messages_are_split_as_python_hl7_splits_them(text: str) -> None:
    theirs = hl7.parse(text)
    for ours, segment in zip(read_message(text).segments, theirs, strict=True):
        for number in range(3 if ours.name == "MSH" else 1, len(ours.fields)):
            assert ours.raw(number) == str(segment(number))


@settings(max_examples=150, deadline=None)
@given(st.text("ab^|&~ \\", max_size=30))
def test_what_python_hl7_escapes_we_read_back(plain: str) -> None:
    message = hl7.parse(READABLE["adt_a08"])
    assert unescape(message.escape(plain), MARKS) == plain


@pytest.mark.parametrize("name", ["oru_phq9", "oru_two_patients", "oru_total_alone"])
def test_results_are_grouped_as_hl7apy_groups_them(name: str) -> None:
    text = READABLE[name]
    theirs = parse_message(text, validation_level=VALIDATION_LEVEL.TOLERANT)
    expected = [
        (
            next(c for c in order.children if c.name == "OBR").to_er7(),
            sum(c.name == "ORU_R01_OBSERVATION" for c in order.children),
        )
        for result in theirs.children
        if result.name == "ORU_R01_PATIENT_RESULT"
        for order in result.children
        if order.name == "ORU_R01_ORDER_OBSERVATION"
    ]
    found = groups(read_message(text).segments)
    assert [("|".join(g.obr.fields), len(g.observations)) for g in found] == expected
    assert expected


@settings(max_examples=400, deadline=None)
@given(
    st.text(max_size=200) | st.text("MSH|^~\\&PIDOBX\r\n ", max_size=200).map("MSH|^~\\&|".__add__)
)
def test_any_text_gives_a_message_or_one_error(text: str) -> None:
    try:
        found = read_message(text)
    except InvalidRecord as fault:
        assert fault.code in ("no_msh", "separators", "not_a_segment")
        return
    for segment in found.segments:
        for number in range(len(segment.fields)):
            segment.value(number, 2, 2)
            segment.parts(number)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a\\T\\b", "a&b"), ("\\F\\\\S\\\\R\\\\E\\", "|^~\\"), ("\\X41C3A4\\", "Aä"),
        ("one\\.br\\two", "one\ntwo"), ("\\H\\bold\\N\\", "bold"), ("C:\\temp\\x", "C:\\temp\\x"),
        ("\\Z99\\", "\\Z99\\"), ("\\", "\\"), ("\\\\", "\\\\"), ("\\XZZ\\", "\\XZZ\\"),
        ("a\\", "a\\"), ("\\T", "\\T"), ("\\T\\\\T\\", "&&"), ("\\X00\\", ""),
    ],
)  # fmt: skip
def test_escape_sequences(written: str, read: str) -> None:
    assert unescape(written, MARKS) == read


@pytest.mark.parametrize(
    "text", ["MSH|^^~&|A", "MSH", "MSHA^~\\&|", "MSH||", "PID|1", "", "MSH|||||", "MSH ^~\\&|"]
)
def test_separators_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        read_message(text)
    assert caught.value.code in ("separators", "no_msh")


def test_fewer_separators_than_usual_are_enough() -> None:
    assert separators_of("MSH|^|A") == Separators("|", "^", "", "", "")
    [_, pid] = read_message("MSH|^~|A\rPID|1||7^8~9&1").segments
    assert pid.parts(3) == [["7"], ["8"]] and pid.value(3, 2) == "8"
    assert pid.parts(3, 1) == [["9&1"]]


def test_a_line_break_inside_a_field_is_told_by_its_line() -> None:
    with pytest.raises(InvalidRecord, match="line 3") as caught:
        read_message("MSH|^~\\&|A\rPID|1\rQuillfeather wrote|\rPV1|1")
    assert "Quillfeather" not in str(caught.value)


def test_the_time_grows_no_faster_than_the_message() -> None:
    """Each of these would take minutes if any part looked at the rest again and again."""
    for text in ("\\" * 400_000, "\\T" * 200_000, "^" * 400_000, "~" * 200_000, "&" * 400_000):
        began = time.process_time()
        segment = read_message(f"MSH|^~\\&|A\rOBX|{text}").segments[1]
        segment.parts(1)
        segment.value(1, 3)
        assert time.process_time() - began < 20
