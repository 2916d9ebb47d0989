"""X12 of payers: reading, findings, what an answer says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scripts.fuzz.target import Run, Target, refused_plainly

ROOT = Path(__file__).parents[2]


def _seeds() -> Mapping[str, bytes]:
    folders = (ROOT / "tests/unit/x12/files", ROOT / "tests/golden/x12", ROOT / "docs/examples/x12")
    files = [path for folder in folders for path in sorted(folder.rglob("*.x12"))]
    return {f"{n}-{path.name}": path.read_bytes() for n, path in enumerate(files)}


def _x12(_: Path) -> Run:
    from connector.x12.codes import CODES
    from connector.x12.content.answer_rows import answer_rows
    from connector.x12.validate import validate

    def run(data: bytes) -> None:
        assert all(finding.code in CODES for finding in validate(data)), "a finding of no kind"
        with refused_plainly():
            answer_rows(data)

    return run


X12 = Target(("connector.x12",), _seeds, _x12, longest=8_000)
