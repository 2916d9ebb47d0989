"""Payers' answers: each row is tied to what was sent, and moves its request; or is set aside.

A row is one transaction of an X12 file as ``connector x12 parse`` shows it, or a decision that
another adapter has read already (``type`` "decision" with ``ties`` and ``decision``). ``case`` is
empty; a person who knows better writes the request's reference into it (`quarantine fix`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from connector.authorizations import answers
from connector.authorizations.lifecycle import Decision, Event
from connector.engine import eligibility_answers, set_aside
from connector.engine.sent_requests import asked_case, read_again, refuse_overtaken
from connector.errors import ConfigurationError, InvalidRecord, Rejected
from connector.logs import outline
from connector.mapping.apply import MappingResult, RowError
from connector.ports import RawBatch, RawRow
from connector.release.requested import record
from connector.store.authorizations import CaseRow
from connector.store.store import Tx
from connector.x12.content.meaning import meaning
from connector.x12.content.review import Review
from connector.x12.content.tying import Sent, Tied, tie_advice, tie_group, tie_interchange

_log = logging.getLogger("connector.ingest")
# What a defect of ours raises over a payer's file; the database's own errors are not among them.
_DEFECTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_CORRECT = (
    "if the payer changed its decision, write it down with: connector authorizations set "
    "REFERENCE --state ... --correct WHY, and dismiss this row"
)
Content = Mapping[str, Any]
_FIX = (
    "find the request with: connector authorizations list; then write its reference here with: "
    "connector quarantine fix ID --set case=AR-..."
)


def take(tx: Tx, batch: RawBatch, now: datetime) -> MappingResult:
    """Everything that the rows say, in the caller's transaction; the errors of those set aside.

    Of a row that is set aside nothing is kept.
    """
    errors = []
    for row in batch.rows:
        try:
            with tx.part():
                _take(tx, row, batch, now)
        except (InvalidRecord, Rejected) as fault:
            errors.append(_error(row, batch, fault))
        except _DEFECTS as fault:
            _log.error("an answer could not be taken in: %s", outline(fault))
            errors.append(_error(row, batch, set_aside.unexpected(fault)))
    return MappingResult(errors=tuple(errors))


def _error(row: RawRow, batch: RawBatch, fault: InvalidRecord | Rejected) -> RowError:
    error = fault
    if not isinstance(error, InvalidRecord):
        hint = f"; {_CORRECT}" if fault.code == "illegal_move" else ""
        error = InvalidRecord(fault.code, fault.message + hint, field="case")
    return RowError(row.number, batch.table, batch.origin, error, row.data)


def _take(tx: Tx, row: RawRow, batch: RawBatch, now: datetime) -> None:
    if row.fault is not None:
        raise (
            row.fault
            if isinstance(row.fault, InvalidRecord)
            else Rejected(row.fault.code, row.fault.message)
        )
    kind, direction = str(row.data.get("type", "")), str(row.data.get("direction", ""))
    content = row.data.get("content")
    if not isinstance(content, Mapping):
        raise InvalidRecord("answer_unreadable", "the row holds no content", field="content")
    if kind == "271":
        eligibility_answers.take(tx, content, now)
        return
    reader = _READERS.get((kind, direction)) or _READERS.get((kind, ""))
    if reader is None:
        raise InvalidRecord(
            "not_an_answer", f"a {kind or 'file'} of this direction answers nothing of ours",
            field="type", allowed=("278 response", "999", "TA1", "277", "824", "271"),
        )  # fmt: skip
    if "response" in row.data:
        content = {**content, "response": row.data["response"]}
    reader(tx, content, _stated_case(tx, row), batch.as_of, now)


def _stated_case(tx: Tx, row: RawRow) -> CaseRow | None:
    """The request that a person named; None where nobody did."""
    given = str(row.data.get("case") or "").strip()
    if not given:
        return None
    try:
        found = tx.authorizations.get(given)
    except ConfigurationError as fault:
        if fault.code != "ambiguous_id":
            raise
        raise InvalidRecord(fault.code, fault.message, field="case") from None
    if found is None:
        raise InvalidRecord("no_such_case", "there is no request of this reference", field="case")
    return found


def _find(tx: Tx, stated: CaseRow | None, names: Sequence[str], what: str) -> CaseRow:
    if stated is not None:
        return stated
    id = tx.authorizations.tied(names) if names else None
    found = tx.authorizations.get(id) if id else None
    if found is None:
        raise InvalidRecord(
            "answer_unmatched", f"this {what} names no request that we sent; {_FIX}", field="case"
        )
    return found


def _review(
    tx: Tx, content: Content, stated: CaseRow | None, as_of: datetime, now: datetime
) -> None:
    """A 278 response: the payer's decision."""
    try:
        review = Review.model_validate_json(json.dumps(content))
    except ValidationError:
        raise InvalidRecord(
            "answer_unreadable", "this answer's content is not that of a 278 response",
            field="content",
        ) from None  # fmt: skip
    traces = [one.trace for one in (review.event, *review.services) if one and one.trace]
    names = [f"trace:{one}" for one in traces]
    if review.reference:
        names.append(f"ref:{review.reference}")
    found = _find(tx, stated, names, "278 response")
    asked = found.case.asked
    result = meaning(asked_case(tx, found), review)
    decision = answers.decision_of(result)
    decision = answers.held_against(decision, asked.visits)
    case = found.case.id
    plain = content if isinstance(content, dict) else dict(content)
    at = min(as_of, now)
    issued = review.created.isoformat() if review.created else ""
    event = answers.decision_event(case, decision, at, way="x12", answer=plain, issued=issued)
    if stated is None:
        refuse_overtaken(tx, found, event, names)
    record(tx, event, found.patient_id, now)


