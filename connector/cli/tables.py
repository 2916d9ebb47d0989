"""Tables and notes on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

_PIPED_WIDTH = 132


def console() -> Console:
    """The terminal; plain text of a fixed, generous width when piped."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], number: int | None = None
) -> Table:
    """A table; the column with index ``number`` is right-aligned. Cells are shown as they are."""
    made = Table(
        title=Text(title), title_justify="left", title_style="bold", box=SIMPLE, pad_edge=False
    )
    for index, column in enumerate(columns):
        made.add_column(column, justify="right" if index == number else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(str(cell)) for cell in row))
    return made
