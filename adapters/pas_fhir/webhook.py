"""Receives what a payer posts for our Subscription: handshake, heartbeat, full answers.

R4 Backport, rest-hook: a bundle of type ``history`` whose first resource is the status of the
subscription (Parameters), followed by what changed.
"""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Any

from adapters.pas_fhir.answers import answer_page
from adapters.pas_fhir.settings import PasAnswersSettings
from connector.documents.pas import terms
from connector.documents.pas.checking.nodes import objects
from connector.errors import InvalidRecord, NotAuthentic
from connector.json_text import read_object
from connector.ports import Posted, RawPage

_TYPES = ("handshake", "heartbeat", "event-notification", "query-status", "query-event")


class PasNotifications:
    """The address that a payer's notifications come to."""

    signed = True

    def __init__(self, settings: PasAnswersSettings, name: str, home: Path) -> None:
        self._secret = settings.secret.read(home)
        self._name = name
        self.max_bytes = settings.max_bytes

    def receive(self, posted: Posted) -> RawPage:
        """The page of answers; an empty one for a handshake. Raises NotAuthentic, InvalidRecord."""
        given = posted.headers.get("authorization", "")
        expected = f"Bearer {self._secret}"
        if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode()):
            raise NotAuthentic("wrong_secret", "the secret of our subscription is missing or wrong")
        if len(posted.body) > self.max_bytes:
            raise InvalidRecord(
                "too_large", f"the body is larger than the {self.max_bytes} bytes allowed"
            )
        notification = read_object(posted.body)
        status = _status(notification)
        kind = _said(status, "type", "valueCode")
        if kind not in _TYPES:
            raise InvalidRecord(
                "not_a_notification", "the status of the subscription does not say its type",
                allowed=_TYPES,
            )  # fmt: skip
        if _said(status, "topic", "valueCanonical") not in (None, terms.TOPIC):
            raise InvalidRecord("other_topic", "a notification of another topic than PAS")
        answers = _answers(notification)
        page = answer_page(answers, posted.at, f"/webhooks/{self._name}")
        if kind == "event-notification" and not page.batches:
            raise InvalidRecord(
                "no_content",
                "the notification brings no answer; our subscription asks for full-resource",
            )
        return page


def _status(notification: dict[str, Any]) -> dict[str, Any]:
    """The status of the subscription in a notification."""
    if notification.get("resourceType") not in ("Bundle", None):
        raise InvalidRecord("not_a_notification", "a notification is a Bundle")
    for entry in objects(notification.get("entry")):
        resource = entry.get("resource")
        if isinstance(resource, dict) and resource.get("resourceType") == "Parameters":
            return resource
    raise InvalidRecord("not_a_notification", "the status of the subscription is missing")


def _said(status: dict[str, Any], name: str, value: str) -> str | None:
    found = next(
        (one.get(value) for one in objects(status.get("parameter")) if one.get("name") == name),
        None,
    )
    return found if isinstance(found, str) else None


def _answers(notification: dict[str, Any]) -> dict[str, Any]:
    """The answers as an inquiry gives them: bundles inside, or the entries themselves (2.0.1)."""
    resources = [one.get("resource") for one in objects(notification.get("entry"))]
    inner = [one for one in resources if isinstance(one, dict)]
    bundles = [one for one in inner if one.get("resourceType") == "Bundle"]
    if not bundles and any(one.get("resourceType") == "ClaimResponse" for one in inner):
        entries = [
            {"fullUrl": entry.get("fullUrl"), "resource": entry.get("resource")}
            for entry in objects(notification.get("entry"))
            if isinstance(entry.get("resource"), dict)
            and entry["resource"].get("resourceType") != "Parameters"
        ]
        bundles = [{"resourceType": "Bundle", "type": "collection", "entry": entries}]
    parameters = [{"name": "return", "resource": one} for one in bundles]
    return {"resourceType": "Parameters", "parameter": parameters}
