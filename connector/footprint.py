"""Keeps a long-running process small: few memory pools, start-up objects out of the collector."""

from __future__ import annotations

import contextlib
import ctypes
import gc

_M_ARENA_MAX = -8  # malloc.h
_POOLS = 2


def few_pools() -> None:
    """Share memory pools between threads; each thread having its own costs tens of megabytes.

    To be called before threads start. Only the GNU C library knows it; elsewhere nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _POOLS)


def settle() -> None:
    """After the start: what lives as long as the process need not be looked through again."""
    gc.collect()
    gc.freeze()
    # Charts are many small objects that live for one batch; looking often finds nothing.
    gc.set_threshold(20_000, 20, 20)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
