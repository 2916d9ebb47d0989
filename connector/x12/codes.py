"""Every code a finding can have, with what it means. docs/x12.md shows this table."""

from __future__ import annotations

from connector.x12.finding import Finding, Severity

SYNTAX = {
    "empty_file": "there is nothing in the file",
    "no_interchange": "the file, or a part of it, does not start with an ISA segment",
    "isa_malformed": "the ISA is not the header it must be, so nothing after it can be split",
    "delimiters_clash": "the separators that the ISA states are not four different signs",
    "byte_order_mark": "the file starts with a byte order mark, which receivers stumble over",
    "segment_empty": "two terminators follow each other",
    "filling": "blanks or control characters behind the last segment",
    "segment_tag_invalid": "a segment's name is not 2 or 3 capital letters and digits",
    "segment_too_long": "a segment is longer than any real one; its terminator is probably missing",
    "segment_not_terminated": "the file ends inside a segment",
    "character_not_allowed": "a character outside the character set",
    "trailing_separator": "a segment or composite ends with empty parts that must be left out",
    "binary_length_invalid": "the stated length of a binary payload is not a number",
    "binary_length_wrong": "a binary payload does not end where its stated length says",
    "binary_truncated": "the file ends inside a binary payload",
    "binary_too_long": "a binary payload is longer than this program takes",
    "transaction_set_too_long": "a transaction set is longer than this program takes",
    "payload_empty": "a binary payload without a byte",
    "payload_not_base64": "a payload that is said to be base64 and is not",
    "too_many_findings": "there are more findings; the rest of the file was not checked",
}
"""What can be wrong with the text itself."""

STRUCTURE = {
    "segment_missing": "a required segment is missing",
    "loop_missing": "a required part (loop) of the file is missing",
    "segment_too_often": "a segment comes more often than the guide allows",
    "loop_too_often": "a part (loop) comes more often than the guide allows",
    "segment_out_of_order": "a segment comes after its place",
    "segment_not_in_loop": "a segment of this guide, where it has no place",
    "segment_unknown": "a segment that this guide does not have",
    "qualifier_not_allowed": "the code that says what a segment is about has no meaning here",
}
"""What can be wrong with the order of segments."""

ENVELOPE = {
    "isa_width": "an element of the ISA does not have its fixed width",
    "trailer_missing": "an interchange, group or transaction set does not end with its trailer",
    "trailer_without_header": "an IEA, GE or SE without the ISA, GS or ST that it ends",
    "outside_envelope": "a segment lies outside of its interchange, group or transaction set",
    "envelope_empty": "an interchange or group holds nothing",
    "count_wrong": "IEA01, GE01 or SE01 does not count right",
    "control_number_mismatch": "a trailer does not repeat the control number of its header",
    "control_number_format": "ISA13 or GS06 is not a number above 0",
    "control_number_repeated": "a control number is used twice",
    "version_mismatch": "ISA12, GS08 and ST03 do not name the same version",
    "version_unknown": "a version of the transaction set that cannot be checked here",
    "transaction_unknown": "a transaction set that cannot be checked here",
    "direction_unknown": "a 278 that is neither a request nor a response",
    "direction_contradicts": "a 278 that says request and answers, or says response and asks",
    "group_code_wrong": "GS01 does not fit the transaction set",
    "hl_number": "HL01 does not number the levels one by one",
    "hl_parent": "HL02 does not name the level above",
    "hl_child_code": "HL04 does not say whether levels lie below",
    "list_not_closed": "an LS without its LE, or an LE without its LS",
}
"""What can be wrong with headers, trailers and levels."""

ELEMENTS = {
    "element_missing": "a required element or component is empty",
    "element_not_used": "an element that must be empty here",
    "element_unknown": "more elements or components than there are",
    "element_too_often": "an element repeats too often",
    "element_not_composite": "components in an element that has none",
    "element_too_short": "fewer characters than the element must have",
    "element_too_long": "more characters than the element may have",
    "element_type": "not a number or code, where one must stand",
    "element_blank": "an element of blanks only",
    "element_padded": "blanks at the start or end of an element",
    "date_impossible": "a date or period that does not exist, or in another format",
    "time_impossible": "a time that does not exist",
    "code_not_allowed": "a code that the guide does not take here",
    "code_unusual": "a code that is not in an older version's list; the payer may take it",
    "pair_incomplete": "elements that belong together are not all given",
    "one_of_missing": "none of some elements is given",
    "not_together": "elements that exclude each other are given together",
    "condition_unmet": "an element is given without the other that it needs",
}
"""What can be wrong with one segment."""

