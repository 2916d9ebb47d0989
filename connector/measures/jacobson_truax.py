"""Formulas of Jacobson and Truax (1991): error of a difference, and the cut-off c.

The standard error of the difference is the one with SD x sqrt 2 x sqrt(1 - reliability); other
variants are in circulation (Maassen 2004).
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from connector.measures.exact import as_decimal, square_root

CRITICAL = Fraction("1.96")
"""A reliable change index beyond this is more than measurement error (95 percent)."""


def error_variance(sd: Decimal, reliability: Decimal) -> Fraction:
    """The square of the standard error of the difference, exact."""
    return Fraction(sd) ** 2 * 2 * (1 - Fraction(reliability))


def error_of_difference(sd: Decimal, reliability: Decimal) -> Decimal:
    """The standard error of the difference of two scores, to 28 significant digits."""
    return as_decimal(square_root(error_variance(sd, reliability)))


def cutoff_c(
    mean_clinical: Decimal, sd_clinical: Decimal, mean_norm: Decimal, sd_norm: Decimal
) -> Decimal:
    """The score between both groups that is as far from either, measured in its SD.

    (SD norm x mean clinical + SD clinical x mean norm) / (SD norm + SD clinical).
    """
    spread, norm = Fraction(sd_clinical), Fraction(sd_norm)
    return as_decimal(
        (norm * Fraction(mean_clinical) + spread * Fraction(mean_norm)) / (norm + spread)
    )
