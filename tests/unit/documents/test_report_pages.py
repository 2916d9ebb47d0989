"""Rendered pages: how many, what they say, tagged, black only for payers."""

from __future__ import annotations

import io
import re
import shutil
import subprocess

import pytest
from pypdf import PdfReader

from connector.documents import compose, fitting


def rendered(renderer, documents, resources, situation, kind, paper="Letter"):
    return renderer.pdf(compose.html(documents(situation)[kind], resources, paper))


def texts(content: bytes) -> list[str]:
    pages = PdfReader(io.BytesIO(content)).pages
    return [re.sub(r"\s+", " ", p.extract_text().replace("\u00a0", " ")) for p in pages]


@pytest.mark.parametrize("paper", compose.PAPERS)
@pytest.mark.parametrize("situation", ["better", "safety", "lefs", "no_scores", "worst_case"])
def test_the_therapist_page_is_one_page(renderer, documents, resources, situation, paper):
    pages = texts(rendered(renderer, documents, resources, situation, "therapist", paper))
    assert len(pages) == 1


def test_the_worst_case_says_what_is_left_out(renderer, documents, resources):
    context = documents("worst_case")["therapist"].context
    (page,) = texts(rendered(renderer, documents, resources, "worst_case", "therapist"))
    assert context["goals"]["more"] + len(context["goals"]["rows"]) == 9
    assert f"Goals and {context['goals']['more']} more in the app" in page
    assert context["safety"]["rows"] and context["review"]["rows"]
    assert fitting.height(context) <= fitting.PAGE


def test_longer_words_do_not_break_the_one_page_rule(renderer, samples, documents, resources):
    """Every text as wide as its limit lets it be."""
    wide = "WWMWMW MWMWWM " * 40
    built = samples.worst_case()
    goals = tuple(
        g.model_copy(
            update={"text": wide, "current_value": wide, "target_value": wide, "start_value": wide}
        )
        for g in built.chart.goals
    )
    chart = built.chart.model_copy(update={"goals": goals})
    decision = built.decision.model_copy(
        update={"reason": wide, "inputs": {"expected_percent": wide}}
    )
    alerts = tuple(a.model_copy(update={"text": wide}) for a in built.alerts)
    progress = built.model_copy(update={"chart": chart, "decision": decision, "alerts": alerts})
    for paper in compose.PAPERS:
        page = compose.html(documents(progress)["therapist"], resources, paper)
        assert len(PdfReader(io.BytesIO(renderer.pdf(page))).pages) == 1


@pytest.mark.parametrize("situation", ["better", "lefs", "no_scores", "worst_case"])
def test_the_patient_summary_is_one_page(renderer, documents, resources, situation):
    assert len(texts(rendered(renderer, documents, resources, situation, "patient"))) == 1


@pytest.mark.parametrize("paper", compose.PAPERS)
@pytest.mark.parametrize("situation", ["better", "one_score", "no_scores", "worst_case"])
def test_the_payer_report_has_three_to_six_full_pages(
    renderer, documents, resources, situation, paper
):
    pages = texts(rendered(renderer, documents, resources, situation, "insurer", paper))
    assert 3 <= len(pages) <= 6
    for number, page in enumerate(pages, start=1):
        assert "Member ID W123456789" in page
        assert f"Page {number} of {len(pages)}" in page
        assert "DOB 05/04/1988" in page and "Sample" in page
        assert re.search(r"Reference PR-[0-9A-F]{8}", page)
        assert re.search(r"Section \d ", page)
        assert len(page) > 350, "a nearly blank page"


def test_the_therapist_page_leads_with_the_change_and_its_parts(renderer, documents, resources):
    (page,) = texts(rendered(renderer, documents, resources, "better", "therapist"))
    for part in (
        "PHQ-9 (depression) is better, beyond measurement error: it went from 19 to 9.",
        "GAD-7 (anxiety) has not clearly changed: 15 to 12, within measurement error.",
        "No open safety items", "Higher score = more symptoms", "Reliable change: 6 points or more",
        "10 lower: better", "3 lower: unclear", "6 of 8 booked visits kept",
        "6 of 20 visits left, ends 30 Jun 2026", "rule R5", "Draft for the note",
        "Page 1 of 1", "rules default-1",
    ):  # fmt: skip
        assert part in page, part


def test_a_safety_item_stands_above_everything_but_the_headline(renderer, documents, resources):
    (page,) = texts(rendered(renderer, documents, resources, "safety", "therapist"))
    assert page.index("Safety item, open: PHQ-9 item 9 scored 1") < page.index("Scores")
    assert "Raised 2 days ago" in page


