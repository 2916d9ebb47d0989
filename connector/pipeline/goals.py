"""Goals met, and the goal attainment T-score. Shown beside the decision, never part of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from connector.pipeline.wording import percent_of, rounded
from connector.progress import EpisodeView, GoalProgress, RuleSet
from connector.records import Goal, TreatmentPlan


def goal_progress(goals: Sequence[Goal]) -> GoalProgress:
    """Percent of objectives met; of goals where no objective is written.

    Discontinued ones count neither as met nor as open.
    """
    kept = [goal for goal in goals if goal.status != "discontinued"]
    objectives = [goal for goal in kept if goal.level == "objective"]
    counted = objectives or kept
    achieved = [goal for goal in counted if goal.status == "achieved"]
    weight = sum((goal.weight for goal in counted), Decimal(0))
    return GoalProgress(
        total=len(counted),
        achieved=len(achieved),
        percent=percent_of(len(achieved), len(counted)),
        weighted_percent=percent_of(sum((g.weight for g in achieved), Decimal(0)), weight),
        gas_t=_gas_of(kept, counted),
    )


def gas_t(levels: Sequence[tuple[Decimal, int]]) -> Decimal | None:
    """The T-score of ``exact_gas_t``, to one decimal as reports show it; None of nothing."""
    exact = exact_gas_t(levels)
    return None if exact is None else rounded(exact, 1)


def exact_gas_t(levels: Sequence[tuple[Decimal, int]]) -> Decimal | None:
    """Kiresuk-Sherman T of (weight, level -2 to +2) pairs; None of nothing.

    T = 50 + 10 sum(w x) / sqrt(0.7 sum(w^2) + 0.3 (sum w)^2).
    """
    weights = [weight for weight, _ in levels]
    squares = sum((w * w for w in weights), Decimal(0))
    total = sum(weights, Decimal(0))
    under = Decimal("0.7") * squares + Decimal("0.3") * total * total
    if under <= 0:
        return None
    attained = sum((weight * level for weight, level in levels), Decimal(0))
    return 50 + 10 * attained / under.sqrt()


def goals_of_episode(
    goals: Sequence[Goal],
    plans: Sequence[TreatmentPlan],
    episode: EpisodeView | None,
    rules: RuleSet,
) -> list[Goal]:
    """Goals without those that hang on a plan from before the episode, where it has its own."""
    if episode is None:
        return list(goals)
    earliest = episode.started_on - timedelta(days=rules.baseline_days_before)
    before = {p.provenance.source_id for p in plans if p.starts_on < earliest}
    if len(before) == len(plans):
        return list(goals)
    return [goal for goal in goals if goal.plan_source_id not in before]


def _gas_of(kept: Sequence[Goal], counted: Sequence[Goal]) -> Decimal | None:
    """The T-score of the counted level, or of the goals above it, where every one has a level."""
    for group in (counted, [goal for goal in kept if goal.level == "goal"]):
        levels = [(g.weight, g.attainment) for g in group if g.attainment is not None]
        if levels and len(levels) == len(group):
            return gas_t(levels)
    return None
