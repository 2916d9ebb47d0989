"""The FHIR data in a PDF/A-3: valid, and never more than its reader may see on the page."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.documents.compose import allowed, report_file
from connector.documents.fhir_data import NOTICE, SYSTEM, report_data
from connector.documents.printing import pdf_form, reader_view
from connector.documents.told import read_day
from connector.pipeline.report import report

KINDS = ("therapist", "patient", "insurer")
SITUATIONS = ("better", "safety", "worse", "lefs", "one_score", "no_scores", "worst_case")


def _payer_charts():
    path = Path(__file__).with_name("test_minimum_necessary.py")
    found = importlib.util.spec_from_file_location("payer_charts", path)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


payer_charts = _payer_charts()


def data_of(spec, resources, instruments) -> dict:
    return json.loads(pdf_form(spec, "a-3a", resources, instruments).data)


def resources_of(bundle: dict, kind: str) -> list[dict]:
    every = [entry["resource"] for entry in bundle["entry"]]
    return [resource for resource in every if resource["resourceType"] == kind]


def leaves(value, key=""):
    """Every text and number, with the name of its field."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, key)
    else:
        yield key, value


@pytest.mark.parametrize("situation", SITUATIONS)
def test_valid_fhir_by_two_libraries_with_every_reference_inside(
    documents, resources, samples, situation
):
    from fhir.resources.R4B.bundle import Bundle as OtherBundle
    from fhirclient.models.bundle import Bundle

    for kind, spec in documents(situation).items():
        if kind not in KINDS:
            continue
        bundle = data_of(spec, resources, samples.instruments())
        Bundle(bundle, strict=True)
        OtherBundle.model_validate(bundle)
        assert bundle["type"] == "document"
        assert bundle["entry"][0]["resource"]["resourceType"] == "Composition"
        names = {entry["fullUrl"] for entry in bundle["entry"]}
        assert len(names) == len(bundle["entry"])
        assert {v for key, v in leaves(bundle) if key == "reference"} <= names


def test_the_payers_data_are_the_scores_with_loinc_decision_goals_and_origin(
    documents, resources, samples
):
    bundle = data_of(documents("better")["insurer"], resources, samples.instruments())
    [person] = resources_of(bundle, "Patient")
    assert person["name"] == [{"text": "Sample, Jordan"}] and person["birthDate"] == "1988-05-04"
    assert [one["value"] for one in person["identifier"]] == ["W123456789"]
    *scores, decision = resources_of(bundle, "Observation")
    phq9 = [o for o in scores if o["code"]["text"] == "PHQ-9"]
    loinc = samples.instruments()["phq9"].loinc_total
    assert {o["code"]["coding"][0]["code"] for o in phq9} == {loinc}
    assert (phq9[0]["effectiveDateTime"], phq9[0]["valueQuantity"]["value"]) == ("2026-01-14", 19)
    assert phq9[0]["interpretation"] == [{"text": "moderately severe"}]
    assert phq9[-1]["valueQuantity"]["value"] == 9
    assert decision["valueCodeableConcept"]["text"] == "meets expectations"
    [problem] = resources_of(bundle, "Condition")
    assert problem["code"]["coding"][0]["code"] == "F33.1"
    goals = resources_of(bundle, "Goal")
    assert [g["lifecycleStatus"] for g in goals][:2] == ["active", "completed"]
    assert goals[0]["target"][0]["dueDate"] == "2026-04-30"
    [origin] = resources_of(bundle, "Provenance")
    assert origin["recorded"] == "2026-03-12T12:00:00Z"
    assert "rule set default-1" in origin["entity"][0]["what"]["display"]
    assert bundle["meta"]["tag"][0]["code"] == "HTEST"
    assert resources_of(bundle, "Composition")[0]["status"] == "preliminary"


def test_the_patients_data_name_no_instrument_code_or_diagnosis(documents, resources, samples):
    bundle = data_of(documents("better")["patient"], resources, samples.instruments())
    assert not resources_of(bundle, "Condition") and "loinc" not in json.dumps(bundle)
    assert resources_of(bundle, "Patient") == [{"resourceType": "Patient"}]
    assert {o["code"]["text"] for o in resources_of(bundle, "Observation")} == {"low mood score"}
    after_safety = data_of(documents("safety")["patient"], resources, samples.instruments())
    assert not resources_of(after_safety, "Observation")


def texts_of(view) -> str:
    return "\n".join(str(value) for _, value in leaves(view))


CONSTANT = re.compile(
    r"urn:uuid:[0-9a-f-]{36}|Survey|Active|Problem List Item|Assembler|test health data|"
    r"Rating of progress by rule|document [0-9A-F]{8}|" + SYSTEM
)


