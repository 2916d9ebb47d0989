"""The questions that Healthie is asked, all in one place (docs.gethealthie.com).

``formAnswerGroup``, ``form_answers {label answer}``, ``createDocument`` with ``rel_user_id``,
``include_in_charting`` and ``share_with_rel``, and the fields of an insurance authorization are
named as there; the other names are to be compared with the sandbox's schema before the first use.
Healthie itself refuses a name that it does not know, and our message says which.

An answer may cost 2,000 points and be 25 levels deep; the page sizes keep within that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """One list: its fields, its entry by id, how many fit into an answer."""

    listed: str
    one: str
    fields: str
    page_size: int

    def list_text(self) -> str:
        """The query of a page of what changed since a moment."""
        return (
            "query List($offset: Int, $size: Int, $since: String) { "
            f"{self.listed}(offset: $offset, page_size: $size, updated_since: $since, "
            f'sort_by: "updated_at") {{ {self.fields} }} }}'
        )

    def one_text(self) -> str:
        """The query of one record."""
        return f"query One($id: ID) {{ {self.one}(id: $id) {{ {self.fields} }} }}"


QUESTIONS: Mapping[str, Question] = {
    "users": Question(
        "users",
        "user",
        "id first_name last_name dob gender record_identifier active updated_at",
        100,
    ),
    "appointments": Question(
        "appointments",
        "appointment",
        "id date length pm_status contact_type updated_at user { id } "
        "provider { id full_name } appointment_type { name }",
        100,
    ),
    "formAnswerGroups": Question(
        "formAnswerGroups",
        "formAnswerGroup",
        "id name finished created_at updated_at user { id } custom_module_form { id name } "
        "form_answers { label answer }",
        20,
    ),
    "insuranceAuthorizations": Question(
        "insuranceAuthorizations",
        "insuranceAuthorization",
        "id authorization_number start_on end_on unit_type visits_authorized visits_used "
        "visits_left updated_at user { id }",
        100,
    ),
}

DOCUMENTS = (
    "query Documents($user: String, $offset: Int) { "
    "documents(filterable_user_id: $user, offset: $offset, page_size: 100) "
    "{ id display_name } }"
)
CREATE_DOCUMENT = (
    "mutation Create($input: createDocumentInput) { createDocument(input: $input) "
    "{ document { id } messages { field message } } }"
)
