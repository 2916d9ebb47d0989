"""270 and 271: what we ask is read by x12sdk, what x12sdk and payers answer is read by us."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.errors import InvalidRecord
from connector.x12.content.case_file import read_case
from connector.x12.content.eligibility import EligibilityAnswer
from connector.x12.content.eligibility_case import EligibilityCase, eligibility_segments
from connector.x12.content.eligibility_reader import read_eligibility
from connector.x12.content.parse import parse
from connector.x12.reader import read
from connector.x12.validate import validate
from connector.x12.writer import write

ROOT = Path(__file__).parents[4]
CASE = read_case((ROOT / "docs/examples/x12/eligibility.json").read_bytes(), EligibilityCase)
HEAD = (
    "ISA*00*          *00*          *ZZ*PAYER          *ZZ*CLINIC         *261120*0900*^*00501"
    "*000000001*0*T*:~GS*HB*PAYER*CLINIC*20261120*0900*1*X*005010X279A1~"
)
START = (
    "BHT*0022*11*E1*20261120*0900~HL*1**20*1~NM1*PR*2*EXAMPLE PLAN*****PI*12345~HL*2*1*21*1~"
    "NM1*1P*2*HARBOR*****XX*1234567893~"
)
PATIENT = "HL*3*2*22*0~TRN*2*T1*9HARBOR001~NM1*IL*1*DOE*JANE****MI*M1~"


def file(*body: str) -> bytes:
    """A 271 in its envelope."""
    text = "".join(body)
    count = text.count("~") + 2
    trailer = f"SE*{count}*0001~GE*1*1~IEA*1*000000001~"
    return (HEAD + "ST*271*0001*005010X279A1~" + text + trailer).encode()


def answer(*benefits: str, start: str = START + PATIENT) -> EligibilityAnswer:
    """What is read of a 271 with these benefits, which must be clean."""
    data = file(start, "".join(f"{one}~" for one in benefits))
    assert [f for f in validate(data) if f.is_error] == []
    return read_eligibility(list(read(data)))


def test_what_we_ask_is_clean_and_x12sdk_reads_it() -> None:
    from x12sdk.io import X12ModelReader

    content = write(eligibility_segments(CASE))
    assert validate(content) == []
    with X12ModelReader(content.decode()) as reader:
        [model] = list(reader.models())
    receiver = model.loop_2000a[0].loop_2000b[0]
    first, second = receiver.loop_2000c
    assert first.loop_2100c.nm1_segment.identification_code == "W123456789"
    asked = first.loop_2100c.loop_2110c[0].eq_segment.service_type_code
    assert [getattr(one, "value", one) for one in asked] == ["30", "MH", "PT"]
    [dependent] = second.loop_2000d
    assert dependent.loop_2100d.nm1_segment.name_first == "SAM"
    [found] = parse(content).as_json()["transactions"]
    assert [one["trace"] for one in found["content"]["patients"]] == ["E-1001", "E-1002"]


@pytest.mark.parametrize("seed", range(8))
def test_what_x12sdk_answers_is_read_by_us(seed: int) -> None:
    from x12sdk.generate import generate_271
    from x12sdk.io import X12ModelReader

    text = generate_271(seed=seed)
    with X12ModelReader(text) as reader:
        theirs = [m for model in reader.models() for m in model.members()]
    found = read_eligibility(list(read(text.replace("\n", "").encode())))
    assert len(found.patients) == len(theirs) > 0
    assert {one.standing for one in found.patients} <= {"active", "inactive"}
    assert all(one.trace or one.subscriber for one in found.patients)


def test_active_plan_copay_visits_and_authorization() -> None:
    found = answer(
        "REF*6P*GRP1", "DTP*346*D8*20260101", "EB*1*IND*30*PR*GOLD PLAN",
        "EB*B*IND*MH^A6***27*25*****Y", "EB*A*IND*PT*****.2****Y", "EB*B*IND*PT***27*90*****N",
        "EB*F*IND*PT***23***VS*20*Y*Y", "EB*F*IND*PT***29***VS*12*Y*Y",
        "EB*C*IND*MH***29*150*****Y", "MSG*PRIOR AUTHORIZATION REQUIRED",
    ).patients[0]  # fmt: skip
    assert (found.standing, found.plan, found.group_number) == ("active", "GOLD PLAN", "GRP1")
    assert str(found.starts_on) == "2026-01-01"
    assert found.trace == "T1"
    mental, physical = found.mental_health, found.physical_therapy
    assert (mental.standing, mental.copay) == ("active", Decimal(25))
    assert mental.deductible_remaining == Decimal(150)
    assert mental.authorization_required is None
    assert (physical.visits_allowed, physical.visits_remaining) == (20, 12)
    assert (physical.copay, physical.coinsurance) == (None, Decimal("0.2"))
    assert physical.authorization_required is True


def test_visits_may_stand_in_hsd() -> None:
    found = answer("EB*1**30", "EB*F*IND*PT", "HSD*VS*30***23*1", "HSD*VS*18***29").patients[0]
    terms = found.physical_therapy
    assert (terms.visits_allowed, terms.visits_remaining) == (30, 18)


def test_inactive_and_unknown() -> None:
    assert answer("EB*6**30").patients[0].standing == "inactive"
    assert answer("EB*6**30").patients[0].physical_therapy.standing == "inactive"
    assert answer("EB*V**30").patients[0].standing == "unknown"
    not_covered = answer("EB*1**30", "EB*I**MH").patients[0]
    assert not_covered.mental_health.standing == "inactive"
    assert not_covered.physical_therapy.standing == "active"


def test_amounts_that_differ_are_not_guessed() -> None:
    found = answer("EB*1**30", "EB*B**MH***27*25*****Y", "EB*B**MH***27*40*****Y").patients[0]
    assert found.mental_health.copay is None
    assert len(found.benefits) == 3


# Each of these makes x12sdk 2.2.0 refuse the whole file (docs/decisions).
USUAL = {
    "subscriber not found": (["AAA*N**75*C"], "unknown"),
    "member number wrong": (["AAA*N**72*C"], "unknown"),
    "group number at a benefit": (["EB*1**30", "REF*1L*G9"], "active"),
    "place of service": (["EB*1**30", "III*ZZ*10"], "active"),
    "another entity without a number": (
        ["EB*U**MH", "LS*2120", "NM1*PR*2*BEHAVIORAL CO", "LE*2120", "EB*1**30"],
        "active",
    ),
    "a procedure in EB13": (["EB*1**30", "EB*F*IND*********Y*W*HC:90837"], "active"),
}


@pytest.mark.parametrize("name", USUAL)
def test_usual_answers_that_x12sdk_refuses_are_read(name: str) -> None:
    from x12sdk.io import X12ModelReader

    body, standing = USUAL[name]
    assert answer(*body).patients[0].standing == standing
    data = file(START, PATIENT, "".join(f"{one}~" for one in body)).decode()
    with pytest.raises(ValueError), X12ModelReader(data) as reader:
        list(reader.models())


def test_a_rejection_names_what_to_do() -> None:
    found = answer("AAA*N**75*C").patients[0]
    assert found.rejections[0].meaning == "the payer does not find the subscriber"
    assert found.rejections[0].group == "fix_record"


def test_subscriber_and_dependent_may_both_have_benefits() -> None:
    start = START + PATIENT.replace("22*0", "22*1")
    found = answer(
        "EB*1**30", "HL*4*3*23*0", "TRN*2*T2*9HARBOR001", "NM1*03*1*DOE*KID", "DMG*D8*20150101*M",
        "INS*N*19", "EB*6**30", start=start,
    )  # fmt: skip
    assert [one.standing for one in found.patients] == ["active", "inactive"]
    kid = found.patients[1]
    assert kid.dependent and kid.dependent["given_name"] == "KID"
    assert kid.subscriber["member_id"] == "M1"


def test_one_odd_patient_does_not_hide_the_others() -> None:
    other = "HL*4*2*22*0~TRN*2*T2*9HARBOR001~NM1*IL*1*ROE*RICK****MI*M2~EB*Z9**30~"
    data = file(START, PATIENT, "EB*1**30~", other)
    found = read_eligibility(list(read(data))).patients
    assert [one.standing for one in found] == ["active", "unknown"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"service_types": ["??"]}, "service type"),
        ({"patients": []}, "patients"),
        ({"originator": "SHORT"}, "originator"),
    ],
)
def test_a_wrong_case_names_its_field(change: dict[str, Any], word: str) -> None:
    case = json.loads((ROOT / "docs/examples/x12/eligibility.json").read_text()) | change
    with pytest.raises(InvalidRecord, match=word):
        read_case(json.dumps(case).encode(), EligibilityCase)
