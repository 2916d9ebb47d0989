"""MLLP: cuts a stream of bytes into messages. HL7 Minimal Lower Layer Protocol, release 1.

A frame is ``<VT> message <FS><CR>``. What comes between frames is skipped and counted: keep-alive
bytes, line ends, rubbish. A frame ends at its FS; a missing CR holds nobody up.
"""

from __future__ import annotations

from dataclasses import dataclass

START = 0x0B
END = 0x1C
_START_BYTE = bytes([START])
_END_BYTE = bytes([END])
_HARMLESS = b"\r\n\x00 \t"
HEAD_BYTES = 4096
"""Of a frame that is too long, what is kept to answer it."""


def framed(content: bytes) -> bytes:
    """The message in a frame."""
    return b"\x0b" + content + b"\x1c\r"


@dataclass(frozen=True, slots=True)
class TooLong:
    """A frame that grew over the limit; the stream can't be used any more."""

    head: bytes


class Framer:
    """The state of one stream: what was received of the frame that is open."""

    __slots__ = ("_buffer", "_most", "_open", "_scanned", "broken", "restarts", "skipped")

    def __init__(self, most: int) -> None:
        self._most = most
        self._buffer = bytearray()
        self._open = False
        self._scanned = 0
        self.skipped = 0
        """Bytes outside frames that mean nothing, not counting line ends and zero bytes."""
        self.restarts = 0
        """Frames that were begun and not ended."""
        self.broken = False

    @property
    def open(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._open

    @property
    def held(self) -> int:
        """Bytes held of the open frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes | TooLong]:
        """The messages that ``data`` completes; after a ``TooLong`` nothing more comes."""
        found: list[bytes | TooLong] = []
        if self.broken:
            return found
        self._buffer += data
        while True:
            if not self._open and not self._begin():
                return found
            end = self._buffer.find(_END_BYTE, self._scanned)
            again = self._buffer.rfind(_START_BYTE, self._scanned, end if end >= 0 else None)
            if again >= 0:
                # Only a new frame begins with this byte: the one before was given up by its sender.
                self.restarts += 1
                del self._buffer[: again + 1]
                self._scanned = 0
                end = -1 if end < 0 else end - again - 1
            size = len(self._buffer) if end < 0 else end
            if size > self._most:
                found.append(TooLong(bytes(self._buffer[:HEAD_BYTES])))
                self.broken = True
                self._buffer.clear()
                return found
            if end < 0:
                self._scanned = len(self._buffer)
                return found
            found.append(bytes(self._buffer[:end]))
            del self._buffer[: end + 1]
            self._open = False
            self._scanned = 0

    def _begin(self) -> bool:
        """Skips to the start of a frame; False where there is none yet."""
        start = self._buffer.find(_START_BYTE)
        rubbish = self._buffer if start < 0 else self._buffer[:start]
        self.skipped += len(rubbish.translate(None, _HARMLESS))
        if start < 0:
            self._buffer.clear()
            return False
        del self._buffer[: start + 1]
        self._open = True
        self._scanned = 0
        return True
