"""What a FHIR server posts: notifications of its subscriptions.

Resources that come with one are rows at once. Of those that are only named, a notice is kept with
the same commit that the server's 202 waits for; the source then fetches them by id.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta

from adapters.fhir_r4.notification import Notification, read_notification
from adapters.fhir_r4.own import is_ours
from adapters.fhir_r4.page import as_item, digest
from adapters.fhir_r4.push_settings import SHORTEST_SECRET, SubscriptionSettings
from adapters.fhir_r4.settings import FhirSourceSettings
from connector.announced import CATCH_UP, Heard
from connector.errors import ConfigurationError, InvalidRecord, NotAuthentic
from connector.ports import AdapterContext, Posted, RawBatch, RawPage, RawRow

_BEATS = 3
"""So many heartbeats may be late before the silence is told: one may be lost, one on its way."""


def secrets_of(settings: SubscriptionSettings, context: AdapterContext) -> list[str]:
    """What ``header`` may hold, the newest first. Raises ConfigurationError."""
    found = []
    for place in settings.secret:
        secret = place.read(context.home)
        if len(secret) < SHORTEST_SECRET or not secret.isascii() or not secret.isprintable():
            raise ConfigurationError(
                "secret_too_short",
                f"the secret of subscriptions has at least {SHORTEST_SECRET} plain characters",
                where=place.env or str(place.file),
            )
        bearer = settings.header.lower() == "authorization"
        found.append(f"Bearer {secret}" if bearer else secret)
    return found


class FhirNotifications:
    """Receives the notifications of one server's subscriptions."""

    signed = True

    def __init__(self, settings: FhirSourceSettings, context: AdapterContext) -> None:
        given = settings.subscription
        assert given is not None  # only such sources are posted to
        self._settings = settings
        self._given = given
        self._name = context.name
        self._secrets = [secret.encode() for secret in secrets_of(given, context)]
        self.max_bytes = given.max_bytes

    @property
    def silent_after(self) -> timedelta | None:
        """Three heartbeats; None where the server sends none: plain R4 subscriptions have none."""
        beat = self._given.heartbeat_seconds
        promised = beat and self._given.topic is not None
        return timedelta(seconds=_BEATS * beat) if promised else None

    def receive(self, posted: Posted) -> RawPage:
        """Rows, notices, and what was heard. Raises NotAuthentic, InvalidRecord."""
        self._prove(posted)
        if len(posted.body) > self.max_bytes:
            raise InvalidRecord(
                "too_large", f"the body is larger than the {self.max_bytes} bytes allowed"
            )
        told = read_notification(posted.body)
        heard = Heard(
            channel=told.channel,
            events=tuple(event.number for event in told.events),
            total=told.total,
            begins=told.kind == "handshake",
            trouble=told.trouble,
        )
        batches = tuple(self._batches(told, posted.at))
        return RawPage(batches, notices=self._notices(told), heard=heard)

    def _prove(self, posted: Posted) -> None:
        given = posted.headers.get(self._given.header.lower(), "").encode("utf-8", "surrogatepass")
        right = False
        for secret in self._secrets:
            right |= hmac.compare_digest(given, secret)
        if not right:
            raise NotAuthentic(
                "secret_wrong",
                f"the header {self._given.header} does not hold the secret of this source",
            )

    def _batches(self, told: Notification, at: datetime) -> Iterator[RawBatch]:
        """The resources that came, by type; what we wrote ourselves is no news."""
        # With the events' numbers: what repeats a batch then repeats its notices too.
        once = (told.channel, *(event.number for event in told.events))
        kinds = dict.fromkeys(entry.resource["resourceType"] for entry in told.resources)
        for kind in kinds:
            items = [
                as_item(entry, kind, entry.resource)
                for entry in told.resources
                if entry.resource["resourceType"] == kind
                and not is_ours(entry.resource, self._settings.identifier_system)
            ]
            rows = tuple(
                RawRow(i.place, {} if i.fault else i.resource, i.fault, deleted=i.deleted)
                for i in items
            )
            stamp = digest("notified", self._name, kind, *once, *(item.mark for item in items))
            if rows:
                yield RawBatch(stamp, kind, f"/webhooks/{self._name}", at, rows)

    def _notices(self, told: Notification) -> tuple[str, ...]:
        """What is to be fetched: each with its event's number, so that a later one is not lost."""
        if told.kind not in ("event-notification", "query-event"):
            return ()
        came = {
            f"{entry.resource['resourceType']}/{entry.resource.get('id')}"
            for entry in told.resources
            if entry.fault is None
        }
        numbers = [event.number for event in told.events] or [0]
        focused = {event.focus for event in told.events if event.focus}
        wanted = [(event.focus, event.number) for event in told.events if event.focus]
        wanted += [(name, numbers[-1]) for name in told.named if name not in focused]
        if not wanted and not told.resources:
            # It only says that something changed.
            return (f"{CATCH_UP} {told.channel} {numbers[-1]}",)
        return tuple(
            dict.fromkeys(f"{n}|{number}|{told.channel}" for n, number in wanted if n not in came)
        )
