"""A payer in files: answers to a request that we sent, as X12, made by hand of its segments."""

from __future__ import annotations

from collections.abc import Sequence


def segments_of(content: bytes) -> list[list[str]]:
    """The segments of a file with the usual delimiters, each as its elements."""
    return [one.split("*") for one in content.decode("ascii").strip().split("~") if one.strip()]


def value(content: bytes, tag: str, place: int, after: str = "") -> str:
    """One element of the first segment ``tag`` (whose first element is ``after``, if given)."""
    return next(
        one[place] for one in segments_of(content) if one[0] == tag and one[1:2] >= [after]
        and (not after or one[1] == after)
    )  # fmt: skip


def envelope(kind: str, group: str, guide: str, body: Sequence[str], number: int = 77) -> bytes:
    """An interchange of the payer with one transaction set."""
    lines = [
        f"ISA*00*          *00*          *ZZ*SYNHARBOR      *ZZ*SYNRIVERSIDE   *261121*0900*^"
        f"*00501*{number:09d}*0*T*:",
        f"GS*{group}*SYNHARBOR*SYNRIVERSIDE*20261121*0900*{number}*X*{guide}",
        f"ST*{kind}*0001*{guide}",
        *body,
        f"SE*{len(body) + 2}*0001",
        f"GE*1*{number}",
        f"IEA*1*{number:09d}",
    ]
    return ("~\n".join(lines) + "~\n").encode()


def review(
    request: bytes, action: str = "A1", *, number: str = "HH-90001", visits: int | None = 12,
    last_day: str = "20270228", extra: Sequence[str] = (), trace: str | None = None,
) -> bytes:  # fmt: skip
    """A 278 response to our request, decided at the event."""
    own = trace or value(request, "BHT", 3)
    certified = action in ("A1", "A2", "A6")
    hcr = f"HCR*{action}*{number if certified else ''}".rstrip("*")
    if action == "A4":
        hcr = "HCR*A4**0U"
    if action == "A3":
        hcr = "HCR*A3**0B"
    body = [
        f"BHT*0007*11*{own}*20261121*0900*{'19' if action == 'A4' else '18'}",
        "HL*1**20*1",
        "NM1*X3*2*HARBOR HEALTH PLAN SYNTHETIC*****PI*SYNHARBOR",
        "HL*2*1*21*1",
        "NM1*1P*2*RIVERSIDE THERAPY GROUP*****XX*1000000095",
        "HL*3*2*22*1",
        "NM1*IL*1*DEMOHAVEN*ZION****MI*SYN102600",
        "HL*4*3*EV*0",
        f"TRN*2*{own}*9SYNTHETIC",
        "UM*HS*4*MH",
        hcr,
        *(["DTP*AAH*RD8*20261201-" + last_day] if certified else []),
        *([f"HSD*VS*{visits}"] if certified and visits is not None else []),
        *extra,
        "NM1*SJ*1*FICTFORD*ELLIS****XX*1000000020",
    ]
    return envelope("278", "HI", "005010X217", body)


def acknowledgment(request: bytes, verdict: str = "R") -> bytes:
    """A 999 about our file."""
    group = value(request, "GS", 6)
    body = [
        f"AK1*HI*{group}*005010X217",
        "AK2*278*0001*005010X217",
        *(["IK3*NM1*6*2010*8", "IK4*9*67*7*X"] if verdict == "R" else []),
        f"IK5*{verdict}" + ("*5" if verdict == "R" else ""),
        f"AK9*{verdict}*1*1*{0 if verdict == 'R' else 1}",
    ]
    return envelope("999", "FA", "005010X231A1", body, 78)


def interchange_acknowledgment(request: bytes, verdict: str = "A", note: str = "000") -> bytes:
    """A TA1 about our interchange."""
    number = value(request, "ISA", 13)
    return (
        "ISA*00*          *00*          *ZZ*SYNHARBOR      *ZZ*SYNRIVERSIDE   *261121*0900*^"
        "*00501*000000079*0*T*:~\n"
        f"TA1*{number}*261120*1700*{verdict}*{note}~\nIEA*0*000000079~\n"
    ).encode()


