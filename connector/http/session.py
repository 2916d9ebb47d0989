"""``Http``: the session through which adapters talk to one counterpart."""

from __future__ import annotations

import json as jsonlib
import re
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from connector import __version__
from connector.budget import Quota
from connector.errors import ConfigurationError, ConnectorError, RetryLater
from connector.http import faults
from connector.http.address import Address
from connector.http.answer import Answer
from connector.http.authorization import Authorization
from connector.http.guard import Guard, Resolve, resolve
from connector.http.lines import WHOLE_SECONDS, split_lines
from connector.http.trust import own_certificate, trusted

if TYPE_CHECKING:
    from tenacity import RetryCallState

    from connector.http.transport import Transport

Query = Mapping[str, str | int | Sequence[str]] | Sequence[tuple[str, str]]

USER_AGENT = f"progress-connector/{__version__}"
_REPEATABLE = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")
_KEYS = ("if-none-exist", "idempotency-key")
_OURS = ("authorization", "host", "content-length", "transfer-encoding", "connection", "cookie")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x20-\x7e\t]*")
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 8.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class _Call:
    """One request and what its attempts have shown so far."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    expect: Collection[int]
    repeatable: bool
    started: float
    again: bool = field(default=False)


class Http:
    """Requests to one counterpart. May be used by several threads at once; close it after use.

    ``base_url`` is where all requests go, ``private_network`` says that the counterpart is in the
    practice's own network (or on this machine). ``ca_file`` (PEM) replaces the public authorities;
    ``certificate`` (PEM: our certificate and its private key) proves to the server who we are.
    ``read_seconds`` is the longest silence while waiting for an answer, ``max_bytes`` the longest
    answer, unpacked. One call makes at most ``attempts`` attempts within ``budget_seconds``.
    ``pool_size`` connections are kept at most. ``now`` is the product's clock, from which waiting
    times that a counterpart names are counted; ``timer`` measures seconds that passed. ``quota`` is
    asked before each attempt, and told when the counterpart wants silence.

    Raises ConfigurationError when ``base_url`` is one that may not be used.
    """

    def __init__(
        self,
        base_url: str,
        *,
        authorization: Authorization | None = None,
        private_network: bool = False,
        ca_file: Path | None = None,
        certificate: Path | None = None,
        connect_seconds: float = 5.0,
        read_seconds: float = 30.0,
        max_bytes: int = 64_000_000,
        attempts: int = 4,
        budget_seconds: float = 30.0,
        pool_size: int = 4,
        quota: Quota | None = None,
        user_agent: str = USER_AGENT,
        now: Callable[[], datetime] = _utc_now,
        sleep: Callable[[float], None] = time.sleep,
        timer: Callable[[], float] = time.monotonic,
        resolve: Resolve = resolve,
    ) -> None:
        self._address = Address.parse(base_url)
        self._guard = Guard(self._address, private_network=private_network, resolve=resolve)
        self._authorization = authorization
        self._quota = quota
        self._user_agent = user_agent
        self._attempts = attempts
        self._budget = budget_seconds
        self._now, self._sleep, self._timer = now, sleep, timer
        if ca_file is not None:
            trusted(ca_file)  # a mistake is told at the start, not at the first request
        if certificate is not None:
            own_certificate(certificate)
        self._limits: dict[str, Any] = {
            "ca_file": ca_file,
            "certificate": certificate,
            "connect_seconds": connect_seconds,
            "read_seconds": read_seconds,
            "max_bytes": max_bytes,
            "pool_size": pool_size,
        }
        self._lock = threading.Lock()
        self._transport: Transport | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """The counterpart's host, as messages name it."""
        return self._address.name

    def request(
        self,
        method: str,
        target: str,
        *,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        body: bytes | None = None,
        expect: Collection[int] = (),
        repeatable: bool | None = None,
    ) -> Answer:
        """The answer, with a status of 2xx or one of ``expect`` (such as 404, 410, 412, 304).

        ``target`` is a path below the base address ("Patient?_count=50"; a leading slash changes
        nothing), or an absolute link, which must have the base's scheme, host and port.
        ``repeatable``: sending it twice has the effect of sending it once. By default GET, HEAD,
        PUT, DELETE are, and POST with If-None-Exist or Idempotency-Key.

        Raises RetryLater, Rejected, NotFound (404), Disabled (410), ConfigurationError; the codes
        are listed in ``connector.http``.
        """
        import tenacity

        url = self._address.link(target, _pairs(query))
        sent = {
            "User-Agent": self._user_agent,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }
        if json is not None:
            body = jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":")).encode()
            sent["Content-Type"] = "application/json"
        _put(sent, headers or {})
        if repeatable is None:
            keyed = method == "POST" and any(name.lower() in _KEYS for name in sent)
            repeatable = method in _REPEATABLE or keyed
        call = _Call(method, url, sent, body, expect, repeatable, self._timer())
        retrying = tenacity.Retrying(
            retry=lambda state: call.again,
            wait=self._wait,
            stop=lambda state: self._stop(call, state),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._attempt, call)

    def lines(
        self, target: str, *, longest: int, headers: Mapping[str, str] | None = None
    ) -> Iterator[bytes | None]:
        """The lines found at a path or link, however many; None for one longer than ``longest``.

        Little is held at a time; one attempt is made. Raises as ``request`` does, while the lines
        are read too: then those that came are whole, and the rest is missing.
        """
        from connector.http.transport import Transport

        sent = {"User-Agent": self._user_agent, "Accept-Encoding": "gzip"}
        _put(sent, headers or {})
        call = _Call("GET", self._address.link(target), sent, None, (), True, self._timer())
        limits = {**self._limits, "pool_size": 1, "whole_seconds": WHOLE_SECONDS}
        transport = Transport(self._guard, **limits)
        try:
            given = self._sign(call, renew=False)
            self._take(call)
            found = transport.stream(call.url, call.headers)
            refused = isinstance(found, Answer) and found.status == 401
            if refused and self._authorization and self._sign(call, renew=True) != given:
                self._take(call)
                found = transport.stream(call.url, call.headers)
            if isinstance(found, Answer):
                raise self._judged(call, found)
            with closing(found):
                yield from split_lines(found, longest)
        finally:
            transport.close()

    def close(self) -> None:
        """Closes all connections; the object can't be used afterwards."""
        with self._lock:
            self._closed = True
            if self._transport is not None:
                self._transport.close()

    def __enter__(self) -> Http:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _attempt(self, call: _Call) -> Answer:
        """One attempt, two where the token had to be renewed. Notes whether another may follow."""
        call.again = False
        given = self._sign(call, renew=False)
        answer = self._send(call)
        if answer.status == 401 and self._authorization is not None:
            # what was not let in had no effect, so it may be sent again whatever it is
            renewed = self._sign(call, renew=True)
            if renewed != given:
                answer = self._send(call)
        if 200 <= answer.status < 300 or answer.status in call.expect:
            return answer
        fault = self._judged(call, answer)
        call.again = call.repeatable and fault.code in faults.AGAIN_CODES
        raise fault

    def _judged(self, call: _Call, answer: Answer) -> ConnectorError:
        """What the answer means; the quota is told where the counterpart wants silence."""
        fault = faults.fault_of(
            answer.status,
            answer.headers,
            answer.body,
            host=self.name,
            now=self._now(),
            repeatable=call.repeatable,
        )
        if self._quota is not None and isinstance(fault, RetryLater) and fault.until is not None:
            self._quota.hold(fault.until - self._now())
        return fault

    def _take(self, call: _Call) -> None:
        """Counts the request about to be sent; a wait within the call's time is worth it."""
        if self._quota is None:
            return
        try:
            self._quota.take()
        except RetryLater:
            call.again = True
            raise

    def _send(self, call: _Call) -> Answer:
        self._take(call)
        try:
            return self._opened().send(
                call.method,
                call.url,
                call.headers,
                call.body,
                expect=call.expect,
                repeatable=call.repeatable,
            )
        except faults.NotSent:
            call.again = True
            raise
        except RetryLater as fault:
            call.again = call.repeatable and fault.code in faults.AGAIN_CODES
            raise

    def _sign(self, call: _Call, *, renew: bool) -> str:
        if self._authorization is None:
            return ""
        try:
            value = self._authorization.header(renew=renew)
        except RetryLater as fault:  # without its token the request itself was not sent
            raise faults.NotSent(
                fault.code, fault.message, until=fault.until, detail=fault.detail
            ) from None
        call.headers["Authorization"] = value
        return value

    def _opened(self) -> Transport:
        with self._lock:
            if self._closed:
                raise RuntimeError("this session is closed")
            if self._transport is None:
                from connector.http.transport import Transport  # requests takes long to import

                self._transport = Transport(self._guard, **self._limits)
            return self._transport

    def _wait(self, state: RetryCallState) -> float:
        """A random time that grows with each attempt; longer, if the counterpart asks for it."""
        from tenacity import wait_random_exponential

        ours = wait_random_exponential(multiplier=_FIRST_WAIT, max=_LONGEST_WAIT)(state)
        fault = state.outcome.exception() if state.outcome else None
        if isinstance(fault, RetryLater) and fault.until is not None:
            return max(ours, (fault.until - self._now()).total_seconds())
        return ours

    def _stop(self, call: _Call, state: RetryCallState) -> bool:
        passed = self._timer() - call.started
        return state.attempt_number >= self._attempts or (
            passed + state.upcoming_sleep > self._budget
        )


def _pairs(query: Query | None) -> list[tuple[str, str]]:
    if query is None:
        return []
    given = query.items() if isinstance(query, Mapping) else query
    pairs: list[tuple[str, str]] = []
    for name, value in given:
        values = [str(value)] if isinstance(value, str | int) else value
        pairs += [(name, one) for one in values]
    return pairs


def _put(sent: dict[str, str], headers: Mapping[str, str]) -> None:
    """Adds the caller's headers, in place of ours of the same name."""
    known = {name.lower(): name for name in sent}
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or name.lower() in _OURS:
            raise ConfigurationError("header_refused", "a header of this name can't be set here")
        if not _VALUE.fullmatch(value):
            raise ConfigurationError(
                "header_refused",
                f"the header {name} holds a line break or letters that no header has",
            )
        sent.pop(known.get(name.lower(), ""), None)
        sent[name] = value
