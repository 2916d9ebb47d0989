"""The check of a killed service's log finds what failed and forgives what the kill itself left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.service_log import failures

STARTED = """\
Stop with Ctrl-C.
Traceback (most recent call last):
  File "<string>", line 1, in <module>
  File "/lib/python3.11/multiprocessing/spawn.py", line 122, in spawn_main
    exitcode = _main(fd, parent_sentinel)
               ^^^^^^^^^^^^^^^^^^^^^^^^^^
{frame}{error}
Stop with Ctrl-C.
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "service.log"


def test_a_child_whose_parent_was_killed_is_forgiven(log: Path) -> None:
    log.write_text(STARTED.format(frame="", error="EOFError: Ran out of input"))
    assert failures(log) == []


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        ('  File "/connector/documents/child.py", line 3, in work\n', "EOFError"),
        ("", "MemoryError"),
    ],
)
def test_a_child_that_failed_by_itself_is_not(log: Path, frame: str, error: str) -> None:
    log.write_text(STARTED.format(frame=frame, error=error))
    (found,) = failures(log)
    assert found.startswith("Traceback")
    assert found.endswith(error)


def test_orphans_are_forgiven_whose_lines_stand_among_others(log: Path) -> None:
    orphan = STARTED.format(frame="", error="EOFError: Ran out of input").splitlines()[1:-1]
    other = [*orphan[:-1], "_pickle.UnpicklingError: pickle data was truncated"]
    mixed = [line for pair in zip(orphan, other, strict=True) for line in pair]
    mixed.insert(3, "Stop with Ctrl-C.")
    log.write_text("\n".join(mixed))
    assert failures(log) == []
    mixed[6:6] = ['  File "/connector/app.py", line 1, in f', "    f()"]
    log.write_text("\n".join(mixed))
    assert len(failures(log)) == 1
    log.write_text("\n".join(["something failed that should not: x", *orphan[:-1]]))
    assert len(failures(log)) == 2, "without its end nobody knows what it was"


def test_a_failure_that_is_said_within_a_traceback_is_found(log: Path) -> None:
    orphan = STARTED.format(frame="", error="EOFError: Ran out of input").splitlines()[1:-1]
    said = "connector: something failed that should not"
    log.write_text("\n".join([*orphan[:3], said, *orphan[3:]]))
    assert failures(log) == [said]


def test_a_traceback_of_the_service_is_found(log: Path) -> None:
    said = 'Traceback (most recent call last):\n  File "/connector/app.py", line 1, in f\nEOFError'
    log.write_text(f"before\n{said}\nsomething failed that should not: x\n")
    assert failures(log) == [said, "something failed that should not: x"]
