"""One connection to an SFTP server whose host key is pinned; every failure in our words.

Nothing is sent, not even our user name, before the server has proved to hold a pinned key. A
session is opened for each piece of work and closed after it: servers drop idle ones, and a new one
costs a tenth of a second.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.sftp.settings import KEY_TYPES, SftpServer
from connector.credentials import SecretReference
from connector.errors import ConfigurationError, ConnectorError, RetryLater
from connector.http.address import Address
from connector.http.guard import Guard, Resolve, resolve

if TYPE_CHECKING:
    import paramiko

# paramiko logs user and file names
logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False


class Server:
    """A server that sessions are opened with. Threads may share it.

    Raises ConfigurationError where a secret can't be read or the address may not be used.
    """

    def __init__(
        self, settings: SftpServer, home: Path, where: str, *, resolve: Resolve = resolve
    ) -> None:
        self._settings = settings
        self.name = f"{settings.host}:{settings.port}" if settings.port != 22 else settings.host
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        address = Address.parse(f"https://{host}:{settings.port}")  # encrypted, as the guard asks
        self._guard = Guard(address, private_network=settings.private_network, resolve=resolve)
        self._key = _read(settings.key, home, f"{where}, key")
        self._passphrase = _read(settings.passphrase, home, f"{where}, passphrase")
        self._password = _read(settings.password, home, f"{where}, password")

    @contextmanager
    def session(self) -> Iterator[paramiko.SFTPClient]:
        """An SFTP session. What fails within becomes RetryLater or ConfigurationError.

        FileNotFoundError and PermissionError pass: only the caller knows what they mean.
        """
        import paramiko

        with self._plain_errors():
            line = self._guard.connect(self._settings.timeout_seconds)
            try:
                transport = paramiko.Transport(line)
            except BaseException:
                line.close()
                raise
            try:
                client = self._signed_in(transport)
                yield client
            finally:
                transport.close()

    def _signed_in(self, transport: paramiko.Transport) -> paramiko.SFTPClient:
        import paramiko

        seconds = self._settings.timeout_seconds
        transport.banner_timeout = transport.auth_timeout = seconds
        pinned = [key.split()[0] for key in self._settings.host_keys]
        # the others too, last: a key of another type is refused with its fingerprint
        kinds = dict.fromkeys([*pinned, *KEY_TYPES])
        transport.get_security_options().key_types = [
            algorithm for kind in kinds for algorithm in KEY_TYPES[kind]
        ]
        transport.start_client(timeout=seconds)
        self._check_host_key(transport.get_remote_server_key())
        if self._key:
            own = _private_key(self._key, self._passphrase)
            left = transport.auth_publickey(self._settings.user, own)
            if left and self._password:
                transport.auth_password(self._settings.user, self._password)
        else:
            transport.auth_password(self._settings.user, self._password)
        if not transport.is_authenticated():
            raise paramiko.AuthenticationException
        client = paramiko.SFTPClient.from_transport(transport)
        channel = client.get_channel() if client is not None else None
        if client is None or channel is None:
            raise paramiko.SSHException
        channel.settimeout(seconds)
        return client

    def _check_host_key(self, key: paramiko.PKey) -> None:
        shown = f"{key.get_name()} {key.get_base64()}"
        if shown in self._settings.host_keys:
            return
        digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
        raise ConfigurationError(
            "host_key_refused",
            f"{self.name} shows a host key that is not among host_keys ({key.get_name()} "
            f"SHA256:{digest}); it may be another machine. Nothing was sent. Ask its operator, and "
            "change host_keys only when they confirm the new key by another way",
        )

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        import paramiko

        try:
            yield
        except (ConnectorError, FileNotFoundError, PermissionError):
            raise
        except paramiko.AuthenticationException:
            raise ConfigurationError(
                "not_signed_in",
                f"{self.name} does not accept our user and key or password; check user, and that "
                "our public key is registered there",
            ) from None
        except paramiko.ssh_exception.IncompatiblePeer:
            raise ConfigurationError(
                "host_key_refused",
                f"{self.name} has no host key or no encryption that is safe today (types of keys: "
                f"{', '.join(KEY_TYPES)}); ask its operator for its current host keys",
            ) from None
        except TimeoutError:
            raise RetryLater(
                "timed_out",
                f"{self.name} gave no answer within {self._settings.timeout_seconds:g} s",
            ) from None
        except (EOFError, ConnectionError, paramiko.SSHException):
            raise RetryLater(
                "connection_lost", f"{self.name} closed the connection, or does not speak SFTP"
            ) from None
        except OSError as fault:
            raise RetryLater(
                "server_error",
                f"{self.name} could not do it (disk full or quota there, or the server is busy)",
                detail=errno.errorcode.get(fault.errno or 0, type(fault).__name__),
            ) from None


def _read(reference: SecretReference | None, home: Path, where: str) -> str:
    if reference is None:
        return ""
    try:
        return reference.read(home)
    except ConfigurationError as fault:
        raise ConfigurationError(fault.code, fault.message, where=where) from None


def _private_key(text: str, passphrase: str) -> paramiko.PKey:
    """Our key, of whichever type. Raises ConfigurationError."""
    import paramiko

    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text + "\n"), passphrase or None)
        except paramiko.PasswordRequiredException:
            raise ConfigurationError(
                "key_unreadable", "the private key needs its passphrase; name where it lies"
            ) from None
        except (paramiko.SSHException, ValueError, IndexError, TypeError):
            continue
    raise ConfigurationError(
        "key_unreadable",
        "the private key can't be read; it must be OpenSSH or PEM text of type Ed25519, ECDSA or "
        "RSA, and its passphrase right",
    )
