"""Which document goes where: keys before the first attempt, paths without a word about anybody."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import pytest

from connector.pipeline.deliver import Route, plan
from connector.progress import DocumentSpec

PERSON = "patient-3f9c0000000000000000"


def document(kind: str = "therapist", **fields: Any) -> DocumentSpec:
    return DocumentSpec(
        **{
            "document_id": f"{kind}-1",
            "kind": kind,
            "patient_id": PERSON,
            "as_of": date(2026, 11, 20),
            "formats": ("pdf", "json"),
            "context": {},
            "digest": "0123456789abcdef",
            **fields,
        }
    )


CHART = Route(destination="chart", receives=("therapist", "insurer"))


def test_each_format_goes_to_each_destination_that_takes_the_kind() -> None:
    planned = plan([document(), document("decision")], [CHART, Route(destination="b", receives=())])
    assert [(p.destination, p.kind, p.format) for p in planned] == [
        ("chart", "therapist", "pdf"),
        ("chart", "therapist", "json"),
    ]
    assert planned[0].media_type == "application/pdf"
    assert planned[0].path == f"therapist/{PERSON}/2026-11-20_therapist_01234567.pdf"
    assert planned[0].labels["kind"] == "therapist"


@pytest.mark.parametrize("release", ["therapist_release", "clinician_signature"])
def test_what_must_be_released_lies_apart(release: str) -> None:
    planned = plan([document("insurer", release=release)], [CHART])
    assert all(p.path.startswith(f"for-review/insurer/{PERSON}/") for p in planned)
    assert {p.labels["release"] for p in planned} == {release}


def test_the_key_is_the_stated_digest() -> None:
    text = "chart|therapist-1|0123456789abcdef|pdf"
    assert plan([document()], [CHART])[0].key == hashlib.sha256(text.encode()).hexdigest()


def test_every_part_of_the_key_counts() -> None:
    other = Route(destination="portal", receives=("therapist",))
    documents = [document(), document(digest="f" * 16), document(document_id="therapist-2")]
    planned = plan(documents, [CHART, other])
    assert len({p.key for p in planned}) == len(planned) == 12


def test_the_same_document_twice_is_one_delivery() -> None:
    assert len(plan([document(), document()], [CHART, CHART])) == 2


def test_every_kind_and_format_has_a_place() -> None:
    for kind in ("therapist", "patient", "insurer", "decision", "packet_manifest", "alert"):
        route = Route(destination="d", receives=(kind,))
        assert len(plan([document(kind, formats=("pdf", "html", "json"))], [route])) == 3


def test_a_destination_of_one_format_gets_the_first_that_there_is() -> None:
    route = Route(
        destination="ehr", receives=("therapist", "alert"), formats=("pdf", "json"), one_format=True
    )
    pages = document(formats=("html", "json", "pdf"))
    planned = plan([pages, document("alert", formats=("json",))], [route])
    assert [(p.kind, p.format) for p in planned] == [("therapist", "pdf"), ("alert", "json")]
