"""Errors, grouped by what the caller does next.

ConnectorError
├── RetryLater           try again at or after a time; nothing is wrong with the record
├── ConfigurationError   stop; a person fixes a site file, mapping, instrument or secret
├── AwaitsPerson         laid out for a person; done when that person says so
├── InvalidRecord        set this record aside (quarantine), go on with the others
└── Rejected             the receiver said no; dead letter, a person decides
    ├── Disabled         the receiver wants nothing any more; the destination is switched off
    └── NotAuthentic     a sender could not prove who it is; nothing of it is kept

Every error has a stable ``code``, a plain ``message`` for the person who must act, and a
``detail`` for the log. Neither ``message`` nor ``detail`` may hold anything about a patient:
``str(error)`` is safe to log. The one place for a source value is ``InvalidRecord.value``, which is
shown to people and stored encrypted, never logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

_SHOWN = 200
"""Characters of a source value that a sentence shows."""


class ConnectorError(Exception):
    """Base of all errors this product raises on purpose."""

    def __init__(self, code: str, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class RetryLater(ConnectorError):
    """The counterpart is busy or away; try again, at ``until`` (aware) if it said when."""

    def __init__(
        self, code: str, message: str, *, until: datetime | None = None, detail: str = ""
    ) -> None:
        super().__init__(code, message, detail=detail)
        self.until = until


class ConfigurationError(ConnectorError):
    """A site file, mapping, instrument, template or secret must be fixed by a person."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        where: str = "",
        allowed: Sequence[str] = (),
        suggestion: str | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(code, _with_help(message, where, allowed, suggestion), detail=detail)
        self.where = where
        self.allowed = tuple(allowed)
        self.suggestion = suggestion


class InvalidRecord(ConnectorError):
    """One record can't be used; it goes to quarantine with this reason.

    ``value`` is what the source sent (may describe a patient: show it, store it encrypted, never
    log it). ``field`` is the canonical target or the source column, ``allowed`` the valid values.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str = "",
        value: str | None = None,
        allowed: Sequence[str] = (),
        suggestion: str | None = None,
    ) -> None:
        super().__init__(code, message)
        self.field = field
        self.value = value
        self.allowed = tuple(allowed)
        self.suggestion = suggestion

    def sentence(self) -> str:
        """The full sentence for a person, source value included. Not for logs."""
        value = self.value
        if value is not None and len(value) > _SHOWN:
            value = f"{value[:_SHOWN]}..."
        shown = f" (got {value!r})" if value is not None else ""
        return _with_help(f"{self.message}{shown}", "", self.allowed, self.suggestion)


class AwaitsPerson(ConnectorError):
    """The document lies ready for a person to file by hand; the delivery waits until it is said."""


class Rejected(ConnectorError):
    """The receiver refused the delivery for good; it becomes a dead letter."""


class Disabled(Rejected):
    """The receiver is gone for good, it says (410): nothing more is sent until a person acts."""


class NotAuthentic(Rejected):
    """A sender's signature is missing, wrong, too old; the sender is told so and nothing stored."""


def _with_help(message: str, where: str, allowed: Sequence[str], suggestion: str | None) -> str:
    text = f"{where}: {message}" if where else message
    if suggestion:
        text += f". Did you mean {suggestion!r}?"
    if allowed:
        text += f"{' ' if suggestion else '. '}Valid values: {', '.join(allowed)}"
    return text
