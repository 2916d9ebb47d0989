"""The folders that a site file names: what two parts would both work in, or nobody can."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from connector.errors import ConfigurationError
from connector.settings import SITE_FILE, Site


def shared_folders(site: Site, home: Path) -> list[ConfigurationError]:
    """Folders that a source shares: it takes every file there, another's and what is filed too."""
    found: list[ConfigurationError] = []
    reads: dict[str, str] = {}
    for what, folder, path in _named(site, home):
        place = os.path.normpath(path)
        if place in reads:
            text = (
                f"folder: {folder!r} is that of {reads[place]} too; a source takes every file in "
                "its folder, so give each one of its own"
            )
            found.append(ConfigurationError("folder_shared", text, where=f"{SITE_FILE}, {what}"))
        elif what.startswith("source"):
            reads[place] = what
    return found


def wrong_folders(site: Site, home: Path) -> list[ConfigurationError]:
    """Folders that can't be used: shared, no folder at all, or we may not write there."""
    found = shared_folders(site, home)
    for what, folder, path in _named(site, home):
        if path.exists() and not path.is_dir():
            text = f"folder: {folder!r} is a file; name a folder"
        elif path.is_dir() and not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            text = f"folder: {folder!r} can't be read and written by the user that runs the service"
        else:
            continue
        found.append(ConfigurationError("folder_unusable", text, where=f"{SITE_FILE}, {what}"))
    return found


def missing_folders(site: Site, home: Path) -> list[str]:
    """Folders of sources that are not there yet, as sentences: a misspelt one waits for ever."""
    return [
        f"{what}: the folder {str(path)!r} does not exist yet; it is made at the first run"
        for what, _, path in _named(site, home)
        if what.startswith("source") and not path.exists()
    ]


def _named(site: Site, home: Path) -> Iterator[tuple[str, str, Path]]:
    """What names a folder, the folder as it is named, and where it lies."""
    for kind, parts in (("source", site.sources), ("destination", site.destinations)):
        for given in parts:
            folder = given.options.get("folder")
            if isinstance(folder, str) and "\0" not in folder:
                yield f"{kind} {given.name!r}", folder, home / folder
