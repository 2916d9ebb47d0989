"""What a patient is called: by name, or by chart number where a source gave no name."""

from __future__ import annotations

from connector.documents.wording import clipped
from connector.records import Patient


def full_name(patient: Patient) -> str | None:
    """Given and family name as far as they are known; None without either."""
    return " ".join(_known(patient.given_name, patient.family_name)) or None


def fitted_name(patient: Patient, most: int) -> str:
    """The full name in at most so many characters, never without the family name.

    A longer one keeps the initials of the given names: what is cut off last names another person.
    """
    whole = full_name(patient)
    if whole is None or len(whole) <= most or not patient.family_name:
        return clipped(whole or by_chart(patient), most)
    initials = "".join(f"{part[0]}. " for part in (patient.given_name or "").split()[:2])
    return clipped(initials + patient.family_name, most)


def filed_name(patient: Patient) -> str | None:
    """Family name first, as far as known; None without either."""
    return ", ".join(_known(patient.family_name, patient.given_name)) or None


def by_chart(patient: Patient) -> str:
    """What stands where a name would: ``Chart F-101``."""
    return f"Chart {patient.chart_number}"


def _known(*names: str | None) -> list[str]:
    return [name for name in names if name]
