"""From the segments of a 271 to an ``EligibilityAnswer``, and of a 270 to plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from connector.x12.content.eligibility import (
    AMOUNTS,
    INFORMATION,
    PERIODS,
    Benefit,
    Delivery,
    Eligibility,
    EligibilityAnswer,
)
from connector.x12.content.eligibility_terms import MENTAL_HEALTH, PHYSICAL_THERAPY, standing, terms
from connector.x12.content.levels import Level, Party, levels, with_heads
from connector.x12.content.party_reader import (
    as_period,
    dependent,
    payer,
    provider,
    reference,
    stated,
    subscriber,
)
from connector.x12.content.review import Rejection
from connector.x12.content.words import rejection_words
from connector.x12.segment import Segment

_YES_NO = {"Y": True, "N": False}


def read_eligibility(segments: Sequence[Segment]) -> EligibilityAnswer:
    """All patients of a 271. A patient is who has benefits, rejections or no dependent."""
    head, found = levels(segments)
    opening = next((s for s in head if s.tag == "BHT"), None)
    heads = [one for one in found if one.code in ("20", "21")]
    insuring = {one.parent for one in found if one.code == "23"}
    return EligibilityAnswer(
        reference=opening.element(3) or None if opening else None,
        patients=tuple(
            _patient(one, above)
            for one, above in with_heads(found)
            if _is_patient(one, one.id in insuring)
        ),
        rejections=tuple(r for one in heads for r in _rejections(one, one.parties)),
    )


def _is_patient(level: Level, insures: bool) -> bool:
    if level.code == "23":
        return True
    if level.code != "22":
        return False
    parts = [*level.segments, *(s for party in level.parties for s in party.segments)]
    says = any(one.tag in ("EB", "AAA") for one in parts)
    return says or not insures


def _patient(level: Level, above: Mapping[str, Level]) -> Eligibility:
    own = level.party("IL", "03", "QC")
    insured = level if level.code == "22" else above.get("22")
    insured_party = insured.party("IL") if insured else None
    source = above["20"].parties[0] if "20" in above and above["20"].parties else None
    benefits = tuple(_benefits(level))
    traces = [one for one in level.all("TRN") if one.element(1) == "2"]
    dates = _dates(level, benefits)
    plan = next((b for b in benefits if b.plan and b.meaning.startswith("active")), None)
    return Eligibility(
        trace=traces[0].element(2) or None if traces else None,
        payer=payer(source),
        subscriber=subscriber(insured_party),
        dependent=dependent(own) if level.code == "23" else None,
        standing=standing(benefits),
        plan=plan.plan if plan else None,
        insurance_type=plan.insurance_type if plan else None,
        group_number=reference(own, "6P") or reference(insured_party, "6P") or None,
        starts_on=dates[0],
        ends_on=dates[1],
        mental_health=terms(benefits, MENTAL_HEALTH),
        physical_therapy=terms(benefits, PHYSICAL_THERAPY),
        benefits=benefits,
        rejections=tuple(_rejections(level, [own] if own else [])),
    )


def _dates(level: Level, benefits: Sequence[Benefit]) -> tuple[Any, Any]:
    """When the plan begins and ends: 291 or 307 (a range), else 346/356 and 347/357."""
    party = level.parties[0] if level.parties else None
    own = _before_benefits(party)
    periods = {one.element(1): as_period(one) for one in own if one.tag == "DTP"}
    for qualifier in ("291", "307"):
        found = periods.get(qualifier)
        if found and found[0] != found[1]:
            return found
    starts = [periods[q] for q in ("346", "356") if periods.get(q)]
    ends = [periods[q] for q in ("347", "357") if periods.get(q)]
    return (starts[0] or (None, None))[0] if starts else None, (
        (ends[0] or (None, None))[0] if ends else None
    )


def _before_benefits(party: Party | None) -> list[Segment]:
    found: list[Segment] = []
    for segment in party.segments if party else []:
        if segment.tag == "EB":
            break
        found.append(segment)
    return found


def _benefits(level: Level) -> Iterable[Benefit]:
    """Each EB with what follows it. An LS..LE loop of other parties is passed over."""
    everything = [*level.segments, *(s for party in level.parties for s in party.segments)]
    blocks: list[list[Segment]] = []
    inside = False
    for segment in everything:
        if segment.tag == "EB":
            blocks.append([segment])
            inside = False
        elif segment.tag in ("LS", "LE"):
            inside = segment.tag == "LS"
        elif blocks and not inside:
            blocks[-1].append(segment)
    return [_benefit(block) for block in blocks]


def _benefit(block: Sequence[Segment]) -> Benefit:
    one = block[0]
    code = one.element(1)
    period, unit = one.element(6), one.element(9)
    return Benefit(
        information=code,
        meaning=INFORMATION.get(code, "a code unknown here"),
        coverage_level=one.element(2) or None,
        service_types=tuple(kind for kind in one.repeats(3) if kind),
        insurance_type=one.element(4) or None,
        plan=one.element(5) or None,
        period=PERIODS.get(period, period) or None,
        amount=_decimal(one.element(7)),
        percent=_decimal(one.element(8)),
        quantity=_decimal(one.element(10)),
        quantity_unit=AMOUNTS.get(unit, unit) or None,
        authorization_required=_YES_NO.get(one.element(11)),
        in_network=_YES_NO.get(one.element(12)),
        procedure=one.component(13, 2) or None,
        deliveries=tuple(_delivery(s) for s in block if s.tag == "HSD"),
        messages=tuple(s.element(1) for s in block if s.tag == "MSG" and s.element(1)),
        rejections=tuple(_rejected("2110", "benefit", s) for s in block if s.tag == "AAA"),
    )


def _delivery(segment: Segment) -> Delivery:
    unit, period = segment.element(1), segment.element(5)
    return Delivery(
        amount=_decimal(segment.element(2)),
        unit=AMOUNTS.get(unit, unit) or None,
        period=PERIODS.get(period, period) or None,
        periods=_decimal(segment.element(6)),
    )


def _rejections(level: Level, parties: Iterable[Party]) -> Iterable[Rejection]:
    about = {"20": "payer", "21": "provider", "22": "subscriber", "23": "dependent"}
    letter = {"20": "A", "21": "B", "22": "C", "23": "D"}.get(level.code, "")
    who = about.get(level.code, "")
    for segment in level.all("AAA"):
        yield _rejected(f"2000{letter}", who, segment)
    for party in parties:
        for segment in _before_benefits(party):
            if segment.tag == "AAA":
                yield _rejected(f"2100{letter}", who, segment)


def _rejected(loop: str, about: str, segment: Segment) -> Rejection:
    code, follow_up = segment.element(3), segment.element(4)
    meaning, group, step = rejection_words(code, follow_up)
    return Rejection(
        loop=loop, about=about, code=code, meaning=meaning, follow_up=follow_up or None,
        next_step=step, group=group,
    )  # fmt: skip


def _decimal(text: str) -> Decimal | None:
    try:
        found = Decimal(text) if text and len(text) <= 18 else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


def read_inquiry(segments: Sequence[Segment]) -> dict[str, Any]:
    """A 270: who asks whom about which patients."""
    head, found = levels(segments)
    opening = next((s for s in head if s.tag == "BHT"), None)
    source = next((p for one in found if one.code == "20" for p in one.parties), None)
    asker = next((p for one in found if one.code == "21" for p in one.parties), None)
    patients = []
    for level, above in with_heads(found):
        if level.code not in ("22", "23"):
            continue
        rest = [s for party in level.parties for s in party.segments]
        asked = [code for s in rest if s.tag == "EQ" for code in s.repeats(1)]
        insured = level if level.code == "22" else above.get("22")
        trace = level.one("TRN")
        if asked or level.code == "23" or trace:
            patients.append(
                stated(
                    trace=trace.element(2) if trace else "",
                    subscriber=subscriber(insured.party("IL") if insured else None),
                    dependent=dependent(level.party("03", "QC")) if level.code == "23" else None,
                    service_types=asked,
                )
            )
    return stated(
        reference=opening.element(3) if opening else "",
        payer=payer(source),
        provider=provider(asker),
        patients=patients,
    )
