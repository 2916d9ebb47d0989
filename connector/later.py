"""What an adapter's head names and does not import: it is imported when it is first called.

A command needs few of the adapters, and of those few parts; ``connector --help`` needs none.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Later:
    """A class or function of a module, by name. Called, it is what was named."""

    module: str
    name: str

    def load(self) -> Any:
        """The class or function itself. Raises ImportError, AttributeError (a defect)."""
        return getattr(importlib.import_module(self.module), self.name)

    def __call__(self, *given: Any) -> Any:
        return self.load()(*given)


@dataclass(frozen=True, slots=True)
class FilledFake:
    """A vendor's stand-in with made-up people in it: ``fill`` puts them in."""

    fake: Later
    fill: Later

    def __call__(self) -> Any:
        return self.fill(self.fake())


def filled_fake(fake: Later, fill: Later | None = None) -> FilledFake:
    """``fill`` is of the fake's own module where it is not stated."""
    return FilledFake(fake, fill or Later(fake.module, "fill"))
