"""X12's conditions between elements (syntax notes), such as P0506: both or neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache


def unmet(
    notes: Sequence[str], filled: Sequence[bool], name: Callable[[int], str]
) -> Iterator[tuple[str, str, int]]:
    """Code, message and place of each note that does not hold.

    ``name`` tells an element by its place. The place is that of the element to fill in; where only
    one may be given, of the last one that is.
    """
    for note in notes:
        places = _places(note)
        there = [filled[place - 1] for place in places]
        code = _broken(note[0], there)
        if code:
            yield (
                code,
                _message(note[0], [name(place) for place in places]),
                _to_mend(places, there),
            )


def _to_mend(places: tuple[int, ...], there: list[bool]) -> int:
    """The first that is missing; where all are there, the last."""
    return next(
        (place for place, given in zip(places, there, strict=True) if not given), places[-1]
    )


@cache
def _places(note: str) -> tuple[int, ...]:
    """The elements or components of a note, counted from 1."""
    return tuple(int(note[at : at + 2]) for at in range(1, len(note), 2))


def _broken(kind: str, there: list[bool]) -> str:
    if kind == "P" and any(there) and not all(there):
        return "pair_incomplete"
    if kind == "R" and not any(there):
        return "one_of_missing"
    if kind == "E" and sum(there) > 1:
        return "not_together"
    if kind == "C" and there[0] and not all(there):
        return "condition_unmet"
    if kind == "L" and there[0] and not any(there[1:]):
        return "condition_unmet"
    return ""


def _message(kind: str, names: list[str]) -> str:
    if kind == "P":
        return f"{' and '.join(names)} belong together: give all of them or none."
    if kind == "R":
        return f"At least one of {', '.join(names)} must be given."
    if kind == "E":
        return f"Only one of {', '.join(names)} may be given."
    others = (" and " if kind == "C" else " or ").join(names[1:])
    return f"{names[0]} may be given only together with {others}."
