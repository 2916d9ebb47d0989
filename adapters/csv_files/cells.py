"""The text of a workbook's cell: what the same export saved as CSV would hold.

Excel keeps numbers, dates and texts apart and shows them by a format. Dates are written as the
mapping reads that column; numbers without the noise of binary fractions, with the leading zeros of
their format. What Excel has spoilt already (an id of more than 15 digits) is refused, not guessed.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

_ZEROS = re.compile(r'"?0{2,20}"?')
_DIGITS_KEPT = 15
_TIME_CODES = ("%H", "%I")
_ESCAPED = "_x"
_NAMED = ("iso", "epoch_s", "epoch_ms")


class CellFault(Exception):
    """A cell that has no usable text; the message quotes nothing of it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


def cell_text(cell: Any, date_format: str | None) -> str:
    """The cell's text; ``date_format`` is how the mapping reads its column. Raises CellFault."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        if cell.data_type == "e":
            raise CellFault("cell_error", f"the cell holds Excel's error {_known_error(value)}")
        return _unescaped(value).strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime | date | time | timedelta):
        return _moment(value, date_format)
    return _number(value, cell.number_format)


def _known_error(value: str) -> str:
    known = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")
    return value if value in known else "value"


def _unescaped(text: str) -> str:
    if _ESCAPED not in text:
        return text
    from openpyxl.utils.escape import unescape

    return str(unescape(text)).replace("\r\n", "\n").replace("\r", "\n")


def _moment(value: datetime | date | time | timedelta, form: str | None) -> str:
    if isinstance(value, timedelta):
        raise CellFault("cell_is_duration", "the cell holds a duration; write it as text or number")
    if isinstance(value, time):
        return value.isoformat("minutes" if value.second == 0 else "seconds")
    midnight = not isinstance(value, datetime) or value.time() == time()
    if isinstance(value, datetime) and value.microsecond:
        value = (value + timedelta(microseconds=500_000)).replace(microsecond=0)
    if form is None or form in _NAMED or value.year < 1000:
        shown = value.date() if isinstance(value, datetime) and midnight else value
        return shown.isoformat()
    wants_time = any(code in form for code in _TIME_CODES)
    if wants_time and midnight:
        # A day alone is no time of day: midnight would be a guess. The mapping says what it needs.
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    return value.strftime(form)


def _number(value: int | float, shown_as: str) -> str:
    whole = int(value) if value == value and abs(value) < 1e300 and value == int(value) else None
    if whole is None:
        return format(value, f".{_DIGITS_KEPT}g")
    if abs(whole) >= 10**_DIGITS_KEPT:
        raise CellFault(
            "number_too_long",
            "Excel keeps only 15 digits of a number, so this one is not whole; export the column "
            "as text",
        )
    zeros = shown_as.strip('"') if _ZEROS.fullmatch(shown_as) else ""
    return f"{whole:0{len(zeros)}d}" if zeros else str(whole)
