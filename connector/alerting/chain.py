"""Who is told next of an alert that nobody has acknowledged.

The order: whom the alert is for, who is on call, each person of ``fallback`` one by one. Who was
told is not waited for a second time; of a page, when nobody is left, everybody is told again and
again until somebody acknowledges. Alerts that are neither page nor urgent are told once.

A safety item that nobody has seen an answer to must reach the therapist before the visit ends (the
measures reference, section 4d): told once as well, but not left to a list. Where no channel of a
person takes what is to do, it goes by those for urgent alerts; where no therapist has one, to who
is on call, else to the first of ``fallback``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from connector.alerting.plan import PAGING, Alerting, ChannelPlan, Person, channel_id
from connector.progress import Alert

BEFORE_THE_VISIT_ENDS = frozenset({"safety_item_missing", "safety_unknown_total_only"})
PRACTICE = "practice"
"""Stands for the patient of an alert that is about none; no patient's id looks so."""


@dataclass(frozen=True, slots=True)
class Step:
    """The people to tell now, with the channels of each, and when the next are told.

    ``again`` is None where nobody else follows.
    """

    channels: tuple[tuple[str, str], ...]
    again: datetime | None

    @property
    def people(self) -> tuple[str, ...]:
        """Ids of the people, each once."""
        return tuple(dict.fromkeys(person for person, _ in self.channels))


def next_step(
    alert: Alert,
    alerting: Alerting,
    told: Collection[str],
    now: datetime,
    zone: ZoneInfo,
    clinician: Collection[str] = (),
) -> Step | None:
    """Whom to tell at ``now``, when ``told`` are the ids of those who were; None: nobody is left.

    ``clinician``: the ids and names that the patient's own clinician is known by.
    """
    for group in _groups(alert, alerting, now, zone, clinician):
        channels = _channels(alert, alerting, [id for id in group if id not in told])
        if channels:
            wait = alerting.times.until_next(alert.severity)
            return Step(channels, None if wait is None else now + wait)
    if alert.severity != "page":
        return None
    everybody = [id for group in _groups(alert, alerting, now, zone, clinician) for id in group]
    channels = _channels(alert, alerting, list(dict.fromkeys([*everybody, *sorted(told)])))
    wait = alerting.times.until_next("page", repeated=True)
    assert wait is not None
    return Step(channels, now + wait) if channels else None


def pressing(alert: Alert) -> bool:
    """Whether it must reach somebody today although it wakes nobody. An old form's is a notice."""
    return alert.severity == "action" and alert.rule in BEFORE_THE_VISIT_ENDS


def _groups(
    alert: Alert, alerting: Alerting, now: datetime, zone: ZoneInfo, clinician: Collection[str]
) -> Iterator[list[str]]:
    on_call = [] if alerting.rota is None else list(alerting.rota.on_call(now, zone))
    yield on_call if alert.audience == "on_call" else _of_audience(alert, alerting, clinician)
    if alert.severity in PAGING or pressing(alert):
        yield on_call
        for id in alerting.fallback:
            yield [id]


def _of_audience(alert: Alert, alerting: Alerting, clinician: Collection[str]) -> list[str]:
    """The people of the audience; therapists who state their clinicians, only for those."""
    people = [one for one in alerting.people if alert.audience in one.audiences]
    if alert.audience != "therapist":
        return [one.id for one in people]
    known = {name.casefold() for name in clinician}
    own = [one for one in people if _treats(one, known)]
    return [one.id for one in own or people if one in own or not one.clinicians]


def _ways(person: Person, alert: Alert) -> tuple[ChannelPlan, ...]:
    ways = person.takes(alert.severity)
    return ways or (person.takes("urgent") if pressing(alert) else ())


def _treats(person: Person, known: Collection[str]) -> bool:
    return any(name.casefold() in known for name in person.clinicians)


def _channels(
    alert: Alert, alerting: Alerting, people: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """The channels of people for an alert, without the one that it says has failed."""
    known = {person.id for person in alerting.people}
    return tuple(
        (id, place)
        for id in people
        if id in known
        for one in _ways(alerting.person(id), alert)
        if (place := channel_id(id, one.name)) not in alert.sources
    )
