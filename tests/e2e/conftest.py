"""What nobody here wrote: patients of an independent generator, and a FHIR server."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SEED, PATIENTS, REFERENCE_DATE = "11", "2", "20261101"
ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "synthea"
FHIR_SERVER = ROOT / ".cache" / "fhir_server"
MOST_SECONDS = 1200
"""For one test here, on a machine with much else to do; what waits in them gives up long before."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole services are started and killed here: that takes a multiple where others work too."""
    for item in items:
        if item.path.parent == Path(__file__).parent and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(MOST_SECONDS))


@pytest.fixture(scope="session")
def bundles() -> list[Path]:
    """The generated bundles; made in a folder of their own and moved into place when complete."""
    home = CACHE / f"p{PATIENTS}-s{SEED}-r{REFERENCE_DATE}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes side by side: the first one makes them
        _generate(home)
    found = sorted((home / "fhir").glob("*.json"))
    assert len(found) == int(PATIENTS)
    return found


def _generate(home: Path) -> None:
    if not home.is_dir():
        making = CACHE / f"making-{os.getpid()}"
        command = [
            str(Path(sys.executable).with_name("synthea")), "-p", PATIENTS, "-s", SEED,
            "--clinician-seed", SEED, "-a", "25-60", "-r", REFERENCE_DATE, "-o", str(making),
        ]  # fmt: skip
        making.mkdir(parents=True)
        subprocess.run(command, check=True, capture_output=True, timeout=900)
        making.rename(home)


@pytest.fixture
def fhir_url(fhir_server: subprocess.Popen[str]) -> str:
    """The base address of the FHIR server, which is empty now."""
    assert fhir_server.stdin is not None
    fhir_server.stdin.write("\n")
    fhir_server.stdin.flush()
    return f"http://127.0.0.1:{_port(fhir_server)}/fhir"


def _port(server: subprocess.Popen[str]) -> int:
    assert server.stdout is not None
    assert select.select([server.stdout], [], [], 240)[0], "the FHIR server says nothing"
    line = server.stdout.readline()
    assert line, "the FHIR server did not start"
    return int(json.loads(line)["port"])


@pytest.fixture(scope="session")
def fhir_server() -> Iterator[subprocess.Popen[str]]:
    """A FHIR server that ends with the session (tests/e2e/fhir_server): its start takes long."""
    node = shutil.which("node")
    if node is None or not (FHIR_SERVER / ".installed").is_file():
        sentence = "the FHIR server is not installed; install it with: make fhir-server"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    code = ROOT / "tests" / "e2e" / "fhir_server" / "server.mjs"
    making = FHIR_SERVER / f"server-{os.getpid()}.mjs"
    shutil.copy(code, making)
    process = subprocess.Popen(
        [node, str(making)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        _port(process)
        yield process
    finally:
        process.stdin.close()  # it ends when its input does
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        making.unlink(missing_ok=True)


@pytest.fixture
def small_disk() -> Iterator[Callable[[Path, int], Callable[[], None]]]:
    """Mounts a small disk on a folder; what it gives back makes the disk larger."""
    mounted: list[Path] = []

    def mount(folder: Path, kilobytes: int) -> Callable[[], None]:
        folder.mkdir(parents=True, exist_ok=True)
        done = _mount(f"size={kilobytes}k", folder)
        if done.returncode != 0:
            pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
        mounted.append(folder)
        return lambda: _mount("remount,size=200m", folder).check_returncode()

    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


def _mount(options: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True
    )
