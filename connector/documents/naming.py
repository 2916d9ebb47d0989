"""What a patient is called: by name, or by chart number where a source gave no name."""

from __future__ import annotations

from connector.records import Patient


def full_name(patient: Patient) -> str | None:
    """Given and family name as far as they are known; None without either."""
    return " ".join(_known(patient.given_name, patient.family_name)) or None


def filed_name(patient: Patient) -> str | None:
    """Family name first, as far as known; None without either."""
    return ", ".join(_known(patient.family_name, patient.given_name)) or None


def by_chart(patient: Patient) -> str:
    """What stands where a name would: ``Chart F-101``."""
    return f"Chart {patient.chart_number}"


def _known(*names: str | None) -> list[str]:
    return [name for name in names if name]
