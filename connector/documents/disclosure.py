"""What may not reach a payer (or a patient's page), and the list of what was left out and why.

Held back always: psychotherapy notes, note summaries, item answers, alliance scores, what a safety
item said. Held back without a valid consent: anything that tells of substance use treatment
(42 CFR Part 2): instruments marked ``part2``, diagnoses and services of the practice's list
(``connector.substance_use``), with their visits and authorizations, and texts that mention it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from connector.documents.substance_words import tells_of_use
from connector.measures.instrument import Instrument
from connector.progress import Chart, MeasureSeries, PracticeProfile, Progress
from connector.records import Authorization, Diagnosis, Goal, Visit
from connector.substance_use import SubstanceUse

SUD_CONTENT = "substance use content"
_SELF_HARM = re.compile(r"\b(suicid\w*|self[- ]harm\w*|kill (?:my|him|her)self)\b", re.IGNORECASE)


def sud_consent(chart: Chart, on: date) -> bool:
    """True when an unrevoked, unexpired consent to disclose substance use content is on file."""
    return _in_force(chart, "sud_disclosure", on)


def may_write_to_referrer(chart: Chart, on: date, *, must_be_on_file: bool) -> bool:
    """Whether a letter may go to who referred the person.

    HIPAA asks for no consent where it is for treatment (45 CFR 164.506(c)); one that was given and
    has ended or been revoked is respected. ``must_be_on_file``: the practice or its state asks for
    a consent in any case.
    """
    scope = "treatment_payment_operations"
    given = [one for one in chart.consents if one.scope == scope and one.granted_on <= on]
    return _in_force(chart, scope, on) if given else not must_be_on_file


def _in_force(chart: Chart, scope: str, on: date) -> bool:
    return any(
        consent.scope == scope
        and consent.granted_on <= on
        and (consent.expires_on is None or consent.expires_on >= on)
        and (consent.revoked_on is None or consent.revoked_on > on)
        for consent in chart.consents
    )


def mentions_sud(text: str | None, codes: SubstanceUse) -> bool:
    """True when a text tells of substance use or its treatment, in words or by a code."""
    return bool(text) and (tells_of_use(str(text)) or codes.names_code(str(text)))


def sud_within(codes: SubstanceUse, *shown: Any) -> bool:
    """True when any text in these parts of a document tells of it."""
    return any(mentions_sud(text, codes) for part in shown for text in _texts(part))


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from _texts(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _texts(value)


@dataclass(frozen=True, slots=True)
class Wall:
    """What holds substance use content back, or, with a valid ``consent``, lets it through."""

    consent: bool
    codes: SubstanceUse

    def may_show(self, text: str | None) -> bool:
        """True when a plan's text may go to a payer: no self-harm wording, no such content."""
        if not text or _SELF_HARM.search(text):
            return False
        return self.consent or not mentions_sud(text, self.codes)

    def holds_goal(self, goal: Goal) -> bool:
        """True when a goal speaks of substance use, so is kept from the patient's page too."""
        texts = (goal.text, goal.current_value, goal.target_value)
        return not self.consent and any(mentions_sud(text, self.codes) for text in texts)

    def hides_diagnosis(self, diagnosis: Diagnosis) -> bool:
        """True when its code may not go to a payer."""
        return not self.consent and self.codes.is_diagnosis(diagnosis.code)

    def hides_visit(self, visit: Visit) -> bool:
        """True when the visit may not be told of: its service is treatment of substance use."""
        return not self.consent and self.codes.is_procedure(visit.cpt)

    def shown(self, procedures: tuple[str, ...]) -> tuple[str, ...]:
        """The procedures that may be named."""
        if self.consent:
            return procedures
        return tuple(code for code in procedures if not self.codes.is_procedure(code))

    def hides_authorization(self, authorization: Authorization) -> bool:
        """True when it is for nothing but such services."""
        return bool(authorization.cpt) and not self.shown(authorization.cpt)


def wall_of(chart: Chart, practice: PracticeProfile, on: date) -> Wall:
    """The wall between this chart and a payer on a day."""
    return Wall(sud_consent(chart, on), practice.substance_use)


