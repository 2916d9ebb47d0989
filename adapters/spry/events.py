"""What SPRY posts: thin events with ``X-Sprypt-Signature: t=..,v1=`` (HMAC-SHA256 of ``t.body``).

Facts: api-docs.spryhealth.care, "Webhooks Overview", "Event Types", "Signature Verification": not
older than 300 seconds, ``event_id`` is the idempotency key, ``api_version`` is pinned for each
subscription. An event about a case has it fetched; one about an appointment or a person, for which
no page shows how to ask by number, has the calendars read at once. A cancelled appointment is taken
back: the event is the vendor's own word for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.spry.settings import SprySourceSettings
from connector.announced import CATCH_UP
from connector.errors import InvalidRecord
from connector.polling.found import digest
from connector.polling.notice import ThinWebhook, Told, text_at
from connector.ports import AdapterContext, Posted, RawBatch, RawPage, RawRow
from connector.signatures.hmac_headers import TimestampedHmac, key_of

HEADER = "X-Sprypt-Signature"
TOLERANCE = 300
VERSIONS = ("2026-06-11",)
"""Payload versions that are understood; a subscription is pinned to one."""

_KEPT = ("event_id", "event_type", "api_version", "timestamp")
_IDS = {"patient": "patient_id", "appointment": "appointment_id", "case": "spry_case_id"}
_CANCELLED = "appointment.cancelled"


class SpryWebhook:
    """Proves the sender, and makes of an event what is to be fetched."""

    def __init__(self, thin: ThinWebhook) -> None:
        self._thin = thin
        self.max_bytes = thin.max_bytes
        self.signed = thin.signed

    def receive(self, posted: Posted) -> RawPage:
        """The event, and its notice. Raises NotAuthentic, InvalidRecord."""
        page = self._thin.receive(posted)
        [batch] = page.batches
        event = batch.rows[0].data
        family = str(event["event_type"]).partition(".")[0]
        if family == "case":
            return page
        page = replace(page, notices=(f"{CATCH_UP} {batch.key}",))
        if event["event_type"] != _CANCELLED:
            return page
        gone = RawBatch(
            digest(batch.key, "cancelled"),
            "appointments",
            batch.origin,
            posted.at,
            (RawRow(1, {"appointment_id": event["appointment_id"]}, deleted=True),),
        )
        return replace(page, batches=(*page.batches, gone))


def spry_webhook(settings: SprySourceSettings, context: AdapterContext) -> SpryWebhook:
    """The webhook of a source. Raises ConfigurationError where its secret can't be used."""
    assert settings.webhook is not None  # else nothing is posted here
    keys = [
        key_of(one.read(context.home), standard=False, where=one.env or str(one.file))
        for one in settings.webhook.secret
    ]
    proof = TimestampedHmac(HEADER, "t", "v1", "hex", keys, TOLERANCE)
    return SpryWebhook(ThinWebhook(context.name, proof, read_event))


def read_event(event: Mapping[str, Any]) -> Told:
    """Which record an event names. Raises InvalidRecord."""
    kind, version = text_at(event, "event_type"), text_at(event, "api_version")
    if version not in VERSIONS:
        raise InvalidRecord(
            "wrong_event_version",
            "the event is of a payload version that is not known; pin the subscription to a known "
            "one",
            field="api_version", allowed=VERSIONS,
        )  # fmt: skip
    key = _IDS.get(kind.partition(".")[0])
    if key is None:
        raise InvalidRecord(
            "wrong_event", "the event is about none of patient, appointment, case",
            field="event_type",
        )  # fmt: skip
    own_id = text_at(event, "data", key)
    kept = {name: event.get(name) for name in _KEPT} | {key: own_id}
    return Told("cases", own_id, kept, text_at(event, "event_id"))
