"""Kinds of documents, who must act on each before it leaves, and a document's identity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, get_args

from connector.progress import DocumentSpec

TEMPLATE_VERSION = "2026.1"
Kind = Literal[
    "therapist", "patient", "insurer", "referrer", "director", "decision", "summary",
    "packet_manifest", "alert", "request", "authorization_request", "attachment", "copy_sheet",
    "eligibility",
]  # fmt: skip
KINDS = frozenset(get_args(Kind))
Release = Literal["none", "therapist_release", "clinician_signature"]
MUST_BE_RELEASED: Mapping[Kind, Release] = {
    "patient": "therapist_release",
    "insurer": "clinician_signature",
    "packet_manifest": "clinician_signature",
    "referrer": "clinician_signature",
    "authorization_request": "clinician_signature",
    "attachment": "clinician_signature",
    "copy_sheet": "clinician_signature",
}
"""Who must act before a document of these kinds leaves the practice."""
Formats = tuple[Literal["pdf", "html", "json", "x12", "pas", "cdex"], ...]
PART_KINDS = ("authorization_request", "attachment", "copy_sheet")
"""What goes with a payer report where an authorization is asked for."""
PAGES: Formats = ("pdf", "html", "json")
LETTER: Formats = ("pdf", "html")


def specification(
    kind: Kind,
    patient_id: str,
    as_of: date,
    formats: Formats,
    context: dict[str, Any],
    draft_id: str | None = None,
) -> DocumentSpec:
    """A document whose digest covers its context and the template version.

    ``draft_id`` is the draft that it was made of by signing or releasing.
    """
    canonical = json.dumps(
        {"context": context, "kind": kind, "template": TEMPLATE_VERSION},
        sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False,
    )  # fmt: skip
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    identity = hashlib.sha256(f"{patient_id}|{kind}|{digest}".encode()).hexdigest()[:24]
    return DocumentSpec(
        document_id=identity, kind=kind, patient_id=patient_id, as_of=as_of, formats=formats,
        release=MUST_BE_RELEASED.get(kind, "none"), context=context, digest=digest,
        draft_id=draft_id,
    )  # fmt: skip
