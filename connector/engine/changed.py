"""What a changed configuration asks for when it comes into force."""

from __future__ import annotations

from pathlib import Path

from connector.engine.work import Work


def put_in_force(work: Work, home: Path, files: Path | None) -> None:
    """Keeps the configuration that the service starts with, and does what a change of it asks."""
