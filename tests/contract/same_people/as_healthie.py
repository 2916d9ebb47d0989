"""The people as Healthie's API has them, in its stand-in."""

from __future__ import annotations

from adapters.healthie.fake import FakeHealthie
from adapters.healthie.sample import answers
from tests.contract.same_people.people import CLINICIAN, CLINICIAN_ID, TRUTH, UNREAD_FORMS

_STATUS = {
    "attended": "Occurred", "scheduled": "Confirmed", "no_show": "No-Show",
    "late_cancel": "Late Cancellation", "client_cancel": "Cancelled",
    "practice_cancel": "Cancelled",
}  # fmt: skip
_CONTACT = {True: "Healthie Video Call", False: "In Person", None: None}
_FORM = {"phq9": "PHQ-9", "gad7": "GAD-7"}


def put(fake: FakeHealthie) -> None:
    """Fills the stand-in."""
    for one in TRUTH["patient"]:
        fake.put(
            "users", one["chart_number"], first_name=one["given_name"],
            last_name=one["family_name"], dob=str(one["birth_date"]), gender=one["sex"].title(),
            record_identifier=one["chart_number"], active=one.get("status", "active") == "active",
        )  # fmt: skip
    for n, one in enumerate(TRUTH["visit"]):
        fake.put(
            "appointments", f"V-{n}", user={"id": one["patient_id"]},
            date=one["starts_at"].strftime("%Y-%m-%d %H:%M:%S %z"), length=one["minutes"],
            pm_status=_STATUS[one["status"]],
            contact_type=_CONTACT[one["telehealth"]],
            provider={"id": CLINICIAN_ID, "full_name": CLINICIAN},
            appointment_type={"name": "Therapy"},
        )  # fmt: skip
    for n, one in enumerate(TRUTH["assessment"]):
        if one["instrument"] not in UNREAD_FORMS["healthie"]:
            given = [None if item is None else int(item) for item in one["items"]]
            fake.put(
                "formAnswerGroups", f"F-{n}", user={"id": one["patient_id"]}, finished=True,
                name=_FORM[one["instrument"]], created_at=one["taken_at"].isoformat(),
                form_answers=answers(given),
                custom_module_form={"id": f"form-{n}", "name": _FORM[one["instrument"]]},
            )  # fmt: skip
    for n, one in enumerate(TRUTH["authorization"]):
        fake.put(
            "insuranceAuthorizations", f"U-{n}", user={"id": one["patient_id"]},
            authorization_number=one["number"], start_on=str(one["starts_on"]),
            end_on=str(one["ends_on"]), unit_type="visits", visits_authorized=one["authorized"],
            visits_used=one["used_reported"],
            visits_left=one["authorized"] - one["used_reported"],
        )  # fmt: skip
