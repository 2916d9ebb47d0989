"""Fuzzes one parser until stopped or until something is found.

    python -m scripts.fuzz.one csv -max_total_time=300

What follows the name goes to libFuzzer; a file instead of options runs that input alone.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from pathlib import Path

SLOWEST_SECONDS = 1.0
HANGS_SECONDS = 10.0
"""Both are seconds of the processor: a busy machine makes nothing look slow."""

_MEMORY = Path("/dev/shm")


def _hangs(*_: object) -> None:
    raise SystemError(f"no end after {HANGS_SECONDS:.0f} s")


def main() -> None:
    """The target by its name, with a corpus of its own seeds."""
    import atheris

    from scripts.fuzz.targets import TARGETS

    target = TARGETS[sys.argv[1]]
    signal.signal(signal.SIGVTALRM, _hangs)
    with atheris.instrument_imports(include=list(target.modules)):
        for name in target.modules:
            __import__(name)
        with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
            home = Path(folder)
            run = target.make(home)
            run(next(iter(target.seeds().values())))  # what is imported inside functions, too
            corpus = home / "corpus"
            corpus.mkdir()
            for name, content in target.seeds().items():
                (corpus / name).write_bytes(content)
            found = Path(".cache/fuzz-found")
            found.mkdir(parents=True, exist_ok=True)

            def timed(data: bytes) -> None:
                signal.setitimer(signal.ITIMER_VIRTUAL, HANGS_SECONDS)
                began = time.process_time()
                run(data)
                spent = time.process_time() - began
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
                assert spent < SLOWEST_SECONDS, f"{spent:.1f} s for one input"

            options = [f"-max_len={target.longest}", f"-artifact_prefix={found}/{sys.argv[1]}-"]
            given = sys.argv[2:]
            alone = [one for one in given if not one.startswith("-")]
            atheris.Setup([sys.argv[0], *options, *given, *([] if alone else [str(corpus)])], timed)
            atheris.Fuzz()


if __name__ == "__main__":
    main()
