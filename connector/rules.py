"""``RuleSet``: the numbers of the decision rules, which a practice may change in its site file.

What each means is in docs/measurement.md. A number that no rule can work with is refused where the
site file is read, so that nothing fails in the middle of an evaluation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from connector.records import Discipline, Frozen

Severity = Literal["page", "urgent", "action", "notice"]
Audience = Literal["therapist", "on_call", "front_desk", "billing", "data_owner"]

DEFAULT_NAME = "default-1"
"""Names the shipped numbers; whoever changes one of them gives it the next number."""

Days = Annotated[int, Field(ge=0, le=3650)]
Percent = Annotated[int, Field(ge=0, le=100)]
Week = Annotated[int, Field(ge=0, le=520)]
Count = Annotated[int, Field(ge=1, le=1000)]


class Route(Frozen):
    """Who is told of an alert, and how urgently; what is not stated stays as it is by default.

    No route pages anybody: paging is kept for safety items, which have no route.
    """

    to: tuple[Audience, ...] | None = Field(default=None, min_length=1, max_length=5)
    severity: Literal["urgent", "action", "notice"] | None = None

    @field_validator("to")
    @classmethod
    def _each_once(cls, value: tuple[Audience, ...] | None) -> tuple[Audience, ...] | None:
        if value is not None and len(set(value)) < len(value):
            raise ValueError("a recipient is named twice")
        return value


class Routes(Frozen):
    """The alerts that a practice may send elsewhere, by rule; ``data`` are all data alerts."""

    deterioration: Route = Route()
    not_on_track: Route = Route()
    loss_of_gains: Route = Route()
    possible_deterioration: Route = Route()
    missed_visits: Route = Route()
    overdue_assessment: Route = Route()
    authorization: Route = Route()
    plan_of_care_ended: Route = Route()
    data: Route = Route()


class Cadence(Frozen):
    """When an instrument is due, and whether the client is asked for it.

    ``days`` after the last valid score, or the ``sessions``-th treatment day after it, whichever
    comes first; where neither is stated, the instrument's own rhythm. ``intake``: due when care
    begins; ``discharge``: due when it has ended. ``ask`` False: on the list, but nobody is asked.
    ``discipline`` limits it to the clients of one.
    """

    days: Annotated[int, Field(ge=1, le=730)] | None = None
    sessions: Annotated[int, Field(ge=1, le=100)] | None = None
    intake: bool = False
    discharge: bool = False
    ask: bool = True
    discipline: Discipline | None = None


class Course(Frozen):
    """The expected course of one instrument, worked out from the practice's own episodes.

    Never in a site file: a director approves it (``connector measures benchmark``) and the store
    keeps it. ``number`` counts the versions of one instrument.
    """

    instrument: str
    number: Count
    episodes: Annotated[int, Field(ge=1)]
    points: tuple[tuple[Week, Percent], ...] = Field(min_length=2)

    @property
    def name(self) -> str:
        """What decisions and reports call it, such as ``own-phq9-2``."""
        return f"own-{self.instrument}-{self.number}"


class RuleSet(Frozen):
    """Numbers of the default rule set (reference: docs/measurement.md); a practice may edit them.

    ``curve`` is the expected improvement in percent at whole weeks since baseline, straight lines
    between, flat after the last point; no points switch it off. ``acute_days``: a safety item on an
    older form is kept as a notice and pages nobody. ``cadence`` is by instrument.
    ``primary_scales`` names, by instrument without a total, the scale that may be a primary
    measure. ``own_courses`` take the place of ``curve`` for their instruments; the store adds them.
    """

    name: str = Field(default=DEFAULT_NAME, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}$")
    baseline_days_before: Days = 14
    baseline_days_after: Days = 30
    new_episode_gap_days: Annotated[int, Field(ge=1, le=3650)] = 90
    too_early_days: Days = 28
    curve: tuple[tuple[Week, Percent], ...] = ((0, 0), (4, 20), (8, 35), (12, 50))
    missed_in_a_row: Count = 2
    attendance_window_weeks: Annotated[int, Field(ge=1, le=520)] = 6
    attendance_floor_percent: Percent = 70
    overdue_factor: Decimal = Field(default=Decimal("1.5"), ge=1, le=100)
    authorization_flag_remaining: Annotated[int, Field(ge=0, le=1000)] = 1
    authorization_lead_days: Days = 14
    authorization_counts_evaluations: bool = True
    visit_milestones: tuple[Count, ...] = (10,)
    recertification_days: Annotated[int, Field(ge=1, le=3650)] = 90
    milestone_lead_days: Days = 14
    acute_days: Days = 30
    alerts: Routes = Routes()
    cadence: dict[str, Cadence] = {}
    requests_need_consent: bool = False
    primary_scales: dict[str, str] = {}
    own_courses: tuple[Course, ...] = ()

    @field_validator("overdue_factor", mode="before")
    @classmethod
    def _as_written(cls, value: object) -> object:
        """YAML gives 1.5 as a float; its shortest text is what was written. 2.0 is 2."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return Decimal(format(Decimal(str(value)).normalize(), "f"))

    @field_validator("curve")
    @classmethod
    def _weeks_rise(cls, value: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        for (week, percent), (later, more) in pairwise(value):
            if later <= week:
                raise ValueError(f"week {later} stands after week {week}; weeks must rise")
            if more < percent:
                raise ValueError(f"{more} percent at week {later} is less than before")
        return value

    @property
    def version(self) -> str:
        """The name of the numbers, with a digest of them where they are not the shipped ones.

        So two decisions with the same version were made by the same numbers.
        """
        if self == _SHIPPED:
            return self.name
        # A field that came later counts where it is used: numbers that stay keep their version.
        later: dict[str, Any] = {
            name: True for name in _LATER if getattr(self, name) == getattr(_SHIPPED, name)
        }
        later["alerts"] = {name for name in _LATER_ROUTES if getattr(self.alerts, name) == Route()}
        text = json.dumps(self.model_dump(mode="json", exclude=later), sort_keys=True)
        return f"{self.name}+{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def own_course(self, instrument: str) -> Course | None:
        """The practice's own expected course of an instrument; None with the curve switched off."""
        if not self.curve:
            return None
        return next((one for one in self.own_courses if one.instrument == instrument), None)

    def curve_of(self, instrument: str) -> tuple[tuple[int, int], ...]:
        """The expected course of an instrument: the practice's own, else ``curve``."""
        own = self.own_course(instrument)
        return self.curve if own is None else own.points

    def with_own(self, courses: Iterable[Course]) -> RuleSet:
        """These rules with the courses that the practice approved."""
        found = tuple(sorted(courses, key=lambda one: one.instrument))
        return self.model_copy(update={"own_courses": found}) if found else self

    def changed(self) -> dict[str, Any]:
        """What differs from the shipped numbers, JSON-ready."""
        return self.model_dump(mode="json", exclude_defaults=True)


_LATER = frozenset({"cadence", "requests_need_consent", "primary_scales", "own_courses"})
_LATER_ROUTES = frozenset({"plan_of_care_ended"})
_SHIPPED = RuleSet()
