"""What a site is made of: its own files by name, shipped ones by folder unless all are wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.table import Table

from connector import registry
from connector.app import App
from connector.cli.tables import table
from connector.measures.scales import scale_of
from connector.settings import SITE_FILE

_FOLDERS = ("mappings", "report_templates", "config/payers")
_LISTS = (registry.WORDING, registry.SUBSTANCE_USE)


def files_in_use(app: App, *, every: bool) -> Table:
    """Each file of the site's own, and how many shipped ones there are in a folder."""
    found: list[tuple[str, str]] = [
        (file.owner, name)
        for folder in _FOLDERS
        for name, file in app.resources.files(folder).items()
        if _read(app, name)
    ]
    found += [(app.resources.find(name).owner, name) for name in _LISTS]
    rows = [("site", SITE_FILE), *found] if every else _short(found)
    return table("Files in use", ("owner", "file"), rows)


def parts_in_use(app: App, *, every: bool) -> Table:
    """Mappings, measures, rules and lists with their versions."""
    measures = [one for one in app.instruments.values() if scale_of(one.id) is None]
    listed: list[tuple[str, str, str]] = [("instrument", m.name, m.version) for m in measures]
    if not every:
        # A file of the site's own has its digest behind the version.
        own = [row for row in listed if "+" in row[2]]
        listed = [*own, ("instruments", f"{len(measures) - len(own)} shipped measures", "")]
    return table(
        "Parts",
        ("part", "what", "version"),
        [
            *(("mapping", f"{n}: {m.name}", m.version[:12]) for n, m in app.mappings.items()),
            *listed,
            ("rules", "decision rule set", app.rules.version),
            ("codes", "substance use (42 CFR Part 2)", app.practice.substance_use.version),
            ("adapters", ", ".join(registry.adapter_names()), ""),
        ],
    )


def _short(found: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    own = [(owner, name) for owner, name in found if owner != "shipped"]
    folders = Counter(_folder(name) for owner, name in found if owner == "shipped")
    shipped = [
        ("shipped", folder if count == 1 else f"{folder} ({count} files)")
        for folder, count in folders.items()
    ]
    return [("site", SITE_FILE), *own, *shipped]


def _folder(name: str) -> str:
    """``mappings/instruments/``; of mappings and lists, of which few are in use, the file."""
    first, _, rest = name.partition("/")
    if first == "report_templates":
        return f"{first}/"
    second = rest.partition("/")[0]
    return f"{first}/{second}/" if second in ("instruments", "payers") else name


def _read(app: App, name: str) -> bool:
    parts = name.split("/")
    if parts[0] != "mappings" or parts[1] == "instruments":
        return True
    return parts[1] in {source.mapping for source in app.site.sources}
