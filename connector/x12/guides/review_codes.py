"""The code lists of the 278 (005010X217).

No licensed TR3 was consulted. Sources, by letter: M4010 the 4010 X094A1 maps of pyx12 (BSD); CASES
requests and responses of 005010X217 checked by an independent validator (docs/x12.md); PAS, which
binds FHIR fields to these elements. A list with ``~`` rests on M4010 alone: a code that is not in
it may be right, so it is a warning.
"""

from __future__ import annotations

CATEGORY = "AR HS IN SC"
"""UM01 of an event: admission, health services, initial services, specialty (CASES, PAS)."""

SERVICE_CATEGORY = "HS SC"
"""UM01 of a service line (CASES)."""

CERTIFICATION = "1 2 3 4 I N R S"
"""UM02: appeal (1 immediate, 2 standard), 3 cancel, 4 extension, I initial, R renewal, S revised
(M4010); N is taken at 5010 too (CASES)."""

SERVICE_TYPE = (
    "1 2 3 4 5 6 7 8 12 14 15 16 17 18 20 21 23 24 25 26 27 28 33 34 35 36 37 38 39 40 42 44 45 46 "
    "48 50 51 52 53 54 56 57 58 59 61 62 63 64 65 67 68 69 70 71 72 73 74 75 76 77 78 79 80 82 83 "
    "84 85 86 93 94 95 99 A0 A1 A2 A3 A4 A6 A7 A8 A9 AB AC AD AE AF AG AI AJ AK AL AR BB BC BD BE "
    "BF BG BL BN BP BQ BS BY BZ C1 CA CB CC CD CE CG CH CI CJ CK CL CM CN CO CP CQ DM DS GY IC MH "
    "NI ON PT PU RN RT TC TN"
)
"""UM03: M4010 without 98, which is refused at 5010 (CASES, as CF is), and the codes that the 5010
eligibility lists added, MH and PT among them (CASES)."""

FACILITY_QUALIFIER = "A B"
"""UM04-2: A type of bill, B place of service (M4010, CASES)."""

RELATED_CAUSE = "AA AP EM OA"
LEVEL_OF_SERVICE = "03 E U"
CONDITION = "~1 2 3 4 5 6 7 8 9 E F G P"
PROGNOSIS = "~1 2 3 4 5 6 7 8"
RELEASE = "A I M N O Y"
DELAY = "1 2 3 4 5 6 7 8 9 10 11 15 16 17"
"""UM05, UM06, UM09, UM10: M4010, and every code that the 5010 maps of pyx12 give the element."""


DIAGNOSIS = "ABF ABJ ABK APR BF BJ BK DR LOI PR"
"""HI: ICD-10 (ABK principal, ABJ admitting, ABF other, APR reason for the visit), DR the
diagnosis-related group, LOI LOINC where a response asks for documents. BK, BF, BJ and PR are
ICD-9: listed here, because a rule of its own refuses them and says why."""

QUANTITY = "DY FL HS MN VS"
"""HSD01: days, units, hours, months, visits (M4010, CASES)."""

RATE = "DA MO WK"
PERIOD = "6 7 21 26 27 34 35"
"""HSD05: hour, day, years, episode, visit, month, week (M4010; 34 and 35 CASES)."""

PATTERN = "~1 2 3 4 5 6 7 8 9 A B C D E F G H J K L M N O P Q R S SA SB SC SD SG SL SP SX SY SZ T U V W X Y"  # noqa: E501
PATTERN_TIME = "~A B C D E F G Y"

REPORT_TYPE = (
    "03 04 05 06 07 08 09 10 11 13 15 21 48 55 59 77 A3 A4 AM AS AT B2 B3 BR BS BT CB CK D2 DA DB "
    "DG DJ DS FM HC HR I5 IR LA M1 NN OB OC OD OE OX P4 P5 P6 P7 PE PN PO PQ PY PZ QC QR RB RR RT "
    "RX SG V5 XP"
)
"""PWK01 (M4010; CASES: OZ, right in a claim, is refused here)."""

