"""What the clinician must write into a payer report, and the report with it.

A field is known by a key made of its label: "Skilled need" is ``skilled_need``.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from connector.documents import disclosure
from connector.errors import InvalidRecord
from connector.records import is_icd10cm
from connector.substance_use import SubstanceUse

LONGEST, ONE_LINE, LETTER_COMMENT = 1000, 160, 360
_LONG = ("goals_with_measurable_objectives", "reason_why_goals_were_not_met_by_their_date")
_DIAGNOSIS = "diagnosis_icd_10_cm"
_BLOCKS = ("member", "request", "provider", "plan")
# The head of each page says these too.
_HEAD = {
    "member_id": ("member", "id"),
    "member_name": ("member", "name"),
    "name_of_the_patient": ("member", "name"),
    "date_of_birth": ("member", "birth_date"),
    "coverage": ("member", "payer"),
    "treating_clinician": ("provider", "name"),
}


def field_key(label: str) -> str:
    """The key of a field: its label in lower case, words joined by underscores."""
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")


def fields(context: Mapping[str, Any]) -> dict[str, str]:
    """Key and label of what the clinician must write, in the report's order, then of what may."""
    labels = (*context["to_complete"], *context.get("may_complete", ()))
    return {field_key(label): label for label in labels}


def missing(context: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    """Key and label of what must be written and is not yet."""
    wanted = {field_key(label): label for label in context["to_complete"]}
    return {key: label for key, label in wanted.items() if not values.get(key)}


def longest(context: Mapping[str, Any], key: str) -> int:
    """How many characters a field takes: the clinician's own words more than a row of a table."""
    if "may_complete" in context:
        return ONE_LINE if key in map(field_key, context["to_complete"]) else LETTER_COMMENT
    own_words = {field_key(field["label"]) for field in context["clinician_fields"]}
    return LONGEST if key in own_words or key in _LONG else ONE_LINE


def checked(
    key: str, text: str, *, may_name_sud: bool, codes: SubstanceUse, limit: int = LONGEST
) -> str:
    """The text as it goes into the field, without spaces around it.

    Raises InvalidRecord where it can't stand in a report to a payer: too long, characters that no
    printer knows, a diagnosis that is no ICD-10-CM code, or substance use content without a
    consent (42 CFR Part 2).
    """
    text = "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
    if len(text) > limit:
        raise InvalidRecord(
            "field_too_long", f"{key}: at most {limit} characters, not {len(text)}", field=key
        )
    if any(not (c.isprintable() or c == "\n") for c in text):
        raise InvalidRecord(
            "field_unprintable", f"{key}: holds characters that can't be printed", field=key
        )
    if text and key == _DIAGNOSIS and not is_icd10cm(text.split()[0].strip(",;:.").upper()):
        raise InvalidRecord(
            "not_icd10cm", f"{key}: begin with an ICD-10-CM code, such as F33.1", field=key
        )
    if not may_name_sud and disclosure.mentions_sud(text, codes):
        raise InvalidRecord(
            "sud_without_consent",
            f"{key}: the text speaks of substance use, and no valid consent to disclose that is on "
            "file (42 CFR Part 2). Leave it out, or state that it is not such content with "
            "--not-part-2",
            field=key,
        )
    return text


def tells_of_sud(
    context: Mapping[str, Any], values: Mapping[str, str], codes: SubstanceUse
) -> bool:
    """True when the report, with what was written into it, tells of substance use treatment."""
    shown = {name: context[name] for name in ("diagnoses", "goals", "plan", "request")}
    return bool(context["redisclosure_notice"]) or disclosure.sud_within(codes, shown, dict(values))


def completed(
    context: Mapping[str, Any], values: Mapping[str, str], wall: disclosure.Wall
) -> dict[str, Any]:
    """The report's context with the fields filled that ``values`` holds a text for.

    What has no place of its own in the draft is in ``filled``, by key. Substance use content that
    was written with a consent brings the notice that goes with it.
    """
    done: dict[str, Any] = copy.deepcopy(dict(context))
    open_fields = {key: label for key, label in fields(context).items() if values.get(key)}
    rows = [row for block in _BLOCKS for row in done[block]["rows"]]
    for row in [*done["clinician_fields"], *rows]:
        key = field_key(row["label"])
        if row["value"] is None and open_fields.pop(key, ""):
            row["value"] = values[key]
            if key in _HEAD:
                block, name = _HEAD[key]
                done[block][name] = values[key]
    done["filled"] = {key: values[key] for key in open_fields}
    done["to_complete"] = list(missing(context, values).values())
    told = any(disclosure.mentions_sud(text, wall.codes) for text in values.values())
    if wall.consent and told:
        done["redisclosure_notice"] = True
    return done
