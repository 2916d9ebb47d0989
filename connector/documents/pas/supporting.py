"""What supports a request: its dates, messages to the reviewer, documents, answers to forms."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from connector.documents.pas import terms
from connector.documents.pas.lines import period_of
from connector.documents.pas.packet import Answers, Document, Version
from connector.documents.pas.parts import Parts, Resource, concept, extension
from connector.errors import InvalidRecord
from connector.x12.content.services import Attachment

_SENT = frozenset({"EL", "EM"})
"""PWK02 of what arrives electronically, and so can lie in the bundle itself."""


def supporting(version: Version, parts: Parts, patient: Resource, at: str
               ) -> Iterator[tuple[str, str | None, Resource]]:  # fmt: skip
    """Entries of supportingInfo without their sequence: key, the line it belongs to, the entry.

    The key is the same in all versions of a request. Raises InvalidRecord where a document is
    announced as sent and is not there.
    """
    event = version.case.event
    if event.period is not None:
        yield "event", None, _info("patientEvent", timingPeriod=period_of(event.period))
    texts: list[tuple[str, str | None, str | None]] = [("event", None, event.message)]
    texts += [(str(s.trace), str(s.trace), s.message) for s in event.services]
    for name, line, text in texts:
        if text:
            yield f"message {name}", line, _info("freeFormMessage", valueString=text)
    contents = {one.control_number: one for one in version.documents}
    announced: list[tuple[str | None, Attachment]] = [(None, one) for one in event.attachments]
    announced += [(str(s.trace), one) for s in event.services for one in s.attachments]
    for line, attachment in announced:
        document = contents.get(str(attachment.control_number))
        if document is not None:
            reference = _document(document, parts, patient, at)
            yield f"document {attachment.control_number}", line, _attached(attachment, reference)
        elif attachment.transmission in _SENT:
            raise InvalidRecord(
                "document_missing",
                "the case announces a document as sent electronically, and the packet does not "
                "bring it; add it, or announce it as available on request (AA)",
                field="documents",
            )
    for answers in version.answers:
        reference, key = _answers(answers, parts, patient)
        yield f"answers {key}", None, _attached(Attachment(type=answers.type, transmission="AA"),
                                                reference)  # fmt: skip


def _info(category: str, **value: Any) -> Resource:
    return {"category": concept(terms.TEMP_CODES, category), **value}


def _attached(attachment: Attachment, reference: Resource) -> Resource:
    about = [
        extension(
            "reportTypeCode", valueCodeableConcept=concept(terms.REPORTS_755, attachment.type)
        )
    ]
    if attachment.control_number:
        method = concept(terms.TRANSMISSION_756, attachment.transmission)
        about.append(extension("transmissionMethod", valueCodeableConcept=method))
        about.append(extension("controlNumber", valueString=attachment.control_number))
    if attachment.description:
        about.append(extension("description", valueString=attachment.description))
    return {
        "extension": [{"url": terms.DOCUMENT_INFORMATION, "extension": about}],
        **_info("additionalInformation", valueReference=reference),
    }


def _document(document: Document, parts: Parts, patient: Resource, at: str) -> Resource:
    return parts.add(
        "DocumentReference",
        terms.PAS + "profile-documentreference",
        document_reference(document, patient, at),
    )


def document_reference(document: Document, patient: Resource, at: str) -> Resource:
    """The content of a DocumentReference that holds the document itself."""
    content = document.content
    return {
        "status": "current",
        "type": concept(terms.LOINC, document.loinc),
        "category": [concept(terms.DOCUMENT_CATEGORY, "clinical-note")],
        "subject": patient,
        "date": at,
        "content": [
            {
                "attachment": {
                    "contentType": document.media_type,
                    "data": base64.b64encode(content).decode("ascii"),
                    "size": len(content),
                    # R4 fixes SHA-1 here; it finds damage and proves nothing.
                    "hash": base64.b64encode(
                        hashlib.sha1(content, usedforsecurity=False).digest()
                    ).decode("ascii"),
                }
            }
        ],
    }


def _answers(answers: Answers, parts: Parts, patient: Resource) -> tuple[Resource, str]:
    """The form as it was filled in, about the patient of this bundle and without other links."""
    kept = {
        name: value
        for name, value in answers.resource.items()
        if name not in ("resourceType", "id", "meta", "text", "subject", "author", "source",
                        "encounter", "basedOn", "partOf")
    }  # fmt: skip
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), default=str)
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    return parts.add("QuestionnaireResponse", "", {**kept, "subject": patient}), key
