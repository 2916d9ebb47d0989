"""How values become bytes before they are sealed: JSON, made small where that pays.

The first byte says how: 0 as it is, 1 zlib, 2 deflate with the dictionary of ``dictionary_1.txt``.
Rows are short and alike, so the dictionary (typical rows of synthetic charts) makes them two to
five times smaller than zlib alone. Its file never changes: what was written with it needs it.
"""

from __future__ import annotations

import json
import zlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zlib import _Compress

_AS_IS, _ZLIB, _DICTIONARY = b"\x00", b"\x01", b"\x02"
_COMPRESS_FROM = 64
_RAW_DEFLATE = -15


def pack(value: Any) -> bytes:
    """A JSON value as bytes, compressed where that pays. ``unpack`` reads it."""
    return squeeze(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def unpack(data: bytes) -> Any:
    """The JSON value that ``pack`` was given."""
    return json.loads(expand(data))


def squeeze(data: bytes) -> bytes:
    """``data`` behind a byte that says how it is compressed."""
    if len(data) >= _COMPRESS_FROM:
        # Copying a compressor that has read the dictionary is cheaper than reading it each time.
        compressor = _primed().copy()
        small = compressor.compress(data) + compressor.flush()
        if len(small) < len(data):
            return _DICTIONARY + small
    return _AS_IS + data


def expand(data: bytes) -> bytes:
    """What ``squeeze`` was given."""
    how = data[:1]
    if how == _DICTIONARY:
        return zlib.decompressobj(_RAW_DEFLATE, _dictionary()).decompress(data[1:])
    return zlib.decompress(memoryview(data)[1:]) if how == _ZLIB else data[1:]


@cache
def _dictionary() -> bytes:
    return files("connector.store").joinpath("dictionary_1.txt").read_bytes()


@cache
def _primed() -> _Compress:
    return zlib.compressobj(level=1, wbits=_RAW_DEFLATE, zdict=_dictionary())
