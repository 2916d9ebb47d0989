"""Input that nobody here wrote: patients of an independent generator, made once and kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SEED, PATIENTS, REFERENCE_DATE = "11", "2", "20261101"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "synthea"


@pytest.fixture(scope="session")
def bundles() -> list[Path]:
    """The generated bundles; made in a folder of their own and moved into place when complete."""
    home = CACHE / f"p{PATIENTS}-s{SEED}-r{REFERENCE_DATE}"
    if not home.is_dir():
        making = CACHE / f"making-{os.getpid()}"
        command = [
            str(Path(sys.executable).with_name("synthea")), "-p", PATIENTS, "-s", SEED,
            "--clinician-seed", SEED, "-a", "25-60", "-r", REFERENCE_DATE, "-o", str(making),
        ]  # fmt: skip
        making.mkdir(parents=True)
        subprocess.run(command, check=True, capture_output=True, timeout=170)
        if home.is_dir():
            shutil.rmtree(making)
        else:
            making.rename(home)
    found = sorted((home / "fhir").glob("*.json"))
    assert len(found) == int(PATIENTS)
    return found
