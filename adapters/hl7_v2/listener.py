"""The MLLP listener: a thread that accepts connections, and one that stores what they bring.

Connections cost a few kilobytes each; hundreds may stand idle. Who may not send is turned away
before TLS begins. HL7 MLLP release 1; the limits are those of ``ListenerSettings``.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import socket
import ssl
import threading
from collections.abc import Sequence
from functools import partial

from adapters.hl7_v2.committing import Committer, Job
from adapters.hl7_v2.connection import Connection, server_context
from adapters.hl7_v2.page import Taker
from adapters.hl7_v2.settings import ListenerSettings
from adapters.hl7_v2.tally import Tally
from connector.errors import ConfigurationError
from connector.ports import AdapterContext, Keeper

BACKLOG = 512
MOST_HELD_BYTES = 256_000_000
"""Bytes of all unfinished messages together; over it, the connection that holds most is ended."""

_LOOK_SECONDS = 0.25
_DRAIN_SECONDS = 10.0
_HANDSHAKE_SECONDS = 10.0
_START_SECONDS = 10.0
_log = logging.getLogger("connector.hl7")


class MllpListener:
    """Receives HL7 v2 messages. Raises ConfigurationError where a certificate can't be used."""

    def __init__(self, settings: ListenerSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._name = context.name
        self._now = context.now
        self.tally = Tally(context.name)
        self._taker = Taker(settings, context, f"mllp:{context.name}")
        self._tls = _tls(settings, context)
        self._allowed = [ipaddress.ip_network(given) for given in settings.senders]
        self._connections: set[Connection] = set()
        self._slots = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._committer: Committer | None = None
        self._thread: threading.Thread | None = None
        self._drain = asyncio.Event()

    def start(self, keeper: Keeper) -> None:
        """Listen. Raises ConfigurationError ("port_taken", "address_unusable")."""
        listening = self._bound()
        self._committer = Committer(self._taker, keeper, self.tally, self._now)
        self._committer.start()
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(listening, ready), name="hl7-listen", daemon=True
        )
        self._thread.start()
        ready.wait(_START_SECONDS)

    def stop(self) -> None:
        """Accept nothing more, answer what has come, close; at most some seconds."""
        if self._thread is None or self._committer is None:
            return
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._drain.set)
        self._thread.join()
        self._committer.stop()

    def is_listening(self) -> bool:
        """Whether both threads do their work."""
        return bool(
            self._thread and self._thread.is_alive() and self._committer and self._committer.alive()
        )

    def _bound(self) -> socket.socket:
        host, port = self._settings.host, self._settings.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
            listening.listen(BACKLOG)
            listening.setblocking(False)
        except OSError as fault:
            listening.close()
            taken = fault.errno == errno.EADDRINUSE
            raise ConfigurationError(
                "port_taken" if taken else "address_unusable",
                f"source {self._name!r}: port {port} on {host} "
                + ("is in use; choose another" if taken else "can't be listened on"),
            ) from None
        return listening

    def _run(self, listening: socket.socket, ready: threading.Event) -> None:
        try:
            asyncio.run(self._listen(listening, ready))
        except Exception as defect:  # noqa: BLE001 - told without its text, which may quote a message
            _log.error("HL7 source %s stopped listening: %s", self._name, type(defect).__name__)
        finally:
            listening.close()
            ready.set()

    async def _listen(self, listening: socket.socket, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._defect)
        accepting = asyncio.create_task(self._accept(listening))
        looking = asyncio.create_task(self._look())
        ready.set()
        await self._drain.wait()
        for task in (accepting, looking, *self._tasks):
            task.cancel()
        await asyncio.gather(accepting, looking, *self._tasks, return_exceptions=True)
        listening.close()
        for connection in list(self._connections):
            connection.drain()
        ends = self._loop.time() + _DRAIN_SECONDS
        while self._connections and self._loop.time() < ends:
            await asyncio.sleep(0.01)
        for connection in list(self._connections):
            connection.abort("not_drained")
        await asyncio.sleep(0)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                peer, address = await loop.sock_accept(listening)
            except OSError:  # no file handles left: later there may be
                self.tally.add("not_accepted")
                await asyncio.sleep(0.1)
                continue
            if not self._may_send(str(address[0])):
                self._turn_away(peer, "sender_not_allowed")
            elif self._slots >= self._settings.max_connections:
                self._turn_away(peer, "too_many_connections")
            else:
                self._slots += 1
                task = asyncio.create_task(self._let_in(peer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _may_send(self, address: str) -> bool:
        if not self._allowed:
            return True
        found = ipaddress.ip_address(address.partition("%")[0])
        plain = getattr(found, "ipv4_mapped", None) or found
        return any(plain in network for network in self._allowed)

    def _turn_away(self, peer: socket.socket, reason: str) -> None:
        self.tally.add(reason)
        peer.close()

    async def _let_in(self, peer: socket.socket) -> None:
        connection = Connection(self._settings, self._add, self.tally, self._gone)
        try:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            seconds = _HANDSHAKE_SECONDS if self._tls else None
            self._connections.add(connection)
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection, peer, ssl=self._tls, ssl_handshake_timeout=seconds
            )
        except (OSError, ssl.SSLError, asyncio.CancelledError):
            self.tally.add("no_tls" if self._tls else "not_accepted")
            peer.close()
            self._gone(connection)

    def _gone(self, connection: Connection) -> None:
        if connection in self._connections:
            self._connections.discard(connection)
            self._slots -= 1

    def _add(self, jobs: Sequence[Job]) -> None:
        assert self._committer is not None
        self._committer.add(jobs)

    async def _look(self) -> None:
        """Ends connections that are slow or idle, and the largest where all hold too much."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            now = loop.time()
            for connection in list(self._connections):
                connection.look(now)
            if sum(connection.held for connection in self._connections) > MOST_HELD_BYTES:
                max(self._connections, key=lambda one: one.held).abort("too_much_held")

    def _defect(self, _: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        _log.error("HL7 source %s: %s", self._name, type(context.get("exception")).__name__)


def _tls(settings: ListenerSettings, context: AdapterContext) -> ssl.SSLContext | None:
    try:
        return server_context(settings, partial(_path, context))
    except (OSError, ValueError):
        raise ConfigurationError(
            "certificate_unusable",
            f"source {context.name!r}, tls: certificate, key or client_ca can't be read as PEM "
            "files that belong together; check the paths, and that the service may read them",
        ) from None


def _path(context: AdapterContext, name: str) -> str:
    return str(context.home / name)
