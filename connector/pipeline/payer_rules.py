"""What the payers' files say about one chart: their numbers, and what must be asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date

from connector.authorizations.burn_down import BurnDownRules
from connector.authorizations.needs import need
from connector.authorizations.payers import Advice, PayerBook, Question
from connector.progress import AuthorizationNeed, Chart, RuleSet
from connector.records import Authorization, Coverage


@dataclass(frozen=True, slots=True)
class Numbers:
    """The practice's numbers with those of one payer in their place."""

    authorization_flag_remaining: int
    authorization_lead_days: int
    authorization_counts_evaluations: bool


def numbers_of(
    chart: Chart, book: PayerBook, rules: RuleSet, today: date
) -> Callable[[Authorization], BurnDownRules]:
    """The numbers for each authorization: the payer's where its file states them."""

    def numbers(authorization: Authorization) -> BurnDownRules:
        advice = advice_on(chart, book, authorization.payer, authorization.cpt, today)
        counts, lead = advice.counts_evaluations, advice.lead_days
        return Numbers(
            rules.authorization_flag_remaining,
            rules.authorization_lead_days if lead is None else lead,
            rules.authorization_counts_evaluations if counts is None else counts,
        )

    return numbers


def advice_on(chart: Chart, book: PayerBook, payer: str, cpt: Iterable[str], on: date) -> Advice:
    """What a payer wants for this chart's care on a day."""
    cover = next((c for c in in_force(chart, on) if same_payer(book, c.payer, payer)), None)
    return book.advise(
        Question(
            payer=payer,
            on=on,
            plan=cover.plan if cover else None,
            cpt=tuple(cpt) or procedures(chart, on),
            discipline=discipline_of(chart),
        )
    )


def needs_of(
    chart: Chart, book: PayerBook, rules: RuleSet, today: date, reopened: Collection[str] = ()
) -> tuple[AuthorizationNeed, ...]:
    """What must be asked for under the coverage that pays first; nothing for care that ended.

    ``reopened`` are requests that are drafted once more.
    """
    episode = chart.episode
    if episode is None or not episode.active or not book.files:
        return ()
    cover = next(iter(in_force(chart, today)), None)
    if cover is None:
        return ()
    advice = advice_on(chart, book, cover.payer, (), today)
    own = [
        a
        for a in chart.authorizations
        if a.id not in reopened and same_payer(book, a.payer, cover.payer)
    ]
    found = need(
        advice,
        cover.id,
        own,
        chart.visits,
        max(episode.started_on, cover.starts_on or episode.started_on),
        flag_remaining=rules.authorization_flag_remaining,
        count_evaluations=rules.authorization_counts_evaluations,
    )
    return () if found is None else (found,)


def in_force(chart: Chart, on: date) -> list[Coverage]:
    """The coverages of a day, the one that pays first at the front."""
    live = [
        c
        for c in chart.coverages
        if (c.starts_on is None or c.starts_on <= on) and (c.ends_on is None or c.ends_on >= on)
    ]
    return sorted(live, key=lambda c: (c.priority, c.id))


def same_payer(book: PayerBook, one: str, other: str) -> bool:
    """Whether two names mean one payer: the same text, or names of one file."""
    if one == other:
        return True
    file = book.find(one)
    return file is not None and file is book.find(other)


def procedures(chart: Chart, on: date) -> tuple[str, ...]:
    """The procedures of the last attended and the booked visits, evaluations left out."""
    kept = [
        v.cpt
        for v in chart.visits
        if v.cpt
        and v.status in ("attended", "scheduled")
        and v.visit_type in ("treatment", "other")
        and (on - v.starts_at.date()).days <= _RECENT_DAYS
    ]
    return tuple(sorted(set(kept)))


def discipline_of(chart: Chart) -> str | None:
    """The kind of care: as the episode says it, else the patient's record."""
    return (chart.episode.discipline if chart.episode else None) or chart.patient.discipline


_RECENT_DAYS = 90
"""What is further back may have been another course of care."""
