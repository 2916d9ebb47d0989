"""A moving window over a binary stream, for the reader."""

from __future__ import annotations

import re
from typing import BinaryIO

_CHUNK = 1 << 16


class Window:
    """What was read of a stream and not used yet: ``data`` from ``at`` on."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.data = bytearray()
        self.at = 0

    def more(self) -> bool:
        """Read on; False at the end of the stream. What was used is forgotten."""
        if self.at:
            del self.data[: self.at]
            self.at = 0
        chunk = self._stream.read(_CHUNK)
        if not chunk:
            return False
        self.data += chunk
        return True

    def has(self, count: int) -> bool:
        """Whether ``count`` bytes are there; reads on where they are not."""
        while len(self.data) - self.at < count:
            if not self.more():
                return False
        return True

    def peek(self, count: int) -> bytes:
        """The next bytes, at most ``count``, without using them."""
        self.has(count)
        return bytes(self.data[self.at : self.at + count])

    def take(self, count: int) -> bytes:
        """The next bytes, at most ``count``."""
        parts: list[bytes] = []
        missing = count
        while missing:
            part = bytes(self.data[self.at : self.at + missing])
            self.at += len(part)
            missing -= len(part)
            parts.append(part)
            if missing and not self.more():
                break
        return b"".join(parts)

    def skip(self, count: int) -> int:
        """Pass over bytes without keeping them; how many there were."""
        left = count
        while left:
            step = min(left, len(self.data) - self.at)
            self.at += step
            left -= step
            if left and not self.more():
                break
        return count - left

    def skip_any(self, marks: bytes) -> None:
        """Pass over the next bytes as long as they are among ``marks``."""
        while self.has(1) and self.data[self.at] in marks:
            self.at += 1

    def until(self, mark: bytes, longest: int) -> bytes | None:
        """The bytes before ``mark``, which is used up too; None where it is not within ``longest``.

        With None nothing was used.
        """
        seen = 0
        while True:
            hit = self.data.find(mark, self.at + seen, self.at + longest + len(mark))
            if hit >= 0:
                found = bytes(self.data[self.at : hit])
                self.at = hit + len(mark)
                return found
            seen = max(0, len(self.data) - self.at - len(mark) + 1)
            if seen > longest or not self.more():
                return None

    def upto(self, pattern: re.Pattern[bytes], margin: int, longest: int) -> bytes | None:
        """The bytes before a match of ``pattern`` (matches have at most ``margin`` bytes).

        None, and nothing used, where there is none within ``longest``. The match is not used up.
        """
        seen = 0
        while True:
            hit = pattern.search(self.data, self.at + seen)
            if hit:
                found = bytes(self.data[self.at : hit.start()])
                self.at = hit.start()
                return found
            seen = max(seen, len(self.data) - self.at - margin)
            if seen > longest or not self.more():
                return None

    def seek(self, mark: bytes) -> bool:
        """Pass over everything before ``mark``; False where the stream ends before it."""
        while True:
            hit = self.data.find(mark, self.at)
            if hit >= 0:
                self.at = hit
                return True
            self.at = max(self.at, len(self.data) - len(mark) + 1)
            if not self.more():
                self.at = len(self.data)
                return False
