"""Fetches files from an SFTP server, hands them to the adapter that reads them, then ends them.

A file goes through these places, and a crash between any two repeats a step without effect:

1.  on the server, until it is ready (unchanged at a second look, or its done-marker is there);
2.  in a folder of its own in the spool, with the server's time of change, so that the reading
    adapter makes the same keys at every reading;
3.  in the inbox, once the reader's pages are stored;
4.  only then it is deleted on the server, or moved; or kept, and noted in the cursor.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from adapters.sftp.line import Server
from adapters.sftp.lying import Lying, cursor_of, same, seen, state
from adapters.sftp.settings import SftpPickupSettings
from connector import pickup
from connector.errors import ConfigurationError, InvalidRecord, RetryLater
from connector.ports import AdapterContext, RawFault, RawPage, Source

if TYPE_CHECKING:
    import paramiko

_MOST_FILES = 5_000
_LONGEST_NAME = 200
_FILE, _END = "file", "end"
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")


class SftpPickup:
    """A folder on a server as a source."""

    def __init__(
        self,
        settings: SftpPickupSettings,
        context: AdapterContext,
        sleep: Callable[[float], None] = time.sleep,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._server = Server(settings, context.home, f"source {context.name!r}")
        self._sleep, self._timer = sleep, timer
        self._context = context
        self._spool = settings.spool or f"data/sftp/{context.name}"
        self._names = settings.names or tuple(table.pattern for table in context.expected) or ("*",)
        self._reader("x")  # a mistake is told at the start, not at the first file

    def fetch(self, cursor: str | None) -> Iterator[RawPage]:
        """The pages of each file that is ready, oldest first, and of what the spool still holds.

        Raises RetryLater and ConfigurationError.
        """
        kept = seen(cursor)
        with self._server.session() as sftp:
            listed = self._ready(sftp)
            here = {one.mark for one in listed}
            yield from self._orphans(here)
            kept = tuple(mark for mark in kept if mark in here)
            for one in listed:
                if one.mark in kept:
                    continue
                refused = self._fetch(sftp, one)
                if refused is not None:
                    yield refused  # it stays there: nobody has read it
                    continue
                yield from self._pages(one.mark)
                if self._settings.after_pickup == "keep":
                    kept = (*kept, one.mark)
                yield RawPage(cursor=cursor_of(kept), token=f"{_END}:{one.mark}:{one.name}")

    def acknowledge(self, page: RawPage) -> None:
        """Ends a file on the server after all of its pages; other pages are the reader's."""
        what, _, rest = page.token.partition(":")
        mark, _, rest = rest.partition(":")
        if not _FINGERPRINT.fullmatch(mark):
            return
        if what == _FILE:
            self._reader(mark).acknowledge(replace(page, token=rest))
            return
        if self._settings.after_pickup != "keep":
            with self._server.session() as sftp:
                self._end(sftp, mark, rest)
        self._tidy(mark)

    def _reader(self, mark: str) -> Source:
        """The adapter that reads, over the folder of one file."""
        options = {"folder": f"{self._spool}/{mark}", "settle_seconds": 0}
        assert self._context.reader is not None, "a source is opened with a way to read files"
        return self._context.reader(self._settings.reads, options, self._context)

    def _pages(self, mark: str) -> Iterator[RawPage]:
        for page in self._reader(mark).fetch(None):
            yield replace(page, token=f"{_FILE}:{mark}:{page.token}") if page.token else page

    def _orphans(self, here: Collection[str]) -> Iterator[RawPage]:
        """What was fetched and is gone from the server, before all of it was stored."""
        home = self._context.home / self._spool
        found = sorted(home.iterdir()) if home.is_dir() else []
        for folder in found:
            if _FINGERPRINT.fullmatch(folder.name) and folder.name not in here:
                yield from self._pages(folder.name)
                yield RawPage(token=f"{_END}:{folder.name}:")

    def _tidy(self, mark: str) -> None:
        """Takes a file's folder away; what was refused is put where people look for it."""
        home = self._context.home / self._spool
        refused = home / mark / pickup.REJECTED
        if refused.is_dir():
            (home / pickup.REJECTED).mkdir(mode=0o700, exist_ok=True)
            for path in refused.iterdir():
                path.rename(home / pickup.REJECTED / f"{mark[:8]}_{path.name}")
        for folder in (refused, home / mark / pickup.PROCESSING, home / mark):
            with suppress(OSError):
                folder.rmdir()

    def _ready(self, sftp: paramiko.SFTPClient) -> list[Lying]:
        first = self._listed(sftp)
        marker = self._settings.done_marker
        if marker is not None:
            names = {one.name for one in first}
            ready = [one for one in first if f"{one.name}{marker}" in names]
        else:
            if first and self._settings.settle_seconds:
                self._sleep(self._settings.settle_seconds)
                first = [one for one in self._listed(sftp) if one in set(first)]
            ready = first
        wanted = [one for one in ready if self._is_wanted(one.name)]
        return sorted(wanted, key=lambda one: (one.changed, one.name))

    def _is_wanted(self, name: str) -> bool:
        plain = name.casefold()
        if plain.startswith(".") or plain.endswith(pickup.UNFINISHED):
            return False
        marker = self._settings.done_marker
        if marker is not None and name.endswith(marker):
            return False
        return any(fnmatchcase(plain, pattern.casefold()) for pattern in self._names)

    def _listed(self, sftp: paramiko.SFTPClient) -> list[Lying]:
        """Plain files alone: a link there could lead anywhere, and a name to any place here."""
        found = []
        try:
            for entry in sftp.listdir_iter(self._settings.remote_folder):
                name = entry.filename
                odd = "/" in name or "\\" in name or not name.isprintable()
                if odd or len(name) > _LONGEST_NAME or not stat.S_ISREG(entry.st_mode or 0):
                    continue
                found.append(Lying(name, entry.st_size or 0, entry.st_mtime or 0))
                if len(found) >= _MOST_FILES:
                    break
        except FileNotFoundError:
            raise self._no_folder() from None
        except PermissionError:
            raise self._not_allowed("read") from None
        return found

    def _fetch(self, sftp: paramiko.SFTPClient, one: Lying) -> RawPage | None:
        """Brings a file into the spool, whole and flushed; a page where it is refused unread."""
        if one.size > self._settings.max_bytes:
            error = InvalidRecord(
                "file_too_large",
                f"the file is over the limit of {self._settings.max_bytes} bytes",
                value=one.name,
            )
            return RawPage(faults=(RawFault(one.mark, f"file at {self._server.name}", error),))
        folder = self._context.home / self._spool / one.mark
        target = folder / one.name
        if same(target, one) or same(folder / pickup.PROCESSING / one.name, one):
            return None  # fetched before, and not yet read to its end
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = folder / f"{one.mark}.part"
        ends = self._timer() + self._settings.max_seconds

        def watch(so_far: int, _: int) -> None:
            if so_far > one.size or self._timer() > ends:
                raise RetryLater(
                    "still_written", f"a file at {self._server.name} grows or comes too slowly"
                )

        path = posixpath.join(self._settings.remote_folder, one.name)
        try:
            with partial.open("wb") as file:
                partial.chmod(0o600)
                got = sftp.getfo(path, file, watch, max_concurrent_prefetch_requests=64)
                file.flush()
                os.fsync(file.fileno())
            if got != one.size or state(sftp, path) != (one.size, one.changed):
                raise RetryLater("still_written", f"a file at {self._server.name} is still written")
            os.utime(partial, (one.changed, one.changed))
            partial.rename(target)
        except FileNotFoundError:
            raise RetryLater(
                "file_gone", f"a file at {self._server.name} was taken away while it was read"
            ) from None
        except PermissionError:
            raise self._not_allowed("read") from None
        finally:
            partial.unlink(missing_ok=True)
        return None

    def _end(self, sftp: paramiko.SFTPClient, mark: str, name: str) -> None:
        """Deletes or moves the file, unless it was written anew since; then it comes again."""
        if not name:
            return
        path = posixpath.join(self._settings.remote_folder, name)
        now = state(sftp, path)
        if now is None or Lying(name, *now).mark != mark:
            return
        try:
            self._put_away(sftp, path, name, mark)
            if self._settings.done_marker is not None:
                with suppress(FileNotFoundError):
                    sftp.remove(f"{path}{self._settings.done_marker}")
        except FileNotFoundError:
            raise self._no_folder() from None
        except PermissionError:
            raise self._not_allowed("delete or move") from None

    def _put_away(self, sftp: paramiko.SFTPClient, path: str, name: str, mark: str) -> None:
        if self._settings.moved_to is None:
            with suppress(FileNotFoundError):
                sftp.remove(path)
            return
        target = posixpath.join(self._settings.moved_to, name)
        if state(sftp, target) is not None:
            target += f".{mark}"  # an earlier file of that name was moved there
        sftp.rename(path, target)

    def _no_folder(self) -> ConfigurationError:
        return ConfigurationError(
            "folder_missing",
            f"a folder of the settings is not there at {self._server.name}: correct remote_folder "
            "or moved_to",
        )

    def _not_allowed(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            "not_allowed",
            f"{self._server.name} does not let us {what} files in "
            f"{self._settings.remote_folder}; ask its operator for the permission, or set "
            "after_pickup to keep",
        )