def assert_only_from(bundle: dict, view: dict, title: str) -> None:
    """Each value is a constant of the format, or stands in what the reader may see."""
    seen = texts_of(view) + "\n" + title
    for key, value in leaves(bundle):
        text = str(value)
        if key == "div":
            for sentence in re.findall("<p>(.*?)</p>", text):
                plain = sentence.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
                assert plain in seen or plain == NOTICE, plain
        elif key in ("birthDate", "dueDate", "effectiveDateTime"):
            assert read_day(text) is not None
        elif key == "value" and isinstance(value, int | float):
            assert f"{value:g}" in seen
        elif key in ("text", "value", "detailString", "display", "party") and text not in seen:
            known, _, rest = text.partition("; rule set ")
            rule = text.removeprefix("rule ")
            assert CONSTANT.fullmatch(known) or rule in seen, (key, text)
            assert rest in seen


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_over_random_charts_the_data_hold_nothing_that_the_reader_may_not_see(
    samples, resources, data
):
    known = payer_charts.alliance_and_sud(samples)
    progress = data.draw(payer_charts.charts(samples))
    for spec in report(progress, samples.PRACTICE, known, samples.RULES):
        if spec.kind not in KINDS:
            continue
        page = report_file(spec.kind, resources)
        bundle = data_of(spec, resources, known)
        text = json.dumps(bundle).replace(spec.digest[:8].upper(), "")
        assert_only_from(bundle, allowed(spec.context, page.fields), page.title)
        assert "SRSMARK" not in text and "EMDR" not in text and "73125" not in text
        assert not re.search(r"\bitem \d", text, re.IGNORECASE)
        if spec.kind == "insurer":
            for word in payer_charts.FORBIDDEN:
                assert word not in text, word


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_fields_that_a_site_takes_away_are_not_told(samples, resources, documents, data):
    """A site may let its readers see less; no choice of fields breaks anything."""
    kind = data.draw(st.sampled_from(KINDS))
    spec = documents(data.draw(st.sampled_from(["better", "one_score", "lefs"])))[kind]
    page = report_file(kind, resources)
    deep = ["scores.rows.date", "scores.rows.total", "goals.rows.status", "charts.chart.points.on"]
    fields = data.draw(st.lists(st.sampled_from([*page.fields, *deep]), unique=True, min_size=1))
    view = allowed(spec.context, fields)
    bundle = json.loads(report_data(spec, view, page.title, samples.instruments()))
    assert_only_from(bundle, view, page.title)


def test_sections_left_out_of_the_page_are_left_out_of_the_data(documents, resources, samples):
    spec = documents("better")["insurer"]
    page = report_file("insurer", resources)
    short = page.model_copy(update={"sections": ("record", "goals")})
    view = reader_view(spec.context, short)
    bundle = json.loads(report_data(spec, view, page.title, samples.instruments()))
    assert resources_of(bundle, "Goal")
    assert not resources_of(bundle, "Observation") and not resources_of(bundle, "Condition")


def test_a_signed_report_says_who_signed_and_same_document_same_bytes(
    documents, resources, samples
):
    spec = documents("better")["insurer"]
    seal = {"by": "Dana Okafor, LCSW", "at": "2026-03-12T17:00:00+00:00"}
    signed = spec.model_copy(update={"context": {**spec.context, "signature": seal}})
    bundle = data_of(signed, resources, samples.instruments())
    [first] = resources_of(bundle, "Composition")
    assert first["status"] == "final"
    assert first["attester"] == [
        {"mode": "professional", "party": {"display": seal["by"]}, "time": seal["at"]}
    ]
    once, again = (pdf_form(spec, "a-3u", resources, samples.instruments()) for _ in range(2))
    assert once == again and once.data
    assert pdf_form(spec, "ua-1", resources, samples.instruments()).data == b""


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("03/12/2026", "2026-03-12"), ("4 May 1988", "1988-05-04"),
        ("Start of care, 14 Jan 2026", "2026-01-14"), ("2026-03-12", "2026-03-12"),
        ("99/99/2026", None), ("31 Foo 2026", None), ("to be completed", None), ("", None),
        (None, None),
    ],
)  # fmt: skip
def test_days_as_pages_write_them(text, day):
    found = read_day(text)
    assert (found.isoformat() if found else None) == day


def test_the_site_chooses_the_kind_of_pdf_for_each_report(documents, resources, samples):
    """What the engine hands to the renderer, and what a wrong setting is told."""
    from types import SimpleNamespace

    from connector.engine.deliver import _pages
    from connector.errors import ConfigurationError
    from connector.settings import RenderSettings, check_section

    chosen = check_section(RenderSettings, {"pdf_for": {"insurer": "a-3a"}}, where="site.yaml")
    handed = []
    work = SimpleNamespace(
        renderer=SimpleNamespace(pdf=lambda _html, form: handed.append(form) or b""),
        pdf=chosen.pdf, pdf_for=chosen.pdf_for, paper="Letter",
        resources=resources, instruments=samples.instruments(),
    )  # fmt: skip
    specs = documents("better")
    for kind in ("insurer", "patient"):
        _pages(work, specs[kind], "pdf")
    assert [(form.variant, bool(form.data)) for form in handed] == [("a-3a", True), ("ua-1", False)]
    assert {form.on for form in handed} == {specs["insurer"].as_of}
    for wrong in ({"pdf": "a-2b"}, {"pdf_for": {"decision": "ua-1"}}):
        with pytest.raises(ConfigurationError) as caught:
            check_section(RenderSettings, wrong, where="site.yaml")
        assert "Valid values: ua-1" in str(caught.value) or "therapist" in str(caught.value)


def test_a_letters_data_are_what_the_letter_says(samples):
    from connector.documents.told import told

    known = samples.instruments()
    view = {
        "measure": f"{known['phq9'].name} (PHQ-9)",
        "chart": {"points": [{"on": "2026-01-14", "value": 19}, {"value": 3}]},
        "member": {"name": "Sample, Jordan", "birth_date": "05/04/1988"},
        "provider": {"name": "Dana Okafor, LCSW"},
        "goals": {"rows": [{"text": "Walk", "status": "not met", "target": "by 30 Apr 2026"}]},
        "summary": [{"text": "PHQ-9 fell."}],
    }
    facts = told("referrer", view, known)
    assert facts is not None
    assert [(s.measure, [p.value for p in s.points]) for s in facts.series] == [("PHQ-9", [19])]
    assert (facts.name, str(facts.born), facts.identifiers) == ("Sample, Jordan", "1988-05-04", ())
    assert [(g.state, str(g.by)) for g in facts.goals] == [("not_met", "2026-04-30")]
    assert facts.sentences == ("PHQ-9 fell.",)
    assert told("director", {}, known) is None
