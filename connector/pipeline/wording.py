"""How numbers and dates are written in reasons, alerts and milestones."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from connector.authorizations.renewal import long_date

__all__ = ["joined", "long_date", "number", "ordinal", "percent_of", "rounded", "things"]


def rounded(value: Decimal, decimals: int) -> Decimal:
    """``value`` to ``decimals`` places, a half away from zero."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def percent_of(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """``part`` in percent of ``whole`` to one decimal; None of nothing."""
    if whole <= 0:
        return None
    return rounded(Decimal(part) * 100 / Decimal(whole), 1)


def number(value: Decimal) -> str:
    """``value`` without trailing zeros and never in scientific notation."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def ordinal(value: int) -> str:
    """``value`` as 1st, 2nd, 3rd, 11th."""
    ending = "th" if 10 <= value % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value}{ending}"


def things(count: int, one: str, many: str = "") -> str:
    """``count`` with its noun, such as "1 visit" or "3 visits"."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def joined(parts: Sequence[str]) -> str:
    """``parts`` as a list in a sentence: "a", "a and b", "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
