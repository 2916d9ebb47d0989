"""The closed list of transforms: what a field may do with the values it read.

A transform gets the values its expression found (never blank; ``items`` keep blanks as None) and
gives a canonical value, or raises ``InvalidRecord`` that says what would have been right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from connector.errors import InvalidRecord
from connector.mapping import dates, fhir
from connector.mapping.file import TransformName
from connector.mapping.spec import InstrumentLike, Rule
from connector.record_ids import RecordIds

YES = frozenset({"yes", "y", "true", "t", "1"})
_DIGITS = 16
_DAY_MINUTES = 24 * 60
_LONGEST_WORD = 200
_MOST_COMPARED = 2_000
NO = frozenset({"no", "n", "false", "f", "0"})


@dataclass(frozen=True, slots=True)
class Scope:
    """What transforms may know besides the values: who sends, which zone, which instruments.

    ``patient_source`` is the source whose patients the rows are about, where it is another one.
    """

    source: str
    ids: RecordIds
    timezone: str
    instruments: Mapping[str, InstrumentLike]
    patient_source: str | None = None


Run = Callable[[list[Any], Rule, Scope], Any]


def words(text: str) -> str:
    """The text as compared with a value map: without case, single spaces."""
    return " ".join(text.split()).casefold()


def as_text(value: Any) -> str:
    """A scalar as the text a person would write. Lists and objects are refused."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float | Decimal):
        return str(value)
    raise InvalidRecord("wrong_shape", "a single value was expected, not a list or an object")


def unmapped(rule: Rule, value: str, allowed: Iterable[str], subject: str = "") -> InvalidRecord:
    """The error for a word outside a closed list, with the list and the nearest one."""
    choices = tuple(allowed)
    # A value file may hold everybody's name: too long to list, and nobody else's to read.
    listed = () if rule.file.values_file is not None else choices
    return InvalidRecord(
        "unmapped_value",
        f"{subject or rule.shown}: this word is not one that the mapping knows",
        field=rule.target,
        value=value,
        allowed=listed,
        suggestion=nearest(value, choices) if len(choices) <= _MOST_COMPARED else None,
    )


def nearest(value: str, choices: Iterable[str]) -> str | None:
    """The choice most like ``value`` (case ignored), or None where nothing is close."""
    if len(value) > _LONGEST_WORD:
        return None  # nobody mistyped that; comparing it would take long
    by_word = {words(choice): choice for choice in choices}
    close = get_close_matches(words(value), list(by_word), n=1)
    if close:
        return by_word[close[0]]
    inside = [
        c for c in by_word.values() if len(_letters(c)) > 2 and _letters(c) in _letters(value)
    ]
    return max(inside, key=len, default=None)


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


@lru_cache(maxsize=1024)
def _name_letters(name: str) -> str:
    """The letters of an instrument's own name; asked for every instrument in every form."""
    return _letters(name)


def _text(values: list[Any], rule: Rule, _scope: Scope) -> str:
    text = as_text(values[0])
    if rule.allowed and text not in rule.allowed:
        raise unmapped(rule, text, rule.allowed)
    return text


def _upper(values: list[Any], rule: Rule, scope: Scope) -> str:
    return _text([as_text(values[0]).upper()], rule, scope)


def _lower(values: list[Any], rule: Rule, scope: Scope) -> str:
    return _text([as_text(values[0]).lower()], rule, scope)


def number(value: Any, rule: Rule, subject: str = "") -> Decimal:
    """The value as a finite decimal."""
    text = as_text(value)
    try:
        parsed = Decimal(text)
    except InvalidOperation:
        parsed = Decimal("NaN")
    # "1_000" and full-width digits are Decimals to Python and typing errors to everyone else.
    # A few characters such as 1e999999 would fill the memory when made whole.
    plain = parsed.is_finite() and abs(parsed.adjusted()) < _DIGITS
    if not plain or "_" in text or not text.isascii():
        comma = ", with a point and no comma" if "," in text else ""
        raise InvalidRecord(
            "not_a_number",
            f"{subject or rule.shown}: a number was expected, such as 12 or 3.5{comma}",
            field=rule.target, value=text,
        )  # fmt: skip
    return parsed


def _decimal(values: list[Any], rule: Rule, _scope: Scope) -> Decimal:
    return number(values[0], rule)


def _integer(values: list[Any], rule: Rule, _scope: Scope) -> int:
    parsed = number(values[0], rule)
    if parsed != parsed.to_integral_value():
        raise InvalidRecord(
            "not_a_number", f"{rule.shown}: a whole number was expected",
            field=rule.target, value=as_text(values[0]),
        )  # fmt: skip
    return int(parsed)


