"""PostgreSQL's driver, imported when somebody first uses it.

The engine's library names the driver as it is imported, which costs a service on SQLite ten
megabytes for nothing. Here a stand-in takes the driver's name; whoever asks it for anything gets
the driver's own, read at that moment. On PostgreSQL that is at once.
"""

from __future__ import annotations

import importlib
import sys
import threading
from importlib.util import find_spec
from types import ModuleType
from typing import Any

DRIVER = "psycopg"
_ERRORS = f"{DRIVER}.errors"
# By tools that look at every module: no use of the driver.
_ASKED_OF_ALL = ("__file__", "__warningregistry__", "__wrapped__")
_reading = threading.RLock()


class _Later(ModuleType):
    """Stands for a module until one of its names is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name in _ASKED_OF_ALL:
            raise AttributeError(name)
        return getattr(_real(self.__name__), name)


def import_driver_later() -> None:
    """Let ``import psycopg`` cost nothing until the driver is used; where it is read, nothing."""
    with _reading:
        found = None if DRIVER in sys.modules else find_spec(DRIVER)
        if found is None:
            return
        driver, errors = _Later(DRIVER), _Later(_ERRORS)
        vars(driver).update(errors=errors, __path__=found.submodule_search_locations)
        sys.modules[DRIVER], sys.modules[_ERRORS] = driver, errors


def _real(name: str) -> ModuleType:
    with _reading:
        for known in (DRIVER, _ERRORS):
            if isinstance(sys.modules.get(known), _Later):
                del sys.modules[known]
        return importlib.import_module(name)
