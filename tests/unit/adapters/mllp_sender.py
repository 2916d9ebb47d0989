"""A sender of HL7 messages over MLLP, and a receiver, on 127.0.0.1; written for the tests alone.

They share no code with the adapter: framing is written out here.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from adapters.hl7_v2.listener import MllpListener
from adapters.hl7_v2.settings import ListenerSettings
from connector.ports import AdapterContext
from tests.free_ports import free_port

VT, FS, CR = b"\x0b", b"\x1c", b"\r"


def listener(folder: Path, name: str = "ehr", **options: Any) -> MllpListener:
    """A listener on a free port."""
    settings = ListenerSettings(**{"port": free_port(), **options})
    return MllpListener(settings, AdapterContext(name, folder))


def port_of(given: Any) -> int:
    """Where a listener listens."""
    return int(given._settings.port)


class Sender:
    """One connection. ``answers`` waits for so many frames."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None, seconds: float = 60) -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self.line: socket.socket = (
            plain if tls is None else tls.wrap_socket(plain, server_hostname="localhost")
        )
        self._held = b""

    def raw(self, data: bytes) -> None:
        """Bytes as they are."""
        self.line.sendall(data)

    def send(self, *contents: bytes) -> list[bytes]:
        """Messages in one go, and as many answers."""
        self.raw(b"".join(VT + content + FS + CR for content in contents))
        return self.answers(len(contents))

    def answers(self, count: int = 1) -> list[bytes]:
        """So many frames; fewer where the other end closes."""
        found: list[bytes] = []
        while len(found) < count:
            if FS in self._held:
                frame, _, rest = self._held.partition(FS)
                found.append(frame.lstrip(CR).removeprefix(VT))
                self._held = rest.removeprefix(CR)
                continue
            data = self.line.recv(65536)
            if not data:
                break
            self._held += data
        return found

    def is_closed(self) -> bool:
        """Whether the other end closes without another word."""
        with suppress(ConnectionResetError):
            return self.line.recv(1) == b""
        return True

    def close(self) -> None:
        """Closes it."""
        self.line.close()

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def codes(answers: list[bytes]) -> list[str]:
    """MSA-1 of each answer, whatever its separators."""
    return [field(answer, "MSA", 1) for answer in answers]


def field(answer: bytes, segment: str, number: int) -> str:
    """A field of an answer; ``""`` where there is none."""
    text = answer.decode()
    for line in text.split("\r"):
        parts = line.split(text[3])
        if parts[0] == segment and number < len(parts):
            return parts[number]
    return ""


Reply = Callable[[bytes], bytes | None]


def accepting(content: bytes) -> bytes:
    """AA, under the message's own id."""
    return answer(content, "AA")


def answer(content: bytes, code: str, *more: str, control_id: str | None = None) -> bytes:
    """An acknowledgment."""
    number = content.split(b"|")[9].decode() if control_id is None else control_id
    head = "MSH|^~\\&|THEM|THEM|US|US|20261120||ACK|99|P|2.5.1"
    return "\r".join([head, f"MSA|{code}|{number}", *more, ""]).encode()


@contextmanager
def receiver(reply: Reply) -> Iterator[Receiver]:
    """A receiver that answers with ``reply``; None closes the connection instead."""
    made = Receiver(reply)
    try:
        yield made
    finally:
        made.close()


class Receiver:
    """Accepts connections and keeps what comes, one thread each."""

    def __init__(self, reply: Reply, port: int = 0) -> None:
        self.reply = reply
        self.received: list[bytes] = []
        self.connections = 0
        self._lines: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def close(self) -> None:
        """Ends all threads."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        self.drop()
        for thread in self._threads:
            thread.join()

    def drop(self) -> None:
        """Ends all connections."""
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._lines.append(line)
            thread = threading.Thread(target=self._serve, args=(line,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, line: socket.socket) -> None:
        held = b""
        with line, suppress(OSError):
            while data := line.recv(65536):
                held += data
                while FS + CR in held:
                    frame, _, held = held.partition(FS + CR)
                    content = frame.lstrip(VT)
                    self.received.append(content)
                    reply = self.reply(content)
                    if reply is None:
                        return
                    line.sendall(VT + reply + FS + CR)
