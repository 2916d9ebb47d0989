"""Faults that general validators let pass, or that programs write by mistake, each found.

They were listed from what is known of files in the field, before a look at what the validator
does: shifted elements, a request with parts of an answer, joined segments, frequencies as the 837
writes them, trace numbers used twice. SE01 is made right again, so that no count gives them away.
"""

from __future__ import annotations

import pytest

from tests.unit.x12.faults import (
    APPROVED,
    MH,
    MH_DEP,
    PARTIAL,
    PENDED,
    PT_DEP,
    REJECTED,
    Fault,
    check,
    recounted,
    text,
)

N4 = "N4*SPRINGFIELD*IL*62703~\n"
PRV = "PRV*PE*PXC*101YM0800X~\n"
MSG = "MSG*OUTCOME SCORES AND PLAN OF CARE FOLLOW AS AN ATTACHMENT~\n"
PWK = "PWK*M1*EL***AC*SYNATT0101~\n"
TWELVE_MORE = "*".join(f"ABF:F{number}" for number in range(311, 323))

ENVELOPE = [
    Fault(MH, "*000000101*0*T", "*ABCDEFGHI*0*T", "control_number_format", "ISA13",
          others=("element_type", "control_number_mismatch")),
    Fault(MH, "*000000101*0*T", "*000000000*0*T", "control_number_format", "ISA13",
          others=("control_number_mismatch",)),
    Fault(MH, "0915*101*X", "0915*0*X", "control_number_format", "GS06",
          others=("control_number_mismatch",)),
    Fault(MH, "GE*1*101", "GE*1*0101", "control_number_mismatch", "GE02"),
    Fault(MH, "*X*005010X217~\nST", "*X*005010X215~\nST", "version_mismatch", "ST03", at=3),
    Fault(MH, "SYNTHPAYER*20261104", "SYNTHPAYER*261104", "date_impossible", "GS04",
          others=("element_too_short",)),
    Fault(MH, "*0*T*:~", "*2*T*:~", "code_not_allowed", "ISA14"),
    Fault(MH, "SYNTHPRACTICE  *ZZ", "               *ZZ", "element_blank", "ISA06"),
    Fault(MH, "*SYNTHPAYER     *", "*               *", "element_blank", "ISA08"),
    Fault(MH, "*^*00501", "*U*00501", "element_type", "ISA11"),
    Fault(MH, "GS*HI*SYNTHPRACTICE", "GS*HI*", "element_missing", "GS02"),
    Fault(MH, "SE*35*0001", "SE*35*1", "control_number_mismatch", "SE02",
          others=("element_too_short",)),
    Fault(MH, "ST*278*0001", "ST*278*1", "element_too_short", "ST02",
          others=("control_number_mismatch",)),
    Fault(MH, "IEA*1*000000101~\n", "IEA*1*000000101~\nEND", "outside_envelope", at=40,
          others=("segment_not_terminated",)),
    Fault(MH, "BHT*0007", "ST*278*0002*005010X217~\nBHT*0007", "trailer_missing", at=3,
          others=("*",)),
    Fault(MH, "HL*5*4*SS", "SE*29*0001~\nHL*5*4*SS", "outside_envelope", at=32, others=("*",)),
]  # fmt: skip

LEVELS = [
    Fault(MH, "HL*3*2*22", "HL*3*1*22", "hl_parent", "HL02", "2000C"),
    Fault(MH, "HL*4*3*EV", "HL*4*5*EV", "hl_parent", "HL02", "2000E"),
    Fault(MH, "HL*4*3*EV", "HL*4*2*EV", "hl_parent", "HL02", "2000E"),
    Fault(MH, "HL*5*4*SS", "HL*5*3*SS", "hl_parent", "HL02", "2000F"),
    Fault(MH_DEP, "HL*3*2*22*1", "HL*3*2*22*0", "hl_child_code", "HL04", "2000C",
          others=("code_not_allowed",)),
    Fault(MH_DEP, "SYNTRACE0102L2", "SYNTRACE0102L1", "trace_repeated", "TRN02", "2000F"),
    Fault(MH_DEP, "SYNTRACE0102L2", "SYNTRACE0102", "trace_repeated", "TRN02", "2000F"),
]  # fmt: skip

