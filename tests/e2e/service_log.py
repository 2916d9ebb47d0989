"""What the log of a service may not say, though the service was killed at any line."""

from __future__ import annotations

from pathlib import Path

DEFECTS = ("Traceback", "something failed that should not")
# How a child that was just being started says that its parent is gone: its arguments stop half
# way, its pipe has no other end, or the parent's semaphores were taken away before it had them.
ORPHANED = ("EOFError", "BrokenPipeError", "ConnectionResetError", "FileNotFoundError")


def failures(log: Path) -> list[str]:
    """The failures in the log that nobody expected, each whole.

    A child process whose parent was killed while it started it prints a traceback of
    ``multiprocessing`` alone: the kill's own trace, and no failure.
    """
    lines = log.read_text(errors="replace").splitlines()
    found = []
    for at, line in enumerate(lines):
        if any(word in line for word in DEFECTS):
            block = _block(lines[at:])
            if not _orphaned(block):
                found.append("\n".join(block))
    return found


def _block(lines: list[str]) -> list[str]:
    """The first line with those that are indented after it, and the line that ends them."""
    end = 1
    while end < len(lines) and lines[end].startswith(" "):
        end += 1
    return lines[: end + 1]


def _orphaned(block: list[str]) -> bool:
    frames = [line for line in block if line.startswith("  File ")]
    return (
        len(frames) > 1
        and frames[0].startswith('  File "<string>", line 1,')
        and all("/multiprocessing/" in frame for frame in frames[1:])
        and block[-1].startswith(ORPHANED)
    )
