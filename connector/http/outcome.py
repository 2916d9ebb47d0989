"""An OperationOutcome in an error answer, as one plain sentence part that is safe to log.

Servers quote what they refuse in ``diagnostics`` and ``details.text``, and some put values into
``expression``. Nothing of these is shown as it stands: an issue's code becomes our own words, and a
path is shown when it is made of nothing but names of FHIR elements (``fhir_words``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from connector.http.fhir_words import ELEMENTS, RESOURCES

_MOST_BYTES = 262_144
_MOST_ISSUES = 5
_MOST_PATHS = 3
_MOST_SCANNED = 4_000

_WORDS = {
    "invalid": "the content is not valid",
    "structure": "the structure is not valid",
    "required": "a required element is missing",
    "value": "a value is not valid",
    "invariant": "a rule of the profile is broken",
    "security": "it is not permitted",
    "login": "we are not signed in",
    "unknown": "the account is not known",
    "expired": "the session has expired",
    "forbidden": "it is not permitted",
    "suppressed": "something is withheld",
    "processing": "it could not be processed",
    "not-supported": "it is not supported there",
    "duplicate": "it is there already",
    "multiple-matches": "more than one matches",
    "not-found": "something it refers to is not there",
    "deleted": "something it refers to was deleted",
    "too-long": "something is too long",
    "code-invalid": "a code is not valid",
    "extension": "an extension is not accepted",
    "too-costly": "it costs the server too much",
    "business-rule": "a rule of the server forbids it",
    "conflict": "it was changed at the same time",
    "transient": "it is a passing trouble",
    "lock-error": "it is locked",
    "no-store": "the server can't store it",
    "exception": "the server failed inside",
    "timeout": "the server ran out of time",
    "incomplete": "the answer is not complete",
    "throttled": "there are too many requests",
}
"""The codes of the R4 value set issue-type, without "informational", in our words."""

_PATH = re.compile(r"\b[A-Z][A-Za-z]{2,40}(?:\.[a-z][A-Za-z0-9]{0,60}(?:\[(?:x|[0-9]{1,3})\])?)+")
_STEP = re.compile(r"([a-z][A-Za-z0-9]*)(\[(?:x|[0-9]{1,3})\])?")
_HAPI = re.compile(r"\bHAPI-[0-9]{4}\b")


def reasons(body: bytes) -> str:
    """What the issues say, such as "a required element is missing (Observation.status)".

    Empty where the body is no OperationOutcome. Never raises.
    """
    if len(body) > _MOST_BYTES:
        return ""
    try:
        outcome = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(outcome, dict) or outcome.get("resourceType") != "OperationOutcome":
        return ""
    issues = _issues(outcome)
    told = list(dict.fromkeys(_sentence(issue) for issue in issues))
    more = f"; and {len(told) - _MOST_ISSUES} more" if len(told) > _MOST_ISSUES else ""
    return "; ".join(told[:_MOST_ISSUES]) + more


def _issues(outcome: dict[str, Any]) -> list[dict[str, Any]]:
    listed = outcome.get("issue")
    issues = [i for i in listed if isinstance(i, dict)] if isinstance(listed, list) else []
    grave = [issue for issue in issues if issue.get("severity") in ("error", "fatal")]
    return grave or issues


def _sentence(issue: dict[str, Any]) -> str:
    code = issue.get("code")
    words = _WORDS.get(code, "no reason is given") if isinstance(code, str) else _WORDS["invalid"]
    notes = list(dict.fromkeys(_paths(issue)))[:_MOST_PATHS]
    diagnostics = issue.get("diagnostics")
    if isinstance(diagnostics, str):
        notes += _HAPI.findall(diagnostics[:_MOST_SCANNED])[:1]
    return f"{words} ({', '.join(notes)})" if notes else words


def _paths(issue: dict[str, Any]) -> Iterator[str]:
    for name in ("expression", "location"):
        listed = issue.get(name)
        for text in listed if isinstance(listed, list) else []:
            if isinstance(text, str):
                yield from _known(_from_xpath(text[:_MOST_SCANNED]))
    for text in (issue.get("diagnostics"), _details(issue)):
        if isinstance(text, str):
            yield from _known(text[:_MOST_SCANNED])


def _details(issue: dict[str, Any]) -> Any:
    details = issue.get("details")
    return details.get("text") if isinstance(details, dict) else None


def _from_xpath(text: str) -> str:
    """``/f:Patient/f:name[1]`` as ``Patient.name[1]``."""
    return text.replace("/f:", ".").removeprefix(".")


def _known(text: str) -> Iterator[str]:
    """Element paths in ``text``; each is cut before the first word that is not FHIR's."""
    for found in _PATH.findall(text):
        resource, *steps = found.split(".")
        if resource not in RESOURCES:
            continue
        kept = [resource]
        for step in steps:
            parts = _STEP.fullmatch(step)
            if parts is None or parts[1] not in ELEMENTS:
                break
            kept.append(step)
        if len(kept) > 1:
            yield ".".join(kept)
