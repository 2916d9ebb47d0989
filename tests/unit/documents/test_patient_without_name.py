"""A form tool knows a person by a number alone: every page says so, and none is blank or wrong."""

from __future__ import annotations

import html

import pytest

from connector.documents import compose, naming, plain

NAMELESS = {"given_name": None, "family_name": None, "birth_date": None, "chart_number": "F-101"}


@pytest.fixture
def nameless(samples, documents):
    """The documents of a situation, of a patient without a name."""

    def build(situation, **changes):
        progress = samples.situations()[situation]
        patient = samples.patient(**{**NAMELESS, **changes})
        chart = progress.chart.model_copy(update={"patient": patient})
        return documents(progress.model_copy(update={"chart": chart}))

    return build


def page(spec, resources):
    text = html.unescape(compose.html(spec, resources, "Letter"))
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("given", "family", "full", "filed"),
    [
        ("Ada", "Sample", "Ada Sample", "Sample, Ada"),
        (None, "Sample", "Sample", "Sample"),
        ("Ada", None, "Ada", "Ada"),
        (None, None, None, None),
        ("", "", None, None),
    ],
)
def test_names_as_far_as_they_are_known(samples, given, family, full, filed):
    patient = samples.patient(given_name=given, family_name=family)
    assert (naming.full_name(patient), naming.filed_name(patient)) == (full, filed)
    assert naming.by_chart(patient) == "Chart 004417"


@pytest.mark.parametrize("situation", ["better", "safety", "lefs", "no_scores"])
def test_no_page_shows_a_missing_value(nameless, documents, resources, situation):
    named = documents(situation)
    for kind in ("therapist", "patient", "insurer"):
        spec = nameless(situation).get(kind)
        if spec is not None:
            text = page(spec, resources)
            assert text.count("None") == page(named[kind], resources).count("None"), kind
            assert "F-101" in text, kind


def test_the_therapist_sees_the_chart_number_where_the_name_would_be(nameless, resources):
    spec = nameless("better")["therapist"]
    assert spec.context["header"]["name"] == "Chart F-101"
    assert "Chart F-101, born not recorded, MRN F-101" in page(spec, resources)


def test_the_patient_is_not_addressed_and_the_page_says_whose_it_is(nameless, resources):
    spec = nameless("better")["patient"]
    first = spec.context["sentences"][0]["text"]
    assert first.startswith("Your ")
    assert ", chart F-101" in page(spec, resources)
    assert nameless("safety")["patient"].context["sentences"][0]["text"] == (
        "Thank you for your answers."
    )


def test_a_page_with_a_name_holds_no_chart_number(nameless, resources):
    spec = nameless("better", given_name="Ada")["patient"]
    assert "chart_number" not in spec.context
    assert "F-101" not in page(spec, resources)


def test_a_payer_report_asks_the_clinician_for_name_and_birth_date(nameless, resources):
    spec = nameless("lefs")["insurer"]
    assert {"Member name", "Date of birth"} <= set(spec.context["to_complete"])
    assert "Chart F-101. DOB to be completed." in page(spec, resources)


@pytest.mark.parametrize("key", sorted(plain.SENTENCES))
def test_every_sentence_can_do_without_the_name(key):
    words = {"measure": "worry score", "first": 1, "last": 2, "value": 3, "clinician": "Ann",
             "day": "24 March", "phone": "555-0100"}  # fmt: skip
    said = plain.sentence_to(None, key, **words)
    assert "None" not in said
    assert not said.startswith((",", " "))
    assert plain.sentence_to("Sam", key, **words) == plain.SENTENCES[key].format(
        name="Sam", **words
    )


@pytest.mark.parametrize(
    ("given", "family", "shown"),
    [
        ("Ada", "Sample", "Ada Sample"),
        ("Maximiliane-Alexandrina Wilhelmina", "Samplewood-Demoton", "M. W. Samplewood-Demoton"),
        ("Ada", "Sample-" * 9, "A. " + ("Sample-" * 9)[:34] + "..."),
        (
            "Maximiliane Alexandrina Wilhelmina Louisa",
            None,
            "Maximiliane Alexandrina Wilhelmina...",
        ),
        (None, None, "Chart F-101"),
    ],
)
def test_a_long_name_never_loses_the_family_name(samples, given, family, shown):
    patient = samples.patient(**{**NAMELESS, "given_name": given, "family_name": family})
    assert naming.fitted_name(patient, 40) == shown
