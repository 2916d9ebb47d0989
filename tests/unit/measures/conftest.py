"""The shipped instruments, parsed from their files."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.measures import Instrument, parse_instrument

FOLDER = Path(__file__).parents[3] / "mappings" / "instruments"


@pytest.fixture(scope="session")
def instruments() -> dict[str, Instrument]:
    files = sorted(FOLDER.glob("*.yaml"))
    return {path.stem: parse_instrument(path.read_text("utf-8"), path.name) for path in files}
