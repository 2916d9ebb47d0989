"""One MLLP connection to a receiver: kept open, one message in flight, its answer checked."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress

from adapters.hl7_v2.framing import Framer, TooLong, framed
from adapters.hl7_v2.settings import DestinationSettings
from connector.errors import ConfigurationError, ConnectorError, RetryLater
from connector.http.trust import trusted
from connector.ports import AdapterContext

_MOST_OF_AN_ANSWER = 200_000
_CONNECT_SECONDS = 10.0


class MllpClient:
    """Sends messages one after the other. May be used by several threads.

    Raises ConfigurationError where a certificate can't be used.
    """

    def __init__(self, settings: DestinationSettings, context: AdapterContext) -> None:
        self._address = (settings.host, settings.port)
        self._seconds = settings.timeout_seconds
        self._tls = _context(settings, context)
        self._lock = threading.Lock()
        self._line: socket.socket | None = None

    @property
    def name(self) -> str:
        """The receiver, as messages name it."""
        return f"{self._address[0]}:{self._address[1]}"

    def exchange(self, content: bytes) -> bytes:
        """The answer to a message. Raises RetryLater where none came.

        A connection that turns out to be dead is opened again, once: the message is then sent
        again under its own id.
        """
        with self._lock:
            if self._line is not None:
                try:
                    return self._once(self._line, content)
                except RetryLater as fault:
                    if fault.code != "connection_lost":
                        raise
            return self._once(self._open(), content)

    def close(self) -> None:
        """Closes the connection; the next message opens another."""
        with self._lock:
            self._drop()

    def _open(self) -> socket.socket:
        line: socket.socket | None = None
        try:
            line = socket.create_connection(
                self._address, timeout=min(_CONNECT_SECONDS, self._seconds)
            )
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                line = self._tls.wrap_socket(line, server_hostname=self._address[0])
        except ssl.SSLCertVerificationError:
            _close(line)
            raise ConfigurationError(
                "certificate_refused",
                f"{self.name}: its certificate is not of an authority that is believed, or has "
                "another name; set tls.ca_file",
            ) from None
        except (OSError, UnicodeError) as fault:
            _close(line)
            raise RetryLater(
                "unreachable", f"{self.name} can't be reached", detail=type(fault).__name__
            ) from None
        self._line = line
        return line

    def _once(self, line: socket.socket, content: bytes) -> bytes:
        try:
            line.settimeout(self._seconds)
            line.sendall(framed(content))
            return self._answer(line)
        except ConnectorError:
            self._drop()
            raise
        except TimeoutError:
            self._drop()
            raise RetryLater(
                "timed_out", f"{self.name} gave no answer in {self._seconds:g} seconds"
            ) from None
        except OSError as fault:
            self._drop()
            raise RetryLater(
                "connection_lost", f"{self.name} closed the connection",
                detail=type(fault).__name__,
            ) from None  # fmt: skip
        except BaseException:
            self._drop()
            raise

    def _answer(self, line: socket.socket) -> bytes:
        framer = Framer(_MOST_OF_AN_ANSWER)
        until = time.monotonic() + self._seconds
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            line.settimeout(left)
            data = line.recv(65_536)
            if not data:
                raise ConnectionResetError
            found = framer.feed(data)
            if found and isinstance(found[0], bytes):
                return found[0]
            if (
                framer.broken
                or framer.skipped > _MOST_OF_AN_ANSWER
                or isinstance(next(iter(found), None), TooLong)
            ):
                raise RetryLater("garbage_answer", f"{self.name} answers, but not in HL7")

    def _drop(self) -> None:
        _close(self._line)
        self._line = None


def _close(line: socket.socket | None) -> None:
    if line is not None:
        with suppress(OSError):
            line.close()


def _context(settings: DestinationSettings, context: AdapterContext) -> ssl.SSLContext | None:
    tls = settings.tls
    if tls is None:
        return None
    made = trusted(context.home / tls.ca_file if tls.ca_file else None)
    if tls.certificate is not None and tls.key is not None:
        try:
            made.load_cert_chain(context.home / tls.certificate, context.home / tls.key)
        except (OSError, ValueError):
            raise ConfigurationError(
                "certificate_unusable",
                f"destination {context.name!r}, tls: certificate and key can't be read as PEM "
                "files that belong together",
            ) from None
    return made
