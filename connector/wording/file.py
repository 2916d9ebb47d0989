"""What a rule list may say: ``config/crisis_wording.yaml``, checked key by key.

A phrase is words in order. ``a|b`` is one word or the other, ``a?`` may be missing, ``@list`` is
any word of a named list, ``..`` up to three words that do not matter (``..2`` up to two).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connector.records import Reading

Level = Literal["page", "urgent", "action", "notice", "count"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


def _quoted(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(
            'put quotes round a word such as "no" or "off": YAML reads it as a yes or no'
        )
    return value


Text = Annotated[str, BeforeValidator(_quoted), Field(min_length=1, max_length=300)]
Words = Annotated[tuple[Text, ...], Field(max_length=500)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Levels(_Part):
    """How pressing wording is, by how it was read; ``count`` calls nobody and is kept."""

    as_said: Level
    past: Level = "action"
    negated: Level = "notice"
    other_person: Level = "notice"
    quoted: Level = "notice"
    idiom: Level = "count"

    def of(self, reading: Reading) -> Level:
        """The level of wording that was read so."""
        found: Level = getattr(self, reading)
        return found


class Group(_Part):
    """Rules of one kind; a person is called once for a group and entry. ``source``: of levels."""

    name: Text
    levels: Levels
    source: str = ""


class Language(_Part):
    """How one language says no, quotes, looks back, and is misspelt.

    ``negations`` come before the wording, at most ``negation_reach`` words away and in the same
    clause; a word of ``negation_ends`` between them ends it (can't *stop* thinking of), and so does
    one of ``subjects``, unless a word of ``negation_carriers`` stands before it (I don't *think* I
    want to). ``negations_after`` follow the wording. ``doubts`` before it take a "no" back (can't
    promise I won't), and so does a second "no" with a carrier and no conjunction between them.
    """

    word_lists: dict[Name, Words] = {}
    expansions: dict[str, Text] = Field(default={}, max_length=1000)
    spellings: dict[str, Words] = Field(default={}, max_length=500)
    near_spellings: Words = ()
    joins: Words = ()
    symbols: dict[str, Text] = Field(default={}, max_length=200)
    clause_ends: Words = ()
    negations: Words = ()
    negation_reach: int = Field(default=6, ge=0, le=12)
    negation_ends: Words = ()
    negation_carriers: Words = ()
    negations_after: Words = ()
    doubts: Words = ()
    conjunctions: Words = ()
    subjects: Words = ()
    own_words: Words = ()
    other_people: Words = ()
    other_reflexives: Words = ()
    subject_reach: int = Field(default=5, ge=0, le=12)
    quote_sources: Words = ()
    past: Words = ()
    present: Words = ()


class Rule(_Part):
    """Phrases that mean one thing. ``idioms`` that hold a whole mention take it out of it."""

    id: Name
    group: Name
    language: Name
    phrases: Annotated[tuple[Text, ...], Field(min_length=1, max_length=500)]
    idioms: Words = ()
    levels: Levels | None = None


class WordingFile(_Part):
    """A whole rule list. ``name`` changes with each revision; the digest is added by itself."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}$")
    languages: dict[Name, Language] = Field(min_length=1, max_length=20)
    groups: dict[Name, Group] = Field(min_length=1, max_length=50)
    rules: tuple[Rule, ...] = Field(min_length=1, max_length=300)
