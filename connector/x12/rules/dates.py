"""Dates and periods that exist and run forwards; what happened lies before the file was made."""

from __future__ import annotations

from datetime import timedelta

from connector.x12.elements import Place
from connector.x12.finding import Report
from connector.x12.loop import Loop
from connector.x12.rules.each import apply
from connector.x12.values import PERIODS, day, is_time, period, short_day

_PAST = {
    "439": "accident date", "484": "last menstrual period", "431": "onset of the symptoms",
    "368": "date of submission",
}  # fmt: skip
"""DTP01 of what must have happened before a file can tell it."""

_OF_TIME_ZONES = timedelta(days=1)
"""The same moment may have two dates."""


def check(root: Loop, report: Report) -> None:
    """Report what is wrong with the dates of a set."""
    apply(root, report, {"DTP": _dtp, "HI": _codes, "CR6": _home_health, "DMG": _pair_of_dmg})
    _past(root, report)
    for loop in root.walk():
        _certification(loop, report)


def _dtp(place: Place) -> None:
    _checked(place, place.segment.element(2), place.segment.element(3), 3)


def _pair_of_dmg(place: Place) -> None:
    _checked(place, place.segment.element(1), place.segment.element(2), 2)


def _home_health(place: Place) -> None:
    for index in (3, 15):
        _checked(place, place.segment.element(index), place.segment.element(index + 1), index + 1)


def _codes(place: Place) -> None:
    for index in range(1, len(place.segment.elements) + 1):
        form = place.segment.component(index, 3)
        _checked(place, form, place.segment.component(index, 4), index, 4)


def _checked(place: Place, form: str, text: str, index: int, part: int = 0) -> None:
    """A date or period in the format that its qualifier states."""
    if not text or form not in PERIODS:
        return
    name = place.name(index, part)
    if form == "RD8":
        both = period(text)
        if both is None:
            message = f"{name} must be two dates that exist, CCYYMMDD-CCYYMMDD."
            place.tell("date_impossible", message, index, part)
        elif both[0] > both[1]:
            place.tell("date_range_reversed", f"{name} ends before it starts.", index, part)
        return
    good = {
        "D8": day(text) is not None,
        "D6": short_day(text),
        "DT": day(text[:8]) is not None and is_time(text[8:]),
        "TM": is_time(text),
    }[form]
    if not good:
        message = f"{name} must be a date that exists, as {PERIODS[form]}."
        place.tell("time_impossible" if form == "TM" else "date_impossible", message, index, part)


def _past(root: Loop, report: Report) -> None:
    """What has happened when a file speaks of it: births, accidents, onsets, submissions."""
    head, opening = root.first("BHT"), root.first("BGN")
    made = day(head.element(4)) if head else day(opening.element(3)) if opening else None
    if made is None:
        return
    for loop in root.walk():
        for segment in loop.all("DMG"):
            born = day(segment.element(2))
            if born is not None and born > made:
                message = "DMG02, the date of birth, is later than the day of this file."
                Place(segment, loop.id, report).tell("birth_date_later", message, 2)
        for segment in loop.all("DTP"):
            what = _PAST.get(segment.element(1))
            happened = day(segment.element(3)[:8]) if what else None
            if happened is not None and happened - made > _OF_TIME_ZONES:
                message = f"DTP03, the {what}, is later than the day of this file."
                Place(segment, loop.id, report).tell("date_later", message, 3)


def _certification(loop: Loop, report: Report) -> None:
    """The day from which an authorization holds (007) and its last day (036)."""
    first, last = loop.first("DTP", "007"), loop.first("DTP", "036")
    if first is None or last is None:
        return
    start, end = day(first.element(3)[:8]), day(last.element(3))
    if start and end and start > end:
        message = "The authorization expires before it becomes effective."
        Place(last, loop.id, report).tell("date_range_reversed", message, 3)
