"""HL7 v2 messages of invented people, as EHRs send them: the corpus of the HL7 tests.

No message here comes from anywhere: each was written for these tests, with the habits of senders
that interface analysts tell of (types without structure, codes without points, times without zone).
"""

from __future__ import annotations

import base64

PID = "PID|1||P-101^^^HARBOR^MR~77001^^^STATE^SS||Quillfeather^Zephyrine^Q||19880412|F"
PV1 = "PV1|1|O|||||C-7^Marsh^Ada^^^^LCSW||||||||||||V-9001"


def msh(
    kind: str, control_id: str, *, at: str = "20261120093000-0500", version: str = "2.5.1",
    charset: str = "UNICODE UTF-8", more: str = "||", processing: str = "P",
) -> str:  # fmt: skip
    """The head of a message. ``more``: MSH-13 to MSH-17."""
    return (
        f"MSH|^~\\&|HARBOREHR|HARBOR|CONNECTOR|HARBOR|{at}||{kind}|{control_id}|{processing}|"
        f"{version}|{more}|||{charset}"
    )


def message(*segments: str, charset: str = "utf-8") -> bytes:
    """The bytes of a message."""
    return ("\r".join(segments) + "\r").encode(charset)


def adt(event: str, control_id: str = "A1", *more: str, structure: str = "", **head: str) -> bytes:
    """An ADT message with the person, the visit and more segments."""
    kind = f"ADT^{event}" + (f"^{structure}" if structure else "")
    return message(msh(kind, control_id, **head), f"EVN|{event}|20261120093000", PID, PV1, *more)


IN1 = (
    "IN1|1|GOLD^Gold Plan|9901|Example Health||||G-55||||20260101|20261231"
    + "|" * 23 + "M-12345"
)  # fmt: skip
DG1 = "DG1|1||F331^Major depressive disorder, recurrent, moderate^I10||20260901|F|||||||||1"


def siu(event: str, control_id: str = "S1", *, status: str = "Booked", **head: str) -> bytes:
    """An SIU message: an appointment of 50 minutes on 2 December 2026, 3 p.m."""
    return message(
        msh(f"SIU^{event}^SIU_S12", control_id, **head),
        f"SCH|PL-1^HARBOREHR|FL-1^HARBOREHR|||||FOLLOWUP||50|MIN|^^50^20261202150000|||||||||||||"
        f"|{status}",
        PID, PV1, "RGS|1", "AIS|1||90837^Psychotherapy 60 min^C4|20261202150000",
        "AIP|1||C-7^Marsh^Ada",
    )  # fmt: skip


PHQ9_ITEMS = (
    "44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3",
    "44260-8",
)  # fmt: skip


def phq9(
    answers: tuple[int | None, ...] = (2, 2, 1, 2, 1, 1, 2, 1, 0), control_id: str = "O1",
    *, order: str = "ORD-1", day: str = "20261120", status: str = "F", total: int | None = -1,
    **head: str,
) -> bytes:  # fmt: skip
    """An ORU^R01 with a PHQ-9: nine answers and the total. ``total`` None: none is sent."""
    found = [
        f"OBX|{n}|NM|{code}^PHQ-9 item {n}^LN||{answer}||||||{status}|||{day}0915"
        for n, (code, answer) in enumerate(zip(PHQ9_ITEMS, answers, strict=True), start=1)
        if answer is not None
    ]
    if total is not None:
        number = sum(a or 0 for a in answers) if total == -1 else total
        found.append(f"OBX|10|NM|44261-6^PHQ-9 total^LN||{number}||||||{status}")
    return message(
        msh("ORU^R01^ORU_R01", control_id, **head), PID, PV1,
        f"ORC|RE||{order}", f"OBR|1||{order}^HARBOREHR|44249-1^PHQ-9 panel^LN|||{day}091500-0500",
        *found,
    )  # fmt: skip


def mdm(event: str = "T02", control_id: str = "M1", *, size: int = 300, **head: str) -> bytes:
    """An MDM with a PDF of ``size`` bytes in base64."""
    pdf = base64.b64encode(b"%PDF-1.7 synthetic " + b"x" * size).decode()
    return message(
        msh(f"MDM^{event}^MDM_T02", control_id, **head), f"EVN|{event}|20261120", PID, PV1,
        "TXA|1|PR|AP|20261119|C-7^Marsh^Ada||20261119||C-7^Marsh^Ada|||DOC-1^HARBOREHR|||||LA",
        f"OBX|1|ED|PDF^Document||^application^pdf^Base64^{pdf}||||||F",
    )  # fmt: skip


COHORT_SCORE = message(
    msh("ORU^R01", "O7", version="2.3"), PID,
    "OBR|1|77|ORD-7|LEFS^Lower extremity|||202611180800",
    "OBX|1|SN|72514-3^Pain severity 0-10 numeric rating^LN||^6||||||F",
    "OBX|2|CE|69736-7^Feeling afraid^LN||LA6570-1^More than half the days^LN||||||P",
)  # fmt: skip

