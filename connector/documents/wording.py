"""How numbers, dates and long texts are written, the same in every document and on every machine.

No meaning is carried by a dash or a minus sign: standard-resolution fax loses them.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def number(value: Decimal | int | float) -> str:
    """Plain digits without trailing zeros: 9, 8.5, 1250."""
    text = format(Decimal(str(value)), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def json_number(value: Decimal) -> int | float:
    """The value as a JSON number, whole where it is whole."""
    return int(value) if value == value.to_integral_value() else float(value)


def day(on: date) -> str:
    """14 Jan 2026."""
    return f"{on.day} {MONTHS[on.month - 1][:3]} {on.year}"


def short_day(on: date) -> str:
    """14 Jan."""
    return f"{on.day} {MONTHS[on.month - 1][:3]}"


def long_day(on: date) -> str:
    """14 January 2026."""
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"


def us_day(on: date | None) -> str | None:
    """01/14/2026, as US payers write it."""
    return on.strftime("%m/%d/%Y") if on else None


def plural(count: int, one: str, many: str | None = None) -> str:
    """1 visit, 2 visits."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def clipped(text: str, limit: int) -> str:
    """At most ``limit`` characters, cut at a word with three dots."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    head = text[: limit - 3]
    cut = head.rsplit(" ", 1)[0] if " " in head[limit // 2 :] else head
    return cut.rstrip(" ,;:.") + "..."


def listed(words: list[str]) -> str:
    """a; a and b; a, b and c."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
