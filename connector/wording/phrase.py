"""Phrases: parsed once, then looked for from one word on, in a bounded number of steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

MOST_PARTS = 12
_GAP = 3
_MOST_GAP = 5


class BadPhrase(Exception):
    """Why a phrase can't be used; a sentence for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One place of a phrase: any of ``words``, or (``gap``) up to that many words of any kind."""

    words: frozenset[str] = frozenset()
    optional: bool = False
    gap: int = 0


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase, ready to run; its first and its last part are words that must be there."""

    parts: tuple[Part, ...]

    def ends(self, words: Sequence[str], start: int, stop: int) -> set[int]:
        """Where it can end when it begins at ``start``; nothing from ``stop`` on is looked at."""
        places = {start}
        for part in self.parts:
            reached: set[int] = set()
            for place in places:
                if part.gap:
                    reached.update(range(place, min(place + part.gap, stop) + 1))
                    continue
                if part.optional:
                    reached.add(place)
                if place < stop and words[place] in part.words:
                    reached.add(place + 1)
            places = reached
            if not places:
                break
        return places


Spell = Callable[[str], list[str]]
"""Gives the words of a text, as a patient's text is read."""


def parse_phrase(text: str, lists: Mapping[str, frozenset[str]], spell: Spell) -> Phrase:
    """The phrase that ``text`` writes. Raises BadPhrase."""
    parts: list[Part] = []
    for token in text.split():
        parts += _parts(token, lists, spell)
    if not parts or len(parts) > MOST_PARTS:
        raise BadPhrase(f"{text!r}: a phrase has 1 to {MOST_PARTS} words")
    for end in (parts[0], parts[-1]):
        if end.gap or end.optional:
            raise BadPhrase(f"{text!r}: a phrase begins and ends with a word that must be there")
    return Phrase(tuple(parts))


def _parts(token: str, lists: Mapping[str, frozenset[str]], spell: Spell) -> list[Part]:
    if token.startswith(".."):
        return [Part(gap=_gap(token))]
    optional = token.endswith("?")
    bare = token.removesuffix("?")
    if bare.startswith("@"):
        if bare[1:] not in lists:
            close = get_close_matches(bare[1:], lists, n=1)
            hint = f". Did you mean '@{close[0]}'?" if close else ""
            raise BadPhrase(f"there is no word list {bare!r}{hint}")
        return [Part(lists[bare[1:]], optional)]
    choices = [spell(word) for word in bare.split("|")]
    if len(choices) == 1:
        if not choices[0]:
            raise BadPhrase(f"{token!r} holds no word")
        return [Part(frozenset({word}), optional) for word in choices[0]]
    if any(len(words) != 1 for words in choices):
        raise BadPhrase(f"{token!r}: each side of | is one word (contractions are several)")
    return [Part(frozenset(words[0] for words in choices), optional)]


def _gap(token: str) -> int:
    number = token[2:]
    if not number:
        return _GAP
    if number.isascii() and number.isdigit() and 1 <= int(number) <= _MOST_GAP:
        return int(number)
    raise BadPhrase(f"{token!r}: write .. or ..1 to ..{_MOST_GAP}")


class PhraseBook:
    """Phrases with what they stand for, found by their first word."""

    def __init__(self, given: Iterable[tuple[Phrase, str]]) -> None:
        self._by_word: dict[str, list[tuple[Phrase, str]]] = defaultdict(list)
        self.words: set[str] = set()
        for phrase, label in given:
            for word in phrase.parts[0].words:
                self._by_word[word].append((phrase, label))
            self.words.update(word for part in phrase.parts for word in part.words)

    def find(
        self, words: Sequence[str], stops: Sequence[int], longest: bool = False
    ) -> Iterator[tuple[str, int, int]]:
        """Label, start and end of each phrase in ``words``; ``stops`` is where each sentence ends.

        A phrase that can end in several places ends at the first, or at the last (``longest``).
        """
        for start, word in enumerate(words):
            for phrase, label in self._by_word.get(word, ()):
                found = phrase.ends(words, start, stops[start])
                if found:
                    yield label, start, max(found) if longest else min(found)
