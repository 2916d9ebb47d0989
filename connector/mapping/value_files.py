"""Value files: words of an export and what they mean, as a CSV file beside the mapping.

    source,value
    "Okafor, Dana",17
    "Sample, Kim",22

For long lists that change, such as the names of clinicians or clients and their numbers; an admin
edits the file with any spreadsheet program. What it says becomes part of the mapping's ``values``,
and so of its version. Further columns (``count``, ``suggestion``, notes) are not read; a row
without a ``value`` is not decided yet, and its word stays unmapped. ``-`` says "no value".
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from connector.errors import ConfigurationError
from connector.resources import Resources

NO_VALUE = "-"
_MOST_WORDS = 100_000
_LONGEST = 500
_COLUMNS = ("source", "value")


def with_value_files(name: str, document: Any, resources: Resources) -> Any:
    """The document with the words of every ``values_file`` in it; inline ``values`` win.

    Raises ConfigurationError naming file and line.
    """
    if isinstance(document, list):
        return [with_value_files(name, part, resources) for part in document]
    if not isinstance(document, dict):
        return document
    made = {key: with_value_files(name, part, resources) for key, part in document.items()}
    given = made.get("values_file")
    inline = made.get("values") or {}
    if isinstance(given, str) and isinstance(inline, dict) and "/" not in given:
        where = f"mappings/{name}/{given}"
        words = read_words(resources.find(where).text(), where)
        merged = {**words, **inline}
        if merged:
            made["values"] = merged
    return made


def read_words(text: str, where: str) -> dict[str, str]:
    """The words of a value file's text. Raises ConfigurationError naming the line at fault."""
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    words: dict[str, str] = {}
    seen: dict[str, int] = {}
    try:
        header = [cell.strip().casefold() for cell in next(rows, [])]
        places = _places(header, where)
        for cells in rows:
            if any(cell.strip() for cell in cells):
                _add(cells, places, rows.line_num, words, seen, where)
    except csv.Error:
        raise _wrong(where, rows.line_num, "a quotation mark stands where none may be") from None
    return words


def _places(header: list[str], where: str) -> tuple[int, int]:
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        raise ConfigurationError(
            "value_file", f"line 1: the column {missing[0]!r} is missing", where=where,
            allowed=_COLUMNS,
        )  # fmt: skip
    return header.index("source"), header.index("value")


def _add(
    cells: list[str], places: tuple[int, int], line: int, words: dict[str, str],
    seen: dict[str, int], where: str,
) -> None:  # fmt: skip
    if len(cells) <= max(places):
        raise _wrong(where, line, "the row has too few cells")
    word, value = (" ".join(cells[place].split()) for place in places)
    if not word:
        raise _wrong(where, line, "source is blank")
    if max(len(word), len(value)) > _LONGEST or len(seen) >= _MOST_WORDS:
        raise _wrong(where, line, f"more than {_LONGEST} characters, or {_MOST_WORDS} words")
    if word.casefold() in seen:
        raise _wrong(where, line, f"this word is on line {seen[word.casefold()]} already")
    seen[word.casefold()] = line
    if value:
        words[word] = "" if value == NO_VALUE else value


def _wrong(where: str, line: int, why: str) -> ConfigurationError:
    return ConfigurationError("value_file", f"line {line}: {why}", where=where)


def template(words: Mapping[str, tuple[int, str | None]]) -> str:
    """A value file to fill in: each word with how often it came and what it may mean.

    ``words``: word -> (count, suggestion). Nothing is decided in it: the column ``value`` is blank.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*_COLUMNS, "count", "suggestion"])
    for word, (count, suggestion) in sorted(words.items(), key=lambda one: (-one[1][0], one[0])):
        writer.writerow([word, "", count, suggestion or ""])
    return out.getvalue()
