"""What is right in another way is not found: no false alarm for a file that a payer takes."""

from __future__ import annotations

import base64
import re

import pytest

from connector.x12.delimiters import Delimiters
from connector.x12.reader import read
from connector.x12.validate import validate
from connector.x12.writer import make_binary, write
from tests.unit.x12.content.test_attachments import VERSIONS, file
from tests.unit.x12.faults import (
    APPROVED,
    MH,
    MH_DEP,
    PARTIAL,
    PENDED,
    PT,
    PT_DEP,
    REJECTED,
    recounted,
    text,
)

EVERY = [MH, MH_DEP, PT, PT_DEP, APPROVED, PARTIAL, PENDED, REJECTED]
MARKS = [
    Delimiters("|", ">", "!", "'"),
    Delimiters("*", ":", "^", "\n"),
    Delimiters("*", ">", "^", "~"),
    Delimiters("\x1d", "\x1f", "\x1e", "\x1c"),
    Delimiters("^", ":", "!", "~"),
]


def _clean(content: bytes) -> None:
    assert validate(content) == []


@pytest.mark.parametrize("name", EVERY)
def test_delimiters_and_line_ends_are_free(name: str) -> None:
    good = text(name)
    for marks in MARKS:
        _clean(write(read(good.encode()), marks))
    for line_end in ("", "\r\n", "\r", "\n\n", "\r\n\r\n"):
        _clean(good.replace("~\n", f"~{line_end}").encode())
    _clean(good.rstrip("\n").encode())


@pytest.mark.parametrize("name", EVERY)
def test_names_in_small_letters_and_with_signs_are_free(name: str) -> None:
    changed = text(name).replace("TESTPERSON", "O'Brien-Test, Jr.").replace("SYNTHETIC", "Syn & Co")
    _clean(changed.encode())


