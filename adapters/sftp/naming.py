"""Names of dropped files: made of the delivery's key, so the same at every attempt."""

from __future__ import annotations

import hashlib
import re

from connector.ports import Outgoing

_PLAIN_KEY = re.compile(r"[0-9a-f]{32,}")
_KIND = re.compile(r"[a-z0-9_]{1,40}")
_ENDINGS = {
    "application/edi-x12": ".x12",
    "application/pdf": ".pdf",
    "application/json": ".json",
    "image/tiff": ".tif",
    "text/html": ".html",
}
_LENGTH = 32


def key_part(key: str) -> str:
    """32 characters that stand for the key and can be part of any file name."""
    found = key if _PLAIN_KEY.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()
    return found[:_LENGTH]


def file_name(outgoing: Outgoing, pattern: str) -> str:
    """The file's name; ``pattern`` may hold {kind}, {key} and {ending}."""
    kind = outgoing.labels.get("kind", "")
    media_type = outgoing.media_type.partition(";")[0].strip().lower()
    return pattern.format(
        kind=kind if _KIND.fullmatch(kind) else "document",
        key=key_part(outgoing.key),
        ending=_ENDINGS.get(media_type, ".bin"),
    )
