"""From a posted request to a page: proof, JSON, event id."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.webhook_json.settings import WebhookJsonSettings
from connector.errors import InvalidRecord
from connector.json_text import read_object
from connector.ports import Posted, RawBatch, RawPage, RawRow

OWN_ID = "event_id"
"""Where a mapping finds the id of an event that has none in its body."""

_LONGEST_ID = 200
_PACKED = "; it came compressed (Content-Encoding), which is not read here: send it as it is"


class JsonWebhook:
    """One JSON object in each request. The same event id again is the same page."""

    def __init__(self, settings: WebhookJsonSettings, name: str, home: Path) -> None:
        signature = settings.signature
        self._proof = None if signature is None else signature.proof(home)
        self._name = name
        self._table = settings.table
        self._path = settings.event_id.body.split(".") if settings.event_id.body else []
        header = settings.event_id.header
        if header is None and signature and signature.scheme == "standard_webhooks":
            header = "webhook-id"
        self._header = header.lower() if header else None
        self.max_bytes = settings.max_bytes
        self.signed = self._proof is not None

    def receive(self, posted: Posted) -> RawPage:
        """The page with the event as its one row. Raises NotAuthentic, InvalidRecord."""
        if self._proof is not None:
            self._proof.check(posted)
        if len(posted.body) > self.max_bytes:
            raise InvalidRecord(
                "too_large", f"the body is larger than the {self.max_bytes} bytes allowed"
            )
        try:
            event = read_object(posted.body)
        except InvalidRecord as fault:
            packed = "" if _blank(posted.headers.get("content-encoding")) else _PACKED
            raise InvalidRecord(
                fault.code, f"the body can't be read: {fault.message}{packed}", field="body"
            ) from None
        kind, event_id = self._event_id(event, posted)
        if _blank(event.get(OWN_ID)):
            event[OWN_ID] = event_id
        batch = RawBatch(
            key=_digest(self._name, kind, event_id),
            table=self._table,
            origin=f"/webhooks/{self._name}",
            as_of=posted.at,
            rows=(RawRow(1, event),),
        )
        return RawPage(batches=(batch,), claimed=self.signed and kind == "id")

    def _event_id(self, event: Mapping[str, Any], posted: Posted) -> tuple[str, str]:
        """The id and where it is from; ids and digests of bodies never meet."""
        found: Any = event if self._path else None
        for part in self._path:
            found = found.get(part) if isinstance(found, Mapping) else None
        if not _blank(found):
            return "id", _written(found, ".".join(self._path))
        if self._header is not None:
            given = posted.headers.get(self._header)
            if not _blank(given):
                return "id", _written(given, f"the header {self._header}")
        return "body", hashlib.sha256(posted.body).hexdigest()


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _written(value: Any, where: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise InvalidRecord("wrong_event_id", f"{where}: an event id must be text", field=where)
    text = value.strip()
    if len(text) > _LONGEST_ID or not text.isprintable():
        raise InvalidRecord(
            "wrong_event_id",
            f"{where}: an event id has at most {_LONGEST_ID} characters, all printable",
            field=where,
        )
    return text


def _digest(source: str, kind: str, event_id: str) -> str:
    return hashlib.sha256("\x1f".join((source, kind, event_id)).encode()).hexdigest()