_WORST = ("rejected", "unknown", "accepted_with_errors", "accepted", "not_ours")
_UNTIED: tuple[Sent | None, Tied] = (None, Tied(fate="unknown", next_step="Ask the payer."))


def _tied(
    tie: Callable[[Sent, Content], Tied], what: str, names: Callable[[Content], list[str]]
) -> Callable[[Tx, Content, CaseRow | None, datetime, datetime], None]:
    """A reader of receipts: 999, TA1, 824."""

    def read(
        tx: Tx, content: Content, stated: CaseRow | None, as_of: datetime, now: datetime
    ) -> None:
        found = _find(tx, stated, names(content), what)
        sent = [Sent.model_validate(one) for one in found.case.sent]
        tied = [(s, one) for s in sent if (one := tie(s, content)).fate != "not_ours"]
        # One advice may speak of the request and of its attachment: the worse word counts.
        of, result = min(tied, key=lambda pair: _WORST.index(pair[1].fate), default=_UNTIED)
        about = f"{what} about the attachment" if of is not None and of.type == "275" else what
        event = answers.receipt_event(
            found.case.id, result, min(as_of, now), what=about, answer=dict(content)
        )
        if stated is None and event.kind == "returned" and of is not None and of.reference:
            refuse_overtaken(tx, found, event, [f"ref:{of.reference}"])
        record(tx, event, found.patient_id, now)

    return read


def _of_interchange(content: Content) -> list[str]:
    return _numbered("isa", content.get("control_number"))


def _of_group(content: Content) -> list[str]:
    kind = content.get("group") or ""
    return _numbered(f"group:{kind}", content.get("group_control_number"))


def _of_advice(content: Content) -> list[str]:
    found = []
    for one in content.get("items", ()):
        for kind in ("HI", "PI"):
            found += _numbered(f"group:{kind}", one.get("group_control_number"))
        if one.get("reference"):
            found += [f"ref:{one['reference']}", f"trace:{one['reference']}"]
    return found


def _numbered(what: str, value: object) -> list[str]:
    text = str(value or "").strip()
    return [f"{what}:{int(text)}"] if text.isascii() and text.isdigit() else []


