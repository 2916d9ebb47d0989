"""The fields of one line, read with their types; the first that is wrong stops the line.

A fault names the field and what would be right, never what was there: it may be about a person.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from connector.measures import Instrument
from connector.progress import RuleSet

Result = dict[str, Any]

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_LARGEST_POWER = 12
LARGEST = Decimal(10) ** _LARGEST_POWER
_MOST_DIGITS = 40
_LONGEST_NAME = 60
_MISSPELT = 0.85


@dataclass(frozen=True)
class Basis:
    """What a line is judged by: the instruments and rules of the site, or the shipped ones."""

    instruments: Mapping[str, Instrument]
    rules: RuleSet


class LineFault(Exception):
    """A line that can't be answered: a stable code and a sentence without anything of the line."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def nearest(name: object, known: Iterable[str], likeness: float = 0.6) -> str:
    """ "Did you mean ...?" with the nearest of ``known``, or nothing; starts with a space."""
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        return ""
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=likeness)
    return f" Did you mean {close[0]!r}?" if close else ""


def number(value: Any, where: str) -> Decimal:
    """``value`` as a number of a size that scores and weights can have."""
    if not isinstance(value, Decimal) or value.is_nan():
        raise LineFault("wrong_type", f"{where}: a number was expected, such as 12 or 3.5")
    if not usable(value):
        raise LineFault("number_out_of_range", f"{where}: the number is too large or too long")
    return value


def usable(value: Decimal) -> bool:
    """Whether exact arithmetic with ``value`` is cheap: 1e999999 in full would fill the memory."""
    if not value.is_finite() or value.adjusted() > _LARGEST_POWER:
        return False
    return value.adjusted() > -_MOST_DIGITS and int(value.as_tuple().exponent) > -_MOST_DIGITS


def whole(value: Any, where: str) -> int:
    """``value`` as a whole number from 0."""
    given = number(value, where)
    if given < 0 or given != given.to_integral_value():
        raise LineFault("wrong_type", f"{where}: a whole number from 0 was expected")
    return int(given)


def day(value: Any, where: str) -> date:
    """``value`` as a date that exists, written YYYY-MM-DD."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise LineFault("wrong_type", f"{where}: a date was expected, such as '2026-03-02'")
    try:
        found = date.fromisoformat(value)
    except ValueError:
        raise LineFault("no_such_date", f"{where}: there is no such date") from None
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise LineFault(
            "no_such_date", f"{where}: the year must be from {_FIRST_YEAR} to {_LAST_YEAR}"
        )
    return found


def rows(value: Any, where: str, size: int | None = None) -> list[Any]:
    """``value`` as a list, of ``size`` entries where that is stated."""
    if not isinstance(value, list):
        raise LineFault("wrong_type", f"{where}: a list was expected")
    if size is not None and len(value) != size:
        raise LineFault(
            "wrong_type", f"{where}: a list of {size} was expected, not of {len(value)}"
        )
    return value


class Line:
    """One line's object. ``take`` and its like raise LineFault naming the field."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def refuse_near_misses(self, fields: Iterable[str]) -> None:
        """A field that looks like a misspelt one would be ignored without a word otherwise.

        Other unknown fields are left alone: they are the sender's own, such as an id.
        """
        absent = [field for field in fields if field not in self._data]
        for name in self._data:
            close = nearest(name, absent, _MISSPELT) if name not in fields else ""
            if close:
                raise LineFault("unknown_field", f"a field is not known.{close}")

    def optional(self, field: str) -> Any:
        """The field as it is; None where it is absent or null."""
        return self._data.get(field)

    def take(self, field: str) -> Any:
        """The field as it is, which must be there."""
        if self._data.get(field) is None:
            raise LineFault("missing_field", f"{field} is missing")
        return self._data[field]

    def number(self, field: str) -> Decimal:
        """The field as a number."""
        return number(self.take(field), field)

    def optional_number(self, field: str) -> Decimal | None:
        """The field as a number; None where it is absent or null."""
        return None if self.optional(field) is None else self.number(field)

    def numbers(self, field: str, names: tuple[str, ...]) -> list[Decimal]:
        """The field as a list of so many numbers; ``names`` say what each is."""
        given = rows(self.take(field), f"{field} ({', '.join(names)})", len(names))
        return [number(value, f"{field}, {name}") for value, name in zip(given, names, strict=True)]

    def day(self, field: str) -> date:
        """The field as a date."""
        return day(self.take(field), field)

    def rows(self, field: str, size: int | None = None) -> list[tuple[str, Any]]:
        """The entries of a list with the words that name each; ``size``: each is such a list."""
        named = [
            (f"{field}, entry {n}", row) for n, row in enumerate(rows(self.take(field), field), 1)
        ]
        if size is not None:
            for where, row in named:
                rows(row, where, size)
        return named

    def instrument(self, basis: Basis) -> Instrument:
        """The instrument that the line names."""
        name = self.take("instrument")
        found = basis.instruments.get(name) if isinstance(name, str) else None
        if found is None:
            raise LineFault("unknown_instrument", unknown_instrument(name, basis))
        return found


def unknown_instrument(name: object, basis: Basis) -> str:
    """The sentence on a name that no instrument has."""
    known = sorted(basis.instruments)
    return f"unknown instrument.{nearest(name, known)} Valid values: {', '.join(known)}"