TRANSMISSION = "AA BM EL EM FX VO"
"""PWK02 (M4010, CASES)."""

CONDITION_CODES = (
    "~01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 30 31 35 37 "
    "39 40 41 42 43 44 45 46 60 9D 9E 9F 9H 9J 9K AM AS AT BP BT BU CB CI CO DI DP DY EN EP EX FC "
    "FO HE IH LB LE LO MC MH NR OL OT PA PO SL SP TR UN UT WA WR ZV"
)

PAYER_ID = "24 34 46 PI XV"
PROVIDER_ID = "24 34 46 XX"
MEMBER_ID = "MI II"
"""NM108 of a subscriber (CASES: MI)."""

PROVIDER_ROLE = "1T 71 72 73 77 AAJ DD DK DN DQ FA G3 P3 QB QV SJ"
"""NM101 of an event's or line's provider (CASES: SJ, 71, FA, DK, DN; the others from companion
guides)."""

CONTACT_ROLE = "1P 2B ABG L5 PR X3"
"""NM101 of the contact for more information, in a response (M4010)."""

TRANSPORT_ROLE = "45 FS ND PW R3"
OTHER_REVIEWER_ROLE = "00 2B CA GG PRP SEP TTP"
"""NM101 of transport places and of another reviewer: not needed for therapy, and not verified."""

PROVIDER_CODE = "AD AS AT BI CO CV H HH LA OP OR OT P1 P2 PC PE PT R RF RP SB SK SU"
"""PRV01: M4010, and every code that the 5010 maps of pyx12 give the element."""

FIRST_NUMBER = "EM FX TE UR"
FURTHER_NUMBER = "EM EX FX TE UR"
REQUESTER_REFERENCE = "~1G 1J CT EI G5 N5 N7 SY ZH"
SUBSCRIBER_REFERENCE = "~1L 1W 3L 6P A6 DP EJ F6 HJ IG N6 NQ SY Y4"
DEPENDENT_REFERENCE = "~A6 EJ HJ SY Y4"
PROVIDER_REFERENCE = "~0B 1G 1J EI G5 N5 N7 SY ZH"
GENDER = "F M U"
RELATIONSHIP = (
    "01 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 19 20 21 22 23 24 25 26 29 31 32 33 34 36 38 "
    "39 40 41 43 48 49 53 60 76 D2 G8 G9"
)
"""INS02 of a dependent: M4010, and every code but 18 (self) that pyx12's 5010 maps give it."""

DECISION = "A1 A2 A3 A4 A6 C CT NA"
"""HCR01 of an event: certified in total, in part, not certified, pended, modified, cancelled,
contact payer, no action required (CASES)."""

LINE_DECISION = "A1 A3 A4 A6 C CT NA"
"""HCR01 of a line: A2, in part, says nothing of one line (CASES)."""

FOLLOW_UP = "C N P R Y"
"""AAA04: correct and resubmit, not allowed, resubmit the original, allowed, do not resubmit."""

REJECT = {
    "2000A": "~04 41 42 79",
    "2010A": "~04 41 42 79 80 T4",
    "2010B": "~35 41 43 44 45 46 47 49 50 51 79 97",
    "2010C": "~15 58 64 65 66 67 68 71 72 73 74 75 76 77 78 79 95",
    "2010D": "~15 33 58 64 65 66 67 68 71 77 95",
    "2000E": "~15 33 52 56 57 60 61 62 AF AG AH AI AJ AK AM AN AO AP AQ AR AS T5",
    "2010E": "~15 33 35 41 43 44 45 46 47 49 51 52 79 97",
    "2000F": "~15 33 52 57 60 61 62 AG AH AI AJ AK AL AM T5",
}
"""AAA03 by loop (M4010; of the event and the line also those that 5010 companion guides list)."""
