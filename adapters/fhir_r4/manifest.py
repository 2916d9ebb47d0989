"""What a bulk export gives, and how far it was read: both kept as text between two runs."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from adapters.fhir_r4.page import instant
from connector.errors import RetryLater
from connector.http import Answer

What = Literal["output", "deleted", "error"]
_ORDER: tuple[What, ...] = ("output", "deleted", "error")
_PEOPLE = ("Practitioner", "Patient")
_log = logging.getLogger("connector.fhir_r4")


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file. ``count`` is how many lines it has, where the server says so."""

    what: What
    kind: str
    url: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """The answer of a finished export. ``at``: everything changed until then is in it."""

    at: datetime
    needs_token: bool
    files: tuple[ExportFile, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an export is: where its state is asked for, and what was read of which file.

    ``starts`` counts how often it was begun, because its files had expired.
    """

    status_url: str
    manifest: Manifest | None = None
    file: int = 0
    lines: int = 0
    starts: int = 1
    renewed: int = 0

    def text(self) -> str:
        """As the engine stores it (sealed: links may be all that is needed to read a file)."""
        listed = None
        if self.manifest is not None:
            given = self.manifest
            files = [[one.what, one.kind, one.url, one.count] for one in given.files]
            listed = {"at": given.at.isoformat(), "needs_token": given.needs_token, "files": files}
        parts = {
            "status": self.status_url, "manifest": listed, "file": self.file,
            "lines": self.lines, "starts": self.starts, "renewed": self.renewed,
        }  # fmt: skip
        return json.dumps(parts, separators=(",", ":"))

    def at_line(self, file: int, lines: int) -> Progress:
        """The progress after so many lines of a file."""
        return replace(self, file=file, lines=lines)


def read_progress(text: str | None) -> Progress | None:
    """The stored progress; None where there is none, or it can't be read: then all begins anew."""
    if not text:
        return None
    try:
        stored = json.loads(text)
        listed = stored["manifest"]
        manifest = None
        if listed is not None:
            at = datetime.fromisoformat(listed["at"])
            files = tuple(ExportFile(*one) for one in listed["files"])
            manifest = Manifest(at, listed["needs_token"], files)
        return Progress(
            stored["status"], manifest, stored["file"], stored["lines"], stored["starts"],
            stored["renewed"],
        )  # fmt: skip
    except (ValueError, KeyError, TypeError):
        _log.warning("the state of the export can't be read; it is begun anew")
        return None


def read_manifest(answer: Answer) -> Manifest:
    """The manifest, people's files first. Raises RetryLater where it is none."""
    given = answer.json()
    at = instant(given.get("transactionTime")) if isinstance(given, dict) else None
    if at is None:
        raise RetryLater(
            "garbage_answer", f"{answer.host} says that the export is done, and not what is in it"
        )
    files = [one for what in _ORDER for one in _files(what, given.get(what))]
    if not isinstance(given.get("output"), list):
        raise RetryLater("garbage_answer", f"{answer.host} lists no files of its export")
    # Unless it is said to be needed, no token leaves.
    return Manifest(at, given.get("requiresAccessToken") is True, tuple(files))


def _files(what: What, listed: Any) -> list[ExportFile]:
    found = [
        ExportFile(what, one["type"], one["url"], _count(one))
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict)
        and isinstance(one.get("type"), str)
        and isinstance(one.get("url"), str)
    ]
    return sorted(found, key=lambda one: one.kind not in _PEOPLE)


def _count(one: Mapping[str, Any]) -> int | None:
    count = one.get("count")
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
