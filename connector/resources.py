"""Finds shipped files (mappings, templates, payer files) and the site files that replace them.

A file of the same relative path under the site's home replaces the shipped one; a file that exists
only in the site is added. Nothing is merged, so ``connector check`` can say for each file which of
the two is in use.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Literal

from connector.errors import ConfigurationError

FOLDERS = ("mappings", "report_templates", "config")
_NO_TEXTS = (".woff2", ".woff", ".ttf", ".otf", ".png", ".jpg", ".jpeg")


@dataclass(frozen=True, slots=True)
class ResourceFile:
    """A file in use: its relative name, where it lies, and whose it is."""

    name: str
    path: Path
    owner: Literal["shipped", "site"]
    kept: str | None = field(default=None, repr=False)

    def text(self) -> str:
        """The file's text (UTF-8). Raises ConfigurationError ("file_unreadable")."""
        if self.kept is not None:
            return self.kept
        try:
            return self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            why = getattr(fault, "strerror", None) or "it is not UTF-8 text"
            raise ConfigurationError(
                "file_unreadable", f"{self.path} can't be read: {why}"
            ) from None


@cache
def shipped_root() -> Path:
    """Where shipped files lie: inside the installed package, or the checkout's root."""
    package = Path(__file__).parent
    bundled = package / "_data"
    return bundled if bundled.is_dir() else package.parent


class Resources:
    """Shipped files, with the site's own on top. ``home`` None means shipped files only."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = home
        self._kept: dict[str, ResourceFile] = {}
        self._frozen: tuple[str, ...] = ()
        self._digest = ""

    def __eq__(self, other: object) -> bool:
        """The same files of the same folders; of those that are frozen, the same texts."""
        return isinstance(other, Resources) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[object, ...]:
        return self.home, self._frozen, self._digest

    def frozen(self, folder: str) -> Resources:
        """The same, with the texts of a folder as they are now: what is edited later is not seen.

        Raises ConfigurationError ("file_unreadable").
        """
        made = Resources(self.home)
        made._frozen = (f"{folder}/",)
        made._kept = {
            name: replace(file, kept=file.text())
            for name, file in self.files(folder).items()
            if not name.lower().endswith(_NO_TEXTS)
        }
        texts = [(name, file.owner, file.text()) for name, file in made._kept.items()]
        made._digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()
        return made

    def find(self, name: str) -> ResourceFile:
        """The file in use for a relative name such as ``mappings/fhir_r4/mapping.yaml``.

        Raises ConfigurationError ("file_not_found") naming the places looked at.
        """
        if name in self._kept:
            return self._kept[name]
        gone = name.startswith(self._frozen) and not name.lower().endswith(_NO_TEXTS)
        for owner, root in () if gone else self._roots():
            path = root / name
            if path.is_file():
                return ResourceFile(name, path, owner)
        looked = " and ".join(str(root) for _, root in self._roots())
        raise ConfigurationError("file_not_found", f"{name} was not found in {looked}")

    def files(self, folder: str, pattern: str = "**/*") -> dict[str, ResourceFile]:
        """All files in use under ``folder``, by relative name, in name order."""
        found: dict[str, ResourceFile] = {}
        for owner, root in reversed(self._roots()):
            for path in sorted((root / folder).glob(pattern)):
                if path.is_file() and not path.name.startswith("."):
                    name = path.relative_to(root).as_posix()
                    found[name] = self._kept.get(name) or ResourceFile(name, path, owner)
        return dict(sorted(found.items()))

    def _roots(self) -> list[tuple[Literal["shipped", "site"], Path]]:
        roots: list[tuple[Literal["shipped", "site"], Path]] = []
        if self.home is not None:
            roots.append(("site", self.home))
        roots.append(("shipped", shipped_root()))
        return roots
