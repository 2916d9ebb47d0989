"""Each single fault put into a good file is found, with its code and in its place.

The files are synthetic: no person, practice or payer in them exists.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connector.x12.codes import CODES
from connector.x12.validate import validate
from tests.unit.x12.faults import (
    APPROVED,
    FILES,
    MH,
    MH_DEP,
    PARTIAL,
    PENDED,
    PT,
    PT_DEP,
    REJECTED,
    Fault,
    check,
    text,
)

COUNT = ("count_wrong",)

ENVELOPE = [
    Fault(MH, "SYNTHPRACTICE  *ZZ", "SYNTHPRACTICE*ZZ", "isa_width", "ISA06"),
    Fault(MH, "*ZZ*SYNTHPAYER     ", "*QQ*SYNTHPAYER     ", "code_not_allowed", "ISA07"),
    Fault(MH, "*261104*0915*^", "*261304*0915*^", "date_impossible", "ISA09"),
    Fault(MH, "*261104*0915*^", "*261104*2515*^", "time_impossible", "ISA10"),
    Fault(MH, "*00501*", "*00401*", "code_not_allowed", "ISA12", others=("version_mismatch",)),
    Fault(MH, "*0*T*:~", "*0*X*:~", "code_not_allowed", "ISA15"),
    Fault(MH, "*0*T*:~", "*0*T**~", "delimiters_clash", others=("*",)),
    Fault(MH, "IEA*1*000000101", "IEA*1*000000102", "control_number_mismatch", "IEA02"),
    Fault(MH, "IEA*1*", "IEA*2*", "count_wrong", "IEA01"),
    Fault(MH, "IEA*1*000000101~\n", "", "trailer_missing", at=1),
    Fault(MH, "GE*1*101", "GE*1*102", "control_number_mismatch", "GE02"),
    Fault(MH, "GE*1*101", "GE*3*101", "count_wrong", "GE01"),
    Fault(MH, "GE*1*101~\n", "", "trailer_missing", at=2),
    Fault(MH, "GS*HI*", "GS*HC*", "group_code_wrong", "GS01"),
    Fault(MH, "20261104*0915*101*X", "20261104*0960*101*X", "time_impossible", "GS05"),
    Fault(MH, "*X*005010X217", "*X*005010X279", "version_mismatch", "ST03", at=3),
    Fault(MH, "278*0001*005010X217", "278*0001*005010X999", "version_unknown", "ST03",
          others=("version_mismatch",)),
    Fault(MH, "ST*278*", "ST*834*", "transaction_unknown", "ST01"),
    Fault(MH, "BHT*0007*13*", "BHT*0007*12*", "direction_unknown", "BHT02"),
    Fault(MH, "SE*35*", "SE*36*", "count_wrong", "SE01"),
    Fault(MH, "*0001~\nGE", "*0002~\nGE", "control_number_mismatch", "SE02"),
    Fault(MH, "SE*35*0001~\n", "", "trailer_missing", at=3),
    Fault(MH, "GE*1*101~\nIEA", "GE*1*101~\nREF*EJ*X1~\nIEA", "outside_envelope", at=39),
    Fault(MH, "GE*1*101~", "GE*1*101~\nGE*1*101~", "trailer_without_header", at=39),
    Fault(MH, "IEA*1*000000101~\n", "IEA*1*000000101", "segment_not_terminated"),
    Fault(MH, "TRN*1*SYNTRACE0101*9SYNTHPRAC~", "TRN*1*SYNTRACE0101*9SYNTHPRAC~~", "segment_empty",
          at=22),
]  # fmt: skip

STRUCTURE = [
    Fault(MH, "BHT*0007*13*SYNREF0101*20261104*0915~\n", "", "direction_unknown", others=COUNT,
          at=3),
    Fault(MH, "NM1*X3*2*SYNTHETIC HEALTH PLAN*****PI*SYN01~\n", "", "loop_missing", "", "2010A",
          others=COUNT, at=5),
    Fault(MH, "NM1*X3*", "NM1*PR*", "qualifier_not_allowed", "NM101", "2010A"),
    Fault(MH, "NM1*IL*1*TESTPERSON*ALEX*Q***MI*SYN123456789~\n", "", "loop_missing", "", "2010C",
          others=("*",), at=14),
    Fault(MH, "HL*3*2*22*1~\n", "", "segment_missing", "", "2000C", others=("*",)),
    Fault(MH, "UM*HS*I*A6*11:B*****Y~\n", "", "segment_missing", "", "2000E", others=COUNT, at=20),
    Fault(MH, "HSD*VS*12*WK*1*34*3~\n", "HSD*VS*12*WK*1*34*3~\nHI*ABK:F411~\n",
          "segment_too_often", "", "2000E", others=(*COUNT, "segment_out_of_order"), at=27),
    Fault(MH, "HI*ABK:F411*ABF:F331~\nHSD*VS*12*WK*1*34*3~\n",
          "HSD*VS*12*WK*1*34*3~\nHI*ABK:F411*ABF:F331~\n", "segment_out_of_order", "", "2000E",
          at=26),
    Fault(MH, "MSG*OUTCOME", "ZZZ*OUTCOME", "segment_unknown", "", "2000E"),
    Fault(MH, "MSG*OUTCOME SCORES", "CLM*OUTCOME SCORES", "segment_unknown", "", "2000E"),
    Fault(MH, "N4*SPRINGFIELD*IL*62703~\n", "N4*SPRINGFIELD*IL*62703~\nBHT*0007*13~\n",
          "segment_not_in_loop", "", "2010C", others=COUNT, at=19),
    Fault(MH, "DTP*431*D8*20260901~\n", "DTP*431*D8*20260901~\nDTP*431*D8*20260902~\n",
          "segment_too_often", "", "2000E", others=COUNT, at=24),
    Fault(MH, "DTP*431*", "DTP*999*", "qualifier_not_allowed", "DTP01", "2000E"),
    Fault(MH, "DMG*D8*19850315*F~\n", "DMG*D8*19850315*F~\nDMG*D8*19850315*F~\n",
          "segment_too_often", "", "2010C", others=COUNT, at=20),
    Fault(MH, "HL*2*1*21*1", "HL*7*1*21*1", "hl_number", "HL01", others=("hl_parent",)),
    Fault(MH, "HL*4*3*EV*1", "HL*4*2*EV*1", "hl_parent", "HL02", "2000E"),
    Fault(MH, "HL*1**20*1", "HL*1*9*20*1", "element_not_used", "HL02", "2000A",
          others=("hl_parent",)),
    Fault(MH, "HL*4*3*EV*1", "HL*4*3*EV*0", "hl_child_code", "HL04", "2000E"),
    Fault(MH, "HL*5*4*SS*0", "HL*5*4*SS*1", "code_not_allowed", "HL04", "2000F",
          others=("hl_child_code",)),
    Fault(MH, "HL*4*3*EV*1", "HL*4*3*XX*1", "qualifier_not_allowed", "HL03", "2000E"),
    Fault(MH_DEP, "HL*5*4*EV*1", "HL*5*3*EV*1", "patient_unclear", "HL02", others=("*",)),
    Fault(MH_DEP, "HL*4*3*23*1", "HL*4*2*23*1", "hl_parent", "HL02", "2000D"),
    Fault(MH_DEP, "NM1*QC*1*TESTPERSON*ROBIN~\n", "", "loop_missing", "", "2010D", others=("*",),
          at=17),
    Fault(MH_DEP, "NM1*QC*1*TESTPERSON*ROBIN~", "NM1*QC*1*TESTPERSON~", "patient_name_missing",
          "NM104", "2010D"),
    Fault(MH_DEP, "NM1*QC*1*TESTPERSON*ROBIN", "NM1*IL*1*TESTPERSON*ROBIN", "qualifier_not_allowed",
          "NM101", "2010D", others=()),
    Fault(MH_DEP, "HL*4*3*23*1~\n", "", "segment_missing", "", "2000D", others=("*",)),
    Fault(PT_DEP, "INS*N*19", "INS*Y*19", "code_not_allowed", "INS01", "2010D"),
    Fault(PT_DEP, "DMG*D8*20140922*M~\n", "", "birth_date_missing", others=COUNT, at=17),
]  # fmt: skip

ELEMENTS = [
    Fault(MH, "UM*HS*I*A6*11", "UM*XX*I*A6*11", "code_not_allowed", "UM01", "2000E"),
    Fault(MH, "UM*HS*I*A6~", "UM*AR*I*A6~", "code_not_allowed", "UM01", "2000F"),
    Fault(MH, "UM*HS*I*A6*11", "UM*HS*Q*A6*11", "code_not_allowed", "UM02", "2000E"),
    Fault(MH, "*A6*11:B", "*98*11:B", "code_not_allowed", "UM03", "2000E"),
    Fault(MH, "*A6*11:B", "*A6*11:Q", "code_not_allowed", "UM04-2", "2000E"),
    Fault(MH, "*A6*11:B", "*A6*1:B", "place_of_service_format", "UM04-1", "2000E"),
    Fault(MH, "*A6*11:B", "*A6*11", "element_missing", "UM04-2", "2000E"),
    Fault(MH, "*11:B*****Y", "*11:B*ZZ****Y", "code_not_allowed", "UM05-1", "2000E"),
    Fault(MH, "*11:B*****Y", "*11:B**ZZ***Y", "code_not_allowed", "UM06", "2000E"),
    Fault(MH, "*11:B*****Y", "*11:B*****Q", "code_not_allowed", "UM09", "2000E"),
    Fault(MH, "*11:B*****Y", "*11:B*****Y*77", "code_not_allowed", "UM10", "2000E"),
    Fault(MH, "HSD*VS*12*WK", "HSD*ZZ*12*WK", "code_not_allowed", "HSD01", "2000E"),
    Fault(MH, "HSD*VS*12*WK", "HSD*VS**WK", "pair_incomplete", "HSD02", "2000E"),
    Fault(MH, "HSD*VS*12*WK*1*34*3", "HSD*VS*12*WK*1**3", "condition_unmet", "HSD05", "2000E"),
    Fault(MH, "HSD*VS*12*WK", "HSD*VS*1.5*WK", "visits_not_whole", "HSD02", "2000E"),
    Fault(MH, "HSD*VS*12*WK", "HSD*VS*0*WK", "quantity_not_positive", "HSD02", "2000E",
          others=("delivery_contradicts",)),
    Fault(MH, "HSD*VS*12*WK", "HSD*VS*X2*WK", "element_type", "HSD02", "2000E"),
    Fault(MH, "HSD*VS*12*WK*1*34*3", "HSD*VS*12**1*34*3", "delivery_rate_incomplete", "HSD03"),
    Fault(MH, "HSD*VS*12*WK*1*34*3", "HSD*VS*12*WK*20*34*3", "delivery_contradicts", "HSD02"),
    Fault(MH, "HI*ABK:F411", "HI*BK:29620", "icd9_qualifier", "HI01-1", "2000E"),
    Fault(MH, "*ABF:F331", "*BF:29620", "icd9_qualifier", "HI02-1", "2000E"),
    Fault(MH, "*ABF:F331", "*ZZ:F331", "code_not_allowed", "HI02-1", "2000E"),
    Fault(MH, "ABK:F411", "ABK:F41.1", "icd10_format", "HI01-2", "2000E"),
    Fault(MH, "ABK:F411", "ABK:3009", "icd10_format", "HI01-2", "2000E"),
    Fault(MH, "*ABF:F331", "*ABK:F331", "principal_diagnosis_place", "HI02-1", "2000E"),
    Fault(MH, "*ABF:F331", "*ABF:F411", "diagnosis_repeated", "HI02-2", "2000E"),
    Fault(MH, "ABK:F411*", "ABK:F411:D8*", "pair_incomplete", "HI01-4", "2000E"),
    Fault(MH, "ABK:F411*", "ABK*", "element_missing", "HI01-2", "2000E"),
    Fault(MH, "PWK*M1", "PWK*OZ", "code_not_allowed", "PWK01", "2000E"),
    Fault(MH, "PWK*M1*EL", "PWK*M1*ZZ", "code_not_allowed", "PWK02", "2000E"),
    Fault(MH, "*EL***AC*SYNATT0101", "*EL***AC", "pair_incomplete", "PWK06", "2000E"),
    Fault(MH, "*EL***AC*SYNATT0101", "*EL****SYNATT0101", "pair_incomplete", "PWK05", "2000E"),
    Fault(MH, "*EL***AC*SYNATT0101", "*EL", "attachment_number_missing", "PWK06", "2000E"),
    Fault(MH, "MI*SYN123456789", "ZZ*SYN123456789", "code_not_allowed", "NM108", "2010C"),
    Fault(MH, "MI*SYN123456789", "MI", "element_missing", "NM109", "2010C",
          others=("pair_incomplete",)),
    Fault(MH, "MI*SYN123456789", "MI*S", "element_too_short", "NM109", "2010C"),
    Fault(MH, "TESTPERSON*ALEX", f"{'T' * 61}*ALEX", "element_too_long", "NM103", "2010C"),
    Fault(MH, "TESTPERSON*ALEX", "TESTPERSON*AL\tEX", "character_not_allowed", "NM104", "2010C"),
    Fault(MH, "TESTPERSON*ALEX", "TESTPERSON*AL^EX", "element_too_often", "NM104", "2010C"),
    Fault(MH, "TESTPERSON*ALEX", "TESTPERSON*AL:EX", "element_not_composite", "NM104", "2010C"),
    Fault(MH, "TESTPERSON*ALEX", "TESTPERSON* ALEX", "element_padded", "NM104", "2010C"),
    Fault(MH, "XX*1234567893", "XX*1234567890", "npi_check_digit", "NM109", "2010B"),
    Fault(MH, "XX*1234567893", "XX*12345", "npi_check_digit", "NM109", "2010B"),
    Fault(MH, "REF*EI*123456789", "REF*EI*12-3456789", "tax_number_format", "REF02", "2010B"),
    Fault(MH, "PXC*101YM0800X", "PXC*101YM", "taxonomy_format", "PRV03", "2010B"),
    Fault(MH, "PRV*PE*PXC*101YM0800X", "PRV*PE*PXC", "pair_incomplete", "PRV03", "2010B"),
    Fault(MH, "*IL*627010001", "*ZZ*627010001", "state_unknown", "N402", "2010B"),
    Fault(MH, "*IL*627010001", "*IL*62701-0001", "zip_format", "N403", "2010B"),
    Fault(MH, "TE*2175550100", "TE*217-555-0100", "phone_format", "PER04", "2010B"),
    Fault(MH, "TE*2175550100*", "TE**", "pair_incomplete", "PER04", "2010B"),
    Fault(MH, "GROUP*****XX", "GROUP*MARY****XX", "organization_with_first_name", "NM104", "2010B"),
    Fault(MH, "DMG*D8*19850315", "DMG*D8*19851315", "date_impossible", "DMG02", "2010C"),
    Fault(MH, "DMG*D8*19850315", "DMG*D8*20270315", "birth_date_later", "DMG02", "2010C"),
    Fault(MH, "DMG*D8*19850315*F", "DMG*D8*19850315*Q", "code_not_allowed", "DMG03", "2010C"),
    Fault(MH, "D8*20260901", "D8*20260931", "date_impossible", "DTP03", "2000E"),
    Fault(MH, "D8*20260901", "D8*260901", "date_impossible", "DTP03", "2000E"),
    Fault(MH, "AAH*RD8*20261110-20270210", "AAH*RD8*20270210-20261110", "date_range_reversed",
          "DTP03", "2000E"),
    Fault(MH, "AAH*RD8*20261110-20270210", "AAH*D8*20261110-20270210", "date_impossible",
          "DTP03", "2000E"),
    Fault(MH, "AAH*RD8*20261110-20270210", "AAH*RD8*20261110", "date_impossible", "DTP03"),
    Fault(MH, "431*D8*20260901", "431*RD8*20260901-20260902", "code_not_allowed", "DTP02"),
    Fault(MH, "SYNREF0101*20261104*0915", "SYNREF0101*20261134*0915", "date_impossible", "BHT04"),
    Fault(MH, "SYNREF0101*20261104*0915", "SYNREF0101*20261104*2415", "time_impossible", "BHT05"),
    Fault(MH, "BHT*0007*", "BHT*0078*", "code_not_allowed", "BHT01"),
    Fault(MH, "SYNTRACE0101*9SYNTHPRAC~", "SYNTRACE0101*9SYNTH~", "element_too_short", "TRN03"),
    Fault(MH, "TRN*1*SYNTRACE0101*", "TRN*2*SYNTRACE0101*", "code_not_allowed", "TRN01", "2000E"),
    Fault(MH, "TRN*1*SYNTRACE0101*9SYNTHPRAC~", "TRN*1*SYNTRACE0101*9SYNTHPRAC**~",
          "trailing_separator", "", "2000E"),
    Fault(MH, "ABK:F411*", "ABK:F411::*", "trailing_separator", "HI01", "2000E"),
    Fault(MH, "MSG*OUTCOME", f"MSG*{'X' * 264}OUTCOME", "element_too_long", "MSG01", "2000E"),
    Fault(MH, "MSG*OUTCOME SCORES", "MSG*OUTCOME SCORES\x07", "character_not_allowed", "MSG01"),
    Fault(MH, "N3*1 NOWHERE LANE", "N3* ", "element_blank", "N301", "2010C"),
    Fault(MH, "SV1*HC:90837", "SV1*HC:9083", "procedure_format", "SV101-2", "2000F"),
    Fault(MH, "SV1*HC:90837", "SV1*QQ:90837", "code_not_allowed", "SV101-1", "2000F"),
    Fault(MH, "SV1*HC:90837**UN*12***1", "SV1*HC:90837***12***1", "pair_incomplete",
          "SV103", "2000F"),
    Fault(MH, "SV1*HC:90837**UN*12***1", "SV1*HC:90837**UN*-2***1", "quantity_not_positive",
          "SV104", "2000F"),
    Fault(MH, "SV1*HC:90837**UN*12***1", "SV1*HC:90837**UN*12***4", "diagnosis_pointer",
          "SV107-1", "2000F"),
    Fault(MH, "SV1*HC:90837**UN*12***1", "SV1*HC:90837**UN*12*11**1", "element_not_used",
          "SV105", "2000F"),
    Fault(PT_DEP, "HC:97140:GP", "HC:97140:GPX", "modifier_format", "SV101-3", "2000F",
          others=("element_too_long",)),
    Fault(PT_DEP, "PWK*PY*AA", "PWK*PY*AA**X*Y", "element_not_used", "PWK04", "2000E",
          others=("*",)),
    Fault(MH_DEP, "SV1*HC:90847**UN*2", "SV1*HC:90847**UN*2" + "*" * 18 + "Y", "element_unknown",
          "SV122", others=("*",)),
]  # fmt: skip

MEANING = [
    Fault(MH_DEP, "REF*BB*SYNAUTH7001~\n", "", "previous_authorization_missing", "UM02", "2000E",
          others=COUNT, at=23),
    Fault(PT, "REF*BB*SYNAUTH7002~\n", "", "previous_authorization_missing", "UM02", "2000E",
          others=COUNT, at=19),
    Fault(MH, "UM*HS*I*A6*11", "UM*HS*S*A6*11", "previous_authorization_missing", "UM02", "2000E"),
    Fault(MH, "UM*HS*I*A6*11", "UM*HS*3*A6*11", "previous_authorization_missing", "UM02", "2000E"),
    Fault(MH, "UM*HS*I*A6~", "UM*HS*4*A6~", "previous_authorization_missing", "UM02", "2000F"),
    Fault(PT_DEP, "SV1*HC:97140:GP**UN*12~\n", "", "service_missing", "", "2000F", others=COUNT,
          at=33),
    Fault(PT, "HI*ABK:M5450~\n", "", "diagnosis_missing", "", "2000E", others=COUNT, at=17),
    Fault(MH, "UM*HS*I*A6*11", "UM*AR*I*A6*11", "admission_date_missing", "", "2000E"),
    Fault(MH, "MSG*OUTCOME", "PWK*PN*EL***AC*SYNATT0101~\nMSG*OUTCOME",
          "attachment_number_repeated", "PWK06", "2000E", others=COUNT),
]  # fmt: skip

RESPONSES = [
    Fault(APPROVED, "HCR*A1*SYNAUTH9001~\nDTP", "HCR*ZZ*SYNAUTH9001~\nDTP", "code_not_allowed",
          "HCR01", "2000E"),
    Fault(APPROVED, "HCR*A1*SYNAUTH9001~\nSV1", "HCR*A2*SYNAUTH9001~\nSV1", "code_not_allowed",
          "HCR01", "2000F"),
    Fault(APPROVED, "HCR*A1*SYNAUTH9001~\nDTP", "HCR*A1~\nDTP", "authorization_number_missing",
          "HCR02", "2000E"),
    Fault(APPROVED, "HCR*A1*SYNAUTH9001~\nDTP", "AAA*N**33*C~\nHCR*A1*X1~\nDTP",
          "decision_and_rejection", "", "2000E", others=(*COUNT, "segment_out_of_order"), at=16),
    Fault(APPROVED, "TRN*2*SYNTRACE0101*", "TRN*1*SYNTRACE0101*", "trace_missing", "", "2000E",
          at=12),
    Fault(APPROVED, "*0915*18~", "*0915*19~", "status_contradicts", "BHT06"),
    Fault(APPROVED, "*0915*18~", "*0915*77~", "code_not_allowed", "BHT06",
          others=()),
    Fault(PARTIAL, "HCR*A3**0B~\n", "", "line_decision_missing", "", "2000F", others=COUNT, at=25),
    Fault(PARTIAL, "HCR*A3**0B~", "HCR*A3~", "decision_reason_missing", "HCR03", "2000F"),
    Fault(PARTIAL, "DTP*036*D8*20270210", "DTP*036*D8*20260210", "date_range_reversed", "DTP03"),
    Fault(PENDED, "HCR*A4**0U~\n", "", "decision_missing", "", "2000E", others=COUNT, at=12),
    Fault(PENDED, "LOI:18842-5", "LOI:18842", "loinc_format", "HI01-2", "2000E"),
    Fault(REJECTED, "AAA*N**72*C~\n", "", "decision_missing", "", "2000C", others=COUNT, at=9),
    Fault(REJECTED, "AAA*N**72*C", "AAA*N***C", "rejection_reason_missing", "AAA03", "2010C"),
    Fault(REJECTED, "AAA*N**72*C", "AAA*N**72", "rejection_follow_up_missing", "AAA04", "2010C"),
    Fault(REJECTED, "AAA*N**72*C", "AAA*N**72*Z", "code_not_allowed", "AAA04", "2010C"),
    Fault(REJECTED, "AAA*N**72*C", "AAA*Q**72*C", "code_not_allowed", "AAA01", "2010C"),
    Fault(REJECTED, "AAA*N**72*C", "AAA*N**ZZ*C", "code_unusual", "AAA03", "2010C"),
]  # fmt: skip

FAULTS = ENVELOPE + STRUCTURE + ELEMENTS + MEANING + RESPONSES


@pytest.mark.parametrize("path", sorted(FILES.glob("*.x12")), ids=lambda path: path.stem)
def test_the_good_files_are_clean(path: Path) -> None:
    assert validate(path.read_bytes()) == []


@pytest.mark.parametrize(
    "fault", FAULTS, ids=[f"{n:03d}-{f.file[:6]}-{f.code}" for n, f in enumerate(FAULTS)]
)
def test_a_fault_is_found_with_its_code_in_its_place(fault: Fault) -> None:
    good = text(fault.file)
    assert good.count(fault.old) == 1, "the mutation must hit one place"
    check(fault, good, good.replace(fault.old, fault.new))


def test_there_are_more_than_sixty_faults_of_requests() -> None:
    requests = {(f.file, f.old, f.new) for f in FAULTS if not f.file.startswith("response")}
    assert len(requests) > 100


def test_a_control_number_used_twice_is_found_at_each_level() -> None:
    good = text(MH)
    twice = [f for f in validate((good + good).encode()) if f.code == "control_number_repeated"]
    assert [f.element for f in twice] == ["ISA13"]
    group = re.search(r"GS\*.*?GE\*1\*101~\n", good, re.DOTALL)
    assert group
    doubled = good.replace(group[0], group[0] * 2).replace("IEA*1", "IEA*2")
    assert [(f.code, f.element) for f in validate(doubled.encode())] == [
        ("control_number_repeated", "GS06")
    ]
    inner = re.search(r"ST\*.*?SE\*35\*0001~\n", good, re.DOTALL)
    assert inner
    doubled = good.replace(inner[0], inner[0] * 2).replace("GE*1", "GE*2")
    assert [(f.code, f.element) for f in validate(doubled.encode())] == [
        ("control_number_repeated", "ST02")
    ]


def test_several_interchanges_in_one_file_each_with_its_delimiters() -> None:
    other = text(PT).translate(str.maketrans({"*": "|", ":": ">", "~": "'"}))
    assert validate((text(MH) + other + text(APPROVED)).encode()) == []


def test_every_fault_has_a_code_of_the_table() -> None:
    assert {f.code for f in FAULTS} - {"*"} <= set(CODES)
