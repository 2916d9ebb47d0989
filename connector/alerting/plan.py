"""The site file's ``alerting`` section: people, their channels, the rota, times, who is next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connector.alerting.rota import Rota
from connector.rules import Audience, Severity

LINK_PLACE = "{alert}"
PAGING: tuple[Severity, ...] = ("page", "urgent")
"""The severities that go on to the next person until somebody acknowledges."""
HEARTBEAT = "heartbeat"
_ID = r"^[a-z][a-z0-9_-]{0,39}$"
_LINK = re.compile(r"https?://[!-~]+")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChannelPlan(_Part):
    """One way to reach a person. ``options`` belong to the adapter.

    ``severities`` are those that go this way. The default leaves out what can wait for the work
    list: too many messages are how the one that matters gets lost. What is due before the visit
    ends comes all the same (``connector.alerting.chain``).
    """

    name: str = Field(pattern=_ID)
    adapter: str = "apprise_channel"
    severities: tuple[Severity, ...] = Field(default=PAGING, min_length=1)
    options: dict[str, Any] = {}


class Person(_Part):
    """Somebody who is told.

    ``audiences``: whose alerts the person gets at once, beside the rota. ``clinicians``: ids or
    names in the EHR; a person who states them is the therapist of those clinicians' patients only.
    """

    id: str = Field(pattern=_ID)
    name: str = Field(min_length=1, max_length=80)
    audiences: tuple[Audience, ...] = ()
    clinicians: tuple[str, ...] = ()
    channels: tuple[ChannelPlan, ...] = Field(min_length=1)

    @field_validator("channels")
    @classmethod
    def _each_once(cls, value: tuple[ChannelPlan, ...]) -> tuple[ChannelPlan, ...]:
        return _unique(value, "name")

    @model_validator(mode="after")
    def _not_the_rota(self) -> Person:
        if "on_call" in self.audiences:
            raise ValueError("who is on call is said by `rota`; take on_call out of `audiences`")
        return self

    def takes(self, severity: Severity) -> tuple[ChannelPlan, ...]:
        """The channels by which alerts of a severity reach this person."""
        return tuple(one for one in self.channels if severity in one.severities)


class Times(_Part):
    """Minutes in which somebody must acknowledge before the next person is told.

    ``page_repeat_minutes``: how often everybody is told again when nobody is left to go to. Pages:
    10 minutes to the next contact (design of this product); urgent: deterioration is to be seen the
    same day, so several people must be reached within one (reference: docs/measurement.md, 6).
    """

    page_minutes: int = Field(default=10, ge=1, le=120)
    page_repeat_minutes: int = Field(default=30, ge=5, le=720)
    urgent_minutes: int = Field(default=120, ge=5, le=1440)

    def until_next(self, severity: Severity, *, repeated: bool = False) -> timedelta | None:
        """How long to wait for an acknowledgement; None where nobody else is told."""
        if severity == "page":
            minutes = self.page_repeat_minutes if repeated else self.page_minutes
            return timedelta(minutes=minutes)
        return timedelta(minutes=self.urgent_minutes) if severity == "urgent" else None


class Alerting(_Part):
    """Who is told of alerts. ``fallback``: ids of people told one after the other.

    ``link`` is an address in the practice with ``{alert}`` in it, put into texts. ``heartbeat`` is
    called after each self-test that went well, so that somebody outside notices silence.
    """

    people: tuple[Person, ...] = Field(min_length=1)
    rota: Rota | None = None
    fallback: tuple[str, ...] = ()
    times: Times = Times()
    link: str | None = None
    heartbeat: ChannelPlan | None = None

    @field_validator("people")
    @classmethod
    def _each_once(cls, value: tuple[Person, ...]) -> tuple[Person, ...]:
        return _unique(value, "id")

    @field_validator("link")
    @classmethod
    def _usable(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not _LINK.fullmatch(value) or value.count(LINK_PLACE) != 1:
            raise ValueError(
                f"link is an address with {LINK_PLACE} once in it, such as "
                f"https://intranet.example/alerts/{LINK_PLACE}"
            )
        return value

    @model_validator(mode="after")
    def _known_and_never_alone(self) -> Alerting:
        known = {person.id for person in self.people}
        named = [("fallback", id) for id in self.fallback]
        named += [("rota", id) for id in (self.rota.people if self.rota else ())]
        for where, id in named:
            if id not in known:
                raise ValueError(
                    f"{where} names {id!r}, who is not among people; valid values: "
                    f"{', '.join(sorted(known))}"
                )
            if not self.person(id).takes("page"):
                raise ValueError(
                    f"{where} names {id!r}, who has no channel for pages; add `page` to the "
                    "severities of one"
                )
        if len(set(self.fallback)) < len(self.fallback):
            raise ValueError("fallback names a person twice")
        if not self.fallback and self.uncovered():
            raise ValueError(
                f"nobody is on call: {said_gaps(self.uncovered())}. Close the gap in rota.shifts, "
                "or name people in fallback"
            )
        return self

    def person(self, id: str) -> Person:
        """The person of an id that is known to be there."""
        return next(one for one in self.people if one.id == id)

    def uncovered(self) -> tuple[str, ...]:
        """When nobody is on call by the weekly shifts; "ever" without a rota."""
        return ("ever",) if self.rota is None else self.rota.gaps()

    def channels(self) -> Iterator[tuple[str, ChannelPlan]]:
        """All channels by their id ("dana/phone"), the heartbeat's too."""
        for person in self.people:
            for one in person.channels:
                yield channel_id(person.id, one.name), one
        if self.heartbeat is not None:
            yield HEARTBEAT, self.heartbeat


def channel_id(person: str, channel: str) -> str:
    """How a person's channel is called in tables, logs and messages."""
    return f"{person}/{channel}"


def said_gaps(gaps: Iterable[str]) -> str:
    """The first gaps in words, and how many more there are."""
    listed = list(gaps)
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    return "; ".join(listed[:3]) + more


def _unique(value: tuple[Any, ...], attribute: str) -> tuple[Any, ...]:
    names = [getattr(one, attribute) for one in value]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"{doubled[0]!r} is used twice")
    return value