def _minutes(values: list[Any], rule: Rule, scope: Scope) -> int | None:
    """A number of minutes, or those between two times; a day's length or more is no visit's."""
    if len(values) == 1:
        return _integer(values, rule, scope)
    begins, ends = (_datetime([value], rule, scope) for value in values[:2])
    if begins is None or ends is None:
        return None
    minutes = int((ends - begins).total_seconds() // 60)
    return minutes if 0 < minutes < _DAY_MINUTES else None


def _yes_no(values: list[Any], rule: Rule, _scope: Scope) -> bool:
    word = words(as_text(values[0]))
    if word in YES or word in NO:
        return word in YES
    raise unmapped(rule, as_text(values[0]), ("Yes", "No"))


def _date(values: list[Any], rule: Rule, scope: Scope) -> Any:
    text = as_text(values[0])
    if rule.file.partial == "blank" and dates.is_partial(text):
        return None
    try:
        return dates.to_date(text, rule.formats, _zone(rule, scope))
    except dates.ImpossibleDate as fault:
        raise _impossible(rule, text, fault) from None


def _datetime(values: list[Any], rule: Rule, scope: Scope) -> Any:
    text = as_text(values[0])
    if rule.file.partial == "blank" and (dates.is_partial(text) or dates.is_date_only(text)):
        return None
    try:
        return dates.to_moment(text, rule.formats, _zone(rule, scope))
    except dates.ImpossibleDate as fault:
        raise _impossible(rule, text, fault) from None


def _zone(rule: Rule, scope: Scope) -> ZoneInfo:
    return ZoneInfo(rule.file.zone or scope.timezone)


def _impossible(rule: Rule, text: str, fault: dates.ImpossibleDate) -> InvalidRecord:
    return InvalidRecord(
        "impossible_date", f"{rule.shown}: not a possible date; expected {fault}",
        field=rule.target, value=text,
    )  # fmt: skip


def _split(values: list[Any], rule: Rule, _scope: Scope) -> tuple[str, ...]:
    separator = rule.file.separator or ";"
    parts = [part.strip() for value in values for part in as_text(value).split(separator)]
    return tuple(part for part in parts if part)


def _instrument(values: list[Any], rule: Rule, scope: Scope) -> str:
    text = as_text(values[0])
    if text in scope.instruments:
        return text
    found = _named(text, scope.instruments)
    if found is not None:
        return found
    sayable = tuple(rule.values) or tuple(
        sorted({i.short_name for i in scope.instruments.values()}, key=str.casefold)
    )
    raise InvalidRecord(
        "unknown_instrument", f"{rule.shown}: no instrument of this name is known",
        field=rule.target, value=text, allowed=sayable, suggestion=nearest(text, sayable),
    )  # fmt: skip


def _named(text: str, instruments: Mapping[str, InstrumentLike]) -> str | None:
    """The id of the one instrument of this id or name; "PHQ 9" and "phq-9" are spellings of it."""
    asked = _letters(text)
    if not asked or len(text) > _LONGEST_WORD:
        return None
    for name in ("id", "short_name", "name"):
        found = [i.id for i in instruments.values() if _name_letters(getattr(i, name)) == asked]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _reference(values: list[Any], rule: Rule, scope: Scope) -> str:
    kind = str(rule.file.to)
    source = scope.patient_source if kind == "patient" else None
    return scope.ids.make(kind, source or scope.source, as_text(values[0]))


def _fhir_reference(values: list[Any], rule: Rule, scope: Scope) -> str:
    return _reference([_reference_id(values, rule, scope)], rule, scope)


def _reference_id(values: list[Any], rule: Rule, _scope: Scope) -> str:
    text = as_text(values[0])
    found = fhir.reference_id(text)
    if found is None:
        raise InvalidRecord(
            "reference_unresolved",
            f"{rule.shown}: this reference names no record; Type/id, a URL or urn:uuid is needed",
            field=rule.target, value=text,
        )  # fmt: skip
    return found


def _items(values: list[Any], _rule: Rule, _scope: Scope) -> list[Any]:
    return values


def _fhir_answers(values: list[Any], rule: Rule, _scope: Scope) -> list[Any]:
    return fhir.answers(values, rule.file.item_codes or ())


TRANSFORMS: dict[TransformName, Run] = {
    "text": _text,
    "upper": _upper,
    "lower": _lower,
    "integer": _integer,
    "minutes": _minutes,
    "decimal": _decimal,
    "yes_no": _yes_no,
    "date": _date,
    "datetime": _datetime,
    "split": _split,
    "items": _items,
    "fhir_answers": _fhir_answers,
    "instrument": _instrument,
    "reference": _reference,
    "fhir_reference": _fhir_reference,
    "reference_id": _reference_id,
}
OPTIONS: dict[str, frozenset[TransformName]] = {
    "format": frozenset({"date", "datetime", "minutes"}),
    "zone": frozenset({"date", "datetime", "minutes"}),
    "partial": frozenset({"date", "datetime", "minutes"}),
    "separator": frozenset({"split"}),
    "to": frozenset({"reference", "fhir_reference"}),
    "columns": frozenset({"items"}),
    "item_codes": frozenset({"fhir_answers"}),
}
"""Which transforms an option of the field table belongs to."""