MEANING = {
    "date_range_reversed": "a period ends before it starts",
    "birth_date_later": "a birth after the day of the file",
    "date_later": "an accident, an onset or a submission after the day of the file",
    "npi_check_digit": "not an NPI: length, digits or check digit",
    "tax_number_format": "not a tax number",
    "social_security_number_format": "not a social security number",
    "taxonomy_format": "not a taxonomy code",
    "organization_with_first_name": "an organization with a first or middle name, or a suffix",
    "address_incomplete": "an address in the US without its state or ZIP code",
    "state_unknown": "not a state of the US",
    "zip_format": "not a ZIP code",
    "phone_format": "not a telephone number of ten digits",
    "email_format": "not an e-mail address",
    "icd9_qualifier": "a qualifier of ICD-9, which is no longer taken",
    "icd10_format": "not the form of an ICD-10 code",
    "loinc_format": "not the form of a LOINC code",
    "principal_diagnosis_place": "the principal diagnosis is not first, or there are two",
    "diagnosis_repeated": "a diagnosis is given twice",
    "diagnosis_pointer": "a service points at a diagnosis that is not there",
    "procedure_format": "not the form of a CPT or HCPCS code",
    "drug_code_format": "not the form of an NDC",
    "modifier_format": "not the form of a modifier",
    "quantity_not_positive": "a quantity of 0 or less",
    "visits_not_whole": "a fraction of a visit",
    "delivery_rate_incomplete": "a frequency without its unit of time",
    "delivery_contradicts": "total, frequency and period do not fit together",
}
"""What can be wrong with the meaning of values."""

REQUEST = {
    "patient_unclear": "events under the subscriber and a dependent",
    "patient_event_missing": "the patient has no event",
    "patient_name_missing": "the patient's name is not complete",
    "name_missing": "a payer or provider without a name",
    "birth_date_missing": "the patient's date of birth is not given",
    "diagnosis_missing": "no diagnosis",
    "admission_date_missing": "an admission without its date",
    "nothing_asked": "neither a service type nor a service line",
    "service_missing": "a service line without a service",
    "previous_authorization_missing": "a continued request without the earlier number",
    "place_of_service_format": "not a place-of-service code",
    "attachment_number_missing": "an attachment that is sent has no control number",
    "trace_repeated": "two levels with one trace number, by which decisions are told apart",
    "attachment_number_repeated": "two attachments with one control number",
}
"""What can be wrong with a 278 request."""

ATTACHMENT = {
    "document_number": "LX01 does not number the documents one by one",
    "submission_date_missing": "a document without the date of its submission",
}
"""What can be wrong with a 275."""

RESPONSE = {
    "decision_missing": "neither a decision nor a rejection; silence is not approval",
    "line_decision_missing": "a partial approval, or decisions, that say nothing of a line",
    "decision_and_rejection": "a decision and a rejection at once",
    "authorization_number_missing": "certified without a number",
    "decision_reason_missing": "denied or pended without a reason",
    "rejection_reason_missing": "rejected without a reason",
    "rejection_follow_up_missing": "rejected without saying what may be done",
    "trace_missing": "a request without trace number, or an answer that does not repeat it",
    "event_provider_missing": "the provider of the event is not named",
    "status_contradicts": "BHT06 does not fit the decisions",
}
"""What can be wrong with a 278 response."""

RECEIPT = {
    "verdict_contradicts": "a TA1 or 999 whose verdict does not fit what it rests on",
}
"""What can be wrong with a receipt."""

CODES: dict[str, str] = (
    SYNTAX | ENVELOPE | STRUCTURE | ELEMENTS | MEANING | REQUEST | ATTACHMENT | RESPONSE | RECEIPT
)
"""All codes."""


INCOMPLETE = frozenset(
    {
        "empty_file", "no_interchange", "isa_malformed", "delimiters_clash",
        "segment_not_terminated", "segment_too_long", "trailer_missing", "trailer_without_header",
        "outside_envelope", "envelope_empty", "count_wrong", "control_number_mismatch",
        "binary_length_invalid", "binary_length_wrong", "binary_truncated", "binary_too_long",
        "transaction_set_too_long", "too_many_findings",
    }
)  # fmt: skip
"""Findings after which nobody knows whether everything is there that was sent."""


def found(
    code: str,
    message: str,
    *,
    segment: str = "",
    position: int = 0,
    loop: str = "",
    element: str = "",
    severity: Severity = "error",
) -> Finding:
    """A finding with a known code.

    Raises:
        KeyError: The code is not in the table.
    """
    CODES[code]
    return Finding(severity, loop, segment, position, element, code, message)
