"""MIME bodies of several parts, as bytes: an X12 file comes out as it went in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector.errors import RetryLater

MOST_PARTS = 50
_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^;\s"]{1,200}))', re.IGNORECASE)
_LONGEST_HEAD = 16_384


@dataclass(frozen=True, slots=True)
class Part:
    """One part; names of headers are lower-case."""

    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


def join(parts: Sequence[Part]) -> tuple[str, bytes]:
    """The boundary and the body. The same parts give the same bytes."""
    whole = hashlib.sha256(b"\0".join(part.content for part in parts)).hexdigest()
    boundary = f"core-{whole[:40]}"
    while any(boundary.encode() in part.content for part in parts):
        boundary += "x"  # as good as never
    lines = []
    for part in parts:
        head = "".join(f"{name.title()}: {value}\r\n" for name, value in part.headers.items())
        lines.append(f"--{boundary}\r\n{head}\r\n".encode() + part.content + b"\r\n")
    return boundary, b"".join(lines) + f"--{boundary}--\r\n".encode()


def split(body: bytes, content_type: str) -> list[Part]:
    """The parts of a body. Raises RetryLater ("garbage_answer") where it is not made of any."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise _unreadable()
    mark = b"--" + (found[1] or found[2]).encode()
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--") or len(pieces) > MOST_PARTS + 2:
        raise _unreadable()
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    piece = piece.lstrip(b" \t")
    if piece.startswith(b"\r\n\r\n"):
        return Part({}, piece[4:])
    head, blank, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not blank or len(head) > _LONGEST_HEAD:
        raise _unreadable()
    lines = re.sub(rb"\r\n[ \t]+", b" ", head).decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Part(headers, content)


def _unreadable() -> RetryLater:
    return RetryLater("garbage_answer", "the answer is not made of MIME parts, as the rule says")