ORDER = [
    Fault(MH, "DTP*431*D8", "HCR*A1*X1~\nDTP*431*D8", "segment_unknown", "", "2000E"),
    Fault(MH, "UM*HS*I*A6*11", "AAA*N**33*C~\nUM*HS*I*A6*11", "segment_unknown", "", "2000E"),
    Fault(MH, MSG, "LX*1~\n" + MSG, "segment_unknown", "", "2000E"),
    Fault(MH, PWK + MSG, MSG + PWK, "segment_out_of_order", "", "2000E", at=28),
    Fault(MH, "N3*1 NOWHERE LANE~\n" + N4, N4 + "N3*1 NOWHERE LANE~\n", "segment_out_of_order",
          "", "2010C", at=18),
    Fault(MH, "REF*EI*123456789~\n", f"{PRV}REF*EI*123456789~\n", "segment_out_of_order", "",
          "2010B", at=10, others=("segment_too_often",)),
    Fault(MH, "HL*1**20*1~", "BHT*0007*13*X1*20261104*0915~\nHL*1**20*1~", "segment_too_often",
          "", "278"),
    Fault(MH, "UM*HS*I*A6*11", "UM*HS*I*A6~\nUM*HS*I*A6*11", "segment_too_often", "", "2000E",
          at=23),
    Fault(MH_DEP, "REF*BB*SYNAUTH7001~", "REF*BB*SYNAUTH7001~\nREF*BB*SYNAUTH7002~",
          "segment_too_often", "", "2000E", at=25),
    Fault(MH, "HL*2*1*21*1~", "NM1*X3*2*OTHER PLAN*****PI*SYN02~\nHL*2*1*21*1~",
          "loop_too_often", "", "2010A"),
    Fault(MH, "NM1*SJ*1", "NM1*QQ*1", "qualifier_not_allowed", "NM101", "2010EA"),
    Fault(MH, "NM1*1P*2", "NM1*85*2", "qualifier_not_allowed", "NM101", "2010B"),
    Fault(MH, "MSG*OUTCOME", "MSG *OUTCOME", "segment_tag_invalid", others=("segment_unknown",)),
    Fault(MH, "HI*ABK:F411*ABF:F331~\n", "HI*ABK:F411*ABF:F331\n", "character_not_allowed",
          "HI02", "2000E", others=("*",)),
    Fault(MH, "HI*ABK:F411*ABF:F331~\n", "HI*ABK:F411*ABF:F331", "element_missing",
          "HI03-2", "2000E", others=("*",)),
]  # fmt: skip

