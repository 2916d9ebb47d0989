"""The thin webhook: a posted event names a record; its notice is kept, and fetched afterwards.

A notice is ``table/id/event``: the event's digest tells apart two changes of one record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.credentials import SecretReference
from connector.errors import ConfigurationError, InvalidRecord, NotAuthentic
from connector.json_text import read_object
from connector.polling.found import digest
from connector.ports import Posted, RawBatch, RawPage, RawRow
from connector.signatures import Proof

TABLE = "notice"
"""The table of the events themselves; no mapping makes records of it."""

MAX_BYTES = 200_000
_SHORTEST_SECRET = 16
"""Characters of the end of an address that only its sender is told."""
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


@dataclass(frozen=True, slots=True)
class Told:
    """What an event says: which record of which table changed; nothing where it is of no interest.

    ``kept`` is what is stored of the event, ``event_id`` the vendor's own id of it, where it has.
    """

    table: str | None
    own_id: str
    kept: Mapping[str, Any]
    event_id: str | None = None


class ThinWebhook:
    """Proves the sender, and makes a notice of the event. ``read`` takes the vendor's JSON apart.

    ``occasion`` is what of a request tells a repeat of it from another event that looks the same.
    """

    max_bytes = MAX_BYTES

    def __init__(
        self,
        name: str,
        proof: Proof,
        read: Callable[[Mapping[str, Any]], Told],
        *,
        occasion: Callable[[Posted], str] = lambda posted: "",
        signed: bool = True,
    ) -> None:
        self.signed = signed
        self._name = name
        self._proof = proof
        self._read = read
        self._occasion = occasion

    def receive(self, posted: Posted) -> RawPage:
        """The event as a row nobody maps, and the notice. Raises NotAuthentic, InvalidRecord."""
        self._proof.check(posted)
        try:
            told = self._read(read_object(posted.body))
        except InvalidRecord as fault:
            raise InvalidRecord(
                fault.code, f"the body can't be read: {fault.message}", field="body"
            ) from None
        if not _ID.fullmatch(told.own_id):
            raise InvalidRecord("wrong_event", "the event does not name a record by a plain id")
        event = told.event_id or posted.body.hex() + self._occasion(posted)
        key = digest(self._name, TABLE, event)
        batch = RawBatch(
            key, TABLE, f"/webhooks/{self._name}", posted.at, (RawRow(1, dict(told.kept)),)
        )
        notices = () if told.table is None else (f"{told.table}/{told.own_id}/{key[:12]}",)
        return RawPage((batch,), notices=notices)


@dataclass(frozen=True, slots=True)
class SecretAddress:
    """A sender that can't sign: only it knows the end of the address. What it posts is not proven.

    Several secrets while one is being replaced.
    """

    secrets: tuple[bytes, ...]

    def check(self, posted: Posted) -> None:
        """Raises NotAuthentic unless the address ends with a secret of this source."""
        import hmac

        given, right = posted.secret.encode("utf-8", "surrogatepass"), False
        for secret in self.secrets:
            right |= hmac.compare_digest(given, secret)
        if not right:
            raise NotAuthentic(
                "address_wrong", "the address does not end with the secret of this source"
            )


def secret_address(places: Sequence[SecretReference], home: Path) -> SecretAddress:
    """The proof of a sender that knows one of these secrets. Raises ConfigurationError."""
    secrets = []
    for place in places:
        secret = place.read(home)
        if len(secret) < _SHORTEST_SECRET or not secret.isalnum() or not secret.isascii():
            raise ConfigurationError(
                "secret_unusable",
                f"the secret end of an address needs {_SHORTEST_SECRET} or more plain letters and "
                "digits",
                where=place.env or str(place.file),
            )
        secrets.append(secret.encode())
    return SecretAddress(tuple(secrets))


def parts_of(notice: str) -> tuple[str, str]:
    """The table and the id that a notice names."""
    table, own_id, _ = notice.split("/")
    return table, own_id


def text_at(event: Mapping[str, Any], *path: str) -> str:
    """A text or whole number inside an event. Raises InvalidRecord where there is none."""
    found: Any = event
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str) or not found.strip():
        name = ".".join(path)
        raise InvalidRecord("wrong_event", f"{name} is missing or no text", field=name)
    return found.strip()
