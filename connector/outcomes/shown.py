"""What a practice wants shown in its director's report, and what work was done in the period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.outcomes.small_groups import LEAST
from connector.outcomes.statistics import Spread


@dataclass(frozen=True, slots=True)
class Shown:
    """``smallest_group``: the least number of a group that is shown. ``minutes_saved`` by kind.

    The minutes are an assumption of the practice, never measured here.
    """

    smallest_group: int = LEAST
    by_clinician: bool = False
    minutes_saved: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class WorkDone:
    """Counts that are about work, not about people.

    ``pages``: alerts that page somebody, raised in the period; ``page_minutes`` until they were
    acknowledged. ``documents``: reports made, signed or released, by kind. ``set_aside``: rows and
    files waiting in quarantine now.
    """

    pages: int = 0
    pages_open: int = 0
    page_minutes: Spread = field(default_factory=Spread)
    documents: Mapping[str, int] = field(default_factory=dict)
    set_aside: Mapping[str, int] = field(default_factory=dict)
