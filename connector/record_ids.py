"""Ids of records: the same for the same thing in the same source, and telling nobody its number."""

from __future__ import annotations

import hmac
from functools import lru_cache

_REMEMBERED = 4096


class RecordIds:
    """Makes record ids: a keyed digest of practice, source, kind and the source's own id.

    Keyed, so that an id can't be turned back into a chart number by trying all chart numbers.
    """

    def __init__(self, key: bytes, practice_id: str) -> None:
        self._key = key
        self._practice_id = practice_id
        # Each row of a chart names the same patient.
        self._known = lru_cache(_REMEMBERED)(self._made)

    def make(self, kind: str, source: str, source_id: str) -> str:
        """A stable id such as ``patient-3f9c...`` (20 hex digits)."""
        return self._known(kind, source, source_id)

    def _made(self, kind: str, source: str, source_id: str) -> str:
        text = "\x1f".join((self._practice_id, source, kind, source_id))
        digest = hmac.digest(self._key, text.encode(), "sha256").hex()[:20]
        return f"{kind}-{digest}"
