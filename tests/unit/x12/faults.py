"""Single faults put into good files, and the check that each is found in its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from connector.x12.validate import validate

FILES = Path(__file__).parent / "files"
MH = "psychotherapy_initial_subscriber"
MH_DEP = "psychotherapy_continued_dependent"
PT_DEP = "physical_therapy_initial_dependent"
PT = "physical_therapy_continued_subscriber"
APPROVED = "response_approved"
PARTIAL = "response_partial_dependent"
PENDED = "response_pended"
REJECTED = "response_rejected"


@dataclass(frozen=True)
class Fault:
    """One change of a file and the finding it must bring.

    ``others`` are codes that it unavoidably causes besides; ``at`` is the finding's segment where
    that is not the one that was changed: what is missing is told of the level that lacks it.
    """

    file: str
    old: str
    new: str
    code: str
    element: str = ""
    loop: str | None = None
    others: tuple[str, ...] = ()
    at: int = 0


def text(name: str) -> str:
    """A good file."""
    return (FILES / f"{name}.x12").read_text(encoding="latin-1")


def recounted(changed: str) -> str:
    """The same with the right number of segments in SE01, so that only the fault itself is left."""
    body = changed[changed.index("ST*") : changed.index("GE*")]
    return re.sub(r"SE\*\d+\*", f"SE*{body.count('~')}*", changed)


def check(fault: Fault, good: str, changed: str) -> None:
    """The fault is found with its code, element and loop at its segment, and little else is."""
    findings = validate(changed.encode("latin-1"))
    at = fault.at or good[: good.index(fault.old)].count("~") + 1
    found = [
        f
        for f in findings
        if (f.code, f.element, f.position) == (fault.code, fault.element, at)
        and fault.loop in (None, f.loop)
    ]
    assert found, findings
    others = {f.code for f in findings} - {fault.code}
    assert "*" in fault.others or others <= set(fault.others), findings