def eligibility(trace: str, plan: str, code: str = "1") -> bytes:
    """A 271 about one patient."""
    body = [
        "BHT*0022*11*PAYER1*20261121*0900",
        "HL*1**20*1",
        "NM1*PR*2*HARBOR HEALTH PLAN SYNTHETIC*****PI*SYNHARBOR",
        "HL*2*1*21*1",
        "NM1*1P*2*RIVERSIDE THERAPY GROUP*****XX*1000000095",
        "HL*3*2*22*0",
        f"TRN*2*{trace}*9SYNTHETIC",
        "NM1*IL*1*DEMOHAVEN*ZION****MI*SYN102600",
        "DMG*D8*19910815*F",
        f"EB*{code}**30**{plan}",
    ]
    return envelope("271", "HB", "005010X279A1", body, 80)


def advice(ours: bytes, code: str) -> bytes:
    """An 824 about one of our files."""
    kind, group, own = value(ours, "ST", 1), value(ours, "GS", 6), _own(ours)
    guide = value(ours, "GS", 8)
    body = [
        "BGN*11*ADV1*20261121*0931",
        "N1*41*HARBOR HEALTH PLAN SYNTHETIC*46*SYNHARBOR",
        "N1*40*RIVERSIDE THERAPY GROUP*46*SYNRIVERSIDE",
        f"OTI*{code}*TN*{own}*SYNRIVERSIDE*SYNHARBOR*20261120*0930*{group}*0001*{kind}*{guide}",
        *(["TED*007*DOCUMENT NOT READABLE"] if code == "TR" else []),
    ]
    return envelope("824", "AG", "005010X186A1", body, 81)


def _own(ours: bytes) -> str:
    """Our reference in it."""
    attached = value(ours, "ST", 1) == "275"
    return value(ours, "BGN", 2) if attached else value(ours, "BHT", 3)


def status(request: bytes, code: str, *, action: str) -> bytes:
    """A 277 that takes note of our request (``WQ``), or refuses it (``U``)."""
    body = [
        "BHT*0085*08*R1*20261121*0931*TH",
        "HL*1**20*1",
        "NM1*PR*2*HARBOR HEALTH PLAN SYNTHETIC*****PI*SYNHARBOR",
        "TRN*1*RC1",
        "DTP*050*D8*20261121",
        "DTP*009*D8*20261121",
        "HL*2*1*21*0",
        "NM1*41*2*RIVERSIDE THERAPY GROUP*****46*SYNRIVERSIDE",
        f"TRN*2*{_own(request)}",
        f"STC*{code}:PR*20261121*{action}*100",
        "QTY*90*1",
        "AMT*YU*100",
    ]
    return envelope("277", "HN", "005010X214", body, 82)


def wants(request: bytes, number: str) -> bytes:
    """A 277 that asks for a document, under the payer's own number."""
    body = [
        "BHT*0085*08*R2*20261121*0931*TH",
        "HL*1**20*1",
        "NM1*PR*2*HARBOR HEALTH PLAN SYNTHETIC*****PI*SYNHARBOR",
        "HL*2*1*21*1",
        "NM1*41*2*RIVERSIDE THERAPY GROUP*****46*SYNRIVERSIDE",
        "HL*3*2*19*1",
        "NM1*1P*2*RIVERSIDE THERAPY GROUP*****XX*1000000095",
        "HL*4*3*22*0",
        "NM1*IL*1*DEMOHAVEN*ZION****MI*SYN102600",
        f"TRN*2*{number}",
        "STC*R4:11506-3::LOI*20261121",
        f"REF*D9*{_own(request)}",
        "DTP*106*D8*20261205",
    ]
    made = envelope("277", "HN", "006020X313", body, 83)
    return made.replace(b"*00501*", b"*00602*")
