"""Keeps a long-running process small, and its threads out of each other's way."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import zlib
from pathlib import Path

_M_ARENA_MAX = -8  # malloc.h
_POOLS = 2
_ALL_CORES = "CONNECTOR_CORES"


def few_pools() -> None:
    """Share memory pools between threads; each thread having its own costs tens of megabytes.

    To be called before threads start. Only the GNU C library knows it; elsewhere nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _POOLS)


def stay_on_one_core(home: Path, place: int = 0) -> None:
    """Keep all threads of this process on one of the processor's cores; children may leave it.

    Only one thread at a time can run Python. Where they run on several cores, handing that right
    from one to the other costs a third of all the work (measured, docs/performance.md). Sites on
    one machine take different cores, by their folder, and so do the processes of one site, by
    ``place``. Not every system can do it; there nothing happens, nor where there is one core only.
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return
    os.environ[_ALL_CORES] = ",".join(map(str, cores))
    first = zlib.crc32(str(home).encode())
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {cores[(first + place) % len(cores)]})


def use_all_cores() -> None:
    """In a child process: run wherever the parent might have run before it chose one core."""
    cores = os.environ.get(_ALL_CORES)
    if cores and hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError, ValueError):
            os.sched_setaffinity(0, {int(core) for core in cores.split(",")})


def settle() -> None:
    """After the start: what lives as long as the process need not be looked through again."""
    gc.collect()
    gc.freeze()
    # Charts are many small objects that live for one batch; looking often finds nothing.
    gc.set_threshold(20_000, 20, 20)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