def _status(
    tx: Tx, content: Content, stated: CaseRow | None, as_of: datetime, now: datetime
) -> None:
    """A 277: the payer asks for documents, or says where a request stands."""
    names: list[str] = []
    texts: list[str] = []
    for item in content.get("items", ()):
        if item.get("trace"):
            names += [f"trace:{item['trace']}", f"ref:{item['trace']}"]
        names += [f"ref:{one['value']}" for one in item.get("references", ()) if one.get("value")]
        texts += _asked_for(item)
    found = _find(tx, stated, names, "277")
    event = _status_event(found.case.id, content, tuple(texts), min(as_of, now))
    if stated is None and event.kind == "returned":
        refuse_overtaken(tx, found, event, names)
    record(tx, event, found.patient_id, now)


def _status_event(case: str, content: Content, texts: tuple[str, ...], at: datetime) -> Event:
    """Documents wanted, not taken, or how far it is: by the guide's kind, STC01 and STC03."""
    items = content.get("items", ())
    statuses = [one for item in items for one in item.get("statuses", ())]
    codes = [code for one in statuses for code in one.get("codes", ())]
    actions = {one.get("action") for one in statuses}
    asks = content.get("kind") == _ASKS or any(
        one.get("system") == "LOINC" or str(one.get("category", "")).startswith("R")
        for one in codes
    )
    if asks:
        due = sorted({str(one["answer_by"]) for one in items if one.get("answer_by")})
        step = "Send what the payer asks for" + (f", by {due[0]}." if due else ".")
        traces = [str(one["trace"]) for one in items if one.get("trace")]
        return answers.wanted_event(
            case, at, texts=texts, next_step=step, answer=dict(content),
            tracking=traces[0] if len(set(traces)) == 1 else "",
        )  # fmt: skip
    refused = "U" in actions
    return answers.status_event(
        case, at, taken=not refused, texts=texts, answer=dict(content),
        next_step=_NOT_TAKEN if refused else _STANDS,
    )  # fmt: skip


_ASKS = "request for additional information"
_NOT_TAKEN = "The payer did not take the request: correct what it names and send it again."
_STANDS = "The payer says where the request stands; its decision comes as an answer of its own."


def _asked_for(item: Content) -> list[str]:
    texts: list[str] = []
    for status in item.get("statuses", ()):
        codes = [f"{c.get('system') or c.get('category', '')} {c.get('code', '')}".strip()
                 for c in status.get("codes", ())]  # fmt: skip
        texts += [status["message"]] if status.get("message") else codes
    return texts


def _decision(
    tx: Tx, content: Content, stated: CaseRow | None, as_of: datetime, now: datetime
) -> None:
    """A decision that an adapter has read, such as that of a FHIR payer."""
    try:
        decision = Decision.model_validate_json(json.dumps(content.get("decision")))
    except ValidationError:
        raise InvalidRecord(
            "answer_unreadable", "the row's decision is none", field="content"
        ) from None
    names = [str(name) for name in content.get("ties", ())]
    found = _find(tx, stated, names, "decision")
    decision = read_again(tx, found, content) or decision
    event = answers.decision_event(
        found.case.id, answers.held_against(decision, found.case.asked.visits), min(as_of, now),
        way=str(content.get("way", "pas")), answer=decision.model_dump(mode="json"),
        issued=str(content.get("issued") or "")[:40],
    )  # fmt: skip
    if stated is None:
        refuse_overtaken(tx, found, event, names)
    record(tx, event, found.patient_id, now)


_READERS: dict[
    tuple[str, str], Callable[[Tx, Content, CaseRow | None, datetime, datetime], None]
] = {
    ("278", "response"): _review,
    ("999", ""): _tied(tie_group, "999", _of_group),
    ("TA1", ""): _tied(tie_interchange, "TA1", _of_interchange),
    ("824", ""): _tied(tie_advice, "824", _of_advice),
    ("277", ""): _status,
    ("decision", ""): _decision,
}
