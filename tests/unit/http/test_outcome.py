"""Explanations in error answers: what helps is shown, what may name a patient is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.http import fault_of
from connector.http.fhir_words import ELEMENTS, RESOURCES
from connector.http.outcome import _WORDS, reasons


def _outcome(*issues: dict[str, Any]) -> bytes:
    return json.dumps({"resourceType": "OperationOutcome", "issue": issues}).encode()


def _issue(code: str = "invalid", **more: Any) -> dict[str, Any]:
    return {"severity": "error", "code": code} | more


SENTENCES = [
    ([_issue("required", expression=["Observation.status"])],
     "a required element is missing (Observation.status)"),
    ([_issue("required", expression=["Observation.status"]),
      _issue("code-invalid", location=["Observation.code.coding[0].code"])],
     "a required element is missing (Observation.status); a code is not valid "
     "(Observation.code.coding[0].code)"),
    ([_issue("structure", location=["/f:Patient/f:name[1]/f:family"])],
     "the structure is not valid (Patient.name[1].family)"),
    ([_issue("processing", diagnostics="HAPI-0450: Failed to parse: Patient.birthDate is '1980'")],
     "it could not be processed (Patient.birthDate, HAPI-0450)"),
    ([_issue("invalid", details={"text": "Invalid additional property \"x\" (Task.focus.x)"})],
     "the content is not valid (Task.focus)"),
    ([_issue("invariant", diagnostics="Observation.value[x] and Observation.dataAbsentReason")],
     "a rule of the profile is broken (Observation.value[x], Observation.dataAbsentReason)"),
    ([_issue("informational", severity="information"), _issue("duplicate")], "it is there already"),
    ([_issue("multiple-matches", severity="warning")], "more than one matches"),
    ([_issue("SMITH")], "no reason is given"),
    ([{}], "the content is not valid"),
    ([_issue(), _issue(), _issue()], "the content is not valid"),
    ([_issue(code) for code in list(_WORDS)[:7]],
     "the content is not valid; the structure is not valid; a required element is missing; a value "
     "is not valid; a rule of the profile is broken; and 2 more"),
    ([], ""),
]  # fmt: skip


@pytest.mark.parametrize(("issues", "sentence"), SENTENCES)
def test_sentences(issues: list[dict[str, Any]], sentence: str) -> None:
    assert reasons(_outcome(*issues)) == sentence


def test_the_sentence_of_a_refusal() -> None:
    body = _outcome(_issue("required", expression=["DocumentReference.content"]))
    error = fault_of(422, {}, body, host="ehr.example", now=datetime(2026, 3, 2, tzinfo=UTC))
    assert str(error) == (
        "ehr.example can read this and does not accept its content (422): a required element is "
        "missing (DocumentReference.content) [content_refused]"
    )


CANARIES = [
    "SMITH", "John Q. Smith", "Smith.john", "123-45-6789", "MRN00417", "1980-02-03", "4711",
    "john.smith@mail.example", "+1-555-0199", "Patient/8f3a-SMITH", "Ångström", "O'Brien",
    "wants to die", "PHQ9=27", "12 Elm Street", "smith",
]  # fmt: skip


@pytest.mark.parametrize("canary", CANARIES)
def test_nothing_about_a_patient_gets_through(canary: str) -> None:
    shapes = [
        canary,
        f"Patient.name.{canary}",
        f"Patient.{canary}.name",
        f"Patient.identifier.where(value='{canary}')",
        f"Patient.name[{canary}]",
        f"Patient.name[0].{canary}.given",
        f"{canary}.name.given",
        f"/f:Patient/f:{canary}",
        f"/f:Patient[@id='{canary}']/f:name",
        f"HAPI-0450: {canary}",
        f"Unknown patient '{canary}' (Patient.name) born {canary}",
        f"Patient.name = {canary}",
        f"Patient.name{canary}",
        f"Observation.subject.reference={canary}",
    ]
    for shape in shapes:
        issue = {
            "severity": shape, "code": shape, "diagnostics": shape, "expression": [shape],
            "location": [shape], "details": {"text": shape, "coding": [{"code": shape}]},
        }  # fmt: skip
        body = _outcome(issue, issue | {"code": "value"})
        for status in range(400, 600):
            error = fault_of(
                status, {"Location": shape, "X-Name": shape}, body,
                host="ehr.example", now=datetime(2026, 3, 2, tzinfo=UTC),
            )  # fmt: skip
            shown = f"{error} {error.detail} {error!r}"
            assert canary not in shown and canary.lower() not in shown.lower(), (shape, shown)


_LETTERS = st.text(st.characters(codec="utf-8"), max_size=40)
_PATHS = st.from_regex(r"(Patient|Task|Smith)(\.[a-zA-Z]{1,9}(\[[0-9x]{1,5}\])?){0,4}")
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _LETTERS | _PATHS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_LETTERS, inner, max_size=3),
    max_leaves=6,
)
_ISSUES = st.dictionaries(
    st.sampled_from(["severity", "code", "diagnostics", "expression", "location", "details"]),
    _VALUES,
)


@given(st.lists(_ISSUES | _VALUES, max_size=4) | _VALUES)
def test_only_known_words_are_shown(issues: Any) -> None:
    body = json.dumps({"resourceType": "OperationOutcome", "issue": issues}).encode()
    ours = set(" ".join([*_WORDS.values(), "no reason is given and more"]).split())
    for word in reasons(body).replace("(", " ").replace(")", " ").replace(",", " ").split():
        plain = word.strip(";")
        steps = [step.partition("[")[0] for step in plain.split(".")]
        known = steps[0] in RESOURCES and all(step in ELEMENTS for step in steps[1:])
        assert plain in ours or known or plain.isdigit(), word


@pytest.mark.parametrize(
    "body",
    [
        b"", b"SMITH", b"null", b"[]", b"{}", b'{"resourceType": "Patient", "issue": []}',
        b'{"resourceType": "OperationOutcome"}',
        b'{"resourceType": "OperationOutcome", "issue": 1}',
        b"[" * 100_000, b"\xff\xfe", b'{"error": "invalid_request", "message": "SMITH"}',
        b'{"resourceType": "OperationOutcome", "issue": [null, "SMITH", 7]}',
        _outcome(*[_issue("required")] * 10_000),
    ],
    ids=range(13),
)  # fmt: skip
def test_other_bodies_explain_nothing(body: bytes) -> None:
    assert reasons(body) == ""


def test_a_long_text_is_read_quickly() -> None:
    text = "Patient." + "a" * 50_000 + ("Patient.name" * 2_000)
    assert reasons(_outcome(_issue(diagnostics=text, expression=[text]))).startswith("the content")


def test_the_words_are_fhirs() -> None:
    """Resources, elements and choice elements of the R4 model that fhirpathpy ships."""
    from fhirpathpy.models import models

    paths = models["r4"]["path2Type"]
    elements = {step for path in paths for step in path.split(".")[1:]}
    choices = {path.split(".")[-1] for path in models["r4"]["choiceTypePaths"]}
    assert {path.split(".")[0] for path in paths} >= RESOURCES
    assert elements | choices | {"resourceType"} >= ELEMENTS
