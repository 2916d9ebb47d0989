"""Keys of alerts, milestones and deliveries: the same for the same cause, and telling nothing.

They are made of record ids, which are keyed digests themselves, and hashed once more.
"""

from __future__ import annotations

import hashlib


def cause_key(patient_id: str, rule: str, causes: tuple[str, ...], score: str = "") -> str:
    """24 hex digits for one patient, rule, cause and score."""
    text = "|".join((patient_id, rule, *sorted(causes), score))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def reference_of(milestone_key: str) -> str:
    """Names the request at the payer, in all its versions, and nobody; of the asking milestone."""
    return "AR-" + hashlib.sha256(milestone_key.encode()).hexdigest()[:10].upper()