def hidden_visits(chart: Chart, wall: Wall) -> tuple[Visit, ...]:
    """The visits that may not be told of: by their own procedure, or by their authorization's."""
    if wall.consent:
        return ()
    numbers = {a.number for a in chart.authorizations if a.number and wall.hides_authorization(a)}
    return tuple(
        v for v in chart.visits if wall.hides_visit(v) or v.authorization_number in numbers
    )


def tells_of_services(chart: Chart, codes: SubstanceUse) -> bool:
    """True when a visit or an authorization is for treatment of substance use."""
    return any(codes.is_procedure(v.cpt) for v in chart.visits) or any(
        codes.is_procedure(code) for one in chart.authorizations for code in one.cpt
    )


def payer_series(
    progress: Progress, instruments: Mapping[str, Instrument], consent: bool
) -> list[MeasureSeries]:
    """The measures that a payer may see, the primary one first."""
    kept = [
        s
        for s in progress.measured.series
        if s.instrument in instruments
        and instruments[s.instrument].for_payers
        and (consent or not instruments[s.instrument].part2)
    ]
    return sorted(kept, key=lambda s: (not s.primary, s.instrument, s.variant or ""))


def left_out(
    progress: Progress, instruments: Mapping[str, Instrument], wall: Wall
) -> list[dict[str, Any]]:
    """What the packet does not hold, with the reason. For the practice, not for the payer."""
    chart = progress.chart
    series = progress.measured.series
    known = [(s, instruments[s.instrument]) for s in series if s.instrument in instruments]
    rows = [
        (
            "psychotherapy notes",
            chart.psychotherapy_notes,
            "Kept apart by law and never sent (45 CFR 164.501, 164.508)",
        ),
        (
            "note summaries",
            sum(1 for n in chart.notes if n.summary),
            "The payer needs totals and progress, not what the notes say "
            "(minimum necessary, 45 CFR 164.502(b))",
        ),
        (
            "item answers",
            sum(1 for a in chart.assessments if a.items is not None),
            "Totals and change are enough to show progress (minimum necessary, 45 CFR 164.502(b))",
        ),
        (
            "journal entries, messages and moods",
            len(chart.entries),
            "What the client wrote is between client and therapist; its text is kept nowhere here "
            "(minimum necessary, 45 CFR 164.502(b))",
        ),
        (
            "alliance scores",
            sum(len(s.measurements) for s, i in known if i.audience == "alliance"),
            "They are about the work of client and therapist together; never sent",
        ),
        (
            "safety item answers and alerts",
            sum(1 for s, i in known for _ in s.measurements if i.asks_safety),
            "The clinician states risk in one line of the report instead",
        ),
        (
            "measures not in the catalogue",
            len(series) - len(known),
            "This product can't score them; see the data questions of this client",
        ),
    ]
    if not wall.consent:
        rows.append(_sud_row(progress, known, wall))
    described = [[d.description] for d in chart.diagnoses if d.description]
    held = [*_held_texts(chart), *described]
    rows.append(
        (
            "texts that mention self-harm",
            sum(1 for texts in held if any(_SELF_HARM.search(text) for text in texts)),
            "The clinician states risk in one line instead",
        )
    )
    return [{"what": what, "count": n, "reason": why} for what, n, why in rows if n]


def _held_texts(chart: Chart) -> Iterator[list[str]]:
    """The texts of goals and plans that ``Wall.may_show`` decides on, those of a goal together."""
    for goal in chart.goals:
        values = (goal.text, goal.start_value, goal.current_value, goal.target_value)
        yield [text for text in values if text]
    for plan in chart.plans:
        yield from ([t] for t in (plan.modality, plan.discharge_criteria, plan.frequency) if t)


def _sud_row(
    progress: Progress, known: list[tuple[MeasureSeries, Instrument]], wall: Wall
) -> tuple[str, int, str]:
    chart, codes = progress.chart, wall.codes
    count = (
        sum(len(s.measurements) for s, i in known if i.part2)
        + sum(
            1
            for d in chart.diagnoses
            if codes.is_diagnosis(d.code) or mentions_sud(d.description, codes)
        )
        + sum(1 for held in _held_texts(chart) if any(mentions_sud(t, codes) for t in held))
        + len(hidden_visits(chart, wall))
        + sum(1 for one in chart.authorizations if wall.shown(one.cpt) != one.cpt)
    )
    return (
        SUD_CONTENT,
        count,
        "No valid consent to disclose it is on file (42 CFR Part 2); with one, make it again",
    )
