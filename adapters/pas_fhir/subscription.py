"""Our Subscription at a payer: how it tells us of decisions that come later."""

from __future__ import annotations

import re
from typing import Any

from adapters.pas_fhir.payer import HEADERS, PayerServer, written
from connector.documents.pas import terms
from connector.errors import ConfigurationError, RetryLater

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


def subscription(endpoint: str, sender: str, secret: str) -> dict[str, Any]:
    """The resource. ``sender`` is our identifier as the interchange's sender (ISA06).

    One Subscription serves all requests of a practice (spec-58); content is full-resource, because
    an inquiry does not bring everything (spec-62).
    """
    return {
        "resourceType": "Subscription",
        "meta": {"profile": [terms.PAS + "profile-subscription"]},
        "status": "requested",
        "reason": "Decisions on our requests for authorization",
        "criteria": terms.TOPIC,
        "_criteria": {
            "extension": [
                {
                    "url": terms.BACKPORT + "backport-filter-criteria",
                    "valueString": f"org-identifier={sender}",
                }
            ]
        },
        "channel": {
            "type": "rest-hook",
            "endpoint": endpoint,
            "payload": "application/fhir+json",
            "_payload": {
                "extension": [
                    {
                        "url": terms.BACKPORT + "backport-payload-content",
                        "valueCode": "full-resource",
                    }
                ]
            },
            "header": [f"Authorization: Bearer {secret}"],
        },
    }


class Subscriptions:
    """Creates, replaces, shows and ends our Subscription at one payer."""

    def __init__(self, server: PayerServer) -> None:
        self._server = server

    def create(self, resource: dict[str, Any]) -> str:
        """The id of the new Subscription. Creating it twice would bring every notice twice."""
        with self._server.open() as http:
            answer = http.request("POST", "Subscription", body=written(resource), headers=HEADERS)
        place = answer.headers.get("location", "").split("/_history")[0].rstrip("/")
        own = _own_id(answer.json()) if answer.body else None
        own = own or place.rsplit("/", 1)[-1]
        if not _ID.fullmatch(own):
            raise RetryLater(
                "garbage_answer", f"{answer.host} took the Subscription and did not say its id"
            )
        return own

    def replace(self, own_id: str, resource: dict[str, Any]) -> None:
        """Puts a new version in its place, such as with another secret or endpoint."""
        body = written({**resource, "id": _checked(own_id)})
        with self._server.open() as http:
            http.request("PUT", f"Subscription/{own_id}", body=body, headers=HEADERS)

    def status(self, own_id: str) -> str:
        """``requested``, ``active``, ``error`` or ``off``, as the payer says."""
        with self._server.open() as http:
            found = http.request("GET", f"Subscription/{_checked(own_id)}", headers=HEADERS).json()
        given = found.get("status") if isinstance(found, dict) else None
        return given if given in ("requested", "active", "error", "off") else "unknown"

    def end(self, own_id: str) -> None:
        """Ends it; one that is gone already is no fault."""
        with self._server.open() as http:
            http.request(
                "DELETE", f"Subscription/{_checked(own_id)}", headers=HEADERS, expect=(404, 410)
            )


def _checked(own_id: str) -> str:
    if not _ID.fullmatch(own_id):
        raise ConfigurationError("wrong_id", "a Subscription's id has letters, digits, - and .")
    return own_id


def _own_id(resource: Any) -> str | None:
    own = resource.get("id") if isinstance(resource, dict) else None
    return own if isinstance(own, str) else None
