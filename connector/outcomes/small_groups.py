"""What may be shown of small groups: none under the least number, not even by subtraction.

The least number is 11 by default, the rule of CMS for cells of its own data (zero may be shown). A
group that is too small is put together with others until what is together is large enough; in a
column, cells are hidden until the hidden ones cannot be worked out from the total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LEAST = 11
"""CMS cell size suppression policy (ResDAC, 2024), as quoted in the report design."""


def apart(sizes: Mapping[str, int], least: int) -> tuple[list[str], list[str]]:
    """Names of the groups that stand alone, and of those that are put together.

    Groups without anybody stand in neither. Those put together have ``least`` members in all, or
    are all there are.
    """
    people = {name: size for name, size in sizes.items() if size > 0}
    together = {name for name, size in people.items() if size < least}
    if together:
        together |= _more({n: s for n, s in people.items() if n not in together},
                          sum(people[n] for n in together), len(together), least)  # fmt: skip
    return [n for n in people if n not in together], [n for n in people if n in together]


def hidden(sizes: Sequence[int], least: int) -> set[int]:
    """Places of a column's cells that are not shown, beside a total that may be.

    A size of zero may be shown. The hidden ones together are at least ``least`` and at least two,
    or they are all that are not zero: then the total is not to be shown either if it is small.
    """
    found = {place for place, size in enumerate(sizes) if 0 < size < least}
    if found:
        rest = {str(p): s for p, s in enumerate(sizes) if s > 0 and p not in found}
        more = _more(rest, sum(sizes[p] for p in found), len(found), least)
        found |= {int(place) for place in more}
    return found


def _more(rest: Mapping[str, int], size: int, count: int, least: int) -> set[str]:
    """The smallest of ``rest`` that must join a group of ``size`` in ``count`` parts."""
    taken: set[str] = set()
    for name in sorted(rest, key=lambda name: (rest[name], name)):
        if size >= least and count >= 2:
            break
        taken.add(name)
        size, count = size + rest[name], count + 1
    return taken
