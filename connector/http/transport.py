"""One attempt of one request, by requests' adapter over connections that the guard opens.

requests' Session is left out on purpose: it follows redirects, keeps cookies, reads proxies, CA
paths and passwords from the environment, and must not be shared by threads. Its adapter does none
of this and may be shared. This module is imported at the first request, as requests takes long.
"""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
from collections.abc import Collection, Generator, Mapping
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from connector.errors import ConfigurationError, ConnectorError
from connector.http import faults
from connector.http.answer import Answer, Headers
from connector.http.deadline import timed_response
from connector.http.guard import Guard, connect_fault

# its messages quote URLs, in which ids of patients may stand
logging.getLogger("urllib3").propagate = False
logging.getLogger("urllib3").addHandler(logging.NullHandler())

_CHUNK = 65_536
_MOST_OF_A_REFUSAL = 262_144
_WHOLE_ANSWER = 10
"""An answer must be whole within this many times the longest silence allowed."""


class _Guarded:
    """Mixed into urllib3's connections: the socket comes from the guard; what fails is ours."""

    guard: Guard
    timeout: Any

    def _new_conn(self) -> socket.socket:
        return self.guard.connect(self.timeout)

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        except (OSError, urllib3.exceptions.HTTPError) as error:
            raise connect_fault(error, self.guard.name, self.timeout) from None


class _Adapter(HTTPAdapter):
    def __init__(self, guard: Guard, whole_seconds: float, pool_size: int) -> None:
        response = timed_response(whole_seconds)
        own = {"guard": guard, "response_class": response}
        plain = type("GuardedConnection", (_Guarded, HTTPConnection), own)
        secure = type("GuardedTLSConnection", (_Guarded, HTTPSConnection), own)
        self._pools = {
            "http": type("GuardedPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("GuardedTLSPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
        super().__init__(pool_connections=1, pool_maxsize=pool_size, pool_block=True)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools


class Transport:
    """Sends requests over kept connections; threads may share it."""

    def __init__(
        self,
        guard: Guard,
        *,
        ca_file: Path | None,
        connect_seconds: float,
        read_seconds: float,
        max_bytes: int,
        pool_size: int,
        certificate: Path | None = None,
        whole_seconds: float | None = None,
    ) -> None:
        self._host = guard.name
        whole_seconds = whole_seconds or read_seconds * _WHOLE_ANSWER
        self._adapter = _Adapter(guard, whole_seconds, pool_size)
        self._verify = True if ca_file is None else str(ca_file)
        self._certificate = None if certificate is None else str(certificate)
        self._timeout = (connect_seconds, read_seconds)
        self._max_bytes = max_bytes

    def close(self) -> None:
        """Closes the connections."""
        self._adapter.close()

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        expect: Collection[int],
        repeatable: bool,
    ) -> Answer:
        """The answer, whatever its status; only one that is expected or 2xx is read to its end.

        Raises NotSent, RetryLater and ConfigurationError, as ``faults`` names them.
        """
        response = self._sent(method, url, headers, body, repeatable)
        try:
            wanted = 200 <= response.status_code < 300 or response.status_code in expect
            content = self._whole(response, repeatable) if wanted else _start(response)
            found = Headers(response.raw.headers.items())
            return Answer(
                response.status_code, found, content, host=self._host, ask_first=not repeatable
            )
        finally:
            response.close()

    def stream(self, url: str, headers: Mapping[str, str]) -> Generator[bytes, None, None] | Answer:
        """The parts of what is found at a link, of any size; the Answer where that is not 200.

        The generator must be read to its end or closed. Raises as ``send`` does, while it is read
        too.
        """
        response = self._sent("GET", url, headers, None, repeatable=True)
        if response.status_code == 200:
            return self._parts(response)
        try:
            found = Headers(response.raw.headers.items())
            return Answer(response.status_code, found, _start(response), host=self._host)
        finally:
            response.close()

    def _parts(self, response: requests.Response) -> Generator[bytes, None, None]:
        try:
            yield from response.raw.stream(_CHUNK, decode_content=True)
        except (urllib3.exceptions.HTTPError, OSError, http.client.HTTPException) as error:
            raise self._unread(error, repeatable=True) from None
        finally:
            response.close()

    def _sent(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        repeatable: bool,
    ) -> requests.Response:
        """The answer's beginning."""
        try:
            prepared = requests.Request(method, url, headers=dict(headers), data=body).prepare()
        except (requests.RequestException, ValueError):
            raise ConfigurationError("link_refused", "a link is not a plain address") from None
        try:
            return self._adapter.send(
                prepared,
                stream=True,
                timeout=self._timeout,
                verify=self._verify,
                cert=self._certificate,
            )
        except ConnectorError:
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._fault(error, repeatable) from None

    def _whole(self, response: requests.Response, repeatable: bool) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            for part in response.raw.stream(_CHUNK, decode_content=True):
                parts.append(part)
                size += len(part)
                if size > self._max_bytes:
                    raise faults.too_large(self._host, self._max_bytes, repeatable)
        except (urllib3.exceptions.HTTPError, OSError, http.client.HTTPException) as error:
            raise self._unread(error, repeatable) from None
        return b"".join(parts)

    def _unread(self, error: BaseException, repeatable: bool) -> ConnectorError:
        causes = _causes(error)
        if any(isinstance(cause, urllib3.exceptions.ReadTimeoutError) for cause in causes):
            return faults.timed_out(self._host, self._timeout[1], repeatable)
        odd = urllib3.exceptions.DecodeError | urllib3.exceptions.InvalidChunkLength
        if any(isinstance(cause, odd) for cause in causes):
            return faults.garbage(self._host, repeatable)
        return faults.cut_off(self._host, repeatable)

    def _fault(self, error: BaseException, repeatable: bool) -> ConnectorError:
        """It was sent, in part at least: what comes before has errors of its own (``_Guarded``)."""
        causes = _causes(error)
        silent = requests.ReadTimeout | urllib3.exceptions.ReadTimeoutError | TimeoutError
        if any(isinstance(cause, silent) for cause in causes):
            return faults.timed_out(self._host, self._timeout[1], repeatable)
        lost = http.client.RemoteDisconnected | OSError | ssl.SSLError
        if any(isinstance(cause, lost) for cause in causes[1:]):
            return faults.connection_lost(self._host, repeatable)
        return faults.garbage(self._host, repeatable)


def _start(response: requests.Response) -> bytes:
    """As much of a refusal as helps to explain it; that it came is what matters."""
    try:
        content = response.raw.read(_MOST_OF_A_REFUSAL, decode_content=True)
    except (urllib3.exceptions.HTTPError, OSError, http.client.HTTPException):
        return b""
    return bytes(content)


def _causes(error: BaseException) -> list[BaseException]:
    """The failure and those it wraps: requests and urllib3 hold them as arguments or ``reason``."""
    found: list[BaseException] = []
    waiting: list[BaseException] = [error]
    while waiting:
        one = waiting.pop(0)
        if one in found:
            continue
        found.append(one)
        inner = [*one.args, getattr(one, "reason", None)]
        waiting += [part for part in inner if isinstance(part, BaseException)]
    return found
