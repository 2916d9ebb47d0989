"""From a signed request's context to the cases that X12 files are written from.

Deterministic: the moment is that of the signature, numbers are made of reference and version. So
the same signed request gives the same bytes, whenever and wherever they are made.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.pipeline.packet.complete import refuse_lacking
from connector.x12.content.attachment_case import AttachmentCase
from connector.x12.content.case import RequestCase
from connector.x12.content.case_file import read_case
from connector.x12.content.folding import folded
from connector.x12.content.tying import Sent

_MOST = 999_999_999


def name_of(context: Mapping[str, Any]) -> str:
    """The number of this version of the request (BHT03 and TRN02), such as AR-0123456789-2."""
    return f"{context['reference']}-{context['version']}"


def attachment_number(context: Mapping[str, Any]) -> str:
    """The control number of its attachment: PWK06 of the 278, TRN02 of the 275."""
    return f"{name_of(context)}-A"


def claim_number(context: Mapping[str, Any]) -> str:
    """The number of this version's claim, as the payer echoes it: ``Claim.identifier``."""
    count = len(context.get("earlier") or ())
    own = first_name(context)
    return f"{own}-U{count}" if count else own


def first_name(context: Mapping[str, Any]) -> str:
    """The name of the first version of the claim that this one updates, or its own."""
    before = context.get("earlier") or ()
    return f"{context['reference']}-{before[0]['version']}" if before else name_of(context)


def request_case(context: Mapping[str, Any], signed_at: datetime, zone: ZoneInfo) -> RequestCase:
    """The request as a case. Raises InvalidRecord naming what it lacks."""
    refuse_lacking(context)
    partner, trading, asked = context["partner"], context["trading"], context["asked"]
    return read_case(
        json_bytes(
            {
                "envelope": _envelope(context, "278"),
                "created": _moment(signed_at, zone),
                "reference": name_of(context),
                "originator": trading["originator"],
                "payer": _payer(context),
                "requester": trading["requester"],
                "subscriber": _stated(context["subscriber"]),
                "patient_account": context["patient_account"],
                "event": _event(context, asked, partner),
            }
        ),
        RequestCase,
    )


def attachment_case(
    context: Mapping[str, Any], signed_at: datetime, zone: ZoneInfo, content: bytes
) -> AttachmentCase:
    """The evidence as a 275. Raises InvalidRecord naming what the request lacks.

    Where the payer asked for it, its number (``tracking``) is the control number.
    """
    refuse_lacking(context)
    trading, person = context["trading"], context["subscriber"]
    requester, question = trading["requester"], context.get("tracking")
    name = requester.get("organization") or requester.get("family_name")
    return read_case(
        json_bytes(
            {
                "version": context["partner"]["attachment_version"],
                "envelope": _envelope(context, "275"),
                "created": _moment(signed_at, zone),
                "reference": attachment_number(context),
                "solicited": bool(question),
                "payer": _payer(context),
                "submitter": {"name": name, "id": trading["sender"]["id"]},
                "provider": requester,
                "patient": {
                    "family_name": person["family_name"],
                    "given_name": person["given_name"],
                    "member_id": person["member_id"],
                    "account": context["patient_account"],
                },
                "documents": [
                    {
                        "control_number": question or attachment_number(context),
                        "submitted_on": signed_at.astimezone(zone).date().isoformat(),
                        "content": base64.b64encode(content).decode(),
                    }
                ],
            }
        ),
        AttachmentCase,
    )


def sent_numbers(context: Mapping[str, Any], *, attached: bool) -> tuple[Sent, ...]:
    """The numbers that receipts will repeat, of the 278 and of the 275 that goes with it."""
    found = [_sent(context, "278", "HI", name_of(context))]
    if attached:
        found.append(_sent(context, "275", "PI", attachment_number(context)))
    return tuple(found)


def _sent(context: Mapping[str, Any], kind: str, group: str, reference: str) -> Sent:
    number = _number(context, kind)
    return Sent(
        interchange=f"{number:09d}", group_code=group, group=str(number), transaction="0001",
        type=kind, reference=reference,
    )  # fmt: skip


def _number(context: Mapping[str, Any], kind: str) -> int:
    """A control number of our own, the same at every making."""
    digest = hashlib.sha256(f"{name_of(context)}|{kind}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _MOST + 1


def _envelope(context: Mapping[str, Any], kind: str) -> dict[str, Any]:
    trading = context["trading"]
    return {
        "sender": _stated(trading["sender"]),
        "receiver": _stated(context["partner"]["receiver"]["value"]),
        "usage": trading["usage"],
        "control_number": _number(context, kind),
    }


def _payer(context: Mapping[str, Any]) -> dict[str, Any]:
    partner = context["partner"]
    return {
        "name": context["payer"]["name"],
        "id": partner["payer_id"]["value"],
        "id_type": partner["id_type"],
    }


def _event(
    context: Mapping[str, Any], asked: Mapping[str, Any], partner: Mapping[str, Any]
) -> dict[str, Any]:
    event = {**context["event"], **_revision(context)}
    period = {"starts_on": asked["starts_on"], "ends_on": asked["ends_on"]}
    lines = []
    if event["one_unit_a_visit"] and len(event["procedures"]) == 1:
        lines = [{"code": event["procedures"][0], "amount": asked["visits"], "period": period}]
    return _stated(
        {
            "category": event["category"],
            "certification": event["certification"],
            "previous_authorization": event["previous_authorization"],
            "previous_reference": event.get("previous_reference"),
            "service_type": event["service_type"],
            "place_of_service": event.get("place_of_service"),
            "urgent": asked.get("urgent"),
            "trace": name_of(context),
            "period": period,
            "diagnoses": [{"code": code} for code in dict.fromkeys(event["diagnoses"])],
            "quantity": {"amount": asked["visits"]},
            "attachments": _attachments(context, event["attachment"]),
            "message": event["notice"],
            "providers": _providers(context["provider"]),
            "services": lines,
        }
    )


def _revision(context: Mapping[str, Any]) -> dict[str, Any]:
    """A request that the payer has pended under a number of its own is revised (UM02 S), and named
    by that number (REF*NT); without it nothing could tell the two apart."""
    number = folded(context.get("revises"))
    if not number or context["event"]["certification"] == "3":
        return {}
    return {"certification": "S", "previous_reference": number}


def _attachments(
    context: Mapping[str, Any], wanted: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """A PWK: sent as a 275 where the payer takes one, else kept for whoever asks."""
    if wanted is None:
        return []
    if not wanted["by_file"]:
        return [{"type": wanted["type"], "transmission": "AA"}]
    number = attachment_number(context)
    return [{"type": wanted["type"], "transmission": "EL", "control_number": number}]


def _providers(clinician: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not (clinician["family_name"] and clinician["npi"]):
        return []
    named = {key: clinician[key] for key in ("family_name", "given_name", "npi")}
    return [_stated({"role": "SJ", **named})]


def _moment(signed_at: datetime, zone: ZoneInfo) -> str:
    return signed_at.astimezone(zone).replace(tzinfo=None, microsecond=0).isoformat()


def _stated(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """Values as the JSON of a case; what is None is not stated."""
    return json.dumps(_plain(value)).encode()


def _plain(value: Any) -> Any:
    """Without what is not stated: a case knows no nulls in places where nothing stands."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items() if part is not None}
    return [_plain(part) for part in value] if isinstance(value, list) else value
