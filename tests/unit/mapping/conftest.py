"""A mapping in a few lines, applied to a few rows, with three small instruments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import yaml

from connector.mapping.apply import MappingContext, MappingResult, apply
from connector.mapping.load import build_mapping
from connector.ports import RawBatch, RawRow
from connector.record_ids import RecordIds


@dataclass(frozen=True)
class SmallRange:
    min: Decimal = Decimal(0)
    max: Decimal | None = Decimal(3)
    values: tuple[Decimal, ...] = ()

    def allows(self, weight: Decimal) -> bool:
        return self.min <= weight and (self.max is None or weight <= self.max)


@dataclass(frozen=True)
class SmallEncodings:
    shift: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class SmallQuestion:
    key: str
    kind: str = "yes_no"
    min: Decimal = Decimal(0)
    max: Decimal = Decimal(1)


@dataclass(frozen=True)
class SmallInstrument:
    id: str
    name: str
    items: int | None
    score_min: Decimal | None = Decimal(0)
    score_max: Decimal | None = Decimal(27)
    items_min: int | None = None
    items_max: int | None = None
    item_decimals: int = 0
    decimals: int = 0
    totals_only: bool = False
    encoding_required: bool = False
    default_encoding: str = "weighted"
    encodings: SmallEncodings = SmallEncodings()
    context: tuple[SmallQuestion, ...] = ()

    @property
    def short_name(self) -> str:
        return self.name

    def range_of(self, item: int) -> SmallRange:
        return SmallRange()


INSTRUMENTS = {
    "phq9": SmallInstrument("phq9", "PHQ-9", 9),
    "gad7": SmallInstrument("gad7", "GAD-7", 7, score_max=Decimal(21)),
    "epds": SmallInstrument("epds", "EPDS", 10, score_max=Decimal(30), encoding_required=True),
    "bdi2": SmallInstrument("bdi2", "BDI-II", 21, score_max=Decimal(63), totals_only=True),
    "mdq": SmallInstrument(
        "mdq",
        "MDQ",
        2,
        score_max=Decimal(2),
        context=(SmallQuestion("same_time"), SmallQuestion("problem", "number", max=Decimal(3))),
    ),
    "shifted": SmallInstrument(
        "shifted", "Shifted", 2, encodings=SmallEncodings({"one_based": Decimal(-1)})
    ),
}
AS_OF = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
CONTEXT = MappingContext("ehr", RecordIds(b"k" * 32, "riverside"), "America/New_York", INSTRUMENTS)


@pytest.fixture
def context() -> MappingContext:
    return CONTEXT


@pytest.fixture
def mapped() -> Callable[..., MappingResult]:
    """Applies mapping text to rows of its one table; rows are numbered from 2, below a header."""

    def run(text: str, *rows: Mapping[str, Any], as_of: datetime = AS_OF) -> MappingResult:
        spec = build_mapping("test", yaml.safe_load(text))
        table = next(iter(spec.tables.values()))
        raw = tuple(RawRow(number, row) for number, row in enumerate(rows, start=2))
        return apply(spec, RawBatch("key", table.raw_name, "file.csv", as_of, raw), CONTEXT)

    return run
