"""Exact arithmetic: fractions inside, decimals outside, one rounding rule (half away from zero)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, localcontext
from fractions import Fraction

_DIGITS = Context(prec=28)


def round_half_away(value: Fraction | Decimal, decimals: int) -> Decimal:
    """``value`` with ``decimals`` places; a half goes away from zero, never to the even digit."""
    over, under = value.as_integer_ratio()
    steps = (abs(over) * 10**decimals * 2 + under) // (2 * under)
    sign = "-" if over < 0 and steps else ""
    return Decimal(f"{sign}{steps}E-{decimals}")


def exact_sum(values: Iterable[Decimal]) -> Fraction:
    """The sum; whole numbers, which almost all answers are, are added as such."""
    whole, rest = 0, Fraction(0)
    for value in values:
        over, under = value.as_integer_ratio()
        if under == 1:
            whole += over
        else:
            rest += Fraction(over, under)
    return rest + whole


def as_decimal(value: Fraction) -> Decimal:
    """``value`` as a decimal: exact where it terminates, else to 28 significant digits."""
    with localcontext(_DIGITS):
        return Decimal(value.numerator) / Decimal(value.denominator)


def square_root(value: Fraction) -> Fraction:
    """The square root of ``value``, to 28 significant digits; for display, not for decisions."""
    with localcontext(_DIGITS):
        return Fraction(as_decimal(value).sqrt())
