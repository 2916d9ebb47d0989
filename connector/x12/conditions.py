"""X12's conditions between elements (syntax notes), such as P0506: both or neither."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def unmet(
    notes: Sequence[str], filled: Sequence[bool], names: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Code and message of each note that does not hold; ``filled`` and ``names`` by place."""
    for note in notes:
        places = [int(note[at : at + 2]) - 1 for at in range(1, len(note), 2)]
        there = [filled[place] for place in places]
        said = [names[place] for place in places]
        code = _broken(note[0], there)
        if code:
            yield code, _message(note[0], said)


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
