"""Every report as PDF/UA-1 and PDF/A-3: by a validator that nobody here wrote, and by our own eyes.

The validator (page-validation) has the rules of ISO 14289-1 and ISO 19005-3 that a machine can
check. What it accepts and a reader would not is looked at here.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import re
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import page as validator
import pytest
from pypdf import PdfReader
from pypdf.generic import ContentStream

from connector.documents import compose, director
from connector.documents.pdf_form import DATA_NAME, VARIANTS, PdfForm
from connector.documents.printing import pdf_form
from connector.pipeline.report import PAGES, specification

DAY = date(2026, 3, 12)
KINDS = ("therapist", "patient", "insurer", "referrer", "director")
PROFILES = {"a-3a": "3a", "a-3u": "3u", "a-3b": "3b", "ua-1": "ua1"}


SIDES_A4 = {"therapist": 34.8, "patient": 47.6, "insurer": 45.6, "referrer": 45.6, "director": 45.6}
# The director's report is about nobody: it has situations of its own, and no data goes inside.
PATIENTS = tuple(kind for kind in KINDS if kind != "director")
OTHERS = [(where, kind) for kind in PATIENTS for where in ("safety", "worst_case", "no_scores")]
OTHERS += [("clinicians", "director")]


def _practice_samples():
    name = "director_samples"
    if name not in sys.modules:
        path = Path(__file__).with_name(f"{name}.py")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="module")
def document(samples, documents):
    """One report of a situation; of ``director`` without the section by clinician, or with it."""

    def build(situation: str, kind: str):
        if kind != "director":
            return documents(samples.referred(samples.situations()[situation]))[kind]
        made = _practice_samples()
        context = director.context(
            made.outcomes(), made.work_done(),
            made.WITH_CLINICIANS if situation == "clinicians" else made.SHOWN,
            samples.PRACTICE, samples.instruments(), made.QUARTER, "default-1",
        )  # fmt: skip
        return specification("director", "practice", DAY, PAGES, context)

    return build


@pytest.fixture(scope="module")
def pdf(samples, resources, document, renderer):
    """The PDF of a report in a variant; each made once."""
    made: dict[tuple[str, str, str, str], bytes] = {}

    def get(situation: str, kind: str, variant: str, paper: str = "Letter") -> bytes:
        key = (situation, kind, variant, paper)
        if key not in made:
            spec = document(situation, kind)
            form = pdf_form(spec, variant, resources, samples.instruments())
            made[key] = renderer.pdf(compose.html(spec, resources, paper), form)
        return made[key]

    return get


def faults(content: bytes, profile: str) -> list[str]:
    found = validator.validate_pdf_bytes(content, profile=profile)
    assert found.rules.total > 100
    return [f"{fault.rule_id}: {fault.message}" for fault in found.failures]


CASES = [(kind, variant) for kind in KINDS for variant in ("a-3a", "ua-1")]
CASES += [
    (kind, other) for kind in ("patient", "referrer", "director") for other in ("a-3u", "a-3b")
]


def test_every_variant_is_looked_at():
    assert {variant for _, variant in CASES} == set(VARIANTS) == set(PROFILES)


@pytest.mark.parametrize(("kind", "variant"), CASES)
def test_the_validator_finds_no_fault(pdf, kind, variant):
    content = pdf("better", kind, variant)
    for profile in sorted({PROFILES[variant], "ua1"}):
        assert faults(content, profile) == []


@pytest.mark.parametrize(("situation", "kind"), OTHERS)
def test_other_situations_and_paper_have_no_fault_either(pdf, situation, kind):
    content = pdf(situation, kind, "a-3a", "A4")
    assert faults(content, "3a") == [] and faults(content, "ua1") == []
    for figure in (e for e in elements(PdfReader(io.BytesIO(content))) if e["/S"] == "/Figure"):
        left, _, right, _ = (float(value) for value in figure["/A"]["/BBox"])
        assert SIDES_A4[kind] - 0.1 <= left < right <= 595.3 - SIDES_A4[kind], "inside the margins"


def test_the_validator_sees_a_fault(renderer):
    bare = renderer.pdf("<html><body><h3>no language, no title, wrong level</h3></body></html>")
    assert faults(bare, "ua1")
    assert faults(renderer.pdf("<html lang='en'><title>t</title><p>x</p></html>"), "3a")


def elements(reader: PdfReader) -> list[dict]:
    """The elements of the document's tree in reading order."""

    def below(element: dict) -> list[dict]:
        kids = element.get("/K", [])
        kids = [kid.get_object() for kid in (kids if isinstance(kids, list) else [kids])]
        found = [kid for kid in kids if isinstance(kid, dict) and "/S" in kid]
        return [one for kid in found for one in (kid, *below(kid))]

    return below(reader.root_object["/StructTreeRoot"])


