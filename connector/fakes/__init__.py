"""Stand-ins for counterparts, for trials (``connector fake``) and tests; on 127.0.0.1 only.

Here is what each promises; ``server`` is what vendors' fakes (``adapters/<vendor>/fake.py``) are
built on.
"""

from __future__ import annotations

from typing import Protocol


class Fake(Protocol):
    """A stand-in for one counterpart, with its quirks and made-up people."""

    def start(self, port: int = 0) -> str:
        """Listens; its address."""

    def stop(self) -> None:
        """Ends it. Safe to call twice."""

    def trial(self) -> str:
        """The site file's lines (YAML) with which a site talks to it."""
