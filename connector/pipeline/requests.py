"""Asks the client to fill in a form that is due: one light document for each due slot.

Only for instruments that the practice's rules list under ``cadence``, only to destinations that
receive ``request``, and never to a client who does not want it. Asked once: a slot has one key
until the form has come, and the next one has another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from connector.measures import Instrument
from connector.pipeline.cadence import DueAssessment, assessments_due
from connector.progress import DocumentSpec, Progress, RuleSet
from connector.records import Consent

TYPE = "questionnaire_request"
SCOPE = "questionnaires"


def requests(
    progress: Progress, instruments: Mapping[str, Instrument], rules: RuleSet, today: date
) -> tuple[DocumentSpec, ...]:
    """A request for each form that is due at ``today`` and that the client may be asked for.

    The ids stay the same as long as a slot is open; whoever sends them leaves out those known.
    """
    if not rules.cadence or not may_be_asked(progress.chart.consents, rules, today):
        return ()
    return tuple(
        _specification(one, progress, instruments[one.instrument])
        for one in assessments_due(progress, instruments, rules, today)
        if one.ask and one.due_on <= today
    )


def may_be_asked(consents: Iterable[Consent], rules: RuleSet, today: date) -> bool:
    """Whether the client may be sent forms: a consent that was revoked or has ended is a no.

    Without any on file it is a yes, unless the practice's rules ask for one.
    """
    own = [one for one in consents if one.scope == SCOPE and one.granted_on <= today]
    if not own:
        return not rules.requests_need_consent
    return any(
        (one.revoked_on is None or one.revoked_on > today)
        and (one.expires_on is None or one.expires_on >= today)
        for one in own
    )


def request_id(key: str) -> str:
    """The id of the document that asks for a due slot; the slot's key tells nothing."""
    return f"request-{key}"


def _specification(due: DueAssessment, progress: Progress, instrument: Instrument) -> DocumentSpec:
    context: dict[str, Any] = {
        "type": TYPE,
        "request_id": request_id(due.key),
        "patient_id": progress.chart.patient.provenance.source_id,
        "instrument": due.instrument,
        "name": instrument.short_name,
        "loinc_panel": instrument.loinc_panel,
        "reason": due.slot,
        "due_on": due.due_on.isoformat(),
        "last_on": due.last_on and due.last_on.isoformat(),
    }
    canonical = json.dumps(context, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return DocumentSpec(
        document_id=request_id(due.key),
        kind="request",
        patient_id=due.patient_id,
        as_of=due.due_on,
        formats=("json",),
        context=context,
        digest=hashlib.sha256(canonical.encode()).hexdigest(),
    )
