"""The text of a proposed mapping: YAML with a comment for each doubt. Read it before you use it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from connector.mapping.proposal.propose import Proposal, ProposedColumn

_PLAIN = re.compile(r"[A-Za-z_][\w -]*[\w]")
_YAML_WORDS = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}


def draft(proposal: Proposal, table: str, files: str, form: str) -> str:
    """The mapping file's text. It loads only where nothing that is required is missing."""
    lines = [
        f"# Proposed from a sample ({form}). The numbers are how sure each line is, in percent.",
        "# Read every line; then: connector map preview",
        f"summary: {_text('proposed from ' + files)}",
        "",
        "tables:",
        f"  {_text(table)}:",
        f"    files: {_text(files)}",
        *_own_id(proposal),
    ]
    if proposal.version is not None:
        form_of = _text(proposal.version.options["format"])
        lines.append(
            f"    version: {{source: {_text(proposal.version.column)}, format: {form_of}}}"
            f"  # {proposal.version.confidence}"
        )
    lines += ["    records:", f"      {proposal.kind}:"]
    if proposal.id_from:
        lines.append(f"        id_from: [{', '.join(proposal.id_from)}]")
    lines.append("        fields:")
    used = [c for c in proposal.columns if c.target is not None]
    for column in used:
        lines += _field(column)
    lines += [
        f"          # {name}: MISSING - required, and no column looks like it"
        for name in proposal.missing
    ]
    spare = [c.column for c in proposal.columns if c.target is None]
    lines += [f"          # not read: {_comment(name)}" for name in spare]
    return "\n".join(lines) + "\n"


def _own_id(proposal: Proposal) -> Iterator[str]:
    if proposal.source_id is not None:
        yield f"    source_id: {_text(proposal.source_id)}"
        return
    # A table must name a column; with id_from the records do not use it.
    of = {c.target: c.column for c in proposal.columns}
    first = next((of[name] for name in proposal.id_from if name in of), None)
    yield "    # No column looks like the row's own id: the fields in id_from make it."
    yield f"    source_id: {_text(first)}" if first else "    # source_id: MISSING"


def _field(column: ProposedColumn) -> Iterator[str]:
    sure = f"  # {column.confidence}: {_comment(column.why)}"
    if not column.options and not column.undecided:
        yield f"          {column.target}: {_text(column.column)}{sure}"
        return
    plain = {k: v for k, v in column.options.items() if k != "values"}
    values = column.options.get("values")
    yield f"          {column.target}:{sure}"
    yield f"            source: {_text(column.column)}"
    for key, value in plain.items():
        yield f"            {key}: {_text(value) if isinstance(value, str) else value}"
    if values:
        yield "            values:"
        for word, value in values.items():
            yield f"              {_text(word)}: {_value(value)}"
    for word in column.undecided:
        yield f"            # what does {_comment(json.dumps(word, ensure_ascii=False))} mean?"


def _text(text: Any) -> str:
    """A YAML string, quoted where it must be."""
    shown = str(text)
    if _PLAIN.fullmatch(shown) and shown.casefold() not in _YAML_WORDS:
        return shown
    return json.dumps(shown, ensure_ascii=not shown.isprintable())


def _value(value: Any) -> str:
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _comment(text: str) -> str:
    line = " ".join(text.split())[:160]
    return "".join(letter if letter.isprintable() else "?" for letter in line)
