"""The document that carries an alert to the people it concerns."""

from __future__ import annotations

import hashlib
import json

from connector.progress import Alert, DocumentSpec, PracticeProfile


def alert_document(alert: Alert, practice: PracticeProfile) -> DocumentSpec:
    """A JSON document for one alert; the same alert gives the same document.

    ``summary`` may leave by any channel; ``text`` names scores and stays where reports may go.
    """
    context = {
        "practice": practice.id,
        "patient_id": alert.patient_id,
        "rule": alert.rule,
        "severity": alert.severity,
        "audience": alert.audience,
        "summary": alert.summary,
        "text": alert.text,
        "raised_on": alert.raised_on.isoformat(),
        "sources": list(alert.sources),
        "note": "Supports clinical judgement. Not a monitoring service.",
    }
    digest = hashlib.sha256(json.dumps(context, sort_keys=True).encode()).hexdigest()
    return DocumentSpec(
        document_id=f"alert-{alert.key}"[:40],
        kind="alert",
        patient_id=alert.patient_id,
        as_of=alert.raised_on,
        formats=("json",),
        context=context,
        digest=digest,
    )
