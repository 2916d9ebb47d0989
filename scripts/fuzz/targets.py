"""The parsers that are fuzzed, by name."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.fuzz import messages, payers, tables
from scripts.fuzz.target import Target

TARGETS: Mapping[str, Target] = {
    "csv": tables.CSV,
    "xlsx": tables.XLSX,
    "sniff": tables.SNIFF,
    "webhook": messages.WEBHOOK,
    "fhir": messages.FHIR,
    "hl7": messages.HL7,
    "mail": messages.MAIL,
    "x12": payers.X12,
}
