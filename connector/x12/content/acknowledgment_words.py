"""What acknowledgments say, in words: TA1 notes, 999 error codes, 824 and 277 codes.

Sources: which codes: the 999 map of pyx12 (BSD); names: public listings of X12 elements I17, I18,
620, 621, 715, 716, 717, 618 and 110, in our own words.
"""

from __future__ import annotations

INTERCHANGE = {"A": "accepted", "E": "accepted with errors", "R": "rejected"}
"""TA104."""

INTERCHANGE_NOTES = {
    "000": "no error",
    "001": "the control numbers in ISA and IEA differ",
    "002": "this standard is not supported",
    "003": "this version of the envelope is not supported",
    "004": "the segment terminator is wrong",
    "005": "the kind of sender number is wrong",
    "006": "the sender number is wrong",
    "007": "the kind of receiver number is wrong",
    "008": "the receiver number is wrong",
    "009": "the receiver is not known",
    "010": "the kind of authorization information is wrong",
    "011": "the authorization information is wrong",
    "012": "the kind of security information is wrong",
    "013": "the security information is wrong",
    "014": "the date is wrong",
    "015": "the time is wrong",
    "016": "the standard's identifier is wrong",
    "017": "the version is wrong",
    "018": "the control number is wrong",
    "019": "the acknowledgment request is wrong",
    "020": "the usage indicator (test or production) is wrong",
    "021": "the number of groups is wrong",
    "022": "the control structure is wrong",
    "023": "the file ends too early",
    "024": "the content is wrong, such as a bad GS",
    "025": "this control number was used before",
    "026": "the element separator is wrong",
    "027": "the component separator is wrong",
    "028": "the delivery date is wrong",
    "029": "the delivery time is wrong",
    "030": "the delivery time code is wrong",
    "031": "the grade of service is wrong",
}
"""TA105."""

TRANSACTION = {
    "A": "accepted",
    "E": "accepted, errors were noted",
    "M": "rejected: message authentication failed",
    "P": "accepted in part",
    "R": "rejected",
    "W": "rejected: assurance failed",
    "X": "rejected: could not be decrypted",
}
"""IK501 and AK901."""

SET_ERRORS = {
    "1": "this transaction set is not supported",
    "2": "SE is missing",
    "3": "the control numbers in ST and SE differ",
    "4": "the number of segments in SE is wrong",
    "5": "segments have errors",
    "6": "the transaction set code is missing or wrong",
    "7": "the control number is missing or wrong",
    "18": "the transaction set is not in a group",
    "19": "the guide named in ST03 is wrong",
    "23": "the control number is used twice in the group",
    "I5": "segments do not follow the guide",
    "I6": "the guide is not supported",
}
"""IK502 to IK506."""

GROUP_ERRORS = {
    "1": "this group is not supported",
    "2": "this version is not supported",
    "3": "GE is missing",
    "4": "the control numbers in GS and GE differ",
    "5": "the number of transaction sets in GE is wrong",
    "6": "the group control number is wrong",
    "19": "the group control number was used before",
}
"""AK905 to AK909."""

SEGMENT_ERRORS = {
    "1": "the segment is not known",
    "2": "the segment is not expected here",
    "3": "a required segment is missing",
    "4": "the loop comes too often",
    "5": "the segment comes too often",
    "6": "the segment does not belong to this transaction set",
    "7": "the segment is out of order",
    "8": "elements of the segment have errors",
    "I4": "the guide does not use this segment",
    "I6": "a segment that the guide needs here is missing",
    "I7": "the loop comes less often than the guide needs",
    "I8": "elements do not follow the guide",
    "I9": "the guide does not use this segment in this case",
}
"""IK304."""

ELEMENT_ERRORS = {
    "1": "a required element is missing",
    "2": "an element that another one needs is missing",
    "3": "there are too many elements",
    "4": "the element is too short",
    "5": "the element is too long",
    "6": "a character is not allowed",
    "7": "the code is not valid",
    "8": "the date is wrong",
    "9": "the time is wrong",
    "10": "elements that exclude each other are both there",
    "11": "the segment has too many repetitions",
    "12": "the element comes too often",
    "13": "the composite has too many components",
    "I6": "the code is not one of the guide's",
    "I9": "an element that the guide needs here is missing",
    "I10": "the guide does not use this element",
    "I11": "the element comes less often than the guide needs",
    "I12": "the guide's pattern does not fit",
    "I13": "the guide does not use this element in this case",
}
"""IK403."""

ADVICE = {
    "TA": "transaction accepted",
    "TC": "transaction accepted with changes",
    "TE": "transaction accepted with errors",
    "TP": "transaction accepted in part",
    "TR": "transaction rejected",
    "TH": "transaction on hold",
    "GA": "group accepted",
    "GC": "group accepted with changes",
    "GE": "group accepted with errors",
    "GP": "group accepted in part",
    "GR": "group rejected",
    "GH": "group on hold",
    "IA": "item accepted",
    "IC": "item accepted with changes",
    "IE": "item accepted with errors",
    "IP": "item accepted in part",
    "IR": "item rejected",
    "BA": "batch accepted",
    "BC": "batch accepted with changes",
    "BE": "batch accepted with errors",
    "BP": "batch accepted in part",
    "BR": "batch rejected",
}
"""OTI01 of the 824."""

STATUS_ACTIONS = {"WQ": "accepted", "U": "rejected"}
"""STC03 of a 277CA."""


def words(table: dict[str, str], code: str) -> str:
    """The code's words, or that it is not known here."""
    return table.get(code, f"code {code}, unknown here" if code else "no code")
