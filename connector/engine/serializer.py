"""Encrypts what the engine stores: inputs, outputs and errors of workflows and steps.

JSON only, never pickle (a pickle in a database is code). Errors are stored as code and message,
which by rule hold nothing about a patient; any other exception is stored as its type alone.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

from dbos import Serializer

from connector.errors import ConnectorError
from connector.store.crypto import KeyRing

_TABLE = "engine"


class EngineFault(ConnectorError):
    """An error read back from the engine's checkpoint: the original's code and message.

    ``until`` is when it may be tried again, where it said so.
    """

    until: datetime | None = None


class EncryptedSerializer(Serializer):
    """AES-256-GCM over canonical JSON, with the practice's current key."""

    def __init__(self, keys: KeyRing, practice_id: str) -> None:
        self._keys = keys.for_practice(practice_id)

    def name(self) -> str:
        """The name stored beside each value; constant, as old rows must stay readable."""
        return "connector_aes_gcm_json"

    def serialize(self, data: Any) -> str:
        """Base64 of the sealed JSON."""
        text = json.dumps(data, default=_plain, separators=(",", ":"))
        sealed = self._keys.seal(_TABLE, "checkpoint", text.encode())
        return base64.b64encode(sealed).decode()

    def deserialize(self, serialized_data: str) -> Any:
        """The value again; a stored error comes back as an EngineFault."""
        sealed = base64.b64decode(serialized_data)
        text = self._keys.open(_TABLE, "checkpoint", sealed)
        data = json.loads(text)
        if isinstance(data, dict) and "__error__" in data:
            fault = EngineFault(data["__error__"], data["message"])
            if data.get("until"):
                fault.until = datetime.fromisoformat(data["until"])
            return fault
        return data


def _plain(value: Any) -> Any:
    if isinstance(value, ConnectorError):
        until = getattr(value, "until", None)
        return {
            "__error__": value.code,
            "message": value.message,
            **({"until": until.isoformat()} if until is not None else {}),
        }
    if isinstance(value, BaseException):
        return {"__error__": type(value).__name__, "message": "unexpected failure"}
    raise TypeError(f"workflows exchange references, not {type(value).__name__}")
