"""Crisis wording in one text: each mention, and the findings that are kept of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from connector.records import Reading, WordingFinding
from connector.wording.file import Level, Levels
from connector.wording.reading import Context, Span
from connector.wording.rules import SEVEREST_FIRST, Dialect, WordingRules
from connector.wording.words import read_words

_READINGS: tuple[Reading, ...] = ("negated", "other_person", "quoted", "past")


@dataclass(frozen=True, slots=True)
class Mention:
    """One mention of a rule's wording. ``words`` quote the patient: show them to nobody but the
    person who tries a list on texts of their own; never store or log them.
    """

    rule: str
    reading: Reading
    level: Level
    words: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """Every mention in a text, in order of rule and place."""

    mentions: tuple[Mention, ...]

    @property
    def level(self) -> Level | None:
        """The severest level of its mentions; None without any."""
        found = {mention.level for mention in self.mentions}
        return next((level for level in SEVEREST_FIRST if level in found), None)


def judge(text: str, rules: WordingRules) -> Judgement:
    """The mentions in a text; every language of the list is looked for. Takes any text."""
    found: list[Mention] = []
    for dialect in rules.dialects:
        found += _mentions(text, dialect, rules)
    return Judgement(tuple(found))


def findings(text: str, rules: WordingRules) -> tuple[WordingFinding, ...]:
    """What may be kept of a text: counts by rule and reading, without a word of it."""
    counts = Counter((m.rule, m.reading, m.level) for m in judge(text, rules).mentions)
    return tuple(
        WordingFinding(
            rule=rule,
            group=rules.rules[rule].group,
            name=rules.groups[rules.rules[rule].group].name,
            reading=reading,
            level=None if level == "count" else level,
            mentions=number,
        )
        for (rule, reading, level), number in sorted(counts.items())
    )


def _mentions(text: str, dialect: Dialect, rules: WordingRules) -> list[Mention]:
    read = read_words(text, dialect.spelling, dialect.symbols)
    stops = read.stops()
    places: dict[str, list[Span]] = {}
    for rule, start, end in dialect.phrases.find(read.words, stops):
        places.setdefault(rule, []).append((start, end))
    if not places:
        return []
    idioms: dict[str, list[Span]] = {}
    for rule, start, end in dialect.idioms.find(read.words, stops, longest=True):
        idioms.setdefault(rule, []).append((start, end))
    context = Context(dialect, read)
    found = []
    for rule in sorted(places):
        free, inside = _apart(_joined(places[rule]), _joined(idioms.get(rule, [])))
        for start, end in free:
            milder = context.readings(start, end)
            reading = _severest(milder, rules.levels(rule))
            found.append(_mention(rule, reading, read.words[start:end], rules))
        found += [_mention(rule, "idiom", read.words[s:e], rules) for s, e in inside]
    return found


def _mention(rule: str, reading: Reading, words: Sequence[str], rules: WordingRules) -> Mention:
    return Mention(rule, reading, rules.levels(rule).of(reading), " ".join(words))


def _severest(milder: Sequence[Reading], levels: Levels) -> Reading:
    """Of several ways to read it the one that calls soonest; no other one: as said."""
    if not milder:
        return "as_said"
    order = [reading for reading in _READINGS if reading in milder]
    return min(order, key=lambda reading: SEVEREST_FIRST.index(levels.of(reading)))


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Spans that overlap as one: it was said once."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _apart(mentions: Sequence[Span], idioms: Sequence[Span]) -> tuple[list[Span], list[Span]]:
    """The mentions that stand for themselves, and those that lie wholly inside an idiom."""
    free: list[Span] = []
    inside: list[Span] = []
    place = 0
    for start, end in mentions:
        while place < len(idioms) and idioms[place][1] < end:
            place += 1
        held = place < len(idioms) and idioms[place][0] <= start
        (inside if held else free).append((start, end))
    return free, inside
