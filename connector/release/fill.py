"""Writes what the clinician must say into a draft of a payer report."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import datetime

from connector.documents import completion
from connector.errors import ConfigurationError, InvalidRecord, Rejected
from connector.pipeline.packet.asked_for import FIELD, asked_for, refuse_reversed
from connector.release.desk import TO_SIGN, Desk, Packet, find, find_packet
from connector.store.audit import AuditEntry
from connector.store.documents import DocumentRow
from connector.store.store import Tx


def fill(
    desk: Desk, given: str, texts: Mapping[str, str], *, by: str, not_part_2: bool = False
) -> dict[str, str]:
    """Keep the texts, by field key, label or the beginning of a key; an empty one takes it away.

    What is still missing, label by key. ``not_part_2``: the writer states that a text is no
    substance use content in the sense of 42 CFR Part 2. Raises ConfigurationError for an unknown
    field, InvalidRecord for a text that can't stand there, Rejected when it is signed. Where one
    is wrong, nothing is kept, and the error names each that is.
    """
    now = desk.now()

    def write(tx: Tx) -> dict[str, str]:
        packet = open_packet(tx, given)
        values: dict[str, str] = {}
        faults: list[ConfigurationError | InvalidRecord] = []
        for name, text in texts.items():
            try:
                key, value = _checked(desk, packet, name, text, not_part_2)
            except (ConfigurationError, InvalidRecord) as fault:
                faults.append(fault)
            else:
                values[key] = value
        if faults:
            raise _nothing_filled(faults)
        return _keep(tx, packet, values, {"not_part_2": int(not_part_2)}, by, now)

    return desk.store.write(write)


def _checked(desk: Desk, packet: Packet, name: str, text: str, not_part_2: bool) -> tuple[str, str]:
    """The field that is meant, and its text as it is kept."""
    context = packet.evidence.context
    key = field_meant(name, completion.fields(context))
    value = completion.checked(
        key, text, may_name_sud=not_part_2 or packet.sud_consent, codes=desk.substance_use,
        limit=completion.longest(context, key),
    )  # fmt: skip
    if key == FIELD and value:
        refuse_reversed(value)
        if packet.parts:
            asked_for(value)
    return key, value


def _nothing_filled(
    faults: Sequence[ConfigurationError | InvalidRecord],
) -> ConfigurationError | InvalidRecord:
    """One error that says all that is wrong: about a text, where one is, so that it can show it."""
    first = next((one for one in faults if isinstance(one, InvalidRecord)), faults[0])
    allowed = next((one.allowed for one in faults if one.code == "unknown_field"), ())
    told = "; ".join(one.message.partition("Valid values: ")[0].rstrip(". ") for one in faults)
    told += " Nothing was filled" if told.endswith("?") else ". Nothing was filled"
    if isinstance(first, ConfigurationError):
        return ConfigurationError(first.code, told, allowed=allowed)
    values = [one.value for one in faults if isinstance(one, InvalidRecord) and one.value]
    return InvalidRecord(
        first.code, told, field=first.field, value="; ".join(values) or None, allowed=allowed
    )


def copy_fields(desk: Desk, given: str, former: str, *, by: str) -> dict[str, str]:
    """Copy what was written into another draft, for fields that are empty here; what is missing.

    The clinician reads it again before signing: facts have changed since.
    """
    now = desk.now()

    def write(tx: Tx) -> dict[str, str]:
        packet, other = open_packet(tx, given), find_packet(tx, find(tx, former))
        if other.draft.patient_id != packet.draft.patient_id:
            raise Rejected("other_patient", "the other document is about another patient")
        here = completion.fields(packet.evidence.context)
        written = tx.drafts.fields(packet.draft.document_id)
        values = {
            key: row.value
            for key, row in tx.drafts.fields(other.draft.document_id).items()
            if key in here and key not in written
        }
        return _keep(tx, packet, values, {"copied_from": other.draft.document_id}, by, now)

    return desk.store.write(write)


def field_meant(name: str, known: Mapping[str, str]) -> str:
    """The key that a person means: key, label, or the beginning of one key.

    Raises ConfigurationError naming the valid ones.
    """
    key = completion.field_key(name)
    starting = [one for one in known if key and one.startswith(key)]
    if key in known:
        return key
    if len(starting) == 1:
        return starting[0]
    words = key.count("_") + 1
    starts = {"_".join(one.split("_")[:words]): one for one in known} | {one: one for one in known}
    close = difflib.get_close_matches(key, starts, n=1)
    raise ConfigurationError(
        "unknown_field",
        f"the report has no field {name!r} to be completed",
        allowed=sorted(known),
        suggestion=starts[close[0]] if close else None,
    )


def open_packet(tx: Tx, given: str) -> Packet:
    """The packet of a document, to be written into. Raises Rejected when it is signed."""
    row = find(tx, given)
    refuse_other_kinds(row)
    if row.document_id in tx.signatures.of_documents([row.document_id]):
        raise Rejected("already_signed", "this is a signed version; it stays as it is")
    packet = find_packet(tx, row)
    if tx.signatures.of_drafts([packet.draft.document_id]):
        raise Rejected("already_signed", "the packet is signed; new facts make a new version")
    return packet


def refuse_other_kinds(row: DocumentRow) -> None:
    """Raises ConfigurationError for a document that is neither of a payer packet nor a letter."""
    if row.kind in TO_SIGN:
        return
    instead = "; a patient report is released: documents release" if row.kind == "patient" else ""
    raise ConfigurationError(
        "not_a_packet", f"a {row.kind} document is no payer packet or letter{instead}",
        allowed=TO_SIGN,
    )  # fmt: skip


def _keep(
    tx: Tx,
    packet: Packet,
    values: Mapping[str, str],
    how: Mapping[str, str | int],
    by: str,
    now: datetime,
) -> dict[str, str]:
    """Stores the values with an audit entry; what is still missing."""
    id = packet.draft.document_id
    tx.drafts.fill(id, values, by, now)
    detail = {"fields": len(values), **how}
    tx.audit.append([AuditEntry("document_filled", id, actor=by, detail=detail)], now)
    written = {key: row.value for key, row in tx.drafts.fields(id).items()}
    return completion.missing(packet.evidence.context, written)
