"""The request with what the clinician wrote into the report, and what it still lacks."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.documents.told import read_day
from connector.errors import InvalidRecord
from connector.pipeline.packet.asked_for import FIELD, asked_for
from connector.x12.content.folding import folded

_FILES = {"x12", "clearinghouse", "pas"}
"""The channels that take a file; all of them name sender and receiver by the same numbers."""
_SUCH = {True: '"10"', False: '"11"'}

MissingItem = dict[str, Any]
"""``key``, ``text`` and ``fix`` in words; ``fields``: the clinician writes it into the report."""


@dataclass(frozen=True, slots=True)
class Before:
    """What the payer has of this request already: the ``versions`` that it was sent as FHIR (id of
    the ``document``, ``version``), oldest first, and its ``reference`` while it is pended."""

    versions: tuple[Mapping[str, Any], ...] = ()
    reference: str | None = None


def complete(
    context: Mapping[str, Any],
    values: Mapping[str, str],
    version: int,
    before: Before | None = None,
) -> dict[str, Any]:
    """The context with fields of the report in their places. ``version`` counts what was signed.

    Raises InvalidRecord where visits and dates can't be understood.
    """
    done: dict[str, Any] = copy.deepcopy(dict(context))
    done["version"] = version
    if before is not None and before.versions:
        done["earlier"] = [dict(one) for one in before.versions]
    if before is not None and before.reference:
        done["revises"] = before.reference
    person, event = done["subscriber"], done["event"]
    if text := values.get(FIELD):
        found = asked_for(text)
        done["asked"] = {
            "visits": found.visits,
            "starts_on": found.starts_on.isoformat(),
            "ends_on": found.ends_on.isoformat(),
            **({"urgent": True} if found.urgent else {}),
        }
    if not person["member_id"]:
        person["member_id"] = folded(values.get("member_id"))
    born = read_day(values.get("date_of_birth"))
    if not person["birth_date"] and born is not None:
        person["birth_date"] = born.isoformat()
    if not done["provider"]["npi"]:
        done["provider"]["npi"] = values.get("npi") or None
    code = (values.get("diagnosis_icd_10_cm") or "").split()
    if not event["diagnoses"] and code:
        event["diagnoses"] = [code[0].strip(",;:.").upper()]
    return done


def lacking(context: Mapping[str, Any]) -> list[MissingItem]:
    """What the request itself lacks, before it can be filed by any way."""
    return [
        {"key": key, "text": text, "fix": fix}
        for key, text, fix in (*_of_care(context), *_of_files(context))
    ]


def _of_care(context: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    person, event = context["subscriber"], context["event"]
    if context["asked"] is None:
        yield "asked", "Visits asked for and dates", f"documents fill ID --set {FIELD}=..."
    if not event["diagnoses"]:
        yield "diagnosis", "No diagnosis (ICD-10-CM)", "Add it in the EHR, or fill it in"
    if not person["member_id"]:
        yield "member_id", "No member ID", "Add it to the coverage in the EHR, or fill it in"
    if not (person["family_name"] and person["given_name"]):
        text = "No name that can be written in plain letters"
        yield "patient_name", text, "Correct the patient's name in the EHR"
    if not person["birth_date"]:
        yield "birth_date", "No date of birth", "Add it in the EHR, or fill it in"
    if not context["provider"]["npi"]:
        yield "npi", "No NPI of the treating clinician", "Add it in the EHR, or fill it in"


def _of_files(context: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What only files need: partners' numbers and the payer's codes."""
    if not set(context["channels"]) & _FILES:
        return
    event = context["event"]
    if context["trading"] is None:
        yield "site_payers", "The site file does not say who asks", "Add `payers` to site.yaml"
    if context["partner"] is None:
        text = "The payer's file does not state its number and who receives files (`x12`)"
        fix = "Add `x12` to the file in config/payers, or take what sends files off its channels"
        yield "payer_x12", text, fix
    if event["certification"] is None:
        text = "How this payer wants more visits asked for (R, S or 4)"
        yield "continued", text, "Add `continued` to the file in config/payers"
    if event["service_type"] is None:
        text = "The service type that this payer wants (such as MH or PT)"
        yield "service_type", text, "Add `service_type` to the file in config/payers"
    if "pas" in context["channels"] and not event.get("place_of_service"):
        video = event.get("telehealth")
        text = "The place of service of care by video" if video else "The place of service"
        key = "telehealth_place_of_service" if video else "place_of_service"
        fix = f"Add `{key}` to `payers` in site.yaml, such as {_SUCH[bool(video)]}"
        yield "place_of_service", text, fix


def refuse_lacking(context: Mapping[str, Any]) -> None:
    """Raises InvalidRecord naming everything that the request lacks."""
    found = lacking(context)
    if found:
        named = "; ".join(f"{one['text']} ({one['fix']})" for one in found)
        raise InvalidRecord("request_incomplete", f"the request lacks: {named}")
