"""Finds the file that a name in the clear stands for, in the folders of its source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from connector.app import App
from connector.pickup import PROCESSING, REJECTED, STAMP, stamp

_STAMPED = re.compile(rf"(?:^|[ ~])([0-9a-f]{{{STAMP}}})(?:\.|$)")
_LARGEST = 200_000_000
"""Bytes; of a larger file the digest takes too long to wait for."""


def file_of(app: App, source: str, origin: str) -> str | None:
    """Where the file lies, as a path in the site's folder; None where it is not kept any more."""
    found = _STAMPED.search(origin)
    given = next((one for one in app.site.sources if one.name == source), None)
    if found is None or given is None:
        return None
    for folder in _folders(given.options, source):
        for path in _files(app.home / folder):
            if stamp(path) == found[1]:
                inside = path.is_relative_to(app.home)
                return str(path.relative_to(app.home)) if inside else path.name
    return None


def _folders(options: dict[str, object], source: str) -> Iterator[Path]:
    folder = Path(str(options.get("folder") or options.get("spool") or f"data/sftp/{source}"))
    yield folder / REJECTED
    yield folder / PROCESSING
    yield folder
    yield Path(str(options.get("archive", "archive")))


def _files(folder: Path) -> list[Path]:
    try:
        return [p for p in sorted(folder.iterdir()) if p.is_file() and _is_small(p)]
    except OSError:
        return []


def _is_small(path: Path) -> bool:
    return path.stat().st_size <= _LARGEST
