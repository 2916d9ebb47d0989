"""What becomes of one document as a PDF: its variant, its day and the data that goes inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.documents.compose import ReportFile, allowed, report_file
from connector.documents.fhir_data import report_data
from connector.documents.pdf_form import PdfForm, Variant, takes_data
from connector.measures.instrument import Instrument
from connector.progress import DocumentSpec
from connector.resources import Resources

# What the sections of a report are made of; a section that is left out has no data either.
_BLOCKS = {
    "clinical": ("diagnoses", "clinician_fields"),
    "scores": ("scores", "other_measures", "decision"),
    "goals": ("goals",),
    "attendance": ("attendance", "plan"),
}


def pdf_form(
    spec: DocumentSpec,
    variant: Variant,
    resources: Resources,
    instruments: Mapping[str, Instrument],
) -> PdfForm:
    """The form of the document's PDF; its data only where the variant takes it.

    Raises ConfigurationError for a faulty ``report.yaml``.
    """
    if not takes_data(variant):
        return PdfForm(variant, spec.as_of)
    report = report_file(spec.kind, resources)
    view = reader_view(spec.context, report)
    return PdfForm(variant, spec.as_of, report_data(spec, view, report.title, instruments))


def reader_view(context: Mapping[str, Any], report: ReportFile) -> dict[str, Any]:
    """The fields that the report's reader may see, without those of sections left out."""
    view = allowed(context, report.fields)
    if "sections" in report.model_fields_set:
        gone = {
            b for name, blocks in _BLOCKS.items() if name not in report.sections for b in blocks
        }
        return {name: value for name, value in view.items() if name not in gone}
    return view
