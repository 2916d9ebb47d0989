"""Requests that a person wants drafted once more, because something in them has to change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connector.authorizations.lifecycle import Case
from connector.authorizations.records_of import SOURCE
from connector.pipeline.identity import reference_of
from connector.progress import Chart, Milestone


def reopened(chart: Chart, cases: Iterable[Case]) -> frozenset[str]:
    """The authorizations that such requests have become: they keep nothing from being asked."""
    ids = {case.id for case in cases if case.reopened}
    return frozenset(
        one.id
        for one in chart.authorizations
        if one.provenance.source == SOURCE and one.provenance.source_id in ids
    )


def drafted_again(milestones: Sequence[Milestone], cases: Iterable[Case]) -> tuple[Milestone, ...]:
    """The milestones; one that asks again says in which version, so that its draft is a new one."""
    versions = {case.id: case.version + 1 for case in cases if case.reopened}
    if not versions:
        return tuple(milestones)
    return tuple(_again(one, versions.get(reference_of(one.key))) for one in milestones)


def _again(milestone: Milestone, version: int | None) -> Milestone:
    if milestone.kind != "authorization" or version is None:
        return milestone
    text = f"{milestone.text} (asked again, version {version})"
    return milestone.model_copy(update={"text": text, "version": version})
