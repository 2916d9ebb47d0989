"""Reads YAML that people write: one plain error for all that can be wrong, and no bombs.

Beyond what the library checks: a key stated twice (the library silently keeps the last), anchors
that unfold into more than memory holds, nesting without end, and dates that never were.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from connector.errors import ConfigurationError

try:
    from yaml._yaml import CParser
except ImportError:  # pragma: no cover - the library was built without libyaml
    _Quick: type[yaml.SafeLoader] | None = None
else:

    class _Quick(Composer, CParser, SafeConstructor, Resolver):  # type: ignore[no-redef]
        """Reads several times as fast as ``yaml.SafeLoader``.

        libyaml reads the text; nodes are composed in Python, where nesting without end is an
        error that can be caught. libyaml's own composer would take the process down.
        """

        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)
            Composer.__init__(self)
            SafeConstructor.__init__(self)
            Resolver.__init__(self)


MOST_VALUES = 100_000
_MOST_CHARACTERS = 1_000_000


class _Unusable(Exception):
    """Why the text can't be used, with the line where that is known."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why if line is None else f"{why}, line {line}")


def load_yaml(text: str, where: str, code: str) -> Any:
    """What the text says. Raises ConfigurationError(``code``) naming ``where`` and the line."""
    try:
        if len(text) > _MOST_CHARACTERS:
            raise _Unusable("the file is far too large to be one that people write")
        return _loaded(text)
    except _Unusable as fault:
        why = str(fault)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        why = f"not valid YAML: {getattr(fault, 'problem', None) or 'unreadable text'}{line}"
    except RecursionError:
        why = "it is nested too deeply"
    except (ValueError, OverflowError):
        why = "a date or number in it is impossible; put quotes round it to have it as text"
    raise ConfigurationError(code, why, where=where) from None


def _loaded(text: str) -> Any:
    """What the text says. What the quick reader can't read is told in the other's words."""
    if _Quick is not None and "!" not in text.replace("!=", ""):  # the two differ on some tags
        with suppress(yaml.YAMLError):
            return _read_by(_Quick(text))
    return _read_by(yaml.SafeLoader(text))


def _read_by(loader: Any) -> Any:
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _size(node, {})
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _size(node: Any, known: dict[int, int]) -> int:
    """How many values a node unfolds into, each use of an anchor counted. Raises _Unusable."""
    mark = id(node)
    if mark in known:
        if known[mark] == 0:
            raise _Unusable("an anchor holds itself", node.start_mark.line + 1)
        return known[mark]
    known[mark] = 0
    size = 1
    if isinstance(node, yaml.MappingNode):
        _refuse_doubled(node)
        size += sum(_size(part, known) for pair in node.value for part in pair)
    elif isinstance(node, yaml.SequenceNode):
        size += sum(_size(part, known) for part in node.value)
    if size > MOST_VALUES:
        raise _Unusable(f"it unfolds into more than {MOST_VALUES} values")
    known[mark] = size
    return size


def _refuse_doubled(node: yaml.MappingNode) -> None:
    seen: set[tuple[str, str]] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
            continue
        if (key.tag, key.value) in seen:
            raise _Unusable(f"the key {key.value} is used twice", key.start_mark.line + 1)
        seen.add((key.tag, key.value))
