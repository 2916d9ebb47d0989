"""What measuring gives: a score, a comparison of two scores. Values only, no rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from connector.records import Frozen

ScoreStatus = Literal["ok", "incomplete", "error"]
Reliable = Literal["improved", "none", "deteriorated"]
ReliableBasis = Literal["published_points", "jacobson_truax_1.96", "mid_points"]
ClinicalChange = Literal["recovered", "improved", "unchanged", "deteriorated"]


class Score(Frozen):
    """One administration, scored. ``total`` is rounded for display, ``total_exact`` is not.

    ``error`` is None unless ``status`` is "error" ("wrong_item_count:N" with the number received,
    "item_out_of_range:K", ...; K counts from 1). ``clinical`` is None where the instrument has
    no clinical cut-off.
    """

    instrument: str
    status: ScoreStatus
    error: str | None = None
    total: Decimal | None = None
    total_exact: Decimal | None = None
    raw_sum: Decimal | None = None
    band: str | None = None
    clinical: bool | None = None
    prorated: bool = False
    n_answered: int | None = None
    flags: tuple[str, ...] = ()
    subscales: dict[str, Decimal | str | bool | int | None] = {}


class Change(Frozen):
    """Comparison of a current score with a baseline; ``improvement`` is positive when better.

    ``csc``, ``remission`` and the clinical states are None where the instrument has no value to
    judge them by; ``response`` is False where there is no percent. ``rci`` is not rounded.
    """

    improvement: Decimal
    percent_improvement: Decimal | None
    percent_reason: str | None = None
    reliable: Reliable | None
    reliable_basis: ReliableBasis | None
    reliable_points: Decimal | None = None
    rci: Decimal | None = None
    csc: ClinicalChange | None
    baseline_clinical: bool | None
    current_clinical: bool | None
    response: bool
    remission: bool | None
