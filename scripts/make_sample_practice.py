"""Writes the synthetic sample practice's files; the same bytes at every run.

python scripts/make_sample_practice.py                 into config/sample_practice
python scripts/make_sample_practice.py /tmp/practice   somewhere else
"""

from __future__ import annotations

import sys
from pathlib import Path

from sample_practice.export import sample_files

HOME = Path(__file__).resolve().parent.parent / "config" / "sample_practice"


def write_sample_practice(home: Path) -> list[Path]:
    """The files written under ``home``; CSV files of an earlier run are removed first."""
    for old in sorted((home / "inbox").glob("*.csv")):
        old.unlink()
    written = []
    for name, content in sorted(sample_files().items()):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return written


def main() -> None:
    """Writes to the folder given on the command line, or to the shipped sample practice."""
    home = Path(sys.argv[1]) if len(sys.argv) > 1 else HOME
    written = write_sample_practice(home)
    print(f"wrote {len(written)} files to {home}")


if __name__ == "__main__":
    main()
