"""What a reader or validator has to say of a file: one fault, where it is, what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, located.

    ``loop`` is the loop's id in the guide (``2000E``; empty in the envelope and where a segment
    has no place), ``segment`` the tag, ``position`` the segment's number in the file counted from
    1 (0: the file as a whole), ``element`` such as ``UM01`` or ``HI01-2`` (empty: the segment as a
    whole). ``code`` is stable. ``message`` is for a person, and holds nothing of a patient.
    """

    severity: Severity
    loop: str
    segment: str
    position: int
    element: str
    code: str
    message: str

    def as_json(self) -> dict[str, str | int]:
        """The finding as an object with exactly its seven keys."""
        return asdict(self)

    @property
    def is_error(self) -> bool:
        """Whether a receiver may refuse the file for it."""
        return self.severity == "error"


Report = Callable[[Finding], None]
"""Who is told of findings; the ``append`` of a list will do."""
