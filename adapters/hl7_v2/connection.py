"""One sender's connection: bytes in, answers out, in order, and limits on size and time.

Everything here runs in the listener's thread. A message is counted as waiting until its answer has
been handed to the network; while many wait, nothing more is read.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence

from adapters.hl7_v2.committing import Job
from adapters.hl7_v2.framing import Framer, TooLong, framed
from adapters.hl7_v2.settings import ListenerSettings
from adapters.hl7_v2.tally import Tally
from connector.errors import InvalidRecord

MOST_WAITING = 64
"""Messages of one connection that wait for their answers; more are read when these are told."""

MOST_RUBBISH = 65_536
"""Bytes between messages after which it is no HL7 that is spoken."""

_LARGE = 1_000_000


class Connection(asyncio.Protocol):
    """A connection that was let in. ``closed`` is called once, when it has ended."""

    def __init__(
        self,
        settings: ListenerSettings,
        add: Callable[[Sequence[Job]], None],
        tally: Tally,
        closed: Callable[[Connection], None],
    ) -> None:
        self._settings = settings
        self._add = add
        self._tally = tally
        self._closed = closed
        self._framer = Framer(settings.max_message_bytes)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiting = 0
        self._waiting_bytes = 0
        self._begun = 0.0
        self._last = self._loop.time()
        self._stuck: float | None = None
        self._paused = False
        self._ending = False

    @property
    def held(self) -> int:
        """Bytes held of messages that are not complete or not answered."""
        return self._framer.held + self._waiting_bytes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Looks at the certificate, where senders must show one of certain names."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        names = self._settings.tls.client_names if self._settings.tls else ()
        if names and not set(names) & _names(transport.get_extra_info("peercert") or {}):
            self._end("certificate_not_allowed")

    def data_received(self, data: bytes) -> None:
        """Cuts messages out of the stream and hands them on."""
        if self._ending:
            return
        now = self._loop.time()
        was_open, self._last = self._framer.open, now
        found = self._framer.feed(data)
        if self._framer.open and (found or not was_open):
            self._begun = now
        jobs = [self._job(one) for one in found]
        if jobs:
            self._add(jobs)
        if self._framer.broken:
            self._ending = True
        elif self._framer.skipped > MOST_RUBBISH:
            self._end("not_hl7")
        self._pause_or_go_on()

    def _job(self, one: bytes | TooLong) -> Job:
        fault = None
        content = one if isinstance(one, bytes) else one.head
        if isinstance(one, TooLong):
            most = self._settings.max_message_bytes
            fault = InvalidRecord("too_large", f"the message is over the limit of {most} bytes")
        self._waiting += 1
        self._waiting_bytes += len(content)
        size = len(content)

        def answer(answers: list[bytes]) -> None:
            self._loop.call_soon_threadsafe(self._answered, answers, size)

        return Job(content, answer, fault)

    def _answered(self, answers: list[bytes], size: int) -> None:
        self._waiting -= 1
        self._waiting_bytes -= size
        self._last = self._loop.time()
        if self._transport is None or self._transport.is_closing():
            return  # the sender is gone and will send it again; it is recognised then
        self._transport.write(b"".join(framed(one) for one in answers))
        if self._ending and not self._waiting:
            self._transport.close()
        self._pause_or_go_on()

    def _pause_or_go_on(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        full = self._waiting >= MOST_WAITING or self._waiting_bytes > _LARGE
        wanted = full or self._ending or self._stuck is not None
        if wanted != self._paused:
            self._paused = wanted
            if wanted:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def pause_writing(self) -> None:
        """The sender does not take its answers: nothing more is read until it does."""
        self._stuck = self._loop.time()
        self._pause_or_go_on()

    def resume_writing(self) -> None:
        """It takes them again."""
        self._stuck = None
        self._pause_or_go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, whoever made it."""
        self._transport = None
        self._closed(self)

    def drain(self) -> None:
        """Answer what has come, then close; a message that is not complete is not waited for."""
        self._ending = True
        if self._transport is not None and not self._waiting:
            self._transport.close()
        self._pause_or_go_on()

    def look(self, now: float) -> None:
        """Ends a connection that is too slow, or idle for too long."""
        slowest = self._settings.message_seconds
        if self._stuck is not None and now - self._stuck > slowest:
            self.abort("answers_not_taken")
        elif self._framer.open and not self._paused and now - self._begun > slowest:
            self._end("message_not_completed")
        elif not self._waiting and now - self._last > self._settings.idle_seconds:
            self._end("")

    def abort(self, reason: str) -> None:
        """Ends it at once."""
        if reason:
            self._tally.add(reason)
        self._ending = True
        if self._transport is not None:
            self._transport.abort()

    def _end(self, reason: str) -> None:
        """Ends it after the answers that are on their way."""
        if reason:
            self._tally.add(reason)
        self.drain()


def _names(certificate: dict[str, object]) -> set[str]:
    """The names in a certificate that was checked: alternative names and common names."""
    found = {str(name) for _, name in _pairs(certificate.get("subjectAltName"))}
    subject = certificate.get("subject")
    for group in subject if isinstance(subject, tuple) else ():
        found |= {str(value) for kind, value in _pairs(group) if kind == "commonName"}
    return found


def _pairs(given: object) -> list[tuple[object, object]]:
    listed = given if isinstance(given, tuple) else ()
    return [(pair[0], pair[1]) for pair in listed if isinstance(pair, tuple) and len(pair) == 2]


def server_context(settings: ListenerSettings, read: Callable[[str], str]) -> ssl.SSLContext | None:
    """TLS 1.2 or later, as the settings say; ``read`` makes a path of a name.

    Raises OSError or ssl.SSLError where a file can't be used.
    """
    tls = settings.tls
    if tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(read(tls.certificate), read(tls.key))
    if tls.client_ca is not None:
        context.load_verify_locations(read(tls.client_ca))
        context.verify_mode = ssl.CERT_REQUIRED
    return context
