"""What a payer's codes say, in words, and what to do next.

Sources: which AAA03 code stands in which loop: the 4010 maps of pyx12 (BSD); names of the elements
306, 889 and 901: public X12 code listings, in our own words; HCR01: docs/x12.md. The next steps are
ours. HCR03 (code source 886) is licensed: its codes are shown as they are, with the payer's text.
"""

from __future__ import annotations

from typing import Literal

Group = Literal["fix_record", "resubmit_later", "call"]
"""What a rejection needs: correct what we sent, send the same later, or speak with the payer."""

ACTIONS = {
    "A1": "certified in total",
    "A2": "certified in part",
    "A3": "not certified",
    "A4": "pended: no decision yet",
    "A6": "certified with changes",
    "C": "cancelled",
    "CT": "contact the payer",
    "NA": "no action required",
}
"""HCR01."""

FOLLOW_UPS: dict[str, tuple[str, Group]] = {
    "C": ("correct and send again", "fix_record"),
    "N": ("do not send again: speak with the payer", "call"),
    "P": ("send the same request again", "resubmit_later"),
    "R": ("it may be sent again", "resubmit_later"),
    "S": ("do not send again: it was passed on to somebody else", "call"),
    "W": ("wait 30 days, then send again", "resubmit_later"),
    "X": ("wait 10 days, then send again", "resubmit_later"),
    "Y": ("do not send again: the payer will answer", "call"),
}
"""AAA04: words, and what it needs."""

_PROVIDER = "Compare NPI, name, taxonomy and address with what the payer has on file"
_MEMBER = "Compare the insurance card and the eligibility answer with the chart"
_DATES = "Correct the dates of the request"
_PAYER = "Call the payer or the clearinghouse"

