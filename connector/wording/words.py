"""A text as words, each with its sentence, clause and quotation. Takes any text, in linear time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.wording.spelling import Spelling

_APOSTROPHES = "\u00b4\u0060\u02bc\u2018\u2019\u2032\uff07"
_DOUBLE_MARKS = "\u201c\u201d\u201e\u00ab\u00bb\u201f\u2033\uff02"
_MARKS = str.maketrans(dict.fromkeys(_APOSTROPHES, "'") | dict.fromkeys(_DOUBLE_MARKS, '"'))
_NOTES = str.maketrans(dict.fromkeys("♪♫♬🎵🎶", '"'))
# Every alternative begins with another kind of character, and none holds two repeats that could
# share a character: the search never goes back.
_TOKEN = re.compile(
    r"(?P<reply>^[ \t]*>[^\n]*)"
    r"|(?P<word>[^\W_]+(?:['*!@$][^\W_]+)*)"
    r"|(?P<paragraph>\n[ \t\r]*\n)"
    r"|(?P<pause>\.\.+|[,;:()\u2013\u2014/])"
    r"|(?P<end>[.!?]+(?=[\s\"')]|$))"
    r"|(?P<double>\")"
    r"|(?P<open>(?<!\w)'(?=\w))"
    r"|(?P<close>(?<=[\w.!?,])'(?!\w))",
    re.MULTILINE,
)
REPLY = ">"
"""The kind of quotation that a line of a message is which is answered."""
_INSIDE = re.compile(r"[*!@$]")


@dataclass(slots=True)
class Reader:
    """The words of a text as parallel lists, as ``spelling`` writes them.

    ``quotes`` are first word and end, by kind of mark; those of one kind never overlap.
    """

    spelling: Spelling
    words: list[str] = field(default_factory=list)
    sentences: list[int] = field(default_factory=list)
    clauses: list[int] = field(default_factory=list)
    quotes: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    sentence: int = 0
    clause: int = 0
    opened: dict[str, int] = field(default_factory=dict)

    def add(self, words: tuple[str, ...] | list[str]) -> None:
        """More words, where the reader stands."""
        for word in words:
            last = self.words[-1] if self.words else ""
            joined = self.spelling.joined(last, word)
            if joined is not None and self.sentences[-1] == self.sentence:
                self.words[-1] = joined
                continue
            self.words.append(word)
            self.sentences.append(self.sentence)
            self.clauses.append(self.clause)

    def end_clause(self) -> None:
        """A comma or the like."""
        self.clause += 1

    def end_sentence(self) -> None:
        """A full stop or the like."""
        self.sentence += 1
        self.clause += 1

    def end_paragraph(self) -> None:
        """A blank line; what was opened and not closed was no quotation."""
        self.end_sentence()
        self.opened.clear()

    def quote(self, mark: str, opens: bool, closes: bool) -> None:
        """A quotation mark of a kind."""
        if closes and mark in self.opened:
            self.quoted(mark, self.opened.pop(mark))
        elif opens:
            self.opened[mark] = len(self.words)

    def quoted(self, mark: str, first: int) -> None:
        """The words from ``first`` on are a quotation."""
        self.quotes.setdefault(mark, []).append((first, len(self.words)))

    def stops(self) -> list[int]:
        """For each word, where its sentence ends."""
        found = [len(self.words)] * len(self.words)
        for place in range(len(self.words) - 2, -1, -1):
            same = self.sentences[place] == self.sentences[place + 1]
            found[place] = found[place + 1] if same else place + 1
        return found


def plain(text: str) -> str:
    """The text without case, accents, invisible characters and kinds of quotation marks."""
    text = text.translate(_MARKS)
    if not text.isascii():
        text = "".join(
            c
            for c in unicodedata.normalize("NFKD", text.translate(_NOTES))
            if unicodedata.category(c) not in ("Mn", "Me", "Cf")
        )
    return text.casefold()


def read_words(text: str, spelling: Spelling, symbols: Mapping[str, str]) -> Reader:
    """The words of a text. Never raises, whatever the text holds."""
    for symbol, word in symbols.items():
        if symbol in text:
            text = text.replace(symbol, f" {word} ")
    return _read(plain(text), spelling)


def _read(text: str, spelling: Spelling) -> Reader:
    reader = Reader(spelling)
    letters: list[str] = []
    for token in _TOKEN.finditer(text):
        kind, written = token.lastgroup, token.group()
        if kind == "word" and len(written) == 1:
            letters.append(written)
            continue
        _add_letters(reader, letters)
        if kind == "word":
            _add_word(reader, written)
        elif kind == "reply":
            _add_reply(reader, written)
        elif kind == "paragraph":
            reader.end_paragraph()
        elif kind == "pause":
            reader.end_clause()
        elif kind == "end":
            reader.end_sentence()
        elif kind == "double":
            reader.quote('"', opens=True, closes=True)
        else:
            reader.quote("'", opens=kind == "open", closes=kind == "close")
    _add_letters(reader, letters)
    return reader


def _add_word(reader: Reader, written: str) -> None:
    """A word; where marks inside it hide none (su!cide), they part it (die!I)."""
    if _INSIDE.search(written) is None:
        reader.add(reader.spelling.words_of(written))
        return
    found = reader.spelling.words_of(written)
    if all(reader.spelling.knows(word) for word in found):
        reader.add(found)
        return
    for number, part in enumerate(_INSIDE.split(written)):
        if number and "!" in written:
            reader.end_sentence()
        reader.add(reader.spelling.words_of(part))


def _add_letters(reader: Reader, letters: list[str]) -> None:
    """Letters that stand alone: words of one letter, or a word that was drawn apart (d i e)."""
    if not letters:
        return
    found: list[str] = []
    if len(letters) > 2:
        found = reader.spelling.segmented("".join(letters))
    reader.add(found or [word for letter in letters for word in reader.spelling.words_of(letter)])
    letters.clear()


def _add_reply(reader: Reader, line: str) -> None:
    """A line of a message that is answered: somebody wrote it before."""
    reader.end_paragraph()
    inner = _read(line.lstrip(" \t>"), reader.spelling)
    start = len(reader.words)
    for place, word in enumerate(inner.words):
        if place and inner.sentences[place] != inner.sentences[place - 1]:
            reader.end_sentence()
        elif place and inner.clauses[place] != inner.clauses[place - 1]:
            reader.end_clause()
        reader.add([word])
    reader.quoted(REPLY, start)
    reader.end_paragraph()
