"""What was sent of a request, for reading its answers: as a case, as FHIR, by its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from connector.authorizations import answers
from connector.authorizations.lifecycle import Decision, Event
from connector.errors import InvalidRecord
from connector.pipeline.packet.case import attachment_number, claim_number, name_of, request_case
from connector.store.authorizations import CaseRow
from connector.store.store import Tx
from connector.x12.content.case import RequestCase

_OVERTAKEN = (
    "this answers an earlier version of the request, and a newer one, or its cancellation, was "
    "signed since; if it holds for that too, write the reference here with: connector quarantine "
    "fix ID --set case=AR-..., else dismiss it"
)


def asked_case(tx: Tx, found: CaseRow) -> RequestCase | None:
    """The request as it was sent, so that a line that the answer leaves out is noticed."""
    spec = tx.documents.spec(found.case.document) if found.case.document else None
    if spec is None or not {"x12", "pas"} & set(spec.formats):
        return None
    try:
        return request_case(spec.context, found.case.requested_at, ZoneInfo("UTC"))
    except InvalidRecord:
        return None  # an older program made it; the answer is read for itself


def read_again(tx: Tx, found: CaseRow, content: Mapping[str, Any]) -> Decision | None:
    """The decision in a payer's FHIR ``response``, held against what was sent.

    A notice is read by its receiver without the request, so that nothing says how much was asked
    for, or that an item got no answer. None where the bundle or what was sent is not there.
    """
    response = content.get("response")
    sent = tx.documents.content(found.case.document, "pas") if found.case.document else None
    if not isinstance(response, Mapping) or sent is None:
        return None
    from connector.documents.pas.decisions import decisions_of
    from connector.documents.pas.read_packet import read_packet

    names = set(map(str, content.get("ties", ())))
    for one in decisions_of(dict(response), read_packet(sent)):
        numbers = [one.identifier, *(line.trace for line in one.review.services)]
        if names & {f"trace:{number}" for number in numbers}:
            return answers.decision_of(one.meaning)
    return None


def refuse_overtaken(tx: Tx, found: CaseRow, event: Event, names: Iterable[str]) -> None:
    """Raises InvalidRecord for an answer whose numbers are those of an earlier version alone.

    What was recorded before is no news, whatever was sent since.
    """
    told = {name.partition(":")[2] for name in names}
    if told & _numbers(tx, found.case.document):
        return
    events = tx.authorizations.events(found.case.id)
    if any(one.id == event.id for one in events):
        return
    former = {one.document for one in events if one.kind == "requested"} - {found.case.document}
    if any(told & _numbers(tx, document) for document in former):
        raise InvalidRecord("answer_overtaken", _OVERTAKEN, field="case")


def _numbers(tx: Tx, document_id: str) -> set[str]:
    """The numbers that only this version of a request has."""
    spec = tx.documents.spec(document_id) if document_id else None
    if spec is None or "version" not in spec.context:
        return set()
    own = spec.context
    return {name_of(own), claim_number(own), attachment_number(own)}
