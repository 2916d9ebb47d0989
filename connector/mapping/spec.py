"""The compiled mapping: expressions parsed once, targets checked. Made by load.py only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from connector.mapping.file import Encoding, FieldFile, TransformName
from connector.ports import ExpectedTable
from connector.records import Record

_READABLE = 60
"""A longer expression helps nobody who reads a message."""

Read = Callable[[Mapping[str, Any]], list[Any]]
"""An expression: the values it finds in a row, blank ones left out."""


class ItemRangeLike(Protocol):
    """Valid weights of one item."""

    @property
    def min(self) -> Decimal: ...
    @property
    def max(self) -> Decimal | None: ...
    @property
    def values(self) -> tuple[Decimal, ...]: ...
    def allows(self, weight: Decimal) -> bool:
        """Whether ``weight`` is a valid answer."""


class EncodingsLike(Protocol):
    """How answers may arrive."""

    @property
    def shift(self) -> Mapping[Any, Decimal]: ...


class QuestionLike(Protocol):
    """Something that scoring asks beside the items."""

    @property
    def key(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def min(self) -> Decimal: ...
    @property
    def max(self) -> Decimal: ...


class InstrumentLike(Protocol):
    """What mapping needs of an instrument (``connector.measures.Instrument`` has it)."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def short_name(self) -> str: ...
    @property
    def items(self) -> int | None: ...
    @property
    def items_min(self) -> int | None: ...
    @property
    def items_max(self) -> int | None: ...
    @property
    def item_decimals(self) -> int: ...
    @property
    def decimals(self) -> int: ...
    @property
    def score_min(self) -> Decimal | None: ...
    @property
    def score_max(self) -> Decimal | None: ...
    @property
    def totals_only(self) -> bool: ...
    @property
    def encoding_required(self) -> bool: ...
    @property
    def default_encoding(self) -> Any: ...
    @property
    def encodings(self) -> EncodingsLike: ...
    @property
    def context(self) -> Sequence[QuestionLike]: ...
    def range_of(self, item: int) -> ItemRangeLike:
        """Valid weights of item number ``item``."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One field, ready to run. ``allowed`` are the target's words where it is a closed list.

    ``by_word`` is the value map by its words as compared: (word as written, value).
    """

    target: str
    file: FieldFile
    transform: TransformName
    required: bool
    reads: tuple[Read, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    by_word: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    formats: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """What to call the value in a message: its column or expression, else the target."""
        sources = " or ".join(self.file.sources)
        return sources if sources and len(sources) <= _READABLE else self.target


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled ``when``."""

    read: Read
    words: frozenset[str]
    wanted: bool
    presence: bool


@dataclass(frozen=True, slots=True)
class EntryList:
    """A compiled ``for_each``: the list in a row, and what to call it in a message."""

    read: Read
    shown: str


@dataclass(frozen=True, slots=True)
class RecordPlan:
    """One record to make from each row, or from each entry of ``for_each``.

    ``id_from`` are the fields that make its id together; where there are any, ``source_id`` is not
    asked. ``version`` stands instead of the table's.
    """

    name: str
    kind: str
    model: type[Record]
    conditions: tuple[Condition, ...]
    source_id: Rule
    id_suffix: str
    rules: tuple[Rule, ...]
    for_each: EntryList | None = None
    id_from: tuple[str, ...] = ()
    version: Rule | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the mapping."""

    name: str
    files: str | None
    resource: str | None
    version: Rule | None
    deleted: Rule | None
    encodings: Mapping[str, Encoding]
    records: tuple[RecordPlan, ...]
    required_columns: frozenset[str] = frozenset()
    known_columns: frozenset[str] = frozenset()

    @property
    def raw_name(self) -> str:
        """The ``RawBatch.table`` it answers to."""
        return self.resource or self.name

    def date_formats(self) -> dict[str, str]:
        """How the dates of each column are written, where a rule reads them: its first format."""
        rules = [rule for plan in self.records for rule in plan.rules]
        rules += [rule for plan in self.records if (rule := plan.version) is not None]
        rules += [self.version] if self.version is not None else []
        return {
            column: rule.formats[0]
            for rule in rules
            if rule.formats
            for column in rule.file.sources
        }


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """A mapping ready to apply. ``document`` is its effective YAML, ``version`` its digest."""

    name: str
    version: str
    document: Mapping[str, Any]
    tables: Mapping[str, Table]
    to_confirm: tuple[str, ...] = ()

    def expected_tables(self) -> tuple[ExpectedTable, ...]:
        """What file sources may expect: pattern and columns of each table that comes in files."""
        return tuple(
            ExpectedTable(
                table.name,
                table.files,
                table.required_columns,
                table.known_columns,
                table.date_formats(),
            )
            for table in self.tables.values()
            if table.files is not None
        )

    def table_for(self, raw_name: str) -> Table | None:
        """The table that takes batches of this name, or None where the mapping has none."""
        return next((t for t in self.tables.values() if t.raw_name == raw_name), None)
