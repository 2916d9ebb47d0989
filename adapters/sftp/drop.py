"""Drops files so that each key has one effect: written beside its name, flushed, then renamed.

The name is made of the delivery's key, and the rename replaces nothing: what lies there under that
name is this very file. Receivers often take files away, and then absence proves nothing: after an
attempt whose end is not known, the folders where the receiver keeps what it took are asked; where
there are none, a person must ask.
"""

from __future__ import annotations

import posixpath
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from adapters.sftp.line import Server
from adapters.sftp.naming import file_name, key_part
from adapters.sftp.settings import SftpDropSettings
from connector.errors import AwaitsPerson, ConfigurationError, Rejected, RetryLater
from connector.ports import AdapterContext, Outgoing, Receipt

if TYPE_CHECKING:
    import paramiko

UNFINISHED = ".part"
_FSYNC = "fsync@openssh.com"


class SftpDrop:
    """A folder on a server as a destination."""

    def __init__(self, settings: SftpDropSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._server = Server(settings, context.home, f"destination {context.name!r}")

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Drops it once. Raises RetryLater ("answer_lost" where it may have arrived), Rejected
        where another file has its name, ConfigurationError.
        """
        name = file_name(outgoing, self._settings.name)
        with self._server.session() as sftp:
            found = self._lying(sftp, name, outgoing)
            if found is None:
                found = self._upload(sftp, name, outgoing.content)
        return Receipt(outgoing.key, found)

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """The receipt if the file lies there, or where the receiver keeps what it took.

        Raises AwaitsPerson where an earlier attempt may have arrived and nothing can tell.
        """
        name = file_name(outgoing, self._settings.name)
        with self._server.session() as sftp:
            whole = self._clear(sftp, name, len(outgoing.content))
            found = self._lying(sftp, name, outgoing)
        if found is not None:
            return Receipt(outgoing.key, found)
        provable = not self._settings.collected or self._settings.asked_folders or whole
        if outgoing.unsure and not provable:
            raise AwaitsPerson(
                "arrival_unknown",
                f"{self._server.name} may have received the file {name} and taken it away already; "
                "ask the receiver, and say what they answer",
            )
        return None

    def _lying(self, sftp: paramiko.SFTPClient, name: str, outgoing: Outgoing) -> str | None:
        """Where the file lies, if it does."""
        path = posixpath.join(self._settings.remote_folder, name)
        try:
            size = sftp.lstat(path).st_size
        except FileNotFoundError:
            size = None
        except PermissionError:
            raise self._not_allowed() from None
        if size is not None:
            if size != len(outgoing.content):
                raise Rejected(
                    "path_taken", f"another file has the name {name} at {self._server.name}"
                )
            return path
        part = key_part(outgoing.key)
        for folder in self._settings.asked_folders:
            for entry in self._listed(sftp, folder):
                if part in entry and not entry.endswith(UNFINISHED):
                    return posixpath.join(folder, entry)
        return None

    def _listed(self, sftp: paramiko.SFTPClient, folder: str) -> list[str]:
        try:
            return sftp.listdir(folder)
        except (FileNotFoundError, PermissionError):
            raise ConfigurationError(
                "folder_missing",
                f"the folder {folder} at {self._server.name} is not there, or may not be read by "
                "us; correct asked_folders",
            ) from None

    def _clear(self, sftp: paramiko.SFTPClient, name: str, size: int) -> bool:
        """Removes what cut-off attempts left; whether one was whole, so was never renamed."""
        whole = False
        try:
            entries = sftp.listdir_attr(self._settings.remote_folder)
        except (FileNotFoundError, PermissionError):
            return False  # a drop that may not be listed
        for one in entries:
            if not (one.filename.startswith(f".{name}.") and one.filename.endswith(UNFINISHED)):
                continue
            whole = whole or one.st_size == size
            with suppress(OSError):
                sftp.remove(posixpath.join(self._settings.remote_folder, one.filename))
        return whole

    def _upload(self, sftp: paramiko.SFTPClient, name: str, content: bytes) -> str:
        folder = self._settings.remote_folder
        temporary = posixpath.join(folder, f".{name}.{secrets.token_hex(4)}{UNFINISHED}")
        target = posixpath.join(folder, name)
        try:
            with sftp.open(temporary, "wx") as file:
                file.set_pipelined(True)
                file.write(content)
                file.set_pipelined(False)
                file.flush()
                self._flush_there(sftp, file)
                if file.stat().st_size != len(content):
                    raise RetryLater(
                        "upload_cut_off", f"{self._server.name} holds less than was sent"
                    )
        except FileNotFoundError:
            raise ConfigurationError(
                "folder_missing", f"there is no folder {folder} at {self._server.name}"
            ) from None
        except PermissionError:
            raise self._not_allowed() from None
        except BaseException:
            _forget(sftp, temporary)
            raise
        return self._name(sftp, temporary, target, content)

    def _flush_there(self, sftp: paramiko.SFTPClient, file: paramiko.SFTPFile) -> None:
        """Asks the server to put it on disk, where it knows how (OpenSSH)."""
        from paramiko.sftp import CMD_EXTENDED

        with suppress(OSError):  # "operation unsupported"; a lost connection shows right after
            # the library has no public name for it
            sftp._request(CMD_EXTENDED, _FSYNC, file.handle)  # type: ignore[attr-defined]

    def _name(self, sftp: paramiko.SFTPClient, temporary: str, target: str, content: bytes) -> str:
        """Gives the file its name, in one step, replacing nothing."""
        import paramiko

        try:
            sftp.rename(temporary, target)
        except (TimeoutError, ConnectionError, EOFError, paramiko.SSHException):
            raise self._unsure() from None
        except PermissionError:
            _forget(sftp, temporary)
            raise self._not_allowed() from None
        except OSError:
            same = self._same(sftp, target, content)
            _forget(sftp, temporary)
            if same is None:
                raise  # the server could not do it, and nothing has the name
            if not same:
                name = posixpath.basename(target)
                raise Rejected(
                    "path_taken", f"another file has the name {name} at {self._server.name}"
                ) from None
        return target

    def _same(self, sftp: paramiko.SFTPClient, target: str, content: bytes) -> bool | None:
        """Whether what has the name is this content; None where nothing has it."""
        try:
            found = sftp.lstat(target)
            if found.st_size != len(content) or not stat.S_ISREG(found.st_mode or 0):
                return False
            with sftp.open(target, "rb") as file:
                return file.read(len(content) + 1) == content
        except FileNotFoundError:
            return None
        except PermissionError:
            return True  # a drop that we may not read: name and size are this file's

    def _unsure(self) -> RetryLater:
        return RetryLater(
            "answer_lost",
            f"{self._server.name} did not say whether it took the file; it is asked before "
            "anything is sent again",
        )

    def _not_allowed(self) -> ConfigurationError:
        return ConfigurationError(
            "not_allowed",
            f"{self._server.name} does not let us write into {self._settings.remote_folder}; ask "
            "its operator for the permission",
        )


def _forget(sftp: paramiko.SFTPClient, path: str) -> None:
    with suppress(OSError, EOFError):
        sftp.remove(path)