# A piece of a good file that may be left out, or stand instead of another one.
_SAID_OTHERWISE = [
    (MH, "REF*EI*123456789~\n", ""),
    (MH, "PER*IC*SAM SYNTHETIC*TE*2175550100*FX*2175550101~\n", ""),
    (MH, "*TE*2175550100*FX*2175550101", "*TE*2175550100*EX*12*FX*2175550101"),
    (MH, "*TE*2175550100*FX*2175550101", "*EM*desk@example.org"),
    (MH, "PRV*PE*PXC*101YM0800X~\n", ""),
    (MH, "N3*1 NOWHERE LANE~\nN4*SPRINGFIELD*IL*62703~\n", ""),
    (MH, "N4*SPRINGFIELD*IL*62703", "N4*TORONTO**M5V 2T6*CA"),
    (MH, "N4*SPRINGFIELD*IL*62703", "N4*SPRINGFIELD*IL*62703*US"),
    (MH, "*ALEX*Q***MI*", "*ALEX*Q**JR*MI*"),
    (MH, "DTP*431*D8*20260901~\n", ""),
    (MH, "DTP*AAH*RD8*20261110-20270210~\nHI", "HI"),
    (MH, "AAH*RD8*20261110-20270210", "AAH*D8*20261110"),
    (MH, "AAH*RD8*20261110-20270210", "AAH*RD8*20261110-20261110"),
    (MH, "AAH*RD8*20261110-20270210", "AAH*RD8*20261110-20280229"),
    (MH, "*ABF:F331", ""),
    (MH, "ABK:F411*ABF:F331", "ABK:F411:D8:20260901*ABF:F331"),
    (MH, "ABK:F411", "ABK:S83241A"),
    (MH, "HSD*VS*12*WK*1*34*3~\nPWK", "PWK"),
    (MH, "HSD*VS*12*WK*1*34*3", "HSD*VS*12***34*3"),
    (MH, "HSD*VS*12*WK*1*34*3", "HSD*VS*12*MO*4*34*3"),
    (MH, "HSD*VS*12*WK*1*34*3", "HSD*HS*12"),
    (MH, "PWK*M1*EL***AC*SYNATT0101~\n", ""),
    (MH, "PWK*M1*EL***AC*SYNATT0101", "PWK*M1*EL***AC*SYNATT0101*PLAN OF CARE"),
    (MH, "PWK*M1*EL***AC*SYNATT0101", "PWK*M1*AA"),
    (MH, "MSG*OUTCOME", "PWK*PN*FX***AC*SYNATT0102~\nMSG*OUTCOME"),
    (MH, "MSG*OUTCOME SCORES AND PLAN OF CARE FOLLOW AS AN ATTACHMENT~\n", ""),
    (MH, "MSG*OUTCOME", f"MSG*{'X' * 200}OUTCOME"),
    (MH, "SYNTRACE0101*9SYNTHPRAC~", "SYNTRACE0101*9SYNTHPRAC*DEPT 7~"),
    (MH, "UM*HS*I*A6*11", "TRN*1*CLEAR77*9CLEARING1~\nUM*HS*I*A6*11"),
    (MH, "SYNTRACE0101L1*9SYNTHPRAC", "SYNTRACE0101*9CLEARING1"),
    (MH, "UM*HS*I*A6*11:B*****Y", "UM*HS*N*A6*11:B*****Y"),
    (MH, "UM*HS*I*A6*11:B*****Y", "UM*SC*I*MH*02:B**03***Y"),
    (MH, "UM*HS*I*A6*11:B*****Y", "UM*HS*I*A4*10:B*AA:::MA****Y*8"),
    (MH, "UM*HS*I*A6*11:B*****Y", "UM*HS*I*A6"),
    (MH, "SV1*HC:90837**UN*12***1", "SV1*HC:90837:95:GP*150.5*UN*12***1:2"),
    (MH, "SV1*HC:90837**UN*12***1", "SV1*HC:0362T**MJ*60"),
    (MH, "SV1*HC:90837**UN*12***1", "SV1*HC:G0283**UN*12.5"),
    (MH, "NM1*SJ*1*SYNTHCLINICIAN*JORDAN****XX*1456789019", "NM1*71*2*SYNTHETIC CLINIC"),
    (MH, "UM*HS*I*A6~\n", ""),
    (MH, "*0*T*:~", "*1*P*:~"),
    (MH, "BHT*0007*13*SYNREF0101*20261104*0915", "BHT*0007*13*SYNREF0101*20261104*091530*RU"),
    (MH_DEP, "INS*N*19~\n", ""),
    (MH_DEP, "REF*BB*SYNAUTH7001", "REF*NT*SYNADM7001"),
    (MH_DEP, "UM*HS*4*MH", "UM*HS*3*MH"),
    (MH_DEP, "REF*EJ*CHART0001~\nHL*4", "REF*EJ*CHART0001~\nREF*6P*GROUP7~\nHL*4"),
    (PT_DEP, "HC:97140:GP", "HC:97140:GP:59:KX:CQ"),
    (APPROVED, "HCR*A1*SYNAUTH9001~\nDTP", "HCR*A1~\nREF*BB*SYNAUTH9001~\nDTP"),
    (APPROVED, "HCR*A1*SYNAUTH9001~\nSV1", "SV1"),
    (APPROVED, "DTP*AAH*RD8*20261110-20270210", "DTP*102*D8*20261104~\nDTP*036*D8*20270210"),
    (PARTIAL, "HCR*A3**0B", "HCR*A3**0B^0U"),
    (PENDED, "PER*IC*REVIEW DESK*TE*8005550100*FX*8005550101~\n", ""),
    (PENDED, "HI*LOI:18842-5", "HI*LOI:18842-5*LOI:11506-3"),
    (REJECTED, "AAA*N**72*C", "AAA*N**72*C~\nAAA*N**73*C"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new"), _SAID_OTHERWISE)
def test_what_may_be_left_out_or_said_otherwise_is_no_fault(name: str, old: str, new: str) -> None:
    good = text(name)
    assert good.count(old) == 1
    _clean(recounted(good.replace(old, new)).encode())


def test_several_transactions_groups_and_interchanges_in_one_file() -> None:
    good = text(MH)
    head, inner, tail = re.split(r"(ST\*.*SE\*\d+\*0001~\n)", good, flags=re.DOTALL)
    second = inner.replace("0001", "0002")
    pair = head + inner + second + tail.replace("GE*1", "GE*2")
    _clean(pair.encode())
    isa, group = head.split("~\n")[:2]
    other = f"{group}~\n{inner}{tail.splitlines()[0]}\n".replace("101", "102")
    both = f"{isa}~\n{group}~\n{inner}GE*1*101~\n{other}IEA*2*000000101~\n"
    assert both.count("GS*") == 2
    _clean(both.encode())
    _clean((pair + both.replace("000000101", "000000900") + text(PT)).encode())


def test_a_receipt_may_stand_before_a_group() -> None:
    good = text(APPROVED)
    ta1 = "TA1*000000101*261104*0915*A*000~\n"
    _clean(good.replace("GS*HI", f"{ta1}GS*HI").encode())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_payload_of_megabytes_full_of_delimiters_is_no_fault(version: str) -> None:
    payload = b"%PDF-1.7\n" + b"~SE*1*1~IEA*1*1~ISA*00*\x00\xff:^" * 200_000
    kind = "BIN" if version == "005010X210" else "BDS"
    carried = payload if kind == "BIN" else base64.b64encode(payload)
    segments = [
        one
        if one.binary is None
        else make_binary(kind, carried, *(["B64"] if kind == "BDS" else []))
        for one in read(file(version))
    ]
    content = write(segments)
    assert len(content) > 5_000_000
    _clean(content)
    _clean(write(segments, line_ends=True))
