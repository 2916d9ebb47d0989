"""From a checked rule list to one that runs: word lists resolved, phrases parsed, version made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from connector.errors import ConfigurationError
from connector.wording.file import Group, Language, Level, Levels, Rule, WordingFile
from connector.wording.phrase import BadPhrase, Phrase, PhraseBook, Spell, parse_phrase
from connector.wording.spelling import Spelling
from connector.wording.words import plain, read_words


@dataclass(frozen=True, slots=True)
class Cues:
    """What tells how wording is meant, of one language."""

    negations: PhraseBook
    negations_after: PhraseBook
    doubts: PhraseBook
    past: PhraseBook
    present: PhraseBook
    quote_sources: PhraseBook
    clause_ends: frozenset[str]
    negation_ends: frozenset[str]
    negation_carriers: frozenset[str]
    conjunctions: frozenset[str]
    subjects: frozenset[str]
    own_words: frozenset[str]
    other_people: frozenset[str]
    other_reflexives: frozenset[str]
    negation_reach: int
    subject_reach: int


@dataclass(frozen=True, slots=True)
class Dialect:
    """One language's rules, ready to run."""

    spelling: Spelling
    symbols: dict[str, str]
    cues: Cues
    phrases: PhraseBook
    idioms: PhraseBook


@dataclass(frozen=True)
class WordingRules:
    """A rule list, ready to run. ``version``: its name, with a digest of all it says."""

    version: str
    file: WordingFile
    dialects: tuple[Dialect, ...]
    rules: dict[str, Rule]
    groups: dict[str, Group]

    def levels(self, rule: str) -> Levels:
        """The levels of a rule: its own, else its group's."""
        given = self.rules[rule]
        return given.levels or self.groups[given.group].levels


def compile_wording(file: WordingFile, where: str) -> WordingRules:
    """The list ready to run. Raises ConfigurationError naming the rule, phrase or word list."""
    _check(file, where)
    dialects = []
    for name, language in file.languages.items():
        try:
            of_language = [rule for rule in file.rules if rule.language == name]
            dialects.append(_dialect(language, of_language))
        except BadPhrase as fault:
            raise ConfigurationError(
                "bad_phrase", f"{fault}", where=f"{where}: language {name}"
            ) from None
    text = json.dumps(file.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return WordingRules(
        version=f"{file.name}+{digest}",
        file=file,
        dialects=tuple(dialects),
        rules={rule.id: rule for rule in file.rules},
        groups=dict(file.groups),
    )


def _check(file: WordingFile, where: str) -> None:
    seen: set[str] = set()
    for rule in file.rules:
        if rule.id in seen:
            raise ConfigurationError(
                "rule_twice", f"the rule {rule.id!r} stands there twice", where=where
            )
        seen.add(rule.id)
        for what, name, valid in (
            ("group", rule.group, file.groups),
            ("language", rule.language, file.languages),
        ):
            if name not in valid:
                close = get_close_matches(name, valid, n=1)
                raise ConfigurationError(
                    f"unknown_{what}",
                    f"rule {rule.id!r}: there is no {what} {name!r}",
                    where=where,
                    allowed=sorted(valid),
                    suggestion=close[0] if close else None,
                )


def _dialect(language: Language, rules: Sequence[Rule]) -> Dialect:
    joins = [plain(pair) for pair in language.joins]
    bare = Spelling(_expansions(language), {}, joins=joins)
    symbols = {symbol: plain(word) for symbol, word in language.symbols.items()}

    def spell(text: str) -> list[str]:
        return read_words(text, bare, {}).words

    lists = {
        name: frozenset(word for text in texts for word in spell(text))
        for name, texts in language.word_lists.items()
    }
    phrases = PhraseBook(_parsed(((text, r.id) for r in rules for text in r.phrases), lists, spell))
    idioms = PhraseBook(_parsed(((text, r.id) for r in rules for text in r.idioms), lists, spell))
    cues = _cues(language, lists, spell)
    known = phrases.words | idioms.words | cues.negations.words | cues.past.words
    spelling = Spelling(
        _expansions(language),
        {plain(word): [plain(odd) for odd in odds] for word, odds in language.spellings.items()},
        near=map(plain, language.near_spellings),
        known=known,
        joins=joins,
    )
    return Dialect(spelling, symbols, cues, phrases, idioms)


def _expansions(language: Language) -> dict[str, str]:
    return {plain(written): plain(text) for written, text in language.expansions.items()}


def _parsed(
    given: Iterable[tuple[str, str]], lists: dict[str, frozenset[str]], spell: Spell
) -> list[tuple[Phrase, str]]:
    return [(parse_phrase(text, lists, spell), label) for text, label in given]


def _cues(language: Language, lists: dict[str, frozenset[str]], spell: Spell) -> Cues:
    def book(texts: Sequence[str]) -> PhraseBook:
        return PhraseBook(_parsed(((text, "") for text in texts), lists, spell))

    def words(texts: Sequence[str]) -> frozenset[str]:
        return frozenset(word for text in texts for word in spell(text))

    return Cues(
        negations=book(language.negations),
        negations_after=book(language.negations_after),
        doubts=book(language.doubts),
        past=book(language.past),
        present=book(language.present),
        quote_sources=book(language.quote_sources),
        clause_ends=words(language.clause_ends),
        negation_ends=words(language.negation_ends),
        negation_carriers=words(language.negation_carriers),
        conjunctions=words(language.conjunctions),
        subjects=words(language.subjects),
        own_words=words(language.own_words),
        other_people=words(language.other_people),
        other_reflexives=words(language.other_reflexives),
        negation_reach=language.negation_reach,
        subject_reach=language.subject_reach,
    )


SEVEREST_FIRST: tuple[Level, ...] = ("page", "urgent", "action", "notice", "count")
