"""Templates: strict, escaped, self-contained, replaceable by the site; lint rules of the house."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from connector.documents import compose
from connector.errors import ConfigurationError
from connector.resources import Resources, shipped_root

TEMPLATES = sorted((shipped_root() / "report_templates").rglob("*.j2"))
KINDS = ("therapist", "patient", "insurer")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_every_attribute_with_a_value_is_quoted(path: Path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"=\s*\{\{", text), "an unquoted attribute lets styles in"
    assert "|safe" not in text.replace(" ", "")
    assert "autoescape" not in text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_no_minus_is_glued_to_a_brace(path: Path):
    """Jinja reads ``{{-`` as whitespace control, so a minus there would vanish."""
    assert "{{-" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("paper", compose.PAPERS)
def test_a_page_asks_the_network_for_nothing(documents, resources, kind, paper):
    page = compose.html(documents("better")[kind], resources, paper, embed_fonts=True)
    addresses = re.findall(r"""(?:url\(|src=|href=|@import)\s*['"]?([^'")\s]+)""", page)
    assert addresses and all(a.startswith("data:font/woff2") for a in addresses)
    assert "http" not in re.sub(r'xmlns="http://www.w3.org/2000/svg"', "", page)


@pytest.mark.parametrize("kind", KINDS)
def test_language_one_heading_and_a_title_without_the_name(documents, resources, kind):
    page = compose.html(documents("better")[kind], resources, "Letter")
    title = re.search(r"<title>(.*?)</title>", page).group(1)
    assert '<html lang="en-US">' in page and page.count("<h1") == 1
    assert "Jordan" not in title and "Sample" not in title and "004417" not in title


def test_every_chart_has_its_sentence(documents, resources):
    for kind in KINDS:
        page = compose.html(documents("better")[kind], resources, "Letter")
        pictures = page.count("<svg ")
        assert pictures and len(re.findall(r"<svg [^>]*><title>[^<]+</title>", page)) == pictures


def test_text_from_the_source_is_escaped(samples, documents, resources):
    evil = '<script>alert(1)</script>" style="background:url(http://x)'
    goal = samples.goals(1)[0].model_copy(update={"text": evil})
    progress = samples.progress(
        samples.series("phq9", (19, 12, 9), primary=True), goals=(goal,),
        patient=samples.patient(given_name="<b>Jo</b>"),
    )  # fmt: skip
    for kind in KINDS:
        page = compose.html(documents(progress)[kind], resources, "Letter")
        assert "<script" not in page and "<b>Jo</b>" not in page
        assert '" style="background' not in page


@pytest.mark.parametrize("kind", KINDS)
def test_synthetic_data_is_marked_and_real_data_is_not(samples, documents, resources, kind):
    from connector.pipeline.report import report

    progress = samples.situations()["better"]
    assert "Synthetic data" in compose.html(documents("better")[kind], resources, "Letter")
    real = samples.PRACTICE.model_copy(update={"synthetic": False})
    specs = report(progress, real, samples.instruments(), samples.RULES)
    spec = next(s for s in specs if s.kind == kind)
    assert "Synthetic" not in compose.html(spec, resources, "Letter")


def test_same_specification_same_text(documents, resources):
    spec = documents("better")["insurer"]
    assert compose.html(spec, resources, "A4") == compose.html(spec, resources, "A4")
    assert compose.json_bytes(spec) == compose.json_bytes(spec)


def test_json_holds_identity_and_context(documents):
    spec = documents("better")["decision"]
    body = json.loads(compose.json_bytes(spec))
    assert body["digest"] == spec.digest and body["context"] == spec.context


def test_an_unknown_paper_names_the_known_ones(documents, resources):
    with pytest.raises(ConfigurationError, match="Letter, A4"):
        compose.html(documents("better")["patient"], resources, "Legal")


def site(tmp_path: Path, name: str, text: str) -> Resources:
    path = tmp_path / "report_templates" / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return Resources(tmp_path)


def test_a_site_template_replaces_the_shipped_one(documents, tmp_path):
    ours = site(tmp_path, "patient/report.html.j2", "<p>{{ c.practice.name }}, our way</p>")
    page = compose.html(documents("better")["patient"], ours, "Letter")
    assert page == "<p>Riverside Therapy Group, our way</p>"


def test_a_field_that_report_yaml_does_not_allow_is_a_named_fault(documents, tmp_path):
    ours = site(tmp_path, "patient/report.html.j2", "{{ c.practice.phone }}")
    with pytest.raises(ConfigurationError, match=r"patient/report\.html\.j2"):
        compose.html(documents("better")["patient"], ours, "Letter")


def test_a_template_with_a_syntax_fault_names_its_line(documents, tmp_path):
    ours = site(tmp_path, "patient/report.html.j2", "ok\n{% if %}")
    with pytest.raises(ConfigurationError, match="line 2"):
        compose.html(documents("better")["patient"], ours, "Letter")


def test_a_site_template_can_not_reach_python(documents, tmp_path):
    ours = site(tmp_path, "patient/report.html.j2", "{{ c.__class__.__mro__ }}")
    with pytest.raises(ConfigurationError):
        compose.html(documents("better")["patient"], ours, "Letter")


def test_a_bad_report_file_names_the_key(documents, tmp_path):
    ours = site(tmp_path, "patient/report.yaml", "audience: everyone\ntitle: x\nfields: [a]\n")
    with pytest.raises(ConfigurationError, match="audience"):
        compose.html(documents("better")["patient"], ours, "Letter")


def test_a_section_left_out_by_the_site_is_named_in_the_index(documents, tmp_path, resources):
    shipped = resources.find("report_templates/insurer/report.yaml").text()
    text = shipped.replace("[record, clinical, scores,", "[record, scores,")
    ours = site(tmp_path, "insurer/report.yaml", text)
    page = compose.html(documents("better")["insurer"], ours, "Letter")
    assert "3 Diagnosis, risk and medication (not included)" in page
    assert "F33.1" not in page


def test_the_packaged_fonts_come_with_their_licence(resources):
    text = resources.find("report_templates/_shared/fonts/LICENSE.txt").text()
    assert "SIL Open Font License, Version 1.1" in text


def test_what_was_frozen_sees_no_later_edit(documents, tmp_path):
    """Neither the template nor the fields that it may see, though one is compiled and one not."""
    spec = documents("better")["patient"]
    ours = site(tmp_path, "patient/report.html.j2", "old {{ report.title }}")
    kept = ours.frozen("report_templates")
    title = compose.report_file("patient", kept).title
    folder = tmp_path / "report_templates" / "patient"
    (folder / "report.yaml").write_text("audience: patient\ntitle: Other\nfields: [patient]\n")
    (folder / "report.html.j2").unlink()
    assert compose.html(spec, kept, "Letter") == f"old {title}"
    (folder / "report.html.j2").write_text("new {{ report.title }}")
    assert compose.html(spec, kept, "Letter") == f"old {title}"
    again = ours.frozen("report_templates")
    assert compose.html(spec, again, "Letter") == "new Other"
    assert (again == kept, again == ours.frozen("report_templates")) == (False, True)
