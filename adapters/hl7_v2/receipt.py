"""What a receiver's answer means: delivered, to be sent again, or for a person."""

from __future__ import annotations

from adapters.hl7_v2.acknowledgment import CONDITIONS
from adapters.hl7_v2.message import Message, read_message
from connector.errors import InvalidRecord, Rejected, RetryLater

_TAKEN = frozenset({"AA", "CA"})
_REFUSED = frozenset({"AE", "AR", "CE", "CR"})


def check_answer(content: bytes, control_id: str, name: str, retry: tuple[int, ...]) -> None:
    """Returns where the message was taken.

    Raises RetryLater where the answer is none, or to another message, or says that it can be taken
    later; Rejected where the receiver refuses it. No error quotes what the receiver wrote.
    """
    try:
        answer = read_message(content.decode("utf-8", "replace"))
    except InvalidRecord:
        raise RetryLater("garbage_answer", f"{name} answers, but not in HL7") from None
    msa = answer.first("MSA")
    code = msa.value(1).upper()
    if code not in _TAKEN | _REFUSED:
        raise RetryLater("garbage_answer", f"{name} answers without saying whether it took it")
    if msa.value(2) != control_id:
        raise RetryLater(
            "answer_lost", f"{name} answered another message than the one that was sent"
        )
    if code in _TAKEN:
        return
    condition = _condition(answer)
    words = f" {condition} ({CONDITIONS[condition]})" if condition in CONDITIONS else ""
    if condition in retry:
        raise RetryLater("not_taken_now", f"{name} answered {code}{words}: it may take it later")
    raise Rejected(
        "refused_by_receiver",
        f"{name} answered {code}{words or ' without a reason by HL7 table 0357'}; look into its "
        "log under this message's id, put right what is wrong, then replay",
        detail=f"MSH-10 {control_id}",
    )


def _condition(answer: Message) -> int | None:
    """The code of HL7 table 0357: ERR-3 (since v2.5), ERR-1.4 (before), or MSA-6."""
    err, msa = answer.first("ERR"), answer.first("MSA")
    for text in (err.value(3), err.value(1, 4), msa.value(6)):
        if text.isascii() and text.isdigit() and len(text) <= 3 and int(text) > 0:
            return int(text)
    return None
