"""``Poster``: many small posts a second to one address, each with an idempotency key.

Same guard and table of faults as ``connector.http``; no attempt is repeated here, because the
engine schedules them. The one exception is a kept connection that the receiver had closed
meanwhile: nothing of an answer was read, the key makes a repeat harmless, so a new one is opened.

http.client is used as it is: measured, a library on top of it costs as much again as the post.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from connector.errors import ConfigurationError, ConnectorError, RetryLater
from connector.http import faults
from connector.http.address import Address
from connector.http.answer import Answer, Headers
from connector.http.deadline import timed_response
from connector.http.guard import Guard, Resolve, connect_fault, resolve
from connector.http.session import USER_AGENT
from connector.http.trust import trusted

_MOST_OF_AN_ANSWER = 65_536
_CLOSED = (
    http.client.RemoteDisconnected,
    ConnectionError,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
)
_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_DEFAULTS = {"User-Agent": USER_AGENT, "Content-Type": "application/json"}


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _Line(http.client.HTTPConnection):
    """A connection that the guard opens; ``context`` is there where it is encrypted."""

    def __init__(
        self, guard: Guard, address: Address, context: ssl.SSLContext | None, seconds: float
    ) -> None:
        super().__init__(address.host, address.port, timeout=seconds)
        self.default_port = 443 if context else 80
        self._guard = guard
        self._context = context
        self._seconds = seconds
        self.response_class = timed_response(seconds)

    def connect(self) -> None:
        """Raises NotSent and ConfigurationError."""
        line = self._guard.connect(self._seconds)
        if self._context is None:
            self.sock = line
            return
        try:
            self.sock = self._context.wrap_socket(line, server_hostname=self.host)
        except OSError as error:
            line.close()
            raise connect_fault(error, self._guard.name, self._seconds) from None


class Poster:
    """Posts to ``url``. Threads may share it: each post has a connection of its own.

    ``url`` may have a query. ``timeout_seconds`` is for connecting, and again for the whole answer.
    An answer is read up to 64 KiB; what follows is dropped. The other arguments are as in ``Http``.
    """

    def __init__(
        self,
        url: str,
        *,
        private_network: bool = False,
        ca_file: Path | None = None,
        timeout_seconds: float = 15.0,
        now: Callable[[], datetime] = _utc_now,
        resolve: Resolve = resolve,
    ) -> None:
        self._address = Address.parse(url, with_query=True)
        self._guard = Guard(self._address, private_network=private_network, resolve=resolve)
        self._target = self._address.request_target
        self._context = trusted(ca_file) if self._address.scheme == "https" else None
        self._seconds = timeout_seconds
        self._now = now
        self._idle: deque[_Line] = deque()
        self._lock = threading.Lock()
        self._closed = False

    @property
    def name(self) -> str:
        """The receiver's host, as messages name it."""
        return self._address.name

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer, if its status is 2xx. ``headers`` must carry the idempotency key.

        Raises RetryLater, Rejected, NotFound (404), Disabled (410), ConfigurationError, as
        ``Http.request`` does; no error quotes ``body``, ``headers`` or the answer.
        """
        if any(name.lower() in _FRAMING for name in headers):
            raise ConfigurationError("header_refused", "a header of this name can't be set here")
        sent = {**_DEFAULTS, **headers}
        try:
            line = self._idle.pop()
        except IndexError:
            answer = self._exchange(self._new(), body, sent)
        else:
            try:
                answer = self._exchange(line, body, sent)
            except RetryLater as fault:
                if fault.code != "connection_lost":
                    raise
                answer = self._exchange(self._new(), body, sent)
        if 200 <= answer.status < 300:
            return answer
        raise faults.fault_of(
            answer.status, answer.headers, answer.body, host=self.name, now=self._now()
        )

    def close(self) -> None:
        """Closes all connections; the object can't be used afterwards."""
        with self._lock:
            self._closed = True
            while self._idle:
                self._idle.pop().close()

    def __enter__(self) -> Poster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _new(self) -> _Line:
        if self._closed:
            raise RuntimeError("this poster is closed")
        return _Line(self._guard, self._address, self._context, self._seconds)

    def _exchange(self, line: _Line, body: bytes, headers: Mapping[str, str]) -> Answer:
        response = None
        keep = False
        try:
            # a receiver may refuse before it has read all, and close: its answer is there to read
            with suppress(BrokenPipeError, ConnectionResetError):
                line.request("POST", self._target, body, headers)
            response = line.getresponse()
            content = self._content(response)
            keep = response.isclosed() and not response.will_close and not self._closed
            return Answer(response.status, Headers(response.getheaders()), content, self.name)
        except ConnectorError:
            raise
        except ValueError:
            raise ConfigurationError(
                "header_refused", "a header holds a line break or letters that no header has"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._fault(error, answered=response is not None) from None
        finally:
            if response is not None:
                response.close()
            if keep:
                self._idle.append(line)
            else:
                line.close()

    def _content(self, response: http.client.HTTPResponse) -> bytes:
        content = response.read(_MOST_OF_AN_ANSWER)
        if len(content) < _MOST_OF_AN_ANSWER and response.length:
            raise faults.cut_off(self.name, True)
        return content

    def _fault(self, error: BaseException, *, answered: bool) -> RetryLater:
        if isinstance(error, TimeoutError):
            return faults.timed_out(self.name, self._seconds, True)
        if answered:
            return faults.cut_off(self.name, True)
        if isinstance(error, _CLOSED):
            return faults.connection_lost(self.name, True)
        if isinstance(error, http.client.HTTPException):
            return faults.garbage(self.name, True)
        return faults.connection_lost(self.name, True)
