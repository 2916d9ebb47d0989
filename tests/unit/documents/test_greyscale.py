"""Nothing on a page is told by colour alone: pages are printed grey, copied and faxed."""

from __future__ import annotations

import io
import re
import subprocess
from itertools import combinations

import pytest
from PIL import Image

from connector.documents import compose
from connector.documents.drawing import line_chart
from connector.documents.marks import STYLES, Dot, Frame, Label, Line

# A hairline between rows of a table says nothing by itself.
DECORATION = frozenset({"#D3DAE1", "#FFFFFF"})
WHITE_TO_TEXT = 4.5  # WCAG 2.2, 1.4.3
WHITE_TO_MARK = 3.0  # WCAG 2.2, 1.4.11
DATA = {
    "title": "PHQ-9 fell from 19 to 9.", "low": 0, "high": 27, "better": "down",
    "points": [
        {"on": "2026-01-14", "value": 19, "label": "19", "mark": ""},
        {"on": "2026-01-28", "value": 16, "label": "16", "mark": "attention"},
        {"on": "2026-02-25", "value": 12, "label": "12", "mark": ""},
        {"on": "2026-03-11", "value": 9, "label": "9", "mark": ""},
    ],
    "missed": ["2026-02-11"],
    "thresholds": [{"value": 5, "cutoff": False}, {"value": 10, "cutoff": True}],
    "bands": [{"word": "minimal", "low": 0, "high": 5}, {"word": "mild", "low": 5, "high": 10}],
    "real_change": 13,
}  # fmt: skip


def luminance(colour: str) -> float:
    """WCAG's relative luminance: what is left of a colour in grey."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def to_white(colour: str) -> float:
    return 1.05 / (luminance(colour) + 0.05)


@pytest.mark.parametrize("kind", ["therapist", "patient", "insurer"])
def test_all_text_is_dark_enough_when_its_colour_is_gone(resources, kind):
    css = resources.find(f"report_templates/{kind}/report.css").text()
    css += resources.find("report_templates/_shared/base.css").text()
    used = set(re.findall(r"(?<![-\w])color: (#[0-9A-Fa-f]{6})", css))
    assert used
    assert all(to_white(colour) >= WHITE_TO_TEXT for colour in used), used
    lines = set(re.findall(r"(?:border[a-z-]*): [^;]*?(#[0-9A-Fa-f]{6})", css)) - DECORATION
    assert all(to_white(colour) >= WHITE_TO_MARK for colour in lines), lines
    assert not re.search(r"background(?:-color)?:", css), "tints turn into noise"


def encodings(style_name: str) -> dict[str, tuple[object, ...]]:
    """What each meaning looks like with its colour taken away: form, dash, weight."""
    style = STYLES[style_name]
    marks = line_chart(DATA, style).marks
    flat = [m for m in marks if isinstance(m, Line) and m.y1 == m.y2 and m.x2 - m.x1 > 60]
    y = {value: style.height - style.bottom - (style.height - style.bottom - style.top) * value / 27
         for value in (5, 10, 13)}  # fmt: skip

    def at(value: int) -> tuple[object, ...]:
        [line] = [m for m in flat if abs(m.y1 - y[value]) < 0.2]
        return ("line", line.dash, line.width)

    joins = [m for m in marks if isinstance(m, Line) and m.y1 != m.y2 and m.x2 - m.x1 > 8]
    solid, dotted = [m for m in joins if not m.dash], [m for m in joins if m.dash]
    dots = [m for m in marks if isinstance(m, Dot)]
    assert solid and dotted
    return {
        "band limit": at(5),
        "cut-off": at(10),
        "real change": at(13),
        "scores": ("line", solid[0].dash, solid[0].width),
        "a form is missing": ("line", dotted[0].dash, dotted[0].width),
        "score": ("dot", "", dots[0].r),
        "last score": ("dot", "", dots[-1].r),
        "needs attention": ("frame", "", next(m for m in marks if isinstance(m, Frame)).width),
    }


@pytest.mark.parametrize("style", ["therapist", "therapist_second", "insurer", "patient"])
def test_every_pair_of_signs_in_a_chart_differs_without_colour(style):
    found = encodings(style)
    for (one, first), (other, second) in combinations(found.items(), 2):
        assert first != second, f"{one} looks like {other}"
        if first[:2] == second[:2]:
            sizes = sorted([float(str(first[2])), float(str(second[2]))])
            assert sizes[1] >= 1.5 * sizes[0], f"{one} and {other} differ too little in size"


@pytest.mark.parametrize("style", sorted(STYLES))
def test_marks_are_dark_and_levels_have_words(style):
    marks = line_chart(DATA, STYLES[style]).marks
    for mark in marks:
        colour = mark.fill if isinstance(mark, Dot | Label) else mark.stroke
        least = WHITE_TO_TEXT if isinstance(mark, Label) else WHITE_TO_MARK
        assert to_white(colour) >= least, mark
    words = {mark.text for mark in marks if isinstance(mark, Label)}
    assert {"better", "19", "9"} <= words


def pixels(content: bytes, tmp_path, *options: str) -> Image.Image:
    path = tmp_path / "page.pdf"
    path.write_bytes(content)
    command = ["pdftoppm", "-r", "50", "-f", "1", "-l", "1", *options, str(path)]
    made = subprocess.run(command, check=True, capture_output=True)
    return Image.open(io.BytesIO(made.stdout)).convert("RGB")


def test_the_payers_page_has_no_colour_and_no_tint(renderer, documents, resources, tmp_path):
    page = compose.html(documents("safety")["insurer"], resources, "Letter")
    image = pixels(renderer.pdf(page), tmp_path, "-aa", "no", "-aaVector", "no")
    assert {colour for _, colour in image.getcolors(1 << 24)} == {(0, 0, 0), (255, 255, 255)}


def test_the_therapists_safety_box_is_a_box_and_words_in_grey_too(
    renderer, documents, resources, tmp_path
):
    spec = documents("safety")["therapist"]
    page = compose.html(spec, resources, "Letter")
    assert "Safety item, open:" in page
    image = pixels(renderer.pdf(page), tmp_path, "-gray").convert("L")
    # The bar at the box's left, 6 pt wide, is the darkest upright stroke that begins the text.
    left = round(43.2 * 50 / 72)
    column = [image.getpixel((left + 2, y)) for y in range(image.height // 3)]
    longest = max(len(run) for run in "".join("#" if p < 110 else "." for p in column).split("."))
    assert longest >= 8
