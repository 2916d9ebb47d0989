"""The site's own files that make its configuration: ``site.yaml`` and what replaces shipped files.

Everything else in the site's folder (data, keys, exports, results) is not configuration.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from connector.errors import ConfigurationError
from connector.resources import FOLDERS
from connector.settings import SITE_FILE

_KEPT = Path("data") / "config"
_APPROVED = _KEPT / "approved"
_FORMER = "approved.old"
_ENDED = _KEPT / "approval-ended"
"""Is there when a version that asks for no approval was approved."""
LARGEST = 20_000_000
"""Bytes of one file of a configuration; more is an export that was put into the wrong folder."""


@dataclass(frozen=True)
class SiteFiles:
    """The contents of the files of a configuration, by name such as ``mappings/a/mapping.yaml``."""

    contents: Mapping[str, bytes]

    @cached_property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each file, by name."""
        return {n: hashlib.sha256(body).hexdigest() for n, body in sorted(self.contents.items())}

    @cached_property
    def digest(self) -> str:
        """What tells two configurations apart: names and contents of all files."""
        text = "\n".join(f"{digest} {name}" for name, digest in self.digests.items())
        return hashlib.sha256(text.encode()).hexdigest()

    def write(self, folder: Path) -> None:
        """Writes all files into an empty folder."""
        for name, content in self.contents.items():
            _write(folder / name, content)


def read_files(root: Path) -> SiteFiles:
    """The configuration files below ``root``. Raises ConfigurationError where one can't be read."""
    paths = [root / SITE_FILE] if (root / SITE_FILE).is_file() else []
    for folder in FOLDERS:
        paths += [path for path in sorted((root / folder).rglob("*")) if _counts(path, root)]
    return SiteFiles({path.relative_to(root).as_posix(): _read(path) for path in paths})


def replace_files(home: Path, wanted: SiteFiles, keep_in: Path) -> list[str]:
    """Makes the site's files those of ``wanted``; the names of those that changed.

    What is replaced or removed is copied to ``keep_in`` before anything is touched; site.yaml is
    written last, so that a crash in between leaves the old site file.
    """
    now = read_files(home)
    names = sorted({*now.contents, *wanted.contents}, key=lambda name: (name == SITE_FILE, name))
    changed = [name for name in names if now.contents.get(name) != wanted.contents.get(name)]
    for name in changed:
        if name in now.contents:
            _write(keep_in / name, now.contents[name])
    for name in changed:
        if name in wanted.contents:
            _write(home / name, wanted.contents[name])
        else:
            (home / name).unlink()
    return changed


def backup_folder(home: Path, mark: str) -> Path:
    """Where files that are replaced are kept; one that does not exist yet."""
    place = home / _KEPT / f"before-{mark}"
    number = 1
    while place.exists():
        number += 1
        place = home / _KEPT / f"before-{mark}-{number}"
    return place


def approved_folder(home: Path) -> Path | None:
    """The folder with the approved files, where the site works by approval; else None."""
    place = home / _APPROVED
    if (home / _ENDED).exists():
        return None
    # The former ones: a crash came between the two renames of ``set_approved``.
    folders = (place, place.with_name(_FORMER))
    return next((folder for folder in folders if (folder / SITE_FILE).is_file()), None)


def set_approved(home: Path, files: SiteFiles | None) -> None:
    """Makes these the files that the site works with, at once; None: those in its folder again.

    Whoever works with the approved files reads them on where they lie: they are not removed.
    """
    place = home / _APPROVED
    if files is None:
        if approved_folder(home) is not None:
            (home / _ENDED).touch()
        return
    fresh, old = place.with_name("approved.new"), place.with_name(_FORMER)
    if old.exists() and not place.exists():
        old.replace(place)
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    files.write(fresh)
    if place.exists():
        place.replace(old)
    fresh.replace(place)
    (home / _ENDED).unlink(missing_ok=True)
    shutil.rmtree(old, ignore_errors=True)


def _counts(path: Path, root: Path) -> bool:
    """Whether a file is configuration: no hidden files, nothing that an editor left behind."""
    parts = path.relative_to(root).parts
    hidden = any(part.startswith(".") or part.endswith("~") for part in parts)
    return path.is_file() and not hidden


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigurationError(
                "file_too_large", f"{path} is no configuration file: it is too large"
            )
        return path.read_bytes()
    except OSError as fault:
        raise ConfigurationError(
            "file_unreadable", f"{path} can't be read: {fault.strerror}"
        ) from None


def _write(path: Path, content: bytes) -> None:
    """Writes a file so that it is there whole or as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_bytes(content)
        fresh.chmod(mode)
        fresh.replace(path)
    except OSError as fault:
        raise ConfigurationError(
            "file_not_written", f"{path} can't be written: {fault.strerror}"
        ) from None
