"""What is wrong with a bundle: one fault, where it is, why it matters."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. ``path`` is a FHIRPath from the document's root, such as ``Bundle.entry[0]``.

    ``code`` is stable. ``message`` is for a person; nothing here holds a value of the bundle.
    """

    severity: Literal["error", "warning"]
    path: str
    code: str
    message: str

    def as_json(self) -> dict[str, str]:
        """The finding as an object with exactly its four keys."""
        return asdict(self)

    @property
    def is_error(self) -> bool:
        """Whether a payer may refuse the bundle for it."""
        return self.severity == "error"


CODES: dict[str, str] = {
    "not_fhir": "it is no FHIR resource that PAS exchanges",
    "base_r4": "R4 itself does not allow this content",
    "empty": "null, an empty text, object or list, which FHIR never writes",
    "missing": "a required element is missing",
    "too_many": "an element comes more often than the profile allows",
    "not_allowed": "an element that the profile does not allow here",
    "wrong_type": "an element has another type or form than the profile asks for",
    "wrong_code": "a code is not in the value set of the profile, or of another code system",
    "partial_date": "a date without its day",
    "not_positive": "a number must be above zero",
    "not_npi": "an NPI whose check digit is wrong",
    "bundle_type": "the bundle is no collection",
    "first_entry": "the first entry is not what the bundle is about",
    "claim_count": "there are too many claims or answers in the bundle",
    "full_url": "a fullUrl is neither a URL of the resource nor urn:uuid with a GUID",
    "full_url_twice": "two entries have the same fullUrl",
    "resource_twice": "a resource is in the bundle twice",
    "unresolved": "a reference leads to nothing in the bundle",
    "wrong_target": "a reference leads to another type of resource",
    "unreferenced": "nothing refers to this entry, directly or through others",
    "sequence": "a sequence number is used twice",
    "dangling_sequence": "a sequence number that no entry of the claim has",
    "focal": "the claim's coverage is not marked as the focal one",
    "coverage_party": "coverage, patient and insurer of the claim do not belong together",
    "subscriber_missing": "the patient is not the subscriber and no subscriber is named",
    "nothing_asked": "the claim has no item",
    "previous_number": "a continued request without the earlier number",
    "level_of_service": "an immediate appeal without the level of service",
    "prior_missing": "an update without the claim that it updates",
    "grandparent": "the claim before the updated one is in the bundle",
    "entry_dropped": "an item or supporting information of the earlier claim is gone",
    "change_unmarked": "something changed, was added or cancelled and is not marked so",
    "change_unfounded": "something is marked as changed that did not change",
    "cancel_incomplete": "a cancelled entry lacks a mark of cancellation",
    "extension": "an extension of PAS that does not exist, or where it has no place",
    "document_content": "a document without its content, or with an address in its place",
    "document_information": "supporting information without its kind of report",
    "decision_missing": "an item without a review action: silence is no approval",
    "modified_without_detail": "an item was modified and what was authorized is not given",
    "number_missing": "certified without an authorization number",
    "denial_reason": "denied without a reason",
    "contradiction": "a decision and an error at once",
    "request_unknown": "the answer does not say which request it answers",
    "period_reversed": "a period ends before it starts",
    "outcome": "the outcome contradicts what the answer holds",
    "wanted_identifier": "a request for information without the number that ties the answer to it",
    "too_many_findings": "there are more findings; the rest is not shown",
}
"""All codes, with their meaning; docs/pas.md shows this table."""

MOST = 500


def error(path: str, code: str, message: str) -> Finding:
    """A finding for which a payer may refuse the bundle. Raises KeyError for an unknown code."""
    CODES[code]
    return Finding("error", path, code, message)


def warning(path: str, code: str, message: str) -> Finding:
    """A finding that a person should look at. Raises KeyError for an unknown code."""
    CODES[code]
    return Finding("warning", path, code, message)
