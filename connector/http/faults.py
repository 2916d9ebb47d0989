"""The one table of what an answer, or the lack of one, means for the caller.

No sentence quotes what was sent or answered: they name the host, the status and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from connector.errors import ConfigurationError, ConnectorError, Disabled, Rejected, RetryLater
from connector.http.answer import Headers
from connector.http.outcome import reasons
from connector.http.waiting import seconds_asked

OUTAGE_CODES = frozenset(
    {
        "unreachable",
        "timed_out",
        "connection_lost",
        "answer_lost",
        "busy",
        "budget_spent",
        "unavailable",
        "server_error",
        "garbage_answer",
    }
)
"""Codes of RetryLater that mean that the whole counterpart is away, not one record's trouble."""

AGAIN_CODES = frozenset({"busy", "unavailable", "connection_lost"})
"""Codes after which one call may try again by itself, if repeating does no harm."""


class NotFound(Rejected):
    """404: the counterpart has no such thing. A caller may take it as absence."""


class NotSent(RetryLater):
    """Nothing was sent, so sending it again can't do anything twice."""


_REFUSED: Mapping[int, tuple[str, str]] = {
    400: ("refused", "finds the request faulty"),
    405: ("method_refused", "does not offer this at the address in the settings"),
    406: ("format_refused", "does not offer the format that was asked for"),
    409: ("conflict", "holds something that contradicts this"),
    412: ("changed_meanwhile", "holds a newer version, or more than one that matches"),
    413: ("too_large", "does not take anything as large as this"),
    415: ("format_refused", "does not take the format that was sent"),
    422: ("content_refused", "can read this and does not accept its content"),
}
_BUSY: Mapping[int, tuple[str, str]] = {
    408: ("ask_again", "gave up waiting for the request"),
    425: ("ask_again", "was not ready for the request"),
    429: ("busy", "asks for fewer requests"),
    502: ("unavailable", "is not available"),
    503: ("unavailable", "is not available"),
    504: ("unavailable", "is not available"),
}
_UNSURE = "; whether the request had its effect is not known"
_ELSEWHERE = re.compile(
    r"(?:(https?):)?//([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?(?=[/?#]|$)"
)
"""A Location header whose host may be shown."""


def fault_of(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    host: str,
    now: datetime,
    repeatable: bool = True,
) -> ConnectorError:
    """The error that an answer other than 2xx means.

    ``host`` is the counterpart's name for messages. ``repeatable``: False where the request must
    not be sent again without asking; an error behind which it may have had its effect is then
    "answer_lost".
    """
    detail = f"HTTP {status}"
    headers = headers if isinstance(headers, Headers) else Headers(headers.items())
    if status == 303 and not repeatable:  # the way to say "done; read about it there"
        return RetryLater(
            "answer_lost", f"{host} points to another address instead of answering (303){_UNSURE}"
        )
    if 300 <= status < 400:
        return _redirected(status, headers.get("location", ""), host)
    if status in (401, 403, 407):
        return _credentials(status, host)
    if status in _BUSY or 500 <= status < 600:
        return _try_later(status, headers, host, now, repeatable)
    if not 400 <= status < 500:
        return RetryLater(
            "garbage_answer" if repeatable else "answer_lost",
            f"{host} answered with an unknown status ({status}); is the address that of its API?",
            detail=detail,
        )
    why = reasons(body)
    told = f": {why}" if why else ""
    if status == 404:
        return NotFound(
            "not_found", f"{host} does not have what was asked for (404){told}", detail=detail
        )
    if status == 410:
        return Disabled("gone", f"{host} wants nothing more at this address (410){told}")
    code, sentence = _REFUSED.get(status, ("refused", "refuses the request"))
    return Rejected(code, f"{host} {sentence} ({status}){told}", detail=detail)


def _try_later(
    status: int, headers: Headers, host: str, now: datetime, repeatable: bool
) -> RetryLater:
    code, sentence = _BUSY.get(status, ("server_error", "failed with an error of its own"))
    told = f"{host} {sentence} ({status})"
    wait = seconds_asked(headers, now, quota=status == 429)
    if wait is not None:
        told += f" and says to try again in {wait:.0f} s"
    if not repeatable and status >= 500 and status != 503:
        code, told = "answer_lost", told + _UNSURE
    until = None if wait is None else now + timedelta(seconds=wait)
    return RetryLater(code, told, until=until, detail=f"HTTP {status}")


def _credentials(status: int, host: str) -> ConfigurationError:
    if status == 403:
        return ConfigurationError(
            "not_allowed",
            f"{host} knows our credentials and does not allow this (403); ask its administrator "
            "for the permission or scope",
        )
    who = f"a proxy before {host}" if status == 407 else host
    return ConfigurationError(
        "not_signed_in",
        f"{who} does not accept our credentials ({status}); check that the token or secret is the "
        "one for this server and has not expired or been revoked",
    )


def _redirected(status: int, location: str, host: str) -> ConfigurationError:
    found = _ELSEWHERE.match(location.strip())
    other = (found[2] + (found[3] or "")).lower() if found else host.lower()
    if found and other != host.lower():
        return ConfigurationError(
            "redirected",
            f"{host} redirects to {other} ({status}); neither requests nor credentials are sent "
            "there. If that is the right server, put its address into the settings",
        )
    where = f" to {found[1]}://{other}" if found and found[1] else ""
    return ConfigurationError(
        "redirected",
        f"{host} redirects{where} ({status}), and redirects are not followed; put the exact "
        "address into the settings",
    )


def in_doubt(fault: RetryLater) -> RetryLater:
    """The fault of a submission that must not arrive twice; "answer_lost" where a 503 leaves open
    whether it had its effect.

    With Retry-After a server says that it did not begin. Without, gateways answer 503 too when the
    server behind them worked and was too slow.
    """
    if fault.code != "unavailable" or fault.until is not None or isinstance(fault, NotSent):
        return fault
    return RetryLater("answer_lost", fault.message + _UNSURE, detail=fault.detail)


def timed_out(host: str, seconds: float, repeatable: bool) -> RetryLater:
    """It was sent, and no answer came in time."""
    told = f"{host} gave no answer within {seconds:g} s"
    return _lost("timed_out", told, repeatable)


def connection_lost(host: str, repeatable: bool) -> RetryLater:
    """It was sent, perhaps in part, and the connection was closed without an answer."""
    return _lost("connection_lost", f"{host} closed the connection without an answer", repeatable)


def cut_off(host: str, repeatable: bool) -> RetryLater:
    """The answer ended before its end."""
    return _lost("answer_cut_off", f"the answer of {host} ended before its end", repeatable)


def garbage(host: str, repeatable: bool) -> RetryLater:
    """The answer is not HTTP, or does not unpack."""
    told = f"{host} answered with something that can't be read; is the address that of its API?"
    return _lost("garbage_answer", told, repeatable)


def too_large(host: str, max_bytes: int, repeatable: bool) -> ConnectorError:
    """The answer is longer than we take in. What it answers was done, in all likelihood."""
    told = f"{host} answered with more than {max_bytes} bytes"
    if repeatable:
        return ConfigurationError("answer_too_large", f"{told}; ask it for smaller pages")
    return RetryLater("answer_lost", told + _UNSURE)


def _lost(code: str, told: str, repeatable: bool) -> RetryLater:
    return RetryLater(code, told) if repeatable else RetryLater("answer_lost", told + _UNSURE)
