"""A folder of mail files as a source: each becomes one row of the table ``referral``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from adapters.referral_mail.inquiry import Inquiries
from adapters.referral_mail.mail import read_mail
from adapters.referral_mail.settings import ReferralMailSettings
from connector import pickup
from connector.pickup import Pickup
from connector.ports import RawBatch, RawPage, RawRow

TABLE = "referral"


class ReferralMail:
    """The files are the cursor. Names of mail files are not shown: they may tell of a person."""

    def __init__(self, settings: ReferralMailSettings, home: Path) -> None:
        self._pickup = Pickup(settings, home)
        self._inquiries = Inquiries(settings)

    def fetch(self, cursor: str | None) -> Iterator[RawPage]:
        """A page for each mail that lies ready, oldest first."""
        for path in self._pickup.claim():
            origin = f"mail {pickup.stamp(path)}"
            yield from self._pickup.pages(path, origin, partial(self._page, path))

    def acknowledge(self, page: RawPage) -> None:
        """Deletes, archives or sets aside the mail."""
        self._pickup.acknowledge(page)

    def _page(self, path: Path) -> Iterator[RawPage]:
        seen, at = pickup.fingerprint(path), pickup.as_of(path)
        content = path.read_bytes()  # its size was checked before
        row = self._inquiries.row(read_mail(content), at.isoformat())
        key = pickup.key(TABLE, row["inquiry_id"])
        batch = RawBatch(key, TABLE, f"mail {key[:8]}", at, (RawRow(1, row),))
        yield RawPage((batch,), token=pickup.done(path, seen))