ALL: dict[str, bytes] = {
    "adt_a01": adt("A01", "A01", structure="ADT_A01"),
    "adt_a03": adt("A03", "A03"),
    "adt_a04": adt("A04", "A04", IN1, DG1, structure="ADT_A01"),
    "adt_a08": adt("A08", "A08", IN1, DG1, structure="ADT_A01"),
    "adt_a11": adt("A11", "A11"),
    "adt_a23": adt("A23", "A23"),
    "adt_a28": message(msh("ADT^A28^ADT_A05", "A28"), "EVN|A28|20261120", PID),
    "adt_a29": message(msh("ADT^A29", "A29"), "EVN|A29|20261120", PID),
    "adt_a31": message(msh("ADT^A31^ADT_A05", "A31"), "EVN|A31|20261120", PID, "PV1|1|N"),
    "adt_a40": message(
        msh("ADT^A40^ADT_A39", "A40"), "EVN|A40|20261120",
        "PID|1||P-101^^^HARBOR^MR", "MRG|P-099^^^HARBOR^MR",
    ),
    "adt_v23_no_structure": message(
        msh("ADT^A08", "V23", version="2.3", at="20261120", charset=""), "EVN||20261120",
        "PID|||P-101||Quillfeather^Zephyrine||19880412|F",
    ),
    "adt_type_alone_v21": message(
        msh("ADT", "V21", version="2.1", charset=""), "EVN|A08|20261120", PID),
    "adt_visit_time": message(
        msh("ADT^A04^ADT_A01", "A04B"), "EVN|A04|20261120", PID,
        PV1 + "|" * 25 + "20261120150000|20261120155000",
    ),
    "adt_nulls": message(
        msh("ADT^A08", "NUL"), "EVN|A08|20261120",
        'PID|1||P-101^^^HARBOR^MR||Quillfeather^Zephyrine^""||""|F',
    ),
    "adt_escapes": message(
        msh("ADT^A08", "ESC"), "EVN|A08|20261120",
        "PID|1||P-101^^^HARBOR^MR||O\\T\\Leary\\S\\Quill^Zo\\XC3AB\\||19880412|F",
    ),
    "adt_latin1": message(
        msh("ADT^A08", "LAT", charset="8859/1"), "EVN|A08|20261120",
        "PID|1||P-101^^^HARBOR^MR||Müller^Zoë||19880412|F", charset="latin-1",
    ),
    "adt_latin1_said_to_be_utf8": message(
        msh("ADT^A08", "LAU"), "EVN|A08|20261120",
        "PID|1||P-101^^^HARBOR^MR||Müller^Zoë||19880412|F", charset="latin-1",
    ),
    "adt_own_delimiters": adt("A08", "OWN").replace(b"^", b"$").replace(b"|", b"!"),
    "adt_line_feeds": adt("A08", "LF").replace(b"\r", b"\n"),
    "adt_crlf_and_blank_lines": adt("A08", "CRLF").replace(b"\r", b"\r\n\r\n"),
    "adt_no_dg1_system": adt("A08", "DX", "DG1|1|I10|F33.1", "DG1|2||V62.89^Stress^I9"),
    "siu_s12": siu("S12", "S12"),
    "siu_s13": siu("S13", "S13").replace(b"20261202150000", b"20261203160000"),
    "siu_s14": siu("S14", "S14", status="Complete"),
    "siu_s15": siu("S15", "S15"),
    "siu_s17": siu("S17", "S17"),
    "siu_s26": siu("S26", "S26"),
    "siu_group": siu("S12", "SG").replace(
        PV1.encode(), b"PID|2||P-102^^^HARBOR^MR||Wobblegong^Ada||19900101|F"
    ),
    "oru_phq9": phq9(),
    "oru_phq9_coded": phq9().replace(b"|NM|44260-8^PHQ-9 item 9^LN||0",
                                     b"|CE|44260-8^PHQ-9 item 9^LN||LA6569-3^Several days^LN"),
    "oru_total_alone": phq9((None,) * 9, "O2", order="ORD-2", total=14),
    "oru_taken_back": phq9(control_id="O3", status="W"),
    "oru_preliminary": phq9(control_id="O4", status="P"),
    "oru_doubled": phq9(control_id="O5").replace(b"44255-8", b"44250-9").replace(
        b"item 2^LN||2", b"item 2^LN||3"),
    "oru_pain": COHORT_SCORE,
    "oru_two_patients": phq9(control_id="O6") + message(
        "PID|2||P-102^^^HARBOR^MR||Wobblegong^Ada||19900101|F",
        "OBR|2||ORD-9|70274-6^GAD-7^LN|||20261119",
        "OBX|1|NM|70274-6^GAD-7 total^LN||12||||||F",
    ),
    "mdm_t01": mdm("T01", "T01"),
    "mdm_t02": mdm("T02", "T02"),
    "mdm_t11": mdm("T11", "T11"),
    "mdm_200kb": mdm("T02", "BIG", size=150_000),
}  # fmt: skip
