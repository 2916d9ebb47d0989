"""Entries of a Claim over its versions: each keeps its sequence and says how it changed.

Spec-68 to spec-72: nothing goes away, what is cancelled is marked so for good, and what differs
from the version before says that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from connector.documents.pas import terms
from connector.documents.pas.lines import certification
from connector.documents.pas.parts import Resource, extension

Change = Literal["", "added", "changed"]


@dataclass
class _Entry:
    sequence: int
    content: Resource
    cancelled: bool = False
    change: Change = ""


@dataclass
class History:
    """The entries of one part (items, supporting information) as versions are added."""

    entries: dict[str, _Entry] = field(default_factory=dict)
    versions: int = 0

    def add(self, found: Iterable[tuple[str, Resource]], *, cancel: bool = False) -> None:
        """The next version holds ``found``; ``cancel``: it ends all there is."""
        given = {} if cancel else dict(found)
        for key, entry in self.entries.items():
            gone = key not in given and not entry.cancelled
            entry.change = "changed" if gone else ""
            entry.cancelled = entry.cancelled or gone
        for key, content in given.items():
            self._put(key, content)
        self.versions += 1

    def _put(self, key: str, content: Resource) -> None:
        known = self.entries.get(key)
        if known is None:
            change: Change = "added" if self.versions else ""
            self.entries[key] = _Entry(len(self.entries) + 1, content, change=change)
        elif known.cancelled or _plain(known.content) != _plain(content):
            known.content, known.cancelled, known.change = content, False, "changed"

    def sequence(self, key: str) -> int:
        """The sequence that the entry ``key`` has in all versions."""
        return self.entries[key].sequence

    def resources(self, *, items: bool) -> list[Resource]:
        """The entries as they stand in the newest version's Claim."""
        return [_written(entry, items=items) for entry in self.entries.values()]


def _plain(content: Resource) -> Any:
    """The entry without how it is certified, which says nothing of what is asked for."""
    kept = [one for one in content.get("extension", []) if one.get("url") != terms.CERTIFICATION]
    return {**content, "extension": kept}


def _written(entry: _Entry, *, items: bool) -> Resource:
    extensions = list(entry.content.get("extension", []))
    made = {name: value for name, value in entry.content.items() if name != "extension"}
    if entry.cancelled and items:
        extensions = [one for one in extensions if one.get("url") != terms.CERTIFICATION]
        extensions.append(certification("3"))
    if entry.change:
        extensions.append(extension(terms.INFO_CHANGED, valueCode=entry.change))
    first: Resource = {"extension": extensions} if extensions else {}
    if entry.cancelled:
        first["modifierExtension"] = [extension(terms.INFO_CANCELLED, valueBoolean=True)]
    return {**first, "sequence": entry.sequence, **made}
