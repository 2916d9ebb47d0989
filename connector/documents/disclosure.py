"""What may not reach a payer, and the list of what was left out and why.

Held back always: psychotherapy notes, note summaries, item answers, alliance scores, what a safety
item said. Held back without a valid consent: anything that tells of substance use treatment
(42 CFR Part 2): instruments marked ``part2``, diagnoses F10 to F19, and texts that mention it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from connector.measures.instrument import Instrument
from connector.progress import Chart, MeasureSeries, Progress

_SUD_CODE = re.compile(r"^\s*F1[0-9]", re.IGNORECASE)
_SUD_WORDS = re.compile(
    r"\b(alcohol\w*|drink(?:s|ing|er)?|drunk|drugs?|sober|sobriety|substances?|addict\w*|opioids?|"
    r"opiates?|cocaine|cannabis|marijuana|heroin|fentanyl|methadone|buprenorphine|suboxone|"
    r"naltrexone|meth|methamphetamine|relapse\w*|detox\w*|abstinen\w+|overdos\w+|recovery group|"
    r"rehab(?! exercis)|AA|SUD|OUD|AUD|AUDIT|AUDIT-C|DAST\S*|BAM)\b",
    re.IGNORECASE,
)
_SUD_CODE_IN_TEXT = re.compile(r"\bF1[0-9](?:\.?[0-9A-Z]{1,4})?\b", re.IGNORECASE)
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


def is_sud_code(code: str) -> bool:
    """True for ICD-10-CM F10 to F19."""
    return bool(_SUD_CODE.match(code))


def mentions_sud(text: str | None) -> bool:
    """True when a text tells of substance use or its treatment."""
    return bool(text and (_SUD_WORDS.search(text) or _SUD_CODE_IN_TEXT.search(text)))


def sud_within(*shown: Any) -> bool:
    """True when any text in these parts of a document tells of it."""
    return mentions_sud(json.dumps(shown, ensure_ascii=False))


def may_show(text: str | None, consent: bool) -> bool:
    """True when a plan's text may go to a payer: no self-harm wording, no substance use content."""
    if not text:
        return False
    return not _SELF_HARM.search(text) and (consent or not mentions_sud(text))


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
    progress: Progress, instruments: Mapping[str, Instrument], consent: bool
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
    if not consent:
        rows.append(_sud_row(progress, known))
    harm = [g for g in chart.goals if _SELF_HARM.search(g.text)]
    rows.append(
        ("goals that mention self-harm", len(harm), "The clinician states risk in one line instead")
    )
    return [{"what": what, "count": n, "reason": why} for what, n, why in rows if n]


def _sud_row(
    progress: Progress, known: list[tuple[MeasureSeries, Instrument]]
) -> tuple[str, int, str]:
    chart = progress.chart
    texts = [g.text for g in chart.goals]
    texts += [t for p in chart.plans for t in (p.modality, p.discharge_criteria, p.frequency) if t]
    count = (
        sum(len(s.measurements) for s, i in known if i.part2)
        + sum(1 for d in chart.diagnoses if is_sud_code(d.code) or mentions_sud(d.description))
        + sum(1 for text in texts if mentions_sud(text))
    )
    return (
        "substance use content",
        count,
        "No valid consent to disclose it is on file (42 CFR Part 2); with one, make it again",
    )
