"""Expressions: a column name, a jmespath or a FHIRPath, compiled once and checked strictly.

FHIRPath always gets the R4 model: without it, choice fields such as ``answer.value`` give nothing
and no error. The library also repairs broken expressions silently, so they are parsed here with
its own grammar but without its forgiveness.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from connector.errors import InvalidRecord
from connector.mapping.file import Language
from connector.mapping.spec import Read

MOST_ENTRIES = 1000
"""Entries of one ``for_each`` list; a longer one is no history of a person."""

_LONGEST = 4000
_NOT_PURE = frozenset({"now", "today", "timeOfDay", "trace"})
"""FHIRPath functions that a mapping may not use: the clock, and printing what a row holds."""


class BadExpression(ValueError):
    """The expression can't be used; ``str()`` says why."""


def compile_read(expression: str, language: Language) -> Read:
    """A reader giving all values that are not blank. Raises BadExpression."""
    if language == "columns":
        return _column(expression)
    if len(expression) > _LONGEST:
        raise BadExpression(f"it is longer than {_LONGEST} characters")
    try:
        return _jmespath(expression) if language == "jmespath" else _fhirpath(expression)
    except RecursionError:
        raise BadExpression("it is nested too deeply") from None


def column_items(prefix: str, columns: int) -> Read:
    """A reader of ``prefix1`` to ``prefixN``; blank cells are kept, as None."""
    names = [f"{prefix}{number}" for number in range(1, columns + 1)]
    return lambda data: [None if is_blank(data.get(name)) else data[name] for name in names]


def listed_items(expression: str, language: Language) -> Read:
    """A reader of a list of answers; blank ones are kept, as None. Raises BadExpression."""
    found = (
        _jmespath_raw(expression) if language == "jmespath" else compile_read(expression, language)
    )
    return lambda data: [None if is_blank(value) else value for value in found(data)]


def entry_list(expression: str) -> Read:
    """A reader of a list inside a row (jmespath). Raises BadExpression."""
    search = _search(expression)

    def read(data: Mapping[str, Any]) -> list[Any]:
        found = search(data)
        if is_blank(found):
            return []
        if not isinstance(found, list):
            raise InvalidRecord(
                "wrong_shape", f"{expression}: a list was expected", field=expression
            )
        if len(found) > MOST_ENTRIES:
            raise InvalidRecord(
                "too_many_entries",
                f"{expression}: the list has {len(found)} entries; at most {MOST_ENTRIES} are read",
                field=expression,
            )
        return found

    return read


def is_blank(value: Any) -> bool:
    """Whether a raw value says nothing: null, empty, or spaces."""
    if isinstance(value, str):  # asked of every cell, and most are text
        return not value or value.isspace()
    return value is None or value == [] or value == {}


def _column(name: str) -> Read:
    def read(data: Mapping[str, Any]) -> list[Any]:
        value = data.get(name)
        return [] if is_blank(value) else [value]

    return read


def _jmespath(expression: str) -> Read:
    search = _search(expression)

    def read(data: Mapping[str, Any]) -> list[Any]:
        found = search(data)
        if not isinstance(found, list):
            return [] if is_blank(found) else [found]
        return [value for value in found if not is_blank(value)]

    return read


def _jmespath_raw(expression: str) -> Read:
    search = _search(expression)

    def read(data: Mapping[str, Any]) -> list[Any]:
        found = search(data)
        return found if isinstance(found, list) else [found]

    return read


def _search(expression: str) -> Callable[[Mapping[str, Any]], Any]:
    try:
        compiled = jmespath.compile(expression)
    except JMESPathError as fault:
        raise BadExpression(str(fault).splitlines()[0]) from None
    for name in _functions_in(compiled.parsed):
        if name not in Functions.FUNCTION_TABLE:
            raise BadExpression(f"jmespath has no function {name}()")

    path = _keys(compiled.parsed)
    if path:
        return partial(_at, path)

    def search(data: Mapping[str, Any]) -> Any:
        try:
            return compiled.search(data)
        except JMESPathError:
            raise InvalidRecord(
                "wrong_shape", f"{expression!r} does not fit this row", field=expression
            ) from None

    return search


def _keys(node: Any) -> tuple[str, ...]:
    """The keys of an expression that is nothing but ``a.b.c``; empty for any other."""
    if node["type"] == "field":
        return (node["value"],)
    parts = [_keys(child) for child in node["children"]] if node["type"] == "subexpression" else []
    return tuple(key for part in parts for key in part) if parts and all(parts) else ()


def _at(path: Sequence[str], data: Any) -> Any:
    """What lies at a path of keys, as jmespath finds it; most expressions are no more than this."""
    for key in path:
        # A parsed row is made of dicts, and asking for the abstract type costs ten times as much.
        if not isinstance(data, dict) and not isinstance(data, Mapping):
            return None
        data = data.get(key)
    return data


def _functions_in(node: Any) -> list[str]:
    names = [node["value"]] if node.get("type") == "function_expression" else []
    for child in node.get("children", ()):
        if isinstance(child, dict):
            names += _functions_in(child)
    return names


@cache
def _fhirpath(expression: str) -> Read:
    import fhirpathpy
    from fhirpathpy.models import models

    _check_fhirpath(expression)
    compiled = fhirpathpy.compile(expression, models["r4"])

    def read(data: Mapping[str, Any]) -> list[Any]:
        try:
            found = compiled(dict(data), None)
        except Exception:  # noqa: BLE001 - fhirpathpy raises bare Exception on odd resources
            raise InvalidRecord(
                "wrong_shape", f"{expression!r} does not fit this resource", field=expression
            ) from None
        return [value for value in found if not is_blank(value)]

    return read


def _check_fhirpath(expression: str) -> None:
    from antlr4 import CommonTokenStream, InputStream  # type: ignore[import-untyped]
    from antlr4.error.ErrorListener import ErrorListener  # type: ignore[import-untyped]
    from fhirpathpy.engine.invocations import invocation_registry
    from fhirpathpy.parser.generated.FHIRPathLexer import FHIRPathLexer
    from fhirpathpy.parser.generated.FHIRPathParser import FHIRPathParser

    class Strict(ErrorListener):  # type: ignore[misc]
        def syntaxError(
            self, _recognizer: Any, _symbol: Any, _line: int, column: int, message: str, _e: Any
        ) -> None:
            raise BadExpression(f"character {column + 1}: {message}")

    lexer = FHIRPathLexer(InputStream(expression))
    parser = FHIRPathParser(CommonTokenStream(lexer))
    for part in (lexer, parser):
        part.removeErrorListeners()
        part.addErrorListener(Strict())
    tree = parser.entireExpression()  # type: ignore[no-untyped-call]
    for name in _calls_in(tree, FHIRPathParser.FunctnContext):
        if name in _NOT_PURE:
            raise BadExpression(f"{name}() is not allowed: the same row must give the same record")
        if name not in invocation_registry:
            raise BadExpression(f"FHIRPath has no function {name}()")


def _calls_in(node: Any, call: Any) -> list[str]:
    names = [node.identifier().getText()] if isinstance(node, call) else []
    for child in getattr(node, "children", None) or ():
        names += _calls_in(child, call)
    return names
