"""Rates with their interval, medians of counted values, limits of a funnel. Standard formulas."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

Z_95, Z_998 = 1.959964, 3.090232
"""Two-sided 95 and 99.8 percent of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A rate in percent with the ends of its 95 percent interval."""

    percent: float
    low: float
    high: float


def wilson(part: int, whole: int) -> Interval | None:
    """The rate with its Wilson score interval (Wilson 1927); None of nothing.

    It holds at small numbers and at rates near 0 and 100, where the usual one leaves the scale.
    """
    if whole <= 0:
        return None
    rate, z2 = part / whole, Z_95**2
    scale = 1 + z2 / whole
    middle = (rate + z2 / (2 * whole)) / scale
    reach = Z_95 / scale * math.sqrt(rate * (1 - rate) / whole + z2 / (4 * whole**2))
    low, high = max(middle - reach, 0.0), min(middle + reach, 1.0)
    # At the ends of the scale the formula gives the end itself, but for the last bits of a float.
    return Interval(100 * rate, 0.0 if part == 0 else 100 * low, 100.0 if rate == 1 else 100 * high)


def funnel_limits(rate: float, count: float, z: float) -> tuple[float, float]:
    """Where the percent of a group of ``count`` lies by chance, around an overall percent."""
    share = rate / 100
    reach = z * math.sqrt(share * (1 - share) / count)
    return 100 * max(share - reach, 0.0), 100 * min(share + reach, 1.0)


@dataclass(slots=True)
class Spread:
    """Whole numbers (days, minutes, points), counted: as many entries as there are values."""

    counts: Counter[int] = field(default_factory=Counter)

    def add(self, value: int) -> None:
        """One more value."""
        self.counts[value] += 1

    def join(self, other: Spread) -> None:
        """All values of another."""
        self.counts.update(other.counts)

    @property
    def number(self) -> int:
        """How many values there are."""
        return self.counts.total()

    @property
    def longest(self) -> int | None:
        """The greatest value."""
        return max(self.counts, default=None)

    @property
    def median(self) -> float | None:
        """The middle value, or the mean of the two in the middle."""
        if not self.counts:
            return None
        return (self._at((self.number - 1) // 2) + self._at(self.number // 2)) / 2

    def _at(self, place: int) -> int:
        for value in sorted(self.counts):
            place -= self.counts[value]
            if place < 0:
                return value
        raise IndexError("no value at that place")
