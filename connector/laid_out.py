"""What can go wrong when documents are laid out in a folder, as errors that people can act on."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from connector.errors import ConfigurationError, Rejected, RetryLater

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.EBUSY)


@contextmanager
def plain_errors(folder: str) -> Iterator[None]:
    """Raises what an OSError means: ConfigurationError ("folder_not_writable"), Rejected
    ("path_refused"), RetryLater ("disk_full"). ``folder`` is what people call it."""
    try:
        yield
    except (PermissionError, NotADirectoryError, FileExistsError, IsADirectoryError) as fault:
        raise ConfigurationError(
            "folder_not_writable", f"{folder} can't be written to", detail=type(fault).__name__
        ) from None
    except OSError as fault:
        if fault.errno == errno.ENAMETOOLONG:
            raise Rejected("path_refused", "the document's path is too long") from None
        if fault.errno not in _FULL:
            raise
        raise RetryLater(
            "disk_full", "the disk is full or away", detail=errno.errorcode[fault.errno]
        ) from None