ELEMENTS = [
    Fault(MH, "UM*HS*I*A6*11:B*****Y", "UM*HS*I**A6*11:B****Y", "element_missing", "UM04-2",
          "2000E", others=("code_not_allowed", "element_too_short")),
    Fault(MH, "SYNTRACE0101*9SYNTHPRAC~", "SYNTRACE0101*9SYNTHPRACX~", "element_too_long",
          "TRN03", "2000E"),
    Fault(MH, "SYNTRACE0101*9SYNTHPRAC~", "SYNTRACE0101~", "element_missing", "TRN03", "2000E"),
    Fault(MH, "NM1*IL*1", "NM1*IL*2", "code_not_allowed", "NM102", "2010C",
          others=("organization_with_first_name",)),
    Fault(MH_DEP, "NM1*QC*1*TESTPERSON*ROBIN", "NM1*QC*1*TESTPERSON*ROBIN****MI*SYN1",
          "element_not_used", "NM109", "2010D"),
    Fault(MH, "DMG*D8*19850315", "DMG*D8*09850315", "date_impossible", "DMG02", "2010C"),
    Fault(MH, "DMG*D8*19850315", "DMG*D8*198503151200", "date_impossible", "DMG02", "2010C"),
    Fault(MH, "D8*20260901", "D8*00000000", "date_impossible", "DTP03", "2000E"),
    Fault(MH, "AAH*RD8*20261110-", "AAH*RD8*20261110/", "date_impossible", "DTP03", "2000E"),
    Fault(MH, "AAH*RD8*20261110-20270210", "AAH*RD8*20261110-20270229", "date_impossible",
          "DTP03", "2000E"),
    Fault(MH, "ABF:F331", TWELVE_MORE, "element_unknown", "HI13", "2000E"),
    Fault(MH, "ABK:F411", "ABK:f411", "icd10_format", "HI01-2", "2000E"),
    Fault(MH, "ABK:F411", "ABK:F4", "icd10_format", "HI01-2", "2000E"),
    Fault(MH, "HI*ABK:F411*", "HI*ABK>F411*", "element_missing", "HI01-2", "2000E",
          others=("element_too_long", "element_type")),
    Fault(MH, "UN*12***1", "UN*1.2.5***1", "element_type", "SV104", "2000F"),
    Fault(MH, "UN*12***1", "UN*+12***1", "element_type", "SV104", "2000F"),
    Fault(MH, "UN*12***1", "UN*1E2***1", "element_type", "SV104", "2000F"),
    Fault(MH, "SV1*HC:90837**UN", "SV1*HC**UN", "element_missing", "SV101-2", "2000F"),
    Fault(MH, "AC*SYNATT0101", f"AC*{'S' * 51}", "element_too_long", "PWK06", "2000E"),
    Fault(MH, "***AC*SYNATT", "***XX*SYNATT", "code_not_allowed", "PWK05", "2000E"),
    Fault(MH_DEP, "REF*BB*SYNAUTH7001", "REF*BB", "element_missing", "REF02", "2000E",
          others=("previous_authorization_missing", "one_of_missing")),
    Fault(MH, "N4*SPRINGFIELD*IL*62703", "N4**IL*62703", "element_missing", "N401", "2010C"),
    Fault(MH_DEP, "INS*N*19", "INS*N", "element_missing", "INS02", "2010D"),
    Fault(MH_DEP, "INS*N*19", "INS*N*18", "code_not_allowed", "INS02", "2010D"),
    Fault(MH, "TESTPERSON*ALEX", "TESTPERSON*AL\xc9X", "character_not_allowed", "NM104", "2010C"),
    Fault(MH, "TESTPERSON*ALEX", "TESTPERSON*AL\x7fX", "character_not_allowed", "NM104", "2010C"),
    Fault(MH, "TESTPERSON*ALEX", "TESTPERSON*AL\0X", "character_not_allowed", "NM104", "2010C"),
    Fault(MH, "MSG*OUTCOME SCORES", "MSG*OUTCOME\nSCORES", "character_not_allowed", "MSG01"),
    Fault(MH, "BHT*0007*13*SYNREF0101*", "BHT*0007*13**", "element_missing", "BHT03"),
    Fault(MH, "XX*1456789019", "34*1456789019", "social_security_number_format", "NM109",
          "2010EA"),
]  # fmt: skip