REJECTIONS: dict[str, tuple[str, Group, str]] = {
    "04": ("more was asked for than is authorized", "fix_record", "Ask for less, or call"),
    "15": ("data that is needed is missing", "fix_record", "Complete the request"),
    "33": ("the data has errors", "fix_record", "Read the payer's text and correct the request"),
    "35": ("out of network", "call", "Ask for an exception, or for another provider"),
    "41": ("no access or not allowed", "call", f"{_PAYER}: is the enrollment complete?"),
    "42": ("the payer can't answer now", "resubmit_later", "Send the same request again later"),
    "43": ("provider's number is missing or wrong", "fix_record", _PROVIDER),
    "44": ("provider's name is missing or wrong", "fix_record", _PROVIDER),
    "45": ("provider's specialty is missing or wrong", "fix_record", _PROVIDER),
    "46": ("provider's telephone number is missing or wrong", "fix_record", _PROVIDER),
    "47": ("provider's state is missing or wrong", "fix_record", _PROVIDER),
    "48": ("referring provider's number is missing or wrong", "fix_record", _PROVIDER),
    "49": ("the provider is not the primary care provider", "call", _PAYER),
    "50": ("the provider may not ask", "call", f"{_PAYER}: is the enrollment complete?"),
    "51": ("the payer does not know the provider", "fix_record", _PROVIDER),
    "52": ("the dates lie outside the provider's contract", "fix_record", _DATES),
    "53": ("the service does not fit the kind of provider", "fix_record", _PROVIDER),
    "54": ("the kind of procedure code is wrong", "fix_record", "Correct the procedure code"),
    "55": ("the procedure code is wrong", "fix_record", "Correct the procedure code"),
    "56": ("a date is wrong", "fix_record", _DATES),
    "57": ("the dates of service are missing or wrong", "fix_record", _DATES),
    "58": ("the date of birth is missing or wrong", "fix_record", _MEMBER),
    "60": ("the date of birth is after the service", "fix_record", _MEMBER),
    "61": ("the date of death is before the service", "call", _PAYER),
    "62": ("the dates are outside what may be asked for", "fix_record", _DATES),
    "63": ("the date of service lies in the future", "fix_record", _DATES),
    "64": ("the patient's number is missing or wrong", "fix_record", _MEMBER),
    "65": ("the patient's name is missing or wrong", "fix_record", _MEMBER),
    "66": ("the patient's sex is missing or wrong", "fix_record", _MEMBER),
    "67": ("the payer does not find the patient", "fix_record", _MEMBER),
    "68": ("the patient's number stands for several people", "call", _PAYER),
    "69": ("it does not fit the patient's age", "fix_record", _MEMBER),
    "70": ("it does not fit the patient's sex", "fix_record", _MEMBER),
    "71": ("the date of birth differs from the payer's", "fix_record", _MEMBER),
    "72": ("the member number is missing or wrong", "fix_record", _MEMBER),
    "73": ("the subscriber's name is missing or wrong", "fix_record", _MEMBER),
    "74": ("the subscriber's sex is missing or wrong", "fix_record", _MEMBER),
    "75": ("the payer does not find the subscriber", "fix_record", _MEMBER),
    "76": ("the member number stands for several people", "call", _PAYER),
    "77": ("the subscriber was found, the patient was not", "fix_record", _MEMBER),
    "78": ("the subscriber is not in this group or plan", "fix_record", _MEMBER),
    "79": ("a partner's number is wrong", "fix_record", "Correct the payer's and our own numbers"),
    "80": ("the payer did not answer", "resubmit_later", "Send the same request again later"),
    "95": ("the patient is not eligible", "call", "Ask for eligibility; look for other insurance"),
    "97": ("provider's address is missing or wrong", "fix_record", _PROVIDER),
    "98": ("experimental service or procedure", "call", _PAYER),
    "AA": ("the authorization number was not found", "fix_record", "Correct the earlier number"),
    "AE": ("the primary care provider must authorize it", "call", "Ask the primary care provider"),
    "AF": ("the diagnosis is missing or wrong", "fix_record", "Correct the diagnosis codes"),
    "AG": ("the procedure is missing or wrong", "fix_record", "Correct the procedure codes"),
    "AH": ("the date of onset is missing or wrong", "fix_record", _DATES),
    "AI": ("the date of the accident is missing or wrong", "fix_record", _DATES),
    "AJ": ("the last menstrual period is missing or wrong", "fix_record", _DATES),
    "AK": ("the expected date of birth is missing or wrong", "fix_record", _DATES),
    "AL": ("the date of surgery is missing or wrong", "fix_record", _DATES),
    "AM": ("the date of admission is missing or wrong", "fix_record", _DATES),
    "AN": ("the date of discharge is missing or wrong", "fix_record", _DATES),
    "AO": ("more about the condition is needed", "fix_record", "Add the clinical information"),
    "CI": ("the certification does not fit the patient", "fix_record", _MEMBER),
    "E8": ("a medical review is needed", "call", _PAYER),
    "IA": ("the authorization number has a wrong form", "fix_record", "Correct the earlier number"),
    "MA": ("the authorization number is missing", "fix_record", "State the earlier number"),
    "T4": ("the payer's name or number is missing", "fix_record", "Correct the payer"),
    "T5": ("data of the certification is missing", "fix_record", "Complete the request"),
}
"""AAA03: words, what it needs where AAA04 says nothing, and the next step."""


def rejection_words(code: str, follow_up: str) -> tuple[str, Group, str]:
    """What AAA03 and AAA04 mean together: words, what it needs, the next step.

    What the payer allows (AAA04) decides over what the reason suggests: a reason that we could
    correct is still a call where the payer forbids to send again. A code that is not known here is
    shown as it is, and needs a call.
    """
    meaning, group, step = REJECTIONS.get(
        code, (f"reason {code or 'not stated'}, unknown here", "call", _PAYER)
    )
    if follow_up not in FOLLOW_UPS:
        return meaning, group, f"{step}."
    words, allowed = FOLLOW_UPS[follow_up]
    if follow_up in ("N", "S", "Y"):
        return meaning, allowed, f"{_capital(words)}."
    if follow_up == "R":
        return meaning, group, f"{step}; {words}."
    if follow_up == "C":
        return meaning, allowed, f"{step if group == 'fix_record' else _PAYER}; {words}."
    return meaning, allowed, f"{_capital(words)}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
