"""Our subscriptions at a FHIR server: made once each, looked at, taken back.

Subscriptions R5 Backport 1.1 for R4: the criteria are the topic, and filters, payload and heartbeat
are extensions. Without a topic they are plain R4 subscriptions, whose criteria are a search. R4
gives a Subscription no identifier, so ours are known by the address they post to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from adapters.fhir_r4.feeds import Asker
from adapters.fhir_r4.page import Page
from adapters.fhir_r4.reachable import contact_points
from adapters.fhir_r4.resources import check
from adapters.fhir_r4.server import ACCEPT
from adapters.fhir_r4.settings import FhirSourceSettings
from adapters.fhir_r4.webhook import secrets_of
from connector.announced import Subscribed
from connector.errors import ConfigurationError, Rejected
from connector.http import Http
from connector.ports import AdapterContext

_IG = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
_FILTER = _IG + "backport-filter-criteria"
_PAYLOAD = _IG + "backport-payload-content"
_JSON = {**ACCEPT, "Content-Type": "application/fhir+json"}
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_WORKS = ("requested", "active")
_MOST_PAGES = 20


class Subscriptions:
    """Over an open session. Raises ConfigurationError where the settings do not suffice."""

    def __init__(self, settings: FhirSourceSettings, context: AdapterContext, http: Http) -> None:
        if settings.subscription is None or settings.subscription.endpoint is None:
            raise ConfigurationError(
                "no_endpoint",
                f"source {context.name!r}: state subscription.endpoint, the address at which the "
                f"server reaches us, such as https://connector.example/webhooks/{context.name}",
            )
        self._settings = settings
        self._given = settings.subscription
        self._endpoint = settings.subscription.endpoint
        self._context = context
        self._ask = Asker(http, "Subscription", {}, 50, context.now)
        self._http = http

    def create(self, polled: Sequence[str]) -> list[Subscribed]:
        """One for each type; one that is there and as wanted stays, another is put right."""
        secret = secrets_of(self._given, self._context)[0]
        there = {_about(one): one for one in self._ours()}
        for kind in self._given.types or polled:
            wanted = self._wanted(kind, secret)
            known = there.get(_about(wanted))
            if known is None:
                self._post(wanted)
            elif not _as_wanted(known, wanted):
                own_id = known["id"]
                target = f"Subscription/{own_id}"
                self._http.request("PUT", target, json={**wanted, "id": own_id}, headers=_JSON)
        return self.found()

    def found(self) -> list[Subscribed]:
        """Those that post to our address, in the order of what they are about."""
        return sorted((_told(one) for one in self._ours()), key=lambda one: (one.about, one.id))

    def delete(self) -> list[Subscribed]:
        """Deletes all that post to our address."""
        gone = self.found()
        for one in gone:
            target = f"Subscription/{one.id}"
            self._http.request("DELETE", target, headers=ACCEPT, expect=(404, 410))
        return gone

    def _post(self, wanted: dict[str, Any]) -> None:
        # Without a condition: a server that does not know `criteria` in it would see the others.
        try:
            self._http.request("POST", "Subscription", json=wanted, headers=_JSON, repeatable=False)
        except Rejected as fault:
            raise ConfigurationError(
                "subscription_refused",
                f"the server refuses a subscription to {_about(wanted)} ({fault.message}); it may "
                "want a topic (subscription.topic), other filters or another payload",
                detail=fault.detail,
            ) from None

    def _ours(self) -> list[dict[str, Any]]:
        """A server that can't search by address gives others too; each one is looked at."""
        try:
            page: Page = self._ask.get("Subscription", {"url": self._endpoint, "_count": 50})
            found, pages = list(page.items), 1
            while page.next is not None and pages < _MOST_PAGES:
                page, pages = self._ask.get(page.next), pages + 1
                found += page.items
        except Rejected as fault:
            raise ConfigurationError(
                "no_subscriptions",
                f"the server has no subscriptions, or does not show them ({fault.message}); the "
                "source is polled",
                detail=fault.detail,
            ) from None
        ours = [dict(item.resource) for item in found if item.fault is None]
        return [one for one in ours if _endpoint(one) == self._endpoint and _ID.fullmatch(_id(one))]

    def _wanted(self, kind: str, secret: str) -> dict[str, Any]:
        from fhirclient.models.subscription import Subscription

        given = self._given
        parameters = given.filters.get(kind, self._settings.parameters.get(kind, {}))
        search = f"{kind}?{urlencode(parameters, quote_via=quote)}"
        channel: dict[str, Any] = {
            "type": "rest-hook",
            "endpoint": self._endpoint,
            "payload": "application/fhir+json",
            "header": [f"{given.header}: {secret}"],
        }
        made: dict[str, Any] = {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "Progress Connector: outcome evidence",
            "criteria": search,
            "channel": channel,
        }
        if given.contact is not None:
            made["contact"] = contact_points(given.contact)
        if given.topic is not None:
            made["meta"] = {"profile": [_IG + "backport-subscription"]}
            made["criteria"] = given.topic.replace("{type}", kind)
            made["_criteria"] = {"extension": [{"url": _FILTER, "valueString": search}]}
            channel["_payload"] = {"extension": [{"url": _PAYLOAD, "valueCode": given.payload}]}
            channel["extension"] = [
                {"url": _IG + "backport-timeout", "valueUnsignedInt": given.timeout_seconds}
            ]
            if given.heartbeat_seconds:
                beat = {"valueUnsignedInt": given.heartbeat_seconds}
                channel["extension"].append({"url": _IG + "backport-heartbeat-period", **beat})
        # The models know no extensions of plain values, so what is sent is ours.
        check(Subscription, {k: v for k, v in made.items() if k != "_criteria"})
        return made


def _told(resource: Mapping[str, Any]) -> Subscribed:
    status = str(resource.get("status"))
    # The server's own words may quote anything.
    trouble = "" if status in _WORKS else "it sends nothing; `create` asks for it again"
    if resource.get("error"):
        trouble = trouble or "the server met errors sending; its log says which"
    return Subscribed(str(resource["id"]), _about(resource), status, trouble)


def _about(resource: Mapping[str, Any]) -> str:
    """What a subscription is to: its filter where it has a topic, else its criteria."""
    holder = resource.get("_criteria")
    extensions = holder.get("extension") if isinstance(holder, dict) else None
    for one in extensions if isinstance(extensions, list) else ():
        if isinstance(one, dict) and one.get("url") == _FILTER:
            return str(one.get("valueString"))
    return str(resource.get("criteria"))


def _id(resource: Mapping[str, Any]) -> str:
    return str(resource.get("id", ""))


def _endpoint(resource: Mapping[str, Any]) -> Any:
    channel = resource.get("channel")
    return channel.get("endpoint") if isinstance(channel, dict) else None


def _as_wanted(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Servers may hide the header's secret or add extensions, which then tell nothing."""
    there, ours = known["channel"], wanted["channel"]
    names = ("type", "payload", "_payload")
    same = all(there.get(name) == ours.get(name) for name in names)
    shown = there.get("header")
    kept = shown is None or shown == ours["header"] or not _readable(shown)
    asked = [one for one in ours.get("extension", ()) if one not in (there.get("extension") or ())]
    topic = known.get("criteria") == wanted["criteria"]
    return known.get("status") in _WORKS and same and kept and topic and not asked


def _readable(header: Any) -> bool:
    """Whether a header is shown as it is, not with stars in the secret's place."""
    first = header[0] if isinstance(header, list) and header else ""
    return isinstance(first, str) and bool(first) and "*" not in first
