"""Fourth step: which documents this progress calls for, each with the whole context it may see.

The contexts are built in ``connector/documents`` (one module per recipient); this step decides who
gets one, who must release it, and gives it its identity.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from datetime import date
from typing import Any

from connector.authorizations.payers import PayerBook
from connector.documents import (
    disclosure,
    facts,
    insurer,
    narrative,
    patient,
    referrer,
    therapist,
)
from connector.documents.disclosure import Wall
from connector.documents.payer_view import with_notes_of
from connector.documents.wording import json_number
from connector.measures import Instrument
from connector.pipeline import documentation
from connector.pipeline.golden_thread import golden_thread
from connector.pipeline.necessity import checklist
from connector.pipeline.packet.missing import missing_items
from connector.pipeline.packet.parts import request_of, request_parts
from connector.pipeline.payer_sight import sight
from connector.pipeline.report_kinds import KINDS as KINDS
from connector.pipeline.report_kinds import LETTER as LETTER
from connector.pipeline.report_kinds import MUST_BE_RELEASED as MUST_BE_RELEASED
from connector.pipeline.report_kinds import PAGES as PAGES
from connector.pipeline.report_kinds import PART_KINDS
from connector.pipeline.report_kinds import specification as specification
from connector.progress import (
    DocumentSpec,
    Measurement,
    MeasureSeries,
    Milestone,
    PracticeProfile,
    Progress,
    RuleSet,
)


def report(
    progress: Progress,
    practice: PracticeProfile,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    kinds: Container[str] = KINDS,
    payers: PayerBook | None = None,
) -> tuple[DocumentSpec, ...]:
    """The documents due now; the same progress gives the same documents with the same digests.

    A payer packet only when a milestone asks for one and there is a payer to send it to; a letter
    only when one asks for it, somebody referred the person and no consent stands against it.
    ``kinds`` are those that somebody receives; the others are not made. With ``payers``, a packet
    that asks for an authorization has the request with it.
    """
    on = facts.local_day(progress, practice)
    person = progress.chart.patient.id
    documents: list[DocumentSpec] = []
    if "therapist" in kinds:
        thread = golden_thread(progress, instruments, rules, on)
        context = therapist.context(progress, practice, instruments, rules, thread)
        documents.append(specification("therapist", person, on, PAGES, context))
    if "patient" in kinds:
        context = patient.context(progress, practice, instruments)
        documents.append(specification("patient", person, on, PAGES, context))
    if "decision" in kinds:
        context = _decision(progress, instruments)
        documents.append(specification("decision", person, on, ("json",), context))
    if "insurer" in kinds or "packet_manifest" in kinds:
        documents += _packet(progress, practice, instruments, rules, kinds, payers, on)
    if "referrer" in kinds and (reason := _letter_due(progress, practice, instruments, on)):
        context = referrer.context(progress, practice, instruments, reason)
        documents.append(specification("referrer", person, on, LETTER, context))
    return tuple(documents)


def _packet(
    progress: Progress,
    practice: PracticeProfile,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    kinds: Container[str],
    payers: PayerBook | None,
    on: date,
) -> list[DocumentSpec]:
    """The packet for a payer, where one has to be written to."""
    if not _payer_asks(progress):
        return []
    seen = sight(progress, practice, instruments, payers, on)
    if not _payer_asks(seen.view):
        return []
    elements = checklist(seen.view, instruments, rules, on)
    thread = golden_thread(with_notes_of(progress, seen.view), instruments, rules, on)
    context = insurer.context(seen.told, practice, instruments, elements)
    evidence = specification("insurer", progress.chart.patient.id, on, PAGES, context)
    parts: tuple[DocumentSpec, ...] = ()
    if payers is not None and any(kind in kinds for kind in PART_KINDS):
        parts = request_parts(seen.view, practice, payers, evidence, seen.wall, on)
    manifest = _manifest(progress, instruments, evidence, seen.wall, parts)
    manifest["documentation"] = documentation.listing(thread, elements)
    if parts:
        manifest["missing_items"] = missing_items(thread, elements, request_of(parts))
    listing = specification("packet_manifest", evidence.patient_id, on, ("json",), manifest)
    return [evidence, listing, *parts]


def _payer_asks(progress: Progress) -> bool:
    covered = progress.chart.coverages or progress.chart.authorizations
    return bool(covered) and bool(insurer.asking(progress))


def _letter_due(
    progress: Progress, practice: PracticeProfile, instruments: Mapping[str, Instrument], on: date
) -> Milestone | None:
    consents = practice.letters_need_consent
    if not disclosure.may_write_to_referrer(progress.chart, on, must_be_on_file=consents):
        return None
    if referrer.asking(progress) is None:
        return None
    return referrer.asking(sight(progress, practice, instruments, None, on).view)


def _manifest(
    progress: Progress,
    instruments: Mapping[str, Instrument],
    evidence: DocumentSpec,
    wall: Wall,
    parts: Sequence[DocumentSpec],
) -> dict[str, Any]:
    """What the packet holds, what it leaves out and why, what the clinician must still write.

    For the practice only: the list itself would tell a payer what was held back.
    """
    to_complete = evidence.context["to_complete"]
    left_out = disclosure.left_out(progress, instruments, wall)
    judged = any(row["what"] == disclosure.SUD_CONTENT for row in left_out)
    return {
        "reference": evidence.context["request"]["reference"],
        "audience": "practice",
        "holds": [
            {"kind": one.kind, "document_id": one.document_id, "digest": one.digest}
            for one in (evidence, *parts)
        ],
        "reasons": evidence.context["request"]["reasons"],
        "left_out": left_out,
        "sud_consent": wall.consent,
        **({"substance_use_list": wall.codes.version} if judged else {}),
        "to_complete": to_complete,
        "ready": not to_complete,
    }


def _decision(progress: Progress, instruments: Mapping[str, Instrument]) -> dict[str, Any]:
    """The decision as data, with both scores and where they came from."""
    decision = progress.decision
    series = facts.primary_series(progress)
    both = narrative.pair(series) if series else None
    last = narrative.only_score(series) if series else None
    return {
        "patient_id": progress.chart.patient.id,
        "instrument": decision.instrument,
        "decision": decision.decision,
        "rule": decision.rule,
        "rules_version": decision.rules_version,
        "reason": decision.reason,
        "inputs": json.loads(json.dumps(decision.inputs, default=str)),
        "capped_by": decision.capped_by,
        "baseline": _score(both[0]) if both else None,
        "current": _score(both[1] if both else last),
        "percent": _percent(series),
        "band": last.score.band if last else None,
        "instrument_version": instruments[series.instrument].version
        if series and series.instrument in instruments
        else None,
    }


def _percent(series: MeasureSeries | None) -> int | float | None:
    change = series.change if series else None
    if change is None or change.percent_improvement is None:
        return None
    return json_number(change.percent_improvement)


def _score(measurement: Measurement | None) -> dict[str, Any] | None:
    """A score with its provenance."""
    if measurement is None or measurement.score.total is None:
        return None
    return {
        "total": json_number(measurement.score.total),
        "taken_on": measurement.taken_on.isoformat(),
        "record": measurement.assessment_id,
        "source": measurement.source,
        "origin": measurement.origin,
        "row": measurement.row,
    }