@pytest.mark.parametrize("kind", KINDS)
def test_language_title_tags_headings_and_tab_order(pdf, kind):
    reader = PdfReader(io.BytesIO(pdf("better", kind, "ua-1")))
    root = reader.root_object
    assert root["/Lang"] == "en-US" and reader.metadata.title
    assert root["/MarkInfo"]["/Marked"] and root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert all(page["/Tabs"] == "/S" for page in reader.pages)
    assert not reader.is_encrypted and "/OpenAction" not in root and "/AcroForm" not in root
    levels = [int(e["/S"][2:]) for e in elements(reader) if re.fullmatch(r"/H\d", e["/S"])]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("kind", KINDS)
def test_figures_speak_and_stand_where_they_are_and_header_cells_have_a_scope(pdf, kind):
    reader = PdfReader(io.BytesIO(pdf("better", kind, "ua-1")))
    found = elements(reader)
    figures = [e for e in found if e["/S"] == "/Figure"]
    assert figures
    for figure in figures:
        assert len(figure["/Alt"].split()) > 4 and figure["/Alt"].endswith(".")
        left, foot, right, top = (float(value) for value in figure["/A"]["/BBox"])
        box = figure["/Pg"].mediabox if hasattr(figure["/Pg"], "mediabox") else None
        height = float(box.height) if box else 792.0
        assert 0 <= left < right <= 612 and 0 <= foot < top <= height
    heads = [e for e in found if e["/S"] == "/TH"]
    assert heads
    for cell in heads:
        in_head = cell["/P"]["/P"]["/S"] == "/THead"
        assert cell["/A"]["/Scope"] == ("/Column" if in_head else "/Row")


def test_a_charts_place_is_where_it_is_drawn(pdf):
    """The therapist's first chart is in the left column, in the upper half of the page."""
    reader = PdfReader(io.BytesIO(pdf("better", "therapist", "ua-1")))
    first = next(e for e in elements(reader) if e["/S"] == "/Figure")
    left, foot, right, top = (float(value) for value in first["/A"]["/BBox"])
    assert (round(right - left), round(top - foot)) == (330, 150)
    assert 43 <= left <= 44 and foot > 792 / 2


def marked(reader: PdfReader, number: int) -> tuple[list[int], list[str], int]:
    """MCIDs, tags of marked content, and operators that paint outside of any mark, of a page."""
    numbers: list[int] = []
    tags: list[str] = []
    depth = loose = 0
    page = reader.pages[number]
    for operands, operator in ContentStream(page.get_contents(), reader).operations:
        if operator in (b"BDC", b"BMC"):
            depth += 1
            tags.append(operands[0])
            if operator == b"BDC" and "/MCID" in operands[1]:
                numbers.append(int(operands[1]["/MCID"]))
        elif operator == b"EMC":
            depth -= 1
        elif depth == 0 and operator in (b"Tj", b"TJ", b"f", b"S", b"B", b"f*", b"s", b"Do", b"sh"):
            loose += 1
    return numbers, tags, loose


