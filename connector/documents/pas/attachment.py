"""The content of CDex ``$submit-attachment``: which request, whose, and the document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from connector.documents.pas import terms
from connector.documents.pas.packet import Answers, Document, Packet
from connector.documents.pas.parts import Resource, concept, guid
from connector.documents.pas.supporting import document_reference
from connector.records import Frozen
from connector.x12.content.fields import Reference


class AttachmentReply(Frozen):
    """Documents for a request that the payer has. ``tracking`` is the number it asked with.

    ``lines`` are the sequences of the items that they are about (none: the whole request).
    ``final``: nothing more will follow.
    """

    packet: Packet
    tracking: Reference
    administrative_reference: Reference | None = None
    documents: Annotated[tuple[Document, ...], Field(max_length=20)] = ()
    answers: Annotated[tuple[Answers, ...], Field(max_length=10)] = ()
    lines: tuple[int, ...] = ()
    final: bool = True


def attachment_parameters(reply: AttachmentReply) -> Resource:
    """The Parameters that are posted (CDex 2.1.0, OperationDefinition submit-attachment).

    ``AttachTo`` is ``preauthorization``; ServiceDate is optional then, and left out.
    """
    packet, case = reply.packet, reply.packet.case
    found: list[Resource] = [
        _identifier("TrackingId", f"urn:trnorg:{case.originator}", reply.tracking)
    ]
    if reply.administrative_reference:
        found.append(
            _identifier("AdminRefNumber", packet.payer_system, reply.administrative_reference)
        )
    who = "OrganizationId" if case.requester.organization else "ProviderId"
    found += [
        {"name": "AttachTo", "valueCode": "preauthorization"},
        _identifier("PayerId", packet.payer_system, case.payer.id),
        _identifier(who, terms.NPI, case.requester.npi),
        _identifier("MemberId", packet.member_system, case.subscriber.member_id),
        *(_attachment(part, reply.lines) for part in _parts(reply)),
        {"name": "Final", "valueBoolean": reply.final},
    ]
    return {"resourceType": "Parameters", "id": guid("attachment", found), "parameter": found}


def _parts(reply: AttachmentReply) -> list[tuple[Resource, Resource | None]]:
    """Each content with the code of what it is."""
    at = reply.packet.case.created.replace(tzinfo=reply.packet.zone).isoformat()
    found: list[tuple[Resource, Resource | None]] = []
    packet = reply.packet
    member = {"system": packet.member_system, "value": packet.case.subscriber.member_id}
    for document in reply.documents:
        subject: Resource = {"type": "Patient", "identifier": member}
        content = document_reference(document, subject, at)
        own = {"resourceType": "DocumentReference", "id": guid("document", content), **content}
        found.append((own, concept(terms.LOINC, document.loinc)))
    for answers in reply.answers:
        found.append((answers.resource, None))
    return found


def _attachment(part: tuple[Resource, Resource | None], lines: Sequence[int]) -> Resource:
    content, code = part
    inner: list[dict[str, Any]] = [{"name": "LineItem", "valueString": str(n)} for n in lines]
    if code is not None:
        inner.append({"name": "Code", "valueCodeableConcept": code})
    inner.append({"name": "Content", "resource": content})
    return {"name": "Attachment", "part": inner}


def _identifier(name: str, system: str, value: str) -> Resource:
    return {"name": name, "valueIdentifier": {"system": system, "value": value}}
