"""What a payer or a referring provider may be told of: the chart and the reasons to write.

A reason that only hidden content gives (an authorization for services that may not be named, an
evaluation that may not be told of) is no reason without a consent: the practice is told instead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from connector.authorizations.payers import PayerBook
from connector.documents import disclosure
from connector.documents.disclosure import Wall, hidden_visits
from connector.documents.payer_view import hidden_authorizations, payer_view
from connector.measures import Instrument
from connector.pipeline.identity import cause_key
from connector.pipeline.payer_rules import advice_on, in_force
from connector.progress import Chart, Milestone, PracticeProfile, Progress

NO_REQUEST = (
    " No request is drafted: it is for services that may not be named without a consent to "
    "disclose substance use content (42 CFR Part 2), and none is valid."
)


@dataclass(frozen=True, slots=True)
class Sight:
    """``view`` is the chart as payers may see it, with the reasons that they may be told;
    ``told`` is the whole of it with only those reasons."""

    wall: Wall
    view: Progress
    told: Progress


def sight(
    progress: Progress,
    practice: PracticeProfile,
    instruments: Mapping[str, Instrument],
    payers: PayerBook | None,
    on: date,
) -> Sight:
    """What may be told of this progress on a day."""
    wall = disclosure.wall_of(progress.chart, practice, on)
    view = payer_view(progress, instruments, wall)
    milestones = _tellable(progress, view, wall, payers or PayerBook(), on)
    changes = {"milestones": milestones}
    return Sight(wall, view.model_copy(update=changes), progress.model_copy(update=changes))


def held_back(
    chart: Chart, practice: PracticeProfile, payers: PayerBook | None, on: date
) -> frozenset[str]:
    """The ids of authorizations, and of coverages, under which nothing may be asked for."""
    wall = disclosure.wall_of(chart, practice, on)
    found = hidden_authorizations(chart, wall)
    if hidden := {visit.id for visit in hidden_visits(chart, wall)}:
        visits = tuple(visit for visit in chart.visits if visit.id not in hidden)
        rest = chart.model_copy(update={"visits": visits})
        if not _asks_for_the_rest(rest, payers or PayerBook(), on):
            found |= {cover.id for cover in chart.coverages}
    return found


def _tellable(
    progress: Progress, view: Progress, wall: Wall, payers: PayerBook, on: date
) -> tuple[Milestone, ...]:
    hidden = hidden_visits(progress.chart, wall)
    authorizations = hidden_authorizations(progress.chart, wall)
    if not hidden and not authorizations:
        return progress.milestones
    refused = _renewals(progress, authorizations)
    if not _asks_for_the_rest(view.chart, payers, on):
        refused |= _first_requests(progress)
    evaluated = {v.starts_at.date() for v in view.chart.visits if v.visit_type == "evaluation"}
    days = {v.starts_at.date() for v in view.chart.visits}
    return tuple(
        one
        for one in progress.milestones
        if one.key not in refused
        and (one.kind != "evaluation" or one.due_on in evaluated)
        and (one.kind not in ("treatment_days", "visit_number") or one.due_on in days)
    )


def _renewals(progress: Progress, hidden: Collection[str]) -> set[str]:
    person = progress.chart.patient.id
    return {
        cause_key(person, "authorization", (v.authorization_id, str(v.authorized), str(v.ends_on)))
        for v in progress.measured.authorizations
        if v.authorization_id in hidden
    }


def _first_requests(progress: Progress) -> set[str]:
    person = progress.chart.patient.id
    return {
        cause_key(person, "authorization", ("first", need.coverage_id, str(need.from_visit)))
        for need in progress.measured.needs
    }


def _asks_for_the_rest(chart: Chart, payers: PayerBook, on: date) -> bool:
    """Whether the payer wants an authorization for the visits that may be told of."""
    cover = next(iter(in_force(chart, on)), None)
    if cover is None or not any(v.status in ("attended", "scheduled") for v in chart.visits):
        return False
    return advice_on(chart, payers, cover.payer, (), on).verdict == "needed"