@pytest.mark.parametrize("kind", KINDS)
def test_all_content_is_tagged_or_an_artifact_and_margins_are_read_once(pdf, kind):
    reader = PdfReader(io.BytesIO(pdf("better", kind, "ua-1")))
    held = {}
    for element in elements(reader):
        kids = element.get("/K", [])
        for kid in kids if isinstance(kids, list) else [kids]:
            if isinstance(kid, int):
                held.setdefault(element["/Pg"]["/StructParents"], set()).add(int(kid))
    for n, page in enumerate(reader.pages):
        numbers, tags, loose = marked(reader, n)
        assert loose == 0
        assert set(numbers) == held[page["/StructParents"]]
        assert ("/Artifact" in tags) or kind != "insurer"
    if kind == "insurer":
        stamps = [tags.count("/Artifact") for tags in (marked(reader, n)[1] for n in range(5))]
        assert all(stamps)


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_name_the_standards_and_agree_and_no_clock_is_asked(pdf, kind):
    reader = PdfReader(io.BytesIO(pdf("better", kind, "a-3a")))
    xmp = reader.root_object["/Metadata"].get_data().decode()
    assert "<pdfuaid:part>1<" in xmp and "<pdfaid:part>3<" in xmp
    assert "<pdfaid:conformance>A<" in xmp
    assert "<xmp:CreateDate>2026-03-12<" in xmp
    assert reader.metadata["/CreationDate"] == reader.metadata["/ModDate"] == "D:20260312"
    assert reader.metadata.title in xmp and "<rdf:li>en-US<" in xmp
    intent = reader.root_object["/OutputIntents"][0]
    assert intent["/S"] == "/GTS_PDFA1" and "/DestOutputProfile" in intent
    alone = PdfReader(io.BytesIO(pdf("better", kind, "ua-1")))
    assert "pdfaid" not in re.sub(
        "xmlns:.*", "", alone.root_object["/Metadata"].get_data().decode()
    )


@pytest.mark.parametrize("kind", PATIENTS)
def test_the_data_lies_inside_as_an_associated_file(pdf, samples, resources, document, kind):
    reader = PdfReader(io.BytesIO(pdf("better", kind, "a-3a")))
    [spec] = reader.root_object["/AF"]
    spec = spec.get_object()
    assert spec["/AFRelationship"] == "/Data" and spec["/UF"] == DATA_NAME and spec["/Desc"]
    file = spec["/EF"]["/F"]
    assert file["/Subtype"] == "/application/fhir+json"
    assert file["/Params"]["/ModDate"] == "D:20260312000000Z"
    form = pdf_form(document("better", kind), "a-3a", resources, samples.instruments())
    assert file.get_data() == form.data
    assert json.loads(form.data)["resourceType"] == "Bundle"
    assert not PdfReader(io.BytesIO(pdf("better", kind, "ua-1"))).attachments


def test_same_bytes_again_whatever_was_rendered_before(pdf, samples, resources, document):
    from connector.documents.render import Renderer

    fresh = Renderer(1, 60)
    try:
        for kind, variant in (("insurer", "a-3a"), ("therapist", "ua-1"), ("patient", "a-3b")):
            spec = document("better", kind)
            form = pdf_form(spec, variant, resources, samples.instruments())
            content = fresh.pdf(compose.html(spec, resources, "Letter"), form)
            assert (
                hashlib.sha256(content).digest()
                == hashlib.sha256(pdf("better", kind, variant)).digest()
            )
    finally:
        fresh.close()


def test_data_without_pdf_a_stays_out(renderer):
    page = "<html lang='en'><title>t</title><p>x</p></html>"
    content = renderer.pdf(page, PdfForm("ua-1", DAY, b'{"a":1}'))
    assert not PdfReader(io.BytesIO(content)).attachments


def test_a_stream_never_ends_in_a_carriage_return(renderer):
    """One stream in 256 would; a reader may take the byte for a line end and miss it."""
    for number in range(40):
        content = renderer.pdf(
            f"<html lang='en'><title>t</title><h1>{number}</h1><p>page</p></html>",
            PdfForm("a-3b", DAY),
        )
        assert b"\r\nendstream" not in content
    assert faults(content, "3b") == []
