"""A document in a few lines of plain text, for whom files it by hand: to be copied into a note."""

from __future__ import annotations

from connector.documents.wording import day
from connector.progress import DocumentSpec

_NAMES = {
    "therapist": "Progress report for the therapist",
    "patient": "Progress report for the patient",
    "insurer": "Progress report for the payer",
    "referrer": "Letter to the referring provider",
    "packet_manifest": "List of what the payer packet holds",
}


def note_of(spec: DocumentSpec) -> str:
    """The text. The therapist report brings its own; of others, what was filed and when made.

    What a payer's or a patient's report says is not repeated: it is in the document.
    """
    own = spec.context.get("note") if spec.kind == "therapist" else None
    if isinstance(own, str) and own.strip():
        return own.strip() + "\n"
    name = _NAMES.get(spec.kind, "Document of Progress Connector")
    return f"{name}, data through {day(spec.as_of)}, filed in the chart (no. {spec.digest[:8]}).\n"
