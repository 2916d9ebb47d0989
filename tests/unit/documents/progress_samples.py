"""Hand-made Progress values for report tests: synthetic people in known situations.

Scores and changes come from the real measures; everything else is written out here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from connector.measures import Instrument, compare, parse_instrument, score
from connector.progress import (
    Adherence,
    Alert,
    Attendance,
    AuthorizationView,
    Chart,
    DecisionView,
    EpisodeView,
    GoalProgress,
    Measured,
    Measurement,
    MeasureSeries,
    Milestone,
    PracticeProfile,
    Progress,
    RuleSet,
)
from connector.records import (
    Assessment,
    Authorization,
    Clinician,
    Contact,
    Coverage,
    Diagnosis,
    Goal,
    Note,
    Patient,
    Provenance,
    TreatmentPlan,
    Visit,
)

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 3, 12, 22, 0, tzinfo=UTC)
START = date(2026, 1, 14)
PRACTICE = PracticeProfile(
    id="riverside",
    name="Riverside Therapy Group",
    timezone="America/New_York",
    phone="555-0100",
    synthetic=True,
)
RULES = RuleSet()
PROVENANCE = Provenance(
    source="sample", origin="sample.csv", row=1, source_id="s-1", mapping="csv_export",
    mapping_version="m1",
)  # fmt: skip
BETTER = (19, 20, 18, 17, 14, 12, 11, 9)
WORSE = (9, 10, 10, 12, 14, 13, 16, 19)
SAME = (15, 14, 16, 15, 14, 15, 13, 14)


@cache
def instruments() -> dict[str, Instrument]:
    """All shipped instruments."""
    folder = ROOT / "mappings" / "instruments"
    return {
        path.stem: parse_instrument(path.read_text(encoding="utf-8"), path.name)
        for path in sorted(folder.glob("*.yaml"))
    }


def base(kind: str, number: int) -> dict[str, Any]:
    return {"id": f"{kind}-{number:020d}", "version": NOW, "provenance": PROVENANCE}


def owned(kind: str, number: int) -> dict[str, Any]:
    return {**base(kind, number), "patient_id": "patient-1"}


def series(
    instrument: str,
    totals: tuple[float, ...],
    *,
    primary: bool = False,
    every: int = 7,
    start: date = START,
    flags: tuple[str, ...] = (),
    skip: tuple[int, ...] = (),
) -> MeasureSeries:
    """A measured series; ``skip`` leaves weeks without a form, ``flags`` go on the last one."""
    known = instruments()[instrument]
    measurements = []
    step = 0
    for index, total in enumerate(totals):
        while step in skip:
            step += 1
        scored = score(known, total=Decimal(str(total)))
        last = index == len(totals) - 1
        kept = tuple(f for f in scored.flags if not f.startswith("safety"))
        measurements.append(
            Measurement(
                assessment_id=f"assessment-{instrument}-{index:04d}",
                taken_on=start + timedelta(days=every * step),
                score=scored.model_copy(update={"flags": (*kept, *(flags if last else ()))}),
                source="sample",
                origin="assessments.csv",
                row=index + 2,
            )
        )
        step += 1
    return compared(known, measurements, primary)


def compared(
    known: Instrument, measurements: list[Measurement], primary: bool = False
) -> MeasureSeries:
    """The series with baseline, current, best and change, as the measure step would give it."""
    valid = [m for m in measurements if m.score.total is not None]
    several = len(valid) > 1
    ordered = sorted(valid, key=lambda m: m.score.total or Decimal(0))
    best = ordered[0 if known.direction == "higher_is_worse" else -1] if ordered else None
    return MeasureSeries(
        instrument=known.id,
        primary=primary,
        measurements=tuple(measurements),
        baseline=valid[0] if valid else None,
        current=valid[-1] if several else None,
        best=best,
        change=compare(known, exact(valid[0]), exact(valid[-1])) if several else None,
        next_due_on=date(2026, 3, 24),
    )


def exact(measurement: Measurement) -> Decimal:
    value = measurement.score.total_exact
    return value if value is not None else measurement.score.total or Decimal(0)


def patient(**changes: Any) -> Patient:
    values: dict[str, Any] = {
        **base("patient", 1), "id": "patient-1", "chart_number": "004417", "given_name": "Jordan",
        "family_name": "Sample", "birth_date": date(1988, 5, 4), "discipline": "mental_health",
    }  # fmt: skip
    return Patient(**{**values, **changes})


def goals(count: int = 2, text: str = "Leave home alone") -> tuple[Goal, ...]:
    return tuple(
        Goal(
            **owned("goal", n), text=text if n == 0 else f"{text}, part {n + 1}",
            status="in_progress" if n % 2 == 0 else "achieved", start_value="1 day a week",
            current_value="4 days a week", target_value="5 days a week",
            target_on=date(2026, 4, 30), achieved_on=date(2026, 2, 20) if n % 2 else None,
        )
        for n in range(count)
    )  # fmt: skip


def visits() -> tuple[Visit, ...]:
    outcomes = ["attended"] * 5 + ["no_show", "practice_cancel", "attended", "late_cancel"]
    past = [
        Visit(
            **owned("visit", n), starts_at=datetime(2026, 1, 14, 15, tzinfo=UTC) + timedelta(7 * n),
            status=status, cpt="90834",
        )
        for n, status in enumerate(outcomes)
    ]  # fmt: skip
    ahead = Visit(
        **owned("visit", 90), starts_at=datetime(2026, 3, 18, 15, tzinfo=UTC), status="scheduled"
    )
    return (*past, ahead)


def progress(
    *measured: MeasureSeries,
    decision: str = "meets",
    rule: str = "R5",
    milestones: bool = True,
    **changes: Any,
) -> Progress:
    """A whole Progress around the given series; ``changes`` replace parts of the chart."""
    view = AuthorizationView(
        authorization_id="authorization-1", payer="Example Health", number="A-2026-0147",
        authorized=20, requested=26, used=12, booked=2, left=6, starts_on=START,
        ends_on=date(2026, 6, 30), status="approved",
    )  # fmt: skip
    chart: dict[str, Any] = {
        "patient": patient(),
        "clinician": Clinician(
            **base("clinician", 1), name="Dana Okafor", credentials="LCSW", npi="1234567893"
        ),
        "episode": EpisodeView(started_on=START, discipline="mental_health"),
        "diagnoses": (
            Diagnosis(
                **owned("diagnosis", 1), code="F33.1", primary=True,
                description="Major depressive disorder, recurrent, moderate",
                onset_on=date(2025, 11, 2),
            ),
        ),
        "coverages": (
            Coverage(
                **owned("coverage", 1), payer="Example Health", member_id="W123456789",
                group_number="G-77",
            ),
        ),
        "plans": (
            TreatmentPlan(
                **owned("plan", 1), starts_on=START, review_on=date(2026, 4, 14),
                modality="Cognitive behavioral therapy", frequency="Weekly, 45 minutes",
                signed=True, client_participated=True,
                discharge_criteria="PHQ-9 under 5 for two months",
            ),
        ),
        "goals": goals(),
        "visits": visits(),
        "authorizations": (
            Authorization(
                **owned("authorization", 1), payer="Example Health", number="A-2026-0147",
                authorized=20,
            ),
        ),
    }  # fmt: skip
    alerts = changes.pop("alerts", ())
    views = changes.pop("views", (view,))
    chart.update(changes)
    first = measured[0] if measured else None
    return Progress(
        as_of=NOW,
        chart=Chart(**chart),
        measured=Measured(
            series=measured,
            attendance=Attendance(
                attended=6, no_show=1, late_cancel=1, practice_cancel=1, scheduled=1,
                percent=Decimal("75.0"), recent_percent=Decimal("66.7"), missed_in_a_row=1,
            ),
            goals=GoalProgress(total=2, achieved=1, percent=Decimal(50)),
            adherence=Adherence(weeks=6, percent=Decimal("71.4")),
            authorizations=views,
        ),
        decision=DecisionView(
            decision=decision, rule=rule,
            reason="Reliable improvement against the first score.",
            instrument=first.instrument if first else None,
            inputs={
                "as_of": "2026-03-12", "expected_percent": "35", "days_between_scores": 56,
                "days_since_baseline": 57, "change": {"percent_improvement": "52.6"},
            },
            rules_version="default-1",
        ),
        milestones=(
            Milestone(
                kind="authorization", key="authorization:1:14", due_on=date(2026, 3, 12),
                text="14 of 20 authorized visits are used or booked.",
            ),
        )
        if milestones
        else (),
        alerts=alerts,
    )  # fmt: skip


def referred(built: Progress, kind: str = "treatment_days", **changes: Any) -> Progress:
    """The progress of a person whom somebody referred, with a letter due."""
    contact = Contact(
        **{
            **owned("contact", 1), "role": "referring_provider", "name": "Morgan Fictgate, MD",
            "organization": "Fictgate Family Medicine (synthetic)", "fax": "555-0142", **changes,
        }
    )  # fmt: skip
    due = Milestone(
        kind=kind, key=f"letter:{kind}", due_on=date(2026, 3, 11), text="a letter is due"
    )
    chart = built.chart.model_copy(update={"referrers": (contact,)})
    return built.model_copy(update={"chart": chart, "milestones": (*built.milestones, due)})


def safety_alert(number: int = 1) -> Alert:
    return Alert(
        key=f"k{number}", patient_id="patient-1", rule="safety_item_positive", severity="page",
        audience="on_call", summary="A safety item needs a person.",
        text="PHQ-9 item 9 scored 1 on 10 Mar 2026.", raised_on=date(2026, 3, 10),
    )  # fmt: skip


def answers(totals: tuple[int, ...]) -> tuple[Assessment, ...]:
    """Item answers behind a PHQ-9 series, spread over the items."""
    records = []
    for index, total in enumerate(totals):
        items = tuple(Decimal(min(3, max(0, total - 3 * n))) for n in range(9))
        records.append(
            Assessment(
                **{**owned("assessment", index), "id": f"assessment-phq9-{index:04d}"},
                instrument="phq9", taken_on=START + timedelta(days=7 * index), items=items,
            )
        )  # fmt: skip
    return tuple(records)


def notes() -> tuple[Note, ...]:
    return (
        Note(
            **owned("note", 1), note_type="progress", written_on=date(2026, 3, 4), signed=False,
            summary="NOTE-SUMMARY-MARK about the session",
        ),
    )  # fmt: skip


def situations() -> dict[str, Progress]:
    """One Progress per situation that the pages are looked at in."""
    gad = series("gad7", (15, 14, 14, 13, 13, 12, 13, 12))
    lefs = series("lefs", (32, 35, 38, 44, 47, 51), primary=True, every=10)
    pain = series("nprs", (7, 6, 6, 5, 4, 3), every=10)
    pt = {
        "patient": patient(discipline="physical_therapy", given_name="Robin"),
        "episode": EpisodeView(started_on=START, discipline="physical_therapy"),
    }
    return {
        "better": progress(
            series("phq9", BETTER, primary=True, skip=(5,)), gad, assessments=answers(BETTER),
            notes=notes(),
        ),
        "safety": progress(
            series("phq9", BETTER, primary=True, flags=("safety_item_positive:9",)), gad,
            assessments=answers(BETTER), alerts=(safety_alert(),),
        ),
        "worse": progress(series("phq9", WORSE, primary=True), gad, decision="below", rule="R1"),
        "same": progress(series("phq9", SAME, primary=True), decision="below", rule="R8"),
        "lefs": progress(lefs, pain, **pt),
        "one_score": progress(
            series("phq9", (17,), primary=True), decision="insufficient_data", rule="R0"
        ),
        "three_scores": progress(series("gad7", (15, 12, 8), primary=True), decision="exceeds"),
        "no_scores": progress(decision="insufficient_data", rule="R0"),
        "worst_case": worst_case(),
    }  # fmt: skip


def worst_case() -> Progress:
    """More of everything than the therapist page has room for, in long words."""
    long = "Return to full participation in household, community and occupational responsibilities "
    views = tuple(
        AuthorizationView(
            authorization_id=f"authorization-{n}", payer="A Very Long Regional Health Plan Name",
            number="AUTH-2026-000000-0147-LONG", authorized=20, requested=26, used=17, booked=6,
            left=-3, starts_on=START, ends_on=date(2026, 12, 30), status="approved",
            renewal_due=True, renewal_reason="only minus three visits are left before the end date",
        )
        for n in range(3)
    )  # fmt: skip
    many = tuple(range(19, 1, -1))
    measured = (
        series("phq9", many, primary=True, every=4, flags=("safety_item_positive:9",)),
        *(
            series(name, (40, 30, 35, 36, 50, 51, 60), every=9)
            for name in ("pcl5", "lefs", "ndi", "odi", "dash")
            if name in instruments()
        ),
    )
    built = progress(
        *measured,
        decision="below",
        rule="R8",
        goals=tuple(
            g.model_copy(update={"text": long * 3, "current_value": "a long current value of it"})
            for g in goals(9)
        ),
        assessments=answers(many),
        notes=notes(),
        views=views,
        alerts=tuple(safety_alert(n).model_copy(update={"text": long * 3}) for n in range(5)),
        patient=patient(
            given_name="Maximiliana-Alexandra Josephine", family_name="Featherstonehaugh-Sample"
        ),
        clinician=Clinician(
            **base("clinician", 1), name="Wilhelmina Konstantinopolous-Okafor", credentials="LCSW"
        ),
        diagnoses=tuple(
            Diagnosis(**owned("diagnosis", n), code=f"M54.5{n}", description=long) for n in range(7)
        ),
    )
    decision = built.decision.model_copy(
        update={"reason": long * 4, "capped_by": "a reliable deterioration in a secondary measure"}
    )
    late = built.measured.model_copy(
        update={
            "series": tuple(
                s.model_copy(update={"baseline_late": True, "loss_of_gains": True})
                for s in built.measured.series
            )
        }
    )
    return built.model_copy(update={"decision": decision, "measured": late})
