"""Refuses folders of the site that two parts would both work in. Part of ``app``."""

from __future__ import annotations

import os
from pathlib import Path

from connector.errors import ConfigurationError
from connector.settings import SITE_FILE, Site


def refuse_shared_folders(site: Site, home: Path) -> None:
    """Two sources in one folder refuse each other's files, and take documents filed there."""
    taken: dict[str, str] = {}
    parts = [("source", part.name, part.options) for part in site.sources]
    parts += [("destination", part.name, part.options) for part in site.destinations]
    for kind, name, options in parts:
        if not isinstance(folder := options.get("folder"), str):
            continue
        place = os.path.normpath(home / folder)
        if place in taken:
            raise ConfigurationError(
                "folder_shared",
                f"{kind} {name!r} has the same folder as {taken[place]}: {folder}; give "
                "each its own",
                where=SITE_FILE,
            )
        if kind == "source":
            taken[place] = f"source {name!r}"
