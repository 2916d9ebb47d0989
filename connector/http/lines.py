"""Lines of an answer that may be of any length: read one after the other, in little memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

WHOLE_SECONDS = 6 * 3600.0
"""A file of lines must be whole within this time; a silence ends it much sooner."""


def split_lines(parts: Iterable[bytes], longest: int) -> Iterator[bytes | None]:
    """Each line without its end, empty ones too; None for one of more than ``longest`` bytes.

    What is too long is passed over, not kept.
    """
    held: list[bytes] = []
    size = 0
    for part in parts:
        start = 0
        while (end := part.find(b"\n", start)) >= 0:
            size += end - start
            if size <= longest:
                held.append(part[start:end])
                yield b"".join(held).removesuffix(b"\r")
            else:
                yield None
            held, size, start = [], 0, end + 1
        size += len(part) - start
        if size <= longest:
            held.append(part[start:])
        else:
            held = []
    if size:
        yield b"".join(held).removesuffix(b"\r") if size <= longest else None
