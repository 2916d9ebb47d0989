"""The folders that a site file names, looked at on disk: for ``connector check``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from connector.errors import ConfigurationError
from connector.settings import SITE_FILE, Site


def wrong_folders(site: Site, home: Path) -> list[ConfigurationError]:
    """Folders that can't be used: something else lies there, or we may not write there."""
    found: list[ConfigurationError] = []
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
