"""The render process: reaches nothing, can be killed, gives the same bytes everywhere."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import re
import subprocess
import sys
import threading
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest
from pypdf import PdfReader

from connector.documents.fonts import FONT_SCHEME, font_faces
from connector.documents.render import MAX_HTML_BYTES, Renderer, harfbuzz_subset_available
from connector.errors import Rejected, RetryLater

SMALL = "<html lang='en'><head><title>t</title></head><body><h1>Hello</h1></body></html>"
SVG = "http://www.w3.org/2000/svg"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def listener():
    hits: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x")

        def log_message(self, *args: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", hits
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_page_that_reaches_out_reaches_nothing(renderer, listener, tmp_path):
    address, hits = listener
    secret = tmp_path / "secret.txt"
    secret.write_text("THE-SECRET")
    nested = quote(f"<svg xmlns='{SVG}'><image href='{address}/nested.png'/></svg>")
    page = f"""<html lang="en"><head><title>t</title>
    <link rel="stylesheet" href="{address}/link.css">
    <link rel="attachment" href="{secret.as_uri()}">
    <style>@import url("{address}/import.css");
    @font-face {{ font-family: F; src: url("{address}/font.woff2"); }}
    body {{ font-family: F; background: url("{address}/bg.png"); }}</style></head>
    <body style="background: url({address}/style.png)">
    <img src="{address}/img.png"><img src="{secret.as_uri()}">
    <object data="{address}/object.svg"></object><embed src="{address}/embed.svg">
    <svg><image href="{address}/image.png"/></svg>
    <img src="data:image/svg+xml,{nested}">
    <a rel="attachment" href="{secret.as_uri()}">a</a>
    <img src="{FONT_SCHEME}../../../../etc/passwd">
    <p>still here</p></body></html>"""
    content = renderer.pdf(page)
    reader = PdfReader(io.BytesIO(content))
    assert hits == []
    assert not reader.attachments
    assert b"THE-SECRET" not in content
    assert "still here" in reader.pages[0].extract_text()
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        if stream.startswith(b"<?xpacket"):  # not compressed: looked at above
            continue
        assert b"THE-SECRET" not in zlib.decompressobj().decompress(stream)


USE_BOMB = (
    "<svg viewBox='0 0 9 9'><defs><g id='a0'><rect width='1' height='1'/></g>"
    + "".join(f"<g id='a{n}'>" + f"<use href='#a{n - 1}'/>" * 10 + "</g>" for n in range(1, 9))
    + "</defs><use href='#a8'/></svg>"
)


@pytest.mark.parametrize(
    "bomb", ["<table><tr><td colspan='100000000'>x</td></tr></table>", USE_BOMB],
    ids=["colspan", "svg-use"],
)  # fmt: skip
def test_a_page_without_end_is_killed_and_the_next_page_works(bomb):
    short = Renderer(1, 2)
    try:
        with pytest.raises((Rejected, RetryLater)) as caught:
            short.pdf(SMALL.replace("<h1>", bomb + "<h1>"))
        # Whichever of its limits it meets first: processor time, memory, or on a busy machine the
        # clock.
        assert caught.value.code in (
            "render_timeout", "render_crashed", "render_failed", "render_slow",
        )  # fmt: skip
        short._timeout = 60
        assert short.pdf(SMALL).startswith(b"%PDF")
    finally:
        short.close()


def test_a_page_that_the_machine_has_no_time_for_is_tried_again():
    hurried = Renderer(1, 0.01)  # its time by the clock is over long before a second of processor
    try:
        with pytest.raises(RetryLater) as caught:
            hurried.pdf(SMALL.replace("<h1>", USE_BOMB + "<h1>"))
        assert caught.value.code == "render_slow"
    finally:
        hurried.close()


def test_a_page_that_breaks_the_library_is_a_typed_error_without_its_text(renderer):
    with pytest.raises(Rejected) as caught:
        renderer.pdf("<html><body>" + "<div>" * 3000 + "PATIENT NAME")
    assert caught.value.code == "render_failed"
    assert "PATIENT" not in str(caught.value) + caught.value.detail
    assert renderer.pdf(SMALL).startswith(b"%PDF")


def test_a_page_that_is_too_large_never_starts(renderer):
    with pytest.raises(Rejected) as caught:
        renderer.pdf("x" * (MAX_HTML_BYTES + 1))
    assert caught.value.code == "render_too_large"


def test_a_closed_renderer_says_so():
    closed = Renderer(1, 5)
    closed.close()
    with pytest.raises(RetryLater) as caught:
        closed.pdf(SMALL)
    assert caught.value.code == "render_closed"


def test_the_subset_library_is_there():
    assert harfbuzz_subset_available()


SCRIPT = """
import hashlib, sys
from pathlib import Path
from urllib.parse import quote
from connector.documents.render import Renderer
if __name__ == "__main__":
    r = Renderer(1, 60)
    print(hashlib.sha256(r.pdf(Path(sys.argv[1]).read_text())).hexdigest())
    r.close()
"""


def test_same_page_same_bytes_in_any_process_hash_seed_and_time_zone(
    renderer, documents, resources, tmp_path
):
    from connector.documents import compose

    page = compose.html(documents("better")["therapist"], resources, "Letter")
    source, script = tmp_path / "page.html", tmp_path / "render.py"
    source.write_text(page)
    script.write_text(SCRIPT)
    here = hashlib.sha256(renderer.pdf(page)).hexdigest()
    assert hashlib.sha256(renderer.pdf(page)).hexdigest() == here
    for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, str(script), str(source)],
            env=env, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.strip() == here


def test_only_the_bundled_fonts_are_used(renderer, documents, resources):
    from connector.documents import compose

    for kind in ("therapist", "patient", "insurer"):
        content = renderer.pdf(compose.html(documents("better")[kind], resources, "Letter"))
        fonts = set()
        for page in PdfReader(io.BytesIO(content)).pages:
            for font in page["/Resources"].get("/Font", {}).values():
                fonts.add(str(font.get_object()["/BaseFont"]))
        assert fonts and all("Source-Sans-3" in name for name in fonts), fonts


def test_fonts_inside_the_page_or_by_private_name():
    assert "data:font/woff2;base64," in font_faces(True)
    assert FONT_SCHEME in font_faces(False) and "http" not in font_faces(False)
