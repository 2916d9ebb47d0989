"""Which submission a receipt is about: 999, TA1, 824 by control numbers, a 275 by PWK06 = TRN02."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from connector.records import Frozen
from connector.x12.content.case import RequestCase
from connector.x12.segment import Segment

Fate = Literal["accepted", "accepted_with_errors", "rejected", "unknown", "not_ours"]
_FATES: dict[str, Fate] = {
    "A": "accepted", "E": "accepted_with_errors", "P": "accepted_with_errors", "R": "rejected",
    "M": "rejected", "W": "rejected", "X": "rejected",
}  # fmt: skip
_ADVICE: dict[str, Fate] = {
    "A": "accepted", "C": "accepted_with_errors", "E": "accepted_with_errors",
    "P": "accepted_with_errors", "R": "rejected", "H": "unknown",
}  # fmt: skip


class Sent(Frozen):
    """The numbers of one interchange that we sent, as receipts repeat them."""

    interchange: str
    group_code: str
    group: str
    transaction: str
    type: str
    reference: str | None = None


class Tied(Frozen):
    """What a receipt says of a submission, with what to do where that is something."""

    fate: Fate
    reasons: tuple[str, ...] = ()
    next_step: str = ""


NOT_OURS = Tied(fate="not_ours")
_FIX = "Correct the file: the payer has not seen the request. Then send it again."
_WAIT = "Nothing to do: the payer's answer follows."
_READ = "The payer took it and noted errors: read them, and wait for its answer."


def sent(segments: Sequence[Segment]) -> Sent:
    """The numbers of an interchange of ours with one group and one transaction set."""
    by_tag = {segment.tag: segment for segment in reversed(segments)}
    header = by_tag.get("BHT")
    opening = by_tag.get("BGN")
    reference = header.element(3) if header else (opening.element(2) if opening else "")
    return Sent(
        interchange=by_tag["ISA"].element(13),
        group_code=by_tag["GS"].element(1),
        group=by_tag["GS"].element(6),
        transaction=by_tag["ST"].element(2),
        type=by_tag["ST"].element(1),
        reference=reference or None,
    )


def tie_interchange(ours: Sent, content: Mapping[str, Any]) -> Tied:
    """A TA1 (as ``parse`` gives it): TA101 repeats ISA13."""
    if not _same(content.get("control_number"), ours.interchange):
        return NOT_OURS
    reasons = (str(content["note_meaning"]),) if content.get("note", "000") != "000" else ()
    return _tied(_FATES.get(str(content.get("result")), "unknown"), reasons)


def tie_group(ours: Sent, content: Mapping[str, Any]) -> Tied:
    """A 999: AK101 and AK102 repeat GS01 and GS06, AK202 repeats ST02.

    Without an AK2 for our set (a group that could not be taken apart) the group's verdict counts.
    """
    if content.get("group") != ours.group_code:
        return NOT_OURS
    if not _same(content.get("group_control_number"), ours.group):
        return NOT_OURS
    for one in content.get("transactions", ()):
        if one.get("type") == ours.type and _same(one.get("control_number"), ours.transaction):
            reasons = [*one.get("reasons", ()), *_errors(one.get("errors", ()))]
            verdict = one.get("result") or content.get("result")
            return _tied(_FATES.get(str(verdict), "unknown"), tuple(reasons))
    reasons = list(content.get("reasons", ()))
    return _tied(_FATES.get(str(content.get("result")), "unknown"), tuple(reasons))


def tie_advice(ours: Sent, content: Mapping[str, Any]) -> Tied:
    """An 824: by OTI08 and OTI09, else by our reference in OTI03."""
    for one in content.get("items", ()):
        group, number = one.get("group_control_number"), one.get("control_number")
        if group or number:
            same = _same(group or ours.group, ours.group) and _same(
                number or ours.transaction, ours.transaction
            )
            if not same:
                continue
        elif not ours.reference or one.get("reference") != ours.reference:
            continue
        reasons = [e.get("message") or f"error {e.get('code')}" for e in one.get("errors", ())]
        verdict = str(one.get("result", ""))[1:]
        return _tied(_ADVICE.get(verdict, "unknown"), tuple(map(str, reasons)))
    return NOT_OURS


def request_of(document_number: str, requests: Mapping[str, RequestCase]) -> str | None:
    """The key of the request whose PWK06 is this document's TRN02; None where there is none."""
    for key, request in requests.items():
        of_lines = (one for line in request.event.services for one in line.attachments)
        for one in (*request.event.attachments, *of_lines):
            if one.control_number == document_number:
                return key
    return None


def _same(theirs: object, ours: str) -> bool:
    """Control numbers are numbers: leading zeros do not count."""
    text = str(theirs or "").strip()
    return bool(text) and (text == ours or text.lstrip("0") == ours.lstrip("0"))


def _errors(errors: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each error of a 999 in one sentence."""
    found = []
    for one in errors:
        place = f"segment {one.get('position', '?')} ({one.get('segment', '?')})"
        inner = one.get("elements", ())
        if not inner:
            found.append(f"{place}: {one.get('meaning', '')}")
        found += [f"{place}, element {e.get('element', '?')}: {e['meaning']}" for e in inner]
    return found


def _tied(fate: Fate, reasons: tuple[str, ...]) -> Tied:
    steps = {"accepted": _WAIT, "accepted_with_errors": _READ, "rejected": _FIX}
    return Tied(fate=fate, reasons=reasons, next_step=steps.get(fate, "Ask the payer."))
