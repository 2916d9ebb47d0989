"""The medical-necessity checklist: what payers ask for when care is renewed, present or absent.

Reading order: ``elements`` (shared by both), ``psychotherapy``, ``physical_therapy``.

It says what is documented, never that care is necessary. Give it the chart that the payer may see
(``connector.documents.payer_view``): then its quotes may be shown to anybody. What only a clinician
can say (risk, level of care, skilled need) is absent from the records and written in the report.
Pure; worked out when a document that shows it is made, or when somebody asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from connector.measures import Instrument
from connector.pipeline.golden_thread.chain import case_of
from connector.pipeline.necessity.physical_therapy import PHYSICAL_THERAPY
from connector.pipeline.necessity.psychotherapy import PSYCHOTHERAPY
from connector.progress import Progress, RuleSet
from connector.thread import Documented

__all__ = ["PHYSICAL_THERAPY", "PSYCHOTHERAPY", "checklist"]


def checklist(
    progress: Progress,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    today: date,
) -> tuple[Documented, ...]:
    """Every element for the patient's discipline, in order; empty without any care."""
    case = case_of(progress, instruments, rules, today)
    if case is None:
        return ()
    elements = PHYSICAL_THERAPY if case.physical else PSYCHOTHERAPY
    return tuple(element.looked_up(case) for element in elements)
