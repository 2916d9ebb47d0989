"""What a payer wants for one patient's care on one day, from the payers' files.

A payer that no file names, a plan that no rule fits, two rules that fit equally well: each of them
is "check", never "not needed".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from connector.authorizations.clock import FEDERAL_SOURCE, federal_clock
from connector.authorizations.payer_file import (
    Channel,
    Clock,
    LineOfBusiness,
    PasNumbers,
    PayerFile,
    PayerRule,
    PortalLine,
    WantedPart,
    X12File,
)
from connector.records import Frozen
from connector.x12.content.trading import Trading

Verdict = Literal["needed", "not_needed", "check"]


class Source(Frozen):
    """Where one value of an advice was read; ``confirm``: nobody verified it with the payer."""

    field: str
    source: str
    confirm: bool = False


class Advice(Frozen):
    """What the rule that fits says; None where it says nothing."""

    payer: str
    payer_id: str | None = None
    rule_id: str | None = None
    line_of_business: LineOfBusiness | None = None
    verdict: Verdict = "check"
    reason: str = ""
    from_visit: int | None = None
    counts_evaluations: bool | None = None
    amount: int | None = None
    unit: str | None = None
    lead_days: int | None = None
    continued: str | None = None
    category: str | None = None
    service_type: str | None = None
    one_unit_a_visit: bool | None = None
    form: str | None = None
    channels: tuple[Channel, ...] = ()
    clock: Clock | None = None
    attachments: tuple[WantedPart, ...] = ()
    portal: tuple[PortalLine, ...] = ()
    x12: X12File | None = None
    pas: PasNumbers | None = None
    sources: tuple[Source, ...] = ()

    @property
    def to_confirm(self) -> tuple[str, ...]:
        """The values that should be verified with the payer."""
        return tuple(one.field for one in self.sources if one.confirm)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about: one kind of care under one plan on one day."""

    payer: str
    on: date
    plan: str | None = None
    cpt: Collection[str] = ()
    discipline: str | None = None


class PayerBook:
    """All payers in use, found by the name that the EHR gives them; and who we are to them."""

    def __init__(self, files: Iterable[PayerFile] = (), trading: Trading | None = None) -> None:
        self.trading = trading
        self.files = {one.id: one for one in files}
        self._by_name: dict[str, PayerFile] = {}
        for one in self.files.values():
            for name in (one.id, one.name, *one.names):
                self._by_name.setdefault(_plain(name), one)

    def find(self, payer: str) -> PayerFile | None:
        """The payer of a name or id; letters' case, blanks and signs don't matter."""
        return self._by_name.get(_plain(payer))

    def advise(self, asked: Question) -> Advice:
        """What the payer wants; "check" with the reason wherever that is not known."""
        file = self.find(asked.payer)
        if file is None:
            return Advice(payer=asked.payer, reason="no file in config/payers describes this payer")
        fitting = [rule for rule in file.rules if _fits(rule, asked)]
        if not fitting:
            return _open(file, _why_none(file, asked))
        most = max(_closeness(rule) for rule in fitting)
        best = [rule for rule in fitting if _closeness(rule) == most]
        if len(best) > 1:
            names = " and ".join(rule.id for rule in best)
            return _open(file, f"the rules {names} fit equally well")
        return _advice(file, best[0], asked)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _fits(rule: PayerRule, asked: Question) -> bool:
    if rule.plans and (asked.plan is None or _plain(asked.plan) not in map(_plain, rule.plans)):
        return False
    if rule.disciplines and asked.discipline not in rule.disciplines:
        return False
    # One procedure that the rule does not name may need something else.
    if rule.cpt and not (asked.cpt and set(asked.cpt) <= set(rule.cpt)):
        return False
    if rule.valid_from is not None and asked.on < rule.valid_from:
        return False
    return rule.valid_until is None or asked.on <= rule.valid_until


def _closeness(rule: PayerRule) -> int:
    return 4 * bool(rule.plans) + 2 * bool(rule.cpt) + bool(rule.disciplines)


def _why_none(file: PayerFile, asked: Question) -> str:
    if asked.plan is None and all(rule.plans for rule in file.rules):
        return "the plan is not on file, and this payer's rules differ by plan"
    return "no rule of this payer fits the plan, the procedures and the day"


def _open(file: PayerFile, reason: str) -> Advice:
    return Advice(payer=file.name, payer_id=file.id, reason=reason, x12=file.x12, pas=file.pas)


def _advice(file: PayerFile, rule: PayerRule, asked: Question) -> Advice:
    stated = dict(rule.stated())
    values: dict[str, Any] = {name: one.value for name, one in stated.items()}
    verdict, reason = _verdict(rule, asked)
    sources = [
        Source(field=name, source=one.source, confirm=one.confirm) for name, one in stated.items()
    ]
    clock = values.pop("clock", None)
    if clock is None:
        clock = federal_clock(rule.line_of_business, asked.on)
        if clock is not None:
            sources.append(Source(field="clock", source=FEDERAL_SOURCE))
    for name in ("authorization", "initial"):
        values.pop(name, None)
    return Advice(
        payer=file.name, payer_id=file.id, rule_id=rule.id, verdict=verdict, reason=reason,
        line_of_business=rule.line_of_business, clock=clock, x12=file.x12, pas=file.pas,
        sources=tuple(sources), **values,
    )  # fmt: skip


def _verdict(rule: PayerRule, asked: Question) -> tuple[Verdict, str]:
    stated = rule.authorization
    if stated.value == "not_needed" and stated.confirm:
        return "check", "that none is needed was read, and nobody confirmed it with the payer"
    if stated.value == "check":
        return "check", "the payer's rule is not known"
    if stated.value == "not_needed":
        return "not_needed", "the payer needs none"
    if rule.from_visit is None:
        return "needed", "the payer needs one"
    return "needed", f"the payer needs one from visit {rule.from_visit.value} on"
