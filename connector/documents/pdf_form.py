"""What kind of PDF a page becomes: its variant, its day, the data that goes with it.

Every variant is tagged and meets PDF/UA-1. Those of PDF/A-3 meet the archive's rules besides and
carry the report's data as a file inside; ``a-3a`` asks most of the three, ``a-3b`` least.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

Variant = Literal["ua-1", "a-3a", "a-3u", "a-3b"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
DATA_NAME = "report-data.json"
DATA_TYPE = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class PdfForm:
    """How one page is written. ``on`` is the document's own day, never the clock's.

    ``data`` is the report's data as FHIR JSON; only PDF/A-3 takes it.
    """

    variant: Variant = "ua-1"
    on: date | None = None
    data: bytes = b""

    @property
    def archival(self) -> bool:
        """True for PDF/A-3."""
        return takes_data(self.variant)

    @property
    def level(self) -> str:
        """The conformance level of PDF/A: A, U or B; empty where it is none."""
        return self.variant[-1].upper() if self.archival else ""


def takes_data(variant: Variant) -> bool:
    """Whether a PDF of this variant may hold the report's data as a file inside."""
    return variant.startswith("a-3")
