"""A counterpart on 127.0.0.1 that answers what a test tells it to, and a clock that tests move."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


@dataclass
class Clock:
    """Time passes when somebody sleeps, and at no other moment."""

    passed: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> dt.datetime:
        return START + dt.timedelta(seconds=self.passed)

    def timer(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds


@dataclass(frozen=True)
class Seen:
    """A request as the counterpart saw it; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Answer = bytes | None | Callable[[socket.socket, Seen], None]


def _answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer with a right Content-Length; ``Retry_After="3"`` is the header Retry-After."""
    given = {"Content-Length": str(len(body))} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = [f"HTTP/1.1 {status} Reason", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Counterpart:
    """Gives the answers in order, the last one for ever. None closes the connection instead."""

    def __init__(self, answers: Sequence[Answer], context: ssl.SSLContext | None) -> None:
        self.answers = list(answers) or [_answer(200, b"{}")]
        self.seen: list[Seen] = []
        self.connections = 0
        self._context = context
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.name = f"127.0.0.1:{self.port}"
        self.url = f"{'https' if context else 'http'}://{self.name}"
        self._start(self._accept)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(line)
            self._start(self._serve, line)

    def _serve(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(self._end, line)
            if self._context is not None:
                line.settimeout(60)
                line = stack.enter_context(self._context.wrap_socket(line, server_side=True))
                line.settimeout(None)
            with line.makefile("rb") as file:
                while (seen := _request(file)) is not None:
                    with self._lock:
                        self.seen.append(seen)
                        one = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                    if one is None:
                        return
                    if callable(one):
                        one(line, seen)
                        return
                    line.sendall(one)
                    if b"Connection: close" in one:
                        return

    def _end(self, line: socket.socket) -> None:
        with self._lock:
            self._open.discard(line)
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        line.close()

    def hang_up(self) -> None:
        """Closes every connection that is open."""
        with self._lock:
            lines = list(self._open)
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def all_seen(self) -> list[Seen]:
        """All requests, when nothing more can come: the first may be read after we gave it up."""
        ends = time.monotonic() + 60
        while not self.seen and time.monotonic() < ends:
            time.sleep(0.001)
        self.close()
        return self.seen

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(60)


def _request(file: object) -> Seen | None:
    first = file.readline().decode("latin-1").split()  # type: ignore[attr-defined]
    if len(first) != 3:
        return None
    headers: dict[str, str] = {}
    while (line := file.readline().decode("latin-1").strip()) != "":  # type: ignore[attr-defined]
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = file.read(int(headers.get("content-length", "0")))  # type: ignore[attr-defined]
    return Seen(first[0], first[1], headers, body)


@pytest.fixture
def answer() -> Callable[..., bytes]:
    """Makes the bytes of an answer: ``answer(429, Retry_After="3")``."""
    return _answer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counterpart() -> Iterator[Callable[..., Counterpart]]:
    """Makes counterparts: ``counterpart(answer(503), answer(200), tls=context)``."""
    made: list[Counterpart] = []

    def make(*answers: Answer, tls: ssl.SSLContext | None = None) -> Counterpart:
        made.append(Counterpart(answers, tls))
        return made[-1]

    yield make
    for one in made:
        one.close()


@dataclass(frozen=True)
class Authority:
    """A practice's own certificate authority, and a server context with a certificate of it."""

    ca_file: Path
    server: ssl.SSLContext


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Certificate for 127.0.0.1 and ehr.example, made out by an authority of these tests."""
    folder = tmp_path_factory.mktemp("tls")
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Synthetic Test Authority")])
    begin = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)

    def builder(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + dt.timedelta(days=2))
        )

    ca = builder(ca_name, ca_key.public_key()).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    names = [x509.DNSName("ehr.example"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    leaf = builder(x509.Name([]), key.public_key()).add_extension(
        x509.SubjectAlternativeName(names), critical=True
    )
    ca_file, chain = folder / "ca.pem", folder / "server.pem"
    pem = serialization.Encoding.PEM
    ca_file.write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    chain.write_bytes(
        leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return Authority(ca_file, context)
