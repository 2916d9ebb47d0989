"""Log output that can't hold anything about a patient, whatever failed.

The text of an exception that nobody expected may quote what was being worked on. So what is
printed of it is its type and the places in the code it went through; never its text.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

_Fault = type[BaseException]


def outline(fault: BaseException | None) -> str:
    """Type and places of a failure, innermost last, causes included, without any text of it."""
    parts: list[str] = []
    seen: set[int] = set()
    while fault is not None and id(fault) not in seen:
        seen.add(id(fault))
        frames = traceback.extract_tb(fault.__traceback__)
        places = " > ".join(f"{_short(f.filename)}:{f.lineno} {f.name}" for f in frames)
        parts.append(f"{type(fault).__name__} at {places or 'an unknown place'}")
        fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    return "; after ".join(parts)


class PlainFormatter(logging.Formatter):
    """One line a message: time, level, logger, text; failures by their outline only."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The line; a trace that another formatter left in the record is not used."""
        record.exc_text = None
        record.stack_info = None
        return super().format(record)

    def formatException(self, ei: object) -> str:
        """The outline of the failure."""
        fault = ei[1] if isinstance(ei, tuple) else None
        return outline(fault)


def set_up() -> None:
    """Send warnings and errors of all parts to the error stream, and failures by outline only."""
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    sys.excepthook = _unexpected
    threading.excepthook = lambda given: _unexpected(
        given.exc_type, given.exc_value, given.exc_traceback
    )


def _unexpected(kind: _Fault, fault: BaseException | None, _trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    sys.stderr.write(
        "connector: something failed that should not; nothing that was stored is lost. Please "
        f"report this line: {outline(fault)}\n"
    )


def _short(file: str) -> str:
    parts = Path(file).parts
    return "/".join(parts[-2:])
