"""One row of a profile: an element, how often it comes, what it may hold. And its check."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from connector.documents.pas.checking.finding import Finding, error
from connector.documents.pas.checking.nodes import Node, codes, step, walk
from connector.x12.npi import is_npi

_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MOMENT = re.compile(
    r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_CODE = re.compile(r"\S+( \S+)*")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]*={0,2}")


def is_day(value: Any) -> bool:
    """A whole date that exists, or a time that begins with one."""
    found = _DAY.match(value) if isinstance(value, str) else None
    if found is None or not (len(value) == 10 or value[10] == "T"):
        return False
    try:
        date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return False
    return True


def _text(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_KINDS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str) and bool(value.strip()),
    "code": _text(_CODE),
    "uri": _text(_URI),
    "dateTime": _text(_MOMENT),
    "day": is_day,
    "instant": _text(_INSTANT),
    "boolean": lambda value: isinstance(value, bool),
    "number": _is_number,
    "positive": lambda value: isinstance(value, int) and not isinstance(value, bool) and value > 0,
    "base64": _text(_BASE64),
    "object": lambda value: isinstance(value, dict) and bool(value),
    "concept": lambda value: bool(codes(value)),
    "reference": lambda value: isinstance(value, dict) and (
        isinstance(value.get("reference"), str) or isinstance(value.get("identifier"), dict)
        or isinstance(value.get("extension"), list)
    ),
}  # fmt: skip
_NAMES = {
    "day": "a whole date (YYYY-MM-DD) that exists",
    "instant": "a date and time with seconds and zone",
    "positive": "a whole number above zero",
    "concept": "a concept with a code",
    "object": "an object with content",
    "base64": "base64 text",
    "boolean": "true or false",
    "code": "a code: text without white space around it",
    "dateTime": "a date, or a date and time with seconds and zone",
    "number": "a number",
    "reference": "a reference: reference, or identifier",
    "string": "text",
    "uri": "an absolute URL or URI",
}
_FEW = 10


@dataclass(frozen=True, slots=True)
class Element:
    """``path`` below the resource; ``least`` and ``most`` times in each of its parents.

    ``values`` are the only ones allowed: of the element itself, or of the codes of a concept in
    ``system``. ``systems``: the code systems of which one code must be.
    """

    path: str
    least: int = 0
    most: int | None = None
    kind: str = ""
    values: frozenset[Any] = frozenset()
    systems: frozenset[str] = frozenset()

    def check(self, resource: Node) -> Iterator[Finding]:
        """What is wrong with this element of ``resource``."""
        above, _, name = self.path.rpartition(".")
        for parent in walk(resource, above) if above else [resource]:
            if isinstance(parent.value, dict):
                yield from self._in(parent, name)

    def _in(self, parent: Node, name: str) -> Iterator[Finding]:
        found = step(parent, name)
        path = f"{parent.path}.{name}"
        if len(found) < self.least:
            few = 0 < len(self.values) <= _FEW
            told = f": {self._allowed()}" if few else ""
            yield error(path, "missing", f"{self.path} is required{told}")
        if self.most == 0 and found:
            yield error(path, "not_allowed", f"{self.path} has no place here")
            return
        if self.most is not None and len(found) > self.most:
            often = "once" if self.most == 1 else f"{self.most} times"
            yield error(path, "too_many", f"{self.path} may come {often} at most")
        for one in found:
            yield from self._value(one)

    def _value(self, one: Node) -> Iterator[Finding]:
        if self.kind and not _KINDS[self.kind](one.value):
            yield self._wrong_kind(one)
            return
        given: Iterable[Any] = [one.value]
        if self.kind == "concept":
            given = codes(one.value)
            if self.systems:
                given = [code for system in self.systems for code in codes(one.value, system)]
            if not given:
                yield error(
                    one.path, "wrong_code", f"{self.path} needs a code of {_listed(self.systems)}"
                )
                return
        if self.values and not any(_same(value, self.values) for value in given):
            yield error(one.path, "wrong_code", f"{self.path} must be {self._allowed()}")

    def _allowed(self) -> str:
        return _listed(str(one).lower() if one is True else str(one) for one in self.values)

    def _wrong_kind(self, one: Node) -> Finding:
        partial = self.kind == "day" and _text(_MOMENT)(one.value) and len(one.value) < 10
        if partial:
            return error(one.path, "partial_date", f"{self.path} must be a whole date")
        if self.kind == "positive" and _is_number(one.value) and one.value <= 0:
            return error(one.path, "not_positive", f"{self.path} must be above zero")
        return error(one.path, "wrong_type", f"{self.path} must be {_NAMES[self.kind]}")


def _same(value: Any, allowed: frozenset[Any]) -> bool:
    """Whether a value is allowed; true is not 1."""
    try:
        return value in allowed and any(type(value) is type(one) for one in allowed)
    except TypeError:
        return False


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))


def npi_findings(resource: Node, system: str) -> Iterator[Finding]:
    """NPIs of the resource whose check digit is wrong."""
    for one in walk(resource, "identifier"):
        if not isinstance(one.value, dict) or one.value.get("system") != system:
            continue
        if not is_npi(str(one.value.get("value"))):
            yield error(f"{one.path}.value", "not_npi", "this is no NPI: its check digit is wrong")
