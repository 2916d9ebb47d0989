"""From an attachment case to the segments of a 275, in each of its three versions.

005010X210 carries the bytes as they are (BIN), the 6020 guides carry base64 (BDS*B64). Both are
framed by their stated length. Sources: docs/x12.md; the rules of the esMD and UnitedHealthcare
companion guides as a public implementation's tests state them.
"""

from __future__ import annotations

import base64

from connector.x12.content.attachment_case import AttachedDocument, AttachmentCase
from connector.x12.content.envelope import TransactionText, interchange
from connector.x12.content.party_writer import add_address, add_payer, add_provider_name, day
from connector.x12.segment import Segment
from connector.x12.writer import composite, make_binary


def attachment_segments(case: AttachmentCase) -> list[Segment]:
    """The whole interchange; every document's ``file`` must have been read into ``content``."""
    full = case.completed()
    text = TransactionText("275", full.version)
    # BGN01: 11 answers a question, 02 comes with a request.
    text.add("BGN", "11" if full.solicited else "02", full.reference, day(full.created.date()))
    add_payer(text, "PR", full.payer)
    text.add("NM1", "41", "2", full.submitter.name, "", "", "", "", "46", full.submitter.id)
    add_provider_name(text, "1P", full.provider)
    if full.provider.address:
        text.add("NX1", "1P")
        add_address(text, full.provider.address)
    patient = full.patient
    names = (patient.family_name, patient.given_name, patient.middle_name or "")
    text.add("NM1", "QC", "1", *names, "", "", "MI", patient.member_id)
    if patient.account:
        text.add("REF", "EJ", patient.account)
    if full.service_on:
        text.add("DTP", "472", "D8", day(full.service_on))
    for number, document in enumerate(full.documents, 1):
        text.add("LX", str(number))
        _document(text, document, full)
    number = full.envelope.control_number or 0
    return interchange(
        text.closed(), full.envelope, full.created, number, group="PI", guide=full.version
    )


def _document(text: TransactionText, document: AttachedDocument, case: AttachmentCase) -> None:
    text.add("TRN", "2" if case.solicited else "1", document.control_number)
    if document.question:
        asked = document.question
        text.add("STC", composite(asked.category, asked.loinc, "", "LOI"))
    text.add("DTP", "368", "D8", day(document.submitted_on))
    text.add("CAT", "AE", document.format)
    if case.version == "005010X210":
        text.add("EFI", "05")
        text.put(make_binary("BIN", document.payload))
    else:
        text.add("OOI", "1", "47", "ATTACHMENT")
        text.put(make_binary("BDS", base64.b64encode(document.payload), "B64"))
