"""An X12 payload that came back, as a page for the inbox; its key is made of its content."""

from __future__ import annotations

import hashlib
from datetime import datetime

from connector.errors import InvalidRecord
from connector.ports import RawBatch, RawPage, RawRow
from connector.x12.content.answer_rows import TABLE, answer_rows


def answer_page(payload: bytes, at: datetime, *, damaged: bool = False) -> RawPage:
    """One row for each transaction; a damaged answer is a row with a fault, for a person.

    ``damaged``: its checksum says so, however whole it looks.
    """
    # Sent once more with its right checksum, the same payload is another answer, to be read.
    digest = hashlib.sha256((b"damaged " if damaged else b"") + payload).hexdigest()
    found, damage = answer_rows(payload)
    if damaged or damage is not None or not found:
        told = "its checksum is wrong" if damaged else "it holds no transaction"
        told = damage.message if damage is not None else told
        error = InvalidRecord(
            "x12_damaged", f"part of the answer may be missing ({told}); ask the payer for it again"
        )
        text = payload.decode("latin-1")
        rows: tuple[RawRow, ...] = (RawRow(1, {"case": "", "type": "", "text": text}, error),)
    else:
        rows = tuple(RawRow(number, row) for number, row in enumerate(found, 1))
    batch = RawBatch(digest[:32], TABLE, f"{digest[:12]}.x12", at, rows)
    return RawPage(batches=(batch,))
