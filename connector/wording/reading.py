"""How a mention is meant: what stands round it. Whatever is unclear is read as said."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from connector.records import Reading
from connector.wording.phrase import PhraseBook
from connector.wording.rules import Cues, Dialect
from connector.wording.words import REPLY, Reader

_ATTRIBUTION = 8
"""Words before and after a quotation among which its source is looked for."""
_LOOKED_AROUND = 60
"""Words of a sentence on each side that can tell that it is about the past; keeps it linear."""
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Spans:
    """Places of phrases, in order of their start."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def within(self, start: int, end: int) -> list[Span]:
        """Those that begin in a stretch of words."""
        low, high = bisect_left(self.starts, start), bisect_right(self.starts, end - 1)
        return list(zip(self.starts[low:high], self.ends[low:high], strict=True))

    @classmethod
    def of(cls, book: PhraseBook, text: Reader, stops: list[int]) -> Spans:
        """Where the phrases of a book stand in a text."""
        found = sorted((s, e) for _, s, e in book.find(text.words, stops, longest=True))
        return cls(tuple(s for s, _ in found), tuple(e for _, e in found))


class Context:
    """One text with all that tells how its words are meant; made once, asked for each mention."""

    def __init__(self, dialect: Dialect, text: Reader) -> None:
        stops = text.stops()
        cues = dialect.cues
        self._cues: Cues = cues
        self._text = text
        self._stops = stops
        self._no = Spans.of(cues.negations, text, stops)
        self._no_after = Spans.of(cues.negations_after, text, stops)
        self._doubts = Spans.of(cues.doubts, text, stops)
        self._past = Spans.of(cues.past, text, stops)
        self._present = Spans.of(cues.present, text, stops)
        self._sources = Spans.of(cues.quote_sources, text, stops)

    def readings(self, start: int, end: int) -> list[Reading]:
        """Every milder way to read the words from ``start`` to ``end``; none: as said."""
        found: list[Reading] = []
        if self._negated(start, end):
            found.append("negated")
        if self._of_somebody_else(start, end):
            found.append("other_person")
        if self._quoted(start, end):
            found.append("quoted")
        if self._long_ago(start, end):
            found.append("past")
        return found

    def _negated(self, start: int, end: int) -> bool:
        """One "no" before it, or one after it. Two before it take each other back."""
        after = self._no_after.within(end, min(end + 2, self._stops[start]))
        if after and self._same_clause(end - 1, after[0][0]):
            return True
        if self._in_doubt(start):
            return False
        low = max(0, start - self._cues.negation_reach)
        cues = [span for span in self._no.within(low, start) if span[1] <= start]
        if not cues or not self._reaches(cues[-1][1], start):
            return False
        odd = True
        for (_, end_of_cue), (nearer, _) in zip(cues[-2::-1], cues[:0:-1], strict=False):
            between = self._text.words[end_of_cue:nearer]
            if not self._cues.negation_carriers.intersection(between):
                break
            if self._cues.conjunctions.intersection(between):
                break
            odd = not odd
        return odd

    def _in_doubt(self, start: int) -> bool:
        """Whether the writer says that he does not know, or can't promise, before it."""
        low = max(0, start - 2 * self._cues.negation_reach)
        return any(self._same_clause(begin, start) for begin, _ in self._doubts.within(low, start))

    def _same_clause(self, one: int, other: int) -> bool:
        return self._text.clauses[one] == self._text.clauses[other]

    def _reaches(self, cue_end: int, start: int) -> bool:
        """Whether a "no" that ends at ``cue_end`` still holds at ``start``."""
        if not self._same_clause(cue_end - 1, start):
            return False
        carried = False
        for word in self._text.words[cue_end:start]:
            if word in self._cues.negation_ends or word in self._cues.clause_ends:
                return False
            if word in self._cues.subjects and not carried:
                return False
            carried = carried or word in self._cues.negation_carriers
        return True

    def _of_somebody_else(self, start: int, end: int) -> bool:
        """The nearest person before it, in its clause, is another one; or it says himself."""
        words = self._text.words
        if any(word in self._cues.other_reflexives for word in words[start:end]):
            return True
        if any(word in self._cues.own_words for word in words[start:end]):
            return False
        for place in range(start - 1, max(-1, start - 1 - self._cues.subject_reach), -1):
            if not self._same_clause(place, start) or words[place] in self._cues.clause_ends:
                return False
            if words[place] in self._cues.own_words:
                return False
            if words[place] in self._cues.other_people:
                return True
        return False

    def _quoted(self, start: int, end: int) -> bool:
        """Between quotation marks whose words are somebody else's, by what stands round them."""
        for mark, spans in self._text.quotes.items():
            place = bisect_right(spans, (start, len(self._text.words))) - 1
            if place < 0 or end > spans[place][1]:
                continue
            if mark == REPLY or self._attributed(*spans[place]):
                return True
        return False

    def _attributed(self, first: int, last: int) -> bool:
        """A source (she said, the song) nearer than the writer's own person before the quotation.

        Without a source it may be what the writer hears himself think: read as said.
        """
        words = self._text.words
        low = max(0, first - _ATTRIBUTION)
        sources = [begin for begin, _ in self._sources.within(low, first)]
        own = [p for p in range(low, first) if words[p] in self._cues.own_words]
        if sources:
            return not own or sources[-1] > own[-1] or sources[-1] == first - 1
        if own:
            return False
        return bool(self._sources.within(last, min(last + _ATTRIBUTION, len(words))))

    def _long_ago(self, start: int, end: int) -> bool:
        """Its sentence looks back, and no word in it brings it to the present."""
        words, sentence = self._text.words, self._text.sentences
        low, high = start, end
        while low > max(0, start - _LOOKED_AROUND) and sentence[low - 1] == sentence[start]:
            low -= 1
        while high < min(len(words), end + _LOOKED_AROUND) and sentence[high] == sentence[start]:
            high += 1
        return bool(self._past.within(low, high)) and not self._present.within(low, high)