def test_the_patient_page_says_the_change_and_whom_to_call(renderer, documents, resources):
    (page,) = texts(rendered(renderer, documents, resources, "better", "patient"))
    assert "Jordan, your low mood score is lower than when you started." in page
    assert "In crisis? Call or text 988 (US), or call 911." in page
    assert "Questions? Call 555-0100." in page


def test_the_payer_report_has_its_sentence_table_and_open_fields(renderer, documents, resources):
    pages = texts(rendered(renderer, documents, resources, "better", "insurer"))
    page = " ".join(pages)
    for part in (
        "PHQ-9 total (range 0 to 27, lower is better) went from 19 on 01/14/2026 to 9 on "
        "03/11/2026: 10 lower.",
        "This is an improvement beyond measurement error (reliable change: 6 points or more).",
        "To be completed by the clinician", "26 asked for, 20 authorized", "F33.1",
        "Index", "no psychotherapy notes", "Signature",
    ):  # fmt: skip
        assert part in page, part
    chart_page = next(p for p in pages if "Patient Health Questionnaire-9" in p)
    assert "Change from first" in chart_page and "03/11/2026" in chart_page


def test_no_dash_carries_meaning_for_a_payer(renderer, documents, resources):
    for situation in ("better", "worse", "worst_case"):
        for page in texts(rendered(renderer, documents, resources, situation, "insurer")):
            assert "\u2212" not in page and "\u2013" not in page and "\u2014" not in page
            assert not re.search(r"(?<![A-Za-z0-9])-\s?\d", page)
            assert not re.search(r"\d\s-\s\d", page)


def test_the_payer_report_is_black_only(renderer, documents, resources, tmp_path):
    content = rendered(renderer, documents, resources, "better", "insurer")
    for page in PdfReader(io.BytesIO(content)).pages:
        stream = page.get_contents().get_data().decode("latin-1")
        for red, green, blue in re.findall(
            r"([\d.]+) ([\d.]+) ([\d.]+) (?:rg|RG|scn|SCN)\b", stream
        ):
            assert red == green == blue and float(red) in (0.0, 1.0)
    if shutil.which("pdftoppm") is None:
        pytest.skip("poppler-utils not installed: pixels not checked")
    from PIL import Image

    path = tmp_path / "payer.pdf"
    path.write_bytes(content)
    subprocess.run(["pdftoppm", "-r", "60", "-png", str(path), str(tmp_path / "page")], check=True)
    for picture in sorted(tmp_path.glob("page-*.png")):
        red, green, blue = Image.open(picture).convert("RGB").split()
        assert red.tobytes() == green.tobytes() == blue.tobytes()


@pytest.mark.parametrize("kind", ["therapist", "patient", "insurer"])
def test_pages_are_tagged_with_language_and_picture_texts(renderer, documents, resources, kind):
    content = rendered(renderer, documents, resources, "better", kind)
    root = PdfReader(io.BytesIO(content)).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "en-US"
    alternatives = _alternatives(root["/StructTreeRoot"])
    assert any("better" in text for text in alternatives)
    assert b"pdfuaid" in root["/Metadata"].get_data()


def _alternatives(node, found=None):
    found = [] if found is None else found
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for child in node:
            _alternatives(child, found)
    elif isinstance(node, dict):
        if "/Alt" in node:
            found.append(str(node["/Alt"]))
        if "/K" in node:
            _alternatives(node["/K"], found)
    return found


def test_fax_keeps_the_decimal_points_and_thin_lines(renderer, documents, resources, tmp_path):
    """Standard fax (204 by 98 dpi, one bit): text and lines leave enough black behind."""
    if shutil.which("pdftoppm") is None:
        pytest.skip("poppler-utils not installed")
    from PIL import Image

    path = tmp_path / "payer.pdf"
    path.write_bytes(rendered(renderer, documents, resources, "better", "insurer"))
    subprocess.run(
        ["pdftoppm", "-rx", "204", "-ry", "98", "-mono", "-png", str(path), str(tmp_path / "f")],
        check=True,
    )
    for picture in sorted(tmp_path.glob("f-*.png")):
        image = Image.open(picture).convert("L")
        width, height = image.size
        rows = [
            sum(1 for value in image.crop((0, y, width, y + 1)).tobytes() if value < 128)
            for y in range(height)
        ]
        assert max(rows) > 0.5 * width, "the header rule is a whole line"
        assert sum(rows) > 2000
