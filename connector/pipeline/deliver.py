"""Step 5: which document goes where, as values. Sending is the engine's work.

A delivery's key exists before the first attempt and is the same at every run, so that the same
document never reaches a destination twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from connector.ports import FILE_FORMATS
from connector.progress import DocumentSpec
from connector.records import Frozen

FOR_REVIEW = "for-review"
_PARTS = ("authorization_request", "attachment")
_FOLDERS = {
    "therapist": "therapist",
    "patient": "patient",
    "insurer": "insurer",
    "referrer": "referrer",
    "director": "director",
    "decision": "decisions",
    "summary": "summaries",
    "packet_manifest": "packets",
    "alert": "alerts",
    "authorization_request": "requests-to-payers",
    "attachment": "requests-to-payers",
    "copy_sheet": "copy-sheets",
    "eligibility": "eligibility",
    "request": "requests",
}
_MEDIA_TYPES = {
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "x12": "application/edi-x12",
    "pas": "application/fhir+json",
    "cdex": "application/fhir+json",
}


class Route(Frozen):
    """A destination, the document kinds and formats that go there, and whether to wait there.

    ``unreleased``: documents may be put there before the person who must release them has.
    ``one_format``: of a document in several of the formats, only the first goes there. ``payers``:
    of what is about one payer, only that about these goes there; none means all. ``shadow``: kinds
    of document that are made for it and kept back.
    """

    destination: str
    receives: tuple[str, ...]
    formats: tuple[str, ...] = ("pdf", "html", "json")
    one_format: bool = False
    unreleased: bool = True
    payers: tuple[str, ...] = ()
    shadow: tuple[str, ...] = ()


class PlannedDelivery(Frozen):
    """One document in one format for one destination; ``path`` and ``labels`` hold no PHI.

    ``shadow``: it is kept back, and sent only if a person says so.
    """

    key: str
    destination: str
    document_id: str
    format: str
    kind: str
    path: str
    media_type: str
    labels: dict[str, str]
    shadow: bool = False


def plan(documents: Sequence[DocumentSpec], routes: Sequence[Route]) -> tuple[PlannedDelivery, ...]:
    """A delivery for each document, format and destination that takes its kind; each key once."""
    planned: dict[str, PlannedDelivery] = {}
    way = _file_way(documents, routes)
    for document in documents:
        for route in routes:
            if document.kind not in route.receives:
                continue
            if document.unreleased and not route.unreleased:
                continue
            if not _for_payer(document, route):
                continue
            for form in _formats(document, route):
                if way and document.kind in _PARTS and form in FILE_FORMATS and form != way:
                    continue
                delivery = _delivery(document, route, form)
                planned.setdefault(delivery.key, delivery)
    return tuple(planned.values())


def _file_way(documents: Sequence[DocumentSpec], routes: Sequence[Route]) -> str | None:
    """The one file format in which a request goes to its payer: the first of the payer's that some
    destination takes. In two it would be two requests there."""
    for document in documents:
        if document.kind != "authorization_request" or document.unreleased:
            continue
        taking = [r for r in routes if document.kind in r.receives and _for_payer(document, r)]
        for form in document.formats:
            if form in FILE_FORMATS and any(form in _formats(document, r) for r in taking):
                return form
    return None


def _formats(document: DocumentSpec, route: Route) -> Sequence[str]:
    made = [f for f in document.formats if not (document.unreleased and f in FILE_FORMATS)]
    if route.one_format:
        return [form for form in route.formats if form in made][:1]
    return [form for form in made if form in route.formats]


def _for_payer(document: DocumentSpec, route: Route) -> bool:
    """Whether the payer that a document names is one of the route's."""
    payer = document.context.get("payer")
    known = payer.get("id") if isinstance(payer, dict) else None
    return not route.payers or "payer" not in document.context or known in route.payers


def delivery_key(destination: str, document: DocumentSpec, form: str) -> str:
    """The idempotency key: sha256 of destination, document, digest and format."""
    text = "|".join((destination, document.document_id, document.digest, form))
    return hashlib.sha256(text.encode()).hexdigest()


def _delivery(document: DocumentSpec, route: Route, form: str) -> PlannedDelivery:
    return PlannedDelivery(
        key=delivery_key(route.destination, document, form),
        destination=route.destination,
        shadow=document.kind in route.shadow,
        document_id=document.document_id,
        format=form,
        kind=document.kind,
        path=_path(document, form),
        media_type=_MEDIA_TYPES[form],
        labels={
            "kind": document.kind,
            "patient_id": document.patient_id,
            "as_of": document.as_of.isoformat(),
            "format": form,
            "release": document.release,
        },
    )


def _path(document: DocumentSpec, form: str) -> str:
    """Where a filing system puts it; what must be released first lies apart until it is."""
    name = f"{document.as_of.isoformat()}_{document.kind}_{document.digest[:8]}.{form}"
    path = f"{_FOLDERS[document.kind]}/{document.patient_id}/{name}"
    return f"{FOR_REVIEW}/{path}" if document.unreleased else path
