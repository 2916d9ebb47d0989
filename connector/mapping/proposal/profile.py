"""What a column of a sample holds: how its dates are written, numbers, few words, or an id."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from connector.mapping import dates
from connector.mapping.transforms import NO, YES, words

_DAYS = (
    "iso", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%m-%d-%Y", "%d.%m.%Y", "%d %b %Y",
    "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%Y/%m/%d",
)  # fmt: skip
_TIMES = (" %I:%M %p", " %H:%M", " %H:%M:%S", " %I:%M:%S %p", ", %I:%M %p")
_UTC = ZoneInfo("UTC")
_FEW = 12
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,10})?")
_MOST = 300
_MOST_FIT = 0.6
_NAME = re.compile(r"[^\W\d_][\w.'-]*,? +[^\W\d_][\w.' -]*")


@dataclass(frozen=True, slots=True)
class Profile:
    """``formats``: every date format that fits the most values (several: they do not tell which).

    ``times``: those formats have a time of day. ``sound``: the share of values that they fit.
    ``few``: the distinct words, where they are few; ``again``: they come more than once.
    ``answers``: most values are whole numbers of two digits at most.
    """

    blank: float
    formats: tuple[str, ...]
    times: bool
    sound: float
    number: bool
    whole: bool
    yes_no: bool
    distinct: bool
    names: bool
    few: tuple[str, ...]
    again: bool
    answers: bool


def profile(values: Sequence[str]) -> Profile:
    """The profile of a column's cells."""
    said = [value.strip() for value in values if value.strip()][:_MOST]
    counted = dict.fromkeys(said)
    formats, times, sound = _formats(list(counted))
    number = bool(said) and all(_NUMBER.fullmatch(value) for value in said)
    few = tuple(counted) if len(counted) <= _FEW else ()
    answers = sum(value.isdecimal() and len(value) <= 2 for value in said)
    return Profile(
        blank=1 - len(said) / len(values) if values else 1.0,
        formats=formats,
        times=times,
        sound=sound,
        number=number,
        whole=number and all("." not in value for value in said),
        yes_no=bool(said) and all(words(value) in YES | NO for value in said),
        distinct=len(said) > 1 and len(counted) == len(said),
        names=bool(said) and sum(bool(_NAME.fullmatch(v)) for v in said) > len(said) * 0.8,
        few=few if not number else (),
        again=len(said) >= 2 * len(counted),
        answers=not said or answers >= len(said) / 2,
    )


def _formats(said: Sequence[str]) -> tuple[tuple[str, ...], bool, float]:
    if not said or all(_NUMBER.fullmatch(value) for value in said):
        return (), False, 0.0
    days = _best(said, _DAYS)
    with_time = [f"{day}{time}" for day in _DAYS if day != "iso" for time in _TIMES]
    moments = _best(said, with_time)
    if moments[1] > days[1]:
        return moments[0], True, moments[1]
    return days[0], days[0] == ("iso",) and any(":" in value for value in said), days[1]


def _best(said: Sequence[str], forms: Sequence[str]) -> tuple[tuple[str, ...], float]:
    """The formats that fit the most values, at least most of them, and the share they fit."""
    counted = {form: sum(_fits(value, form) for value in said) for form in forms}
    most = max(counted.values())
    if most < len(said) * _MOST_FIT:
        return (), 0.0
    return tuple(form for form, count in counted.items() if count == most), most / len(said)


def _fits(value: str, form: str) -> bool:
    try:
        dates.to_date(value, (form,), _UTC)
    except dates.ImpossibleDate:
        return False
    return True
