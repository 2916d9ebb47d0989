"""The request as values: what records, payer's file and site file say, each missing thing as None.

Nothing is invented: a name that X12 can't hold, a procedure whose units nobody knows, an
unknown kind of request each stay empty and are listed as missing or left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from connector.authorizations.payers import Advice, PayerBook
from connector.documents import facts, insurer
from connector.pipeline.identity import reference_of
from connector.pipeline.packet.place import place_of
from connector.pipeline.payer_rules import advice_on, in_force, same_payer
from connector.progress import AuthorizationView, DocumentSpec, Milestone, Progress
from connector.records import Clinician, Coverage, Patient
from connector.x12.content.folding import folded

PART2_NOTICE = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
"""The short notice of 42 CFR 2.32(a)(2)."""
_SEXES = {"female": "female", "male": "male"}


def asks(progress: Progress) -> Milestone | None:
    """The milestone that asks for an authorization, the first that is due."""
    found = [m for m in progress.milestones if m.kind == "authorization"]
    return min(found, key=lambda m: (m.due_on, m.key), default=None)


def request_context(
    progress: Progress, book: PayerBook, evidence: DocumentSpec, milestone: Milestone, on: date
) -> dict[str, Any]:
    """The request's context, as JSON values; ``complete`` adds what the clinician writes."""
    view = insurer.authorization_in_question(progress, on)
    if view is not None and not view.renewal_due:
        view = None
    cover = next(iter(in_force(progress.chart, on)), None)
    payer = view.payer if view else (cover.payer if cover else "")
    if view is not None and (cover is None or not same_payer(book, cover.payer, payer)):
        live = in_force(progress.chart, on)
        cover = next((c for c in live if same_payer(book, c.payer, payer)), None)
    own = next((a for a in progress.chart.authorizations if _is(a.id, view)), None)
    advice = advice_on(progress.chart, book, payer, own.cpt if own else (), on)
    return {
        "reference": reference_of(milestone.key),
        "reason": milestone.text,
        "payer": {"name": advice.payer, "id": advice.payer_id},
        "payer_name": payer,
        "rule": _rule(advice),
        "channels": list(advice.channels),
        "portal": [line.model_dump(mode="json") for line in advice.portal],
        "clock": advice.clock.model_dump(mode="json") if advice.clock else None,
        "subscriber": _subscriber(progress.chart.patient, cover),
        "patient_account": (folded(progress.chart.patient.chart_number) or "")[:50] or None,
        "provider": _clinician(progress.chart.clinician),
        "trading": book.trading.model_dump(mode="json") if book.trading else None,
        "partner": advice.x12.model_dump(mode="json") if advice.x12 else None,
        "pas": _pas_numbers(advice),
        "event": _event(progress, advice, view, evidence, on)
        | place_of(progress.chart.visits, book.trading, on),
        "asked": None,
        "most": advice.amount,
        "evidence": evidence.document_id,
    }


def _pas_numbers(advice: Advice) -> dict[str, str] | None:
    """Whose numbers the payer's and its members' are, as far as its file states that."""
    if advice.pas is None:
        return None
    given = {name: getattr(advice.pas, name) for name in ("payer_system", "member_system")}
    return {name: one.value for name, one in given.items() if one is not None} or None


def _is(id: str, view: AuthorizationView | None) -> bool:
    return view is not None and id == view.authorization_id


def _rule(advice: Advice) -> dict[str, Any]:
    """What the payer's file says, and which of it nobody has confirmed; for the practice."""
    return {
        "id": advice.rule_id,
        "verdict": advice.verdict,
        "reason": advice.reason,
        "form": advice.form,
        "sources": [one.model_dump() for one in advice.sources],
        "to_confirm": list(advice.to_confirm),
    }


def _subscriber(patient: Patient, cover: Coverage | None) -> dict[str, Any]:
    """The patient as the insured person: a coverage names nobody else."""
    return {
        "family_name": folded(patient.family_name),
        "given_name": folded(patient.given_name),
        "birth_date": patient.birth_date.isoformat() if patient.birth_date else None,
        "sex": _SEXES.get(patient.sex, "unknown"),
        "member_id": folded(cover.member_id) if cover else None,
        "group_number": folded(cover.group_number) if cover else None,
    }


def _clinician(clinician: Clinician | None) -> dict[str, Any]:
    """Who treats. A name of exactly two words, or with one comma, can be told apart."""
    name = clinician.name if clinician else ""
    family, comma, given = (part.strip() for part in name.partition(","))
    if not comma:
        words = name.split()
        given, family = words if len(words) == 2 else ("", "")
    return {
        "family_name": folded(family),
        "given_name": folded(given),
        "npi": clinician.npi if clinician else None,
        "name": folded(name),
    }


def _event(
    progress: Progress,
    advice: Advice,
    view: AuthorizationView | None,
    evidence: DocumentSpec,
    on: date,
) -> dict[str, Any]:
    again = view is not None and view.number is not None and view.status != "denied"
    plan = facts.current_plan(progress, on)
    wanted = [part for part in advice.attachments if part.type]
    by_file = advice.x12 is not None and advice.x12.attachment_version is not None
    return {
        "certification": advice.continued if again else "I",
        "previous_authorization": view.number if view and again else None,
        "category": advice.category or "HS",
        "service_type": advice.service_type,
        "diagnoses": [row["code"] for row in evidence.context["diagnoses"]],
        "procedures": list(_procedures(progress, view, on)),
        "one_unit_a_visit": bool(advice.one_unit_a_visit),
        "attachment": {"type": wanted[0].type, "by_file": by_file} if wanted else None,
        "wanted": [part.name for part in advice.attachments],
        "frequency": _frequency(evidence.context, plan is not None),
        "notice": PART2_NOTICE if evidence.context["redisclosure_notice"] else None,
    }


def _procedures(progress: Progress, view: AuthorizationView | None, on: date) -> tuple[str, ...]:
    """The procedures in use; of an authorization that names some, those of them."""
    from connector.pipeline.payer_rules import procedures

    used = procedures(progress.chart, on)
    own = next((a for a in progress.chart.authorizations if _is(a.id, view)), None)
    if own is None or not own.cpt:
        return used
    return tuple(code for code in used if code in own.cpt) or own.cpt


def _frequency(evidence: Mapping[str, Any], planned: bool) -> str | None:
    """The plan's frequency as the report shows it, so a payer may see it."""
    rows = evidence["request"]["rows"]
    found = next((r["value"] for r in rows if r["label"] == "Frequency in the plan"), None)
    return found if planned else None
