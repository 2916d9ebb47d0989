"""What is not taken, as the answer that says so."""

from __future__ import annotations

import re

from adapters.hl7_v2.acknowledgment import Answer
from connector.errors import InvalidRecord

_PLACE = re.compile(r"[A-Z][A-Z0-9]{2}(?:-[0-9]{1,3})?", re.ASCII)
_CONDITIONS = {
    "no_msh": ("reject", 100),
    "separators": ("reject", 102),
    "not_a_segment": ("error", 100),
    "segment_missing": ("error", 100),
    "required_missing": ("error", 101),
    "patient_ambiguous": ("error", 204),
    "unknown_charset": ("error", 103),
    "unsupported_type": ("reject", 200),
    "unsupported_event": ("reject", 201),
    "unsupported_processing": ("reject", 202),
    "unsupported_version": ("reject", 203),
    "sender_unknown": ("reject", 204),
    "duplicate_id": ("error", 205),
    "too_many_rows": ("error", 207),
    "too_large": ("reject", 207),
    "not_stored": ("reject", 207),
}


def answer_to(fault: InvalidRecord) -> Answer:
    """The answer to a message that was refused with this fault."""
    verdict, condition = _CONDITIONS.get(fault.code, ("error", 207))
    allowed = f". Valid values: {', '.join(fault.allowed)}" if fault.allowed else ""
    place = fault.field if _PLACE.fullmatch(fault.field) else ""
    return Answer(
        "reject" if verdict == "reject" else "error", condition, fault.message + allowed, place
    )


def is_kept(fault: InvalidRecord) -> bool:
    """Whether a refused message goes to quarantine.

    What was never meant for us (another type, a test) is only refused; what the practice may miss
    in a chart is kept.
    """
    verdict, _ = _CONDITIONS.get(fault.code, ("error", 207))
    return verdict == "error"
