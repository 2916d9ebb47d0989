"""What filing into vendors' charts has in common: whose chart, which name, and once.

These systems honour no key of ours. So each document carries a marker made of its key, which is
looked for before anything is sent; attempts of this process for one key go one after the other.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from connector.errors import Rejected
from connector.ports import Outgoing

_NAMES = {
    "therapist": "Progress report", "patient": "Progress report for the client",
    "insurer": "Progress report for the payer", "referrer": "Letter to the referring provider",
}  # fmt: skip
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_lock = threading.Lock()
_turns: dict[str, tuple[threading.Lock, int]] = {}


def marker(key: str) -> str:
    """What says in a chart that this document is there: ``pc-`` and 24 digits, telling nothing."""
    return "pc-" + hashlib.sha256(key.encode()).hexdigest()[:24]


def title(outgoing: Outgoing) -> str:
    """What people read in the chart, with the marker."""
    name = _NAMES.get(outgoing.labels.get("kind", ""), "Document")
    return f"{name} ({marker(outgoing.key)})"


def file_name(outgoing: Outgoing) -> str:
    """A file name without anything about the patient, with the marker."""
    ending = "pdf" if outgoing.media_type == "application/pdf" else "bin"
    name = _NAMES.get(outgoing.labels.get("kind", ""), "Document").lower().replace(" ", "-")
    return f"{name}-{marker(outgoing.key)}.{ending}"


def patient_id(outgoing: Outgoing, source: str) -> str:
    """The vendor's own id of the patient. Raises Rejected where the person is not the vendor's."""
    given = outgoing.patient
    if given is None:
        raise Rejected("no_patient", "the document does not say whose chart it belongs to")
    if given.source != source:
        raise Rejected(
            "patient_of_other_source",
            f"the patient comes from the source {given.source!r}, and this destination knows only "
            f"those of {source!r}",
        )
    if not _ID.fullmatch(given.source_id):
        raise Rejected("no_patient", "the patient's id is none that this system gives")
    return given.source_id


@contextmanager
def one_at_a_time(key: str) -> Iterator[None]:
    """Waits until nobody else in this process is at the same key."""
    with _lock:
        turn, waiting = _turns.get(key, (threading.Lock(), 0))
        _turns[key] = (turn, waiting + 1)
    try:
        with turn:
            yield
    finally:
        with _lock:
            turn, waiting = _turns[key]
            if waiting == 1:
                del _turns[key]
            else:
                _turns[key] = (turn, waiting - 1)


def found_twice(what: str, count: int) -> Rejected:
    """The error where the chart holds a document more than once."""
    return Rejected(
        "found_twice",
        f"the chart holds this {what} {count} times; remove all but one there, then replay",
    )
