"""``Element``: one line of a checklist, and the lines that both disciplines ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from connector.documents.wording import clipped
from connector.pipeline.baseline import exact
from connector.pipeline.golden_thread.case import Case, plan_refs, ref, score_ref, visit_refs
from connector.pipeline.golden_thread.diagnosis import in_force, is_usable
from connector.pipeline.golden_thread.measures import measures_function
from connector.pipeline.golden_thread.rules import State
from connector.pipeline.wording import joined, long_date, number, things
from connector.progress import Measurement
from connector.thread import Documented, RecordRef

QUOTE = 120


class Found(NamedTuple):
    """What the records show of an element."""

    state: State
    finding: str
    records: tuple[RecordRef, ...] = ()
    action: str = ""


class Element(NamedTuple):
    """What a payer asks for, who says so, and how it is looked up."""

    key: str
    name: str
    source: str
    look: Callable[[Case], Found]

    def looked_up(self, case: Case) -> Documented:
        """The element as the chart shows it."""
        found = self.look(case)
        return Documented(
            key=self.key,
            name=self.name,
            state=found.state,
            finding=found.finding,
            action=found.action,
            rule_source=self.source,
            records=found.records,
        )


def present(finding: str, records: Iterable[RecordRef]) -> Found:
    """On record."""
    return Found("present", finding, tuple(records))


def absent(finding: str, action: str, records: Iterable[RecordRef] = ()) -> Found:
    """Not on record."""
    return Found("absent", finding, tuple(records), action)


def from_link(check: Callable[[Case], Documented]) -> Callable[[Case], Found]:
    """A link of the golden thread as an element."""

    def look(case: Case) -> Found:
        link = check(case)
        return Found(link.state, link.finding, link.records, link.action)

    return look


def clinician_writes(field: str) -> Callable[[Case], Found]:
    """What no record holds: the clinician writes it into that field of the report."""
    text = f"Not in the records: the clinician writes it in the report ({field})."
    found = absent(text, "Complete the field before signing.")
    return lambda _case: found


def signature(_case: Case) -> Found:
    """The records hold none: it is given on the report itself."""
    return absent("Not in the records: the clinician signs the report.", "Sign the report.")


def diagnosis(case: Case) -> Found:
    """The codes in force."""
    known = [d for d in case.chart.diagnoses if in_force(d, case) and is_usable(d)]
    if not known:
        return absent("No ICD-10-CM code that may be disclosed is in force.", "Record the code.")
    known.sort(key=lambda d: (not d.primary, d.code, d.id))
    return present(f"{joined([d.code for d in known])}.", [ref(d, d.onset_on) for d in known])


def member_and_provider(case: Case) -> Found:
    """Who is treated, under which coverage, by whom."""
    chart = case.chart
    cover = min(
        (c for c in chart.coverages if c.ends_on is None or c.ends_on >= case.today),
        key=lambda c: (c.priority, c.id),
        default=None,
    )
    parts = {
        "member ID": cover and cover.member_id,
        "name": chart.patient.family_name,
        "date of birth": chart.patient.birth_date,
        "clinician": chart.clinician,
        "NPI": chart.clinician and chart.clinician.npi,
    }
    records = [ref(r) for r in (chart.patient, cover, chart.clinician) if r is not None]
    lacking = [name for name, value in parts.items() if not value]
    if lacking:
        return absent(f"Not on file: {joined(lacking)}.", "Add it in the source.", records)
    return present("Member ID, name, date of birth, clinician and NPI.", records)


def service_dates(case: Case) -> Found:
    """First and last attended visit."""
    days = case.treatment_days
    if not days:
        return absent("No attended visit on file.", "Check that visits are read.")
    text = f"{long_date(days[0])} to {long_date(days[-1])}, {things(len(days), 'treatment day')}."
    return present(text, visit_refs({v.id: v for v in case.attended}.values()))


def procedure_and_frequency(case: Case) -> Found:
    """CPT codes of the visits and the plan's frequency; the number asked for is the clinician's."""
    codes = sorted({v.cpt for v in case.attended if v.cpt})
    frequency = case.plan.frequency if case.plan else None
    lacking = [n for n, v in (("CPT code", codes), ("frequency in the plan", frequency)) if not v]
    records = [*plan_refs(case.plan), *visit_refs(v for v in case.attended if v.cpt)]
    if lacking:
        return absent(f"Not on file: {joined(lacking)}.", "Add it in the source.", records)
    return present(f"CPT {joined(codes)}; {clipped(frequency or '', QUOTE)}.", records)


def interventions(case: Case) -> Found:
    """The plan's treatment, in its own words."""
    if case.plan is None or not case.plan.modality:
        return absent(
            "No treatment that may be disclosed is named in the plan.", "Name it in the plan."
        )
    return present(f'"{clipped(case.plan.modality, QUOTE)}"', plan_refs(case.plan))


def discharge_criteria(case: Case) -> Found:
    """The plan's criteria, in its own words."""
    if case.plan is None or not case.plan.discharge_criteria:
        return absent(
            "No criteria that may be disclosed are in the plan.", "Write them in the plan."
        )
    return present(f'"{clipped(case.plan.discharge_criteria, QUOTE)}"', plan_refs(case.plan))


def attendance(case: Case) -> Found:
    """Visits kept of those booked."""
    a = case.progress.measured.attendance
    booked = a.attended + a.no_show + a.late_cancel
    if not booked:
        return absent("No visit with an outcome on file.", "Check that visits are read.")
    text = f"{a.attended} of {things(booked, 'booked visit')} kept."
    return present(text, visit_refs(case.attended))


def impairment(case: Case) -> Found:
    """Scores of measures of functioning; the domains in words are the clinician's."""
    found = [s for s in case.scored if measures_function(s.instrument)]
    if not found:
        return absent(
            "No measure of functioning has a usable score.",
            "Take one, and name the domains in the report.",
        )
    parts = [f"{s.name} {total_words(s.last)}" for s in found]
    return present(f"{joined(parts)}.", [score_ref(s.last) for s in found])


def compared(case: Case) -> Found:
    """Baseline, current score and what the change counts as, with dates."""
    pairs = [s for s in case.scored if len(s.scores) > 1]
    if not pairs:
        return absent("No two usable scores of a measure.", "Repeat the measure.")
    parts = []
    for s in pairs:
        change = s.series.change
        words = _RELIABLE.get(change.reliable if change else None, "not rated")
        parts.append(
            f"{s.name} {total_words(s.scores[0])} on {long_date(s.scores[0].taken_on)}, "
            f"{total_words(s.last)} on {long_date(s.last.taken_on)}: {words}"
        )
    return present(f"{'; '.join(parts)}.", [score_ref(m) for s in pairs for m in s.scores])


_RELIABLE: dict[str | None, str] = {
    "improved": "reliably better",
    "deteriorated": "reliably worse",
    "none": "no reliable change",
}


def total_words(measurement: Measurement) -> str:
    """The total of a usable score."""
    return number(exact(measurement))