MEANING = [
    Fault(MH, "HSD*VS*12*WK*1*34*3", "HSD*VS*1*WK**34*3", "delivery_rate_incomplete", "HSD04",
          "2000E"),
    Fault(MH, "HSD*VS*12*WK*1*34*3", "HSD*VS*12*WK*1*34", "delivery_rate_incomplete", "HSD06",
          "2000E"),
    Fault(PT_DEP, "HSD*VS*12*WK*3*34*1", "HSD*VS*12*WK*3*35*1", "delivery_contradicts", "HSD02",
          "2000E"),
    Fault(MH, "*A6*11:B", "*A6*00:B", "place_of_service_format", "UM04-1", "2000E"),
    Fault(MH, "*A6*11:B", "*A6*1A:B", "place_of_service_format", "UM04-1", "2000E"),
    Fault(MH, "UM*HS*I*A6*11", "UM*HS*1*A6*11", "previous_authorization_missing", "UM02", "2000E"),
    Fault(MH, "DTP*431*D8*20260901", "DTP*431*D8*20281101", "date_later", "DTP03", "2000E"),
    Fault(MH, "SV1*HC:90837**UN*12***1", "SV1*HC:90837**UN*12***3", "diagnosis_pointer",
          "SV107-1", "2000F"),
]  # fmt: skip

ANSWERS = [
    Fault(APPROVED, "BHT*0007*11*SYNREF0201", "BHT*0007*11*", "element_missing", "BHT03"),
    Fault(APPROVED, "HCR*A1*SYNAUTH9001~\nDTP", "HCR**SYNAUTH9001~\nDTP", "element_missing",
          "HCR01", "2000E"),
    Fault(APPROVED, "HCR*A1*SYNAUTH9001~\nDTP", "HCR*A5*SYNAUTH9001~\nDTP", "code_not_allowed",
          "HCR01", "2000E"),
    Fault(APPROVED, "AAH*RD8*20261110-20270210", "AAH*RD8*20261110-20271310", "date_impossible",
          "DTP03", "2000E"),
    Fault(APPROVED, "HSD*VS*12", "HSD*VS*1.5", "visits_not_whole", "HSD02", "2000E"),
    Fault(APPROVED, "XX*1456789019", "XX*1456789018", "npi_check_digit", "NM109", "2010EA"),
    Fault(APPROVED, "HL*5*4*SS*0", "HL*6*4*SS*0", "hl_number", "HL01", "2000F"),
    Fault(PARTIAL, "HCR*A6*SYNAUTH9002", "HCR*A2*SYNAUTH9002", "code_not_allowed", "HCR01",
          "2000F"),
    Fault(PARTIAL, "HCR*A6*SYNAUTH9002", "HCR*A6", "authorization_number_missing", "HCR02",
          "2000F"),
    Fault(PARTIAL, "NM1*SJ*1*SYNTHCLINICIAN*JORDAN****XX*1456789019~\n", "",
          "event_provider_missing", "", "2000E", at=13),
    Fault(PENDED, "*0915*19~", "*0915*18~", "status_contradicts", "BHT06"),
    Fault(PENDED, "HCR*A4**0U", "HCR*A4", "decision_reason_missing", "HCR03", "2000E"),
    Fault(PENDED, "HI*LOI:18842-5", "HI*LOI", "element_missing", "HI01-2", "2000E"),
    Fault(PENDED, "***AC*SYNATT0101", "****SYNATT0101", "pair_incomplete", "PWK05", "2000E"),
    Fault(REJECTED, "AAA*N**72*C", "AAA*N*X*72*C", "element_not_used", "AAA02", "2010C"),
    Fault(REJECTED, "AAA*N**72*C", "AAA***72*C", "element_missing", "AAA01", "2010C"),
]  # fmt: skip

FAULTS = ENVELOPE + LEVELS + ORDER + ELEMENTS + MEANING + ANSWERS


@pytest.mark.parametrize(
    "fault", FAULTS, ids=[f"{n:03d}-{f.file[:6]}-{f.code}" for n, f in enumerate(FAULTS)]
)
def test_each_trap_is_found_in_its_place(fault: Fault) -> None:
    good = text(fault.file)
    assert good.count(fault.old) == 1, "the mutation must hit one place"
    changed = good.replace(fault.old, fault.new)
    check(fault, good, recounted(changed) if fault not in ENVELOPE else changed)


def test_there_are_more_than_forty_of_requests() -> None:
    assert len([f for f in FAULTS if not f.file.startswith("response")]) > 40
