"""What the log of a service may not say, though the service was killed at any line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

TRACE = "Traceback"
DEFECT = "something failed that should not"
# How a child that was just being started says that its parent is gone: its arguments stop half
# way, its pipe has no other end, or the parent's semaphores were taken away before it had them.
ORPHANED = (
    "EOFError", "BrokenPipeError", "ConnectionResetError", "FileNotFoundError",
    "_pickle.UnpicklingError: pickle data was truncated",
)  # fmt: skip
_FAULT = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit|Empty|Full|Expired)\b")


@dataclass
class _Traces:
    """Tracebacks that began before the one before them had ended: lines of all of them."""

    lines: list[str] = field(default_factory=list)
    open: int = 0
    ends: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """A line of a log; lines that belong to no traceback are left out."""
        if line.startswith(TRACE):
            self.open += 1
        elif not line.startswith(" "):
            if not _FAULT.match(line):
                return  # another process says something meanwhile
            self.open -= 1
            self.ends.append(line)
        self.lines.append(line)

    @property
    def orphaned(self) -> bool:
        """Whether all is of children whose parent was killed while it started them."""
        frames = [line for line in self.lines if line.startswith("  File ")]
        own = [line for line in frames if line.startswith('  File "<string>", line 1,')]
        return (
            self.open == 0
            and len(own) == len(self.ends)
            and len(frames) > len(own)
            and all("/multiprocessing/" in line for line in frames if line not in own)
            and all(line.startswith(ORPHANED) for line in self.ends)
        )


def failures(log: Path) -> list[str]:
    """The failures in the log that nobody expected, each whole.

    A child process whose parent was killed while it started it prints a traceback of
    ``multiprocessing`` alone: the kill's own trace, and no failure. It may do so while the next
    service already runs: then the lines of both stand among each other, each line whole.
    """
    found: list[str] = []
    traces = _Traces()
    for line in log.read_text(errors="replace").splitlines():
        if DEFECT in line:
            found.append(line)
        elif traces.open or line.startswith(TRACE):
            traces.add(line)
        if not traces.open and traces.lines:
            if not traces.orphaned:
                found.append("\n".join(traces.lines))
            traces = _Traces()
    if traces.lines:
        found.append("\n".join(traces.lines))
    return found
