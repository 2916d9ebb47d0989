"""The folders that a site file names: what two parts would both work in, or nobody can."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connector.errors import ConfigurationError
from connector.settings import SITE_FILE, Site


@dataclass(frozen=True, slots=True)
class _Named:
    """A folder: what names it (``what``) and in which option, as it is written, where it lies."""

    what: str
    option: str
    folder: str
    path: Path
    read: bool = False


def shared_folders(site: Site, home: Path) -> list[ConfigurationError]:
    """Folders that a source shares: it takes every file there, another's and what is filed too."""
    found: list[ConfigurationError] = []
    reads: dict[str, str] = {}
    for one in _named(site, home):
        place = os.path.normpath(one.path)
        if place in reads:
            text = (
                f"{one.option}: {one.folder!r} is that of {reads[place]} too; a source takes every "
                "file in its folder, so give each one of its own"
            )
            where = f"{SITE_FILE}, {one.what}"
            found.append(ConfigurationError("folder_shared", text, where=where))
        elif one.read:
            reads[place] = one.what
    return found


def wrong_folders(site: Site, home: Path) -> list[ConfigurationError]:
    """Folders that can't be used: shared, no folder at all, or we may not write there."""
    found = shared_folders(site, home)
    for one in _named(site, home):
        named = f"{one.option}: {one.folder!r}"
        if one.path.exists() and not one.path.is_dir():
            text = f"{named} is a file; name a folder"
        elif one.path.is_dir() and not os.access(one.path, os.R_OK | os.W_OK | os.X_OK):
            text = f"{named} can't be read and written by the user that runs the service"
        else:
            continue
        where = f"{SITE_FILE}, {one.what}"
        found.append(ConfigurationError("folder_unusable", text, where=where))
    return found


def missing_folders(site: Site, home: Path) -> list[str]:
    """Folders of sources that are not there yet, as sentences: a misspelt one waits for ever."""
    return [
        f"{one.what}: the folder {str(one.path)!r} does not exist yet; it is made at the first run"
        for one in _named(site, home)
        if one.read and not one.path.exists()
    ]


def _named(site: Site, home: Path) -> Iterator[_Named]:
    """Folders that are read, then those that are written to."""
    folders = [
        (f"source {given.name!r}", "folder", given.options.get("folder"), True)
        for given in site.sources
    ]
    folders += [
        (f"source {given.name!r}", "archive", given.options.get("archive", "archive"), False)
        for given in site.sources
        if given.options.get("after_pickup") == "archive"
    ]
    folders += [
        (f"destination {given.name!r}", "folder", given.options.get("folder"), False)
        for given in site.destinations
    ]
    for what, option, folder, read in folders:
        if isinstance(folder, str) and "\0" not in folder:
            yield _Named(what, option, folder, home / folder, read)
