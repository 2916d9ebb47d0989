"""One written word as the words it stands for: contractions, misspellings, disguises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import groupby

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DISGUISES = str.maketrans({"1": "i", "!": "i", "0": "o", "3": "e", "4": "a", "@": "a", "$": "s",
                            "5": "s"})  # fmt: skip
_LONGEST = 24
"""A longer string of letters is no word of any list."""
_SHORTEST_NEAR = 6
_MOST_REMEMBERED = 20_000


class Spelling:
    """How a language's words are written and miswritten.

    ``known`` are the words of all phrases: only they are looked for behind a disguise.
    """

    def __init__(
        self,
        expansions: Mapping[str, str],
        spellings: Mapping[str, Sequence[str]],
        near: Iterable[str] = (),
        known: Iterable[str] = (),
        joins: Iterable[str] = (),
    ) -> None:
        self._expansions = {key: tuple(text.split()) for key, text in expansions.items()}
        self._meant = {odd: word for word, odds in spellings.items() for odd in odds}
        pairs = [tuple(pair.split()) for pair in joins]
        self._joins = {pair: "".join(pair) for pair in pairs if len(pair) == 2}
        self._known = frozenset(known) | self._meant.keys() | self._expansions.keys()
        self._near = {
            odd: word
            for word in sorted(near)
            if len(word) >= _SHORTEST_NEAR
            for odd in _one_edit(word)
            if odd not in self._known
        }
        self.words_of = lru_cache(_MOST_REMEMBERED)(self._words_of)

    def knows(self, word: str) -> bool:
        """Whether a word is one of a phrase, or a spelling of one."""
        return word in self._known or word in self._near

    def joined(self, first: str, second: str) -> str | None:
        """The word that two written apart are (my self); None where they are two."""
        return self._joins.get((first, second))

    def segmented(self, letters: str) -> list[str]:
        """Letters that stood apart (k i l l) as known words, longest first; else empty."""
        found: list[str] = []
        place = 0
        while place < len(letters):
            for length in range(min(_LONGEST, len(letters) - place), 0, -1):
                word = letters[place : place + length]
                if word in self._known and (length > 1 or word in ("i", "a")):
                    found += self.words_of(word)
                    place += length
                    break
            else:
                return []
        return found

    def _words_of(self, written: str) -> tuple[str, ...]:
        if len(written) > _LONGEST:
            return (written[:_LONGEST],)
        if written in self._expansions:
            return self._expansions[written]
        bare = written.removesuffix("'s").replace("'", "")
        for word in (bare, bare.translate(_DISGUISES), *_unstretched(bare)):
            if word in self._expansions:
                return self._expansions[word]
            if word in self._meant:
                return (self._meant[word],)
            if word in self._known:
                return (word,)
            if word in self._near:
                return (self._near[word],)
        return (bare,) if bare else ()


def _unstretched(word: str) -> tuple[str, ...]:
    """The word without letters drawn out (dieee): doubled, then single; none where none is."""
    runs = [(letter, sum(1 for _ in run)) for letter, run in groupby(word)]
    if all(length < 3 for _, length in runs):
        return ()
    return tuple(
        "".join(letter * min(length, most if length >= 3 else length) for letter, length in runs)
        for most in (2, 1)
    )


def _one_edit(word: str) -> set[str]:
    """What is one missing, doubled, wrong or swapped letter away; the first letter stays."""
    found: set[str] = set()
    for place in range(1, len(word) + 1):
        head, tail = word[:place], word[place:]
        found.update(head + letter + tail for letter in _LETTERS)
        if tail:
            found.add(head + tail[1:])
            found.update(head + letter + tail[1:] for letter in _LETTERS)
        if len(tail) > 1:
            found.add(head + tail[1] + tail[0] + tail[2:])
    found.discard(word)
    return found
