"""What the decision rules look at and what they give; values only."""

from __future__ import annotations

from dataclasses import dataclass

from connector.measures import Change
from connector.progress import Decision


@dataclass(frozen=True, slots=True)
class Judged:
    """The primary measure's change with the days and the curve around it."""

    change: Change
    min_days: int
    days_between_scores: int
    days_since_baseline: int
    on_curve: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision, the rule that gave it, and the alerts that the rule raises."""

    decision: Decision
    rule: str
    alerts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is said of one series: the verdict, with the cap of other measures and the reason."""

    decision: Decision
    rule: str
    reason: str
    judged: Judged | None
    capped_by: str | None = None
    alerts: tuple[str, ...] = ()
