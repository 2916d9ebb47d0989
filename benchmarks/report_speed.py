"""Reports as PDF: ours beside what the library alone takes for the same page, and memory over many.

Everything about one page is measured in child processes of its own, as the product does it.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from machine import show

from connector.app import App
from connector.documents import compose, render
from connector.documents.pdf_form import PdfForm, Variant
from connector.documents.printing import pdf_form
from connector.progress import DocumentSpec

_ROUNDS = 2
_PAGES = 12
_CLOCKED = 80
_MANY = 1_000
_SAMPLES = 20
_SETTLED = 5


def beside_the_library(app: App, documents: dict[str, list[DocumentSpec]]) -> None:
    """One table for each variant that matters: PDF/UA-1, and PDF/A-3a with its data inside."""
    for variant in ("ua-1", "a-3a"):
        rows = [_row(app, kind, chosen, variant) for kind, chosen in documents.items()]
        show(
            f"Reports as {variant}: composed, laid out, written; beside the library alone, "
            "HTML(page).write_pdf, on the same page, variant and fonts (ms: processor, one report)",
            ("report", "documents", "library ms", "library, fonts kept ms", "ours ms",
             "ours / library", "ours / fonts kept", "reports/s, 1 process", "2 processes", "gain"),
            rows,
        )  # fmt: skip


def _row(
    app: App, kind: str, documents: Sequence[DocumentSpec], variant: Variant
) -> tuple[object, ...]:
    paper = app.site.render.paper
    timed = documents[:_PAGES]
    pages = [compose.html(one, app.resources, paper) for one in timed]
    forms = [pdf_form(one, variant, app.resources, app.instruments) for one in timed]
    plain = _in_child(_library, pages, variant, False)
    kept = _in_child(_library, pages, variant, True)
    ours = _in_child(_ours, pages, forms) + _composing(app, timed, variant)
    one = _through_the_pool(app, documents, variant, 1)
    two = _through_the_pool(app, documents, variant, 2)
    milliseconds = (plain * 1000, kept * 1000, ours * 1000)
    return (kind, len(pages), *milliseconds, ours / plain, ours / kept, one, two, two / one)


def memory_over_many(app: App, documents: dict[str, list[DocumentSpec]]) -> None:
    """What one child holds after each fiftieth of a thousand reports, never renewed."""
    every = [one for chosen in documents.values() for one in chosen]
    pages = [compose.html(one, app.resources, app.site.render.paper) for one in every]
    forms = [pdf_form(one, "a-3a", app.resources, app.instruments) for one in every]
    held = _in_child(_memory, pages, forms)
    places = [(n + 1) * _MANY / _SAMPLES for n in range(_SAMPLES)]
    late = statistics.linear_regression(places[_SETTLED:], held[_SETTLED:])
    show(
        f"Memory of one render process over {_MANY:,} reports of all kinds (RSS, MB)",
        ("after 50", "250", "500", "750", "1,000", "growth from 300 on, a straight line: MB/1,000"),
        [(held[0], held[4], held[9], held[14], held[19], late.slope * 1000)],
    )


def _in_child(work: Callable[..., Any], *args: object) -> Any:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *args).result()


def _library(pages: Sequence[str], variant: Variant, keep_fonts: bool) -> float:
    """Processor seconds of a page, as a program would use the library that knows no more."""
    render._start_child()
    from weasyprint import HTML
    from weasyprint.text.fonts import FontConfiguration

    kept = FontConfiguration() if keep_fonts else None
    options = {"pdf_variant": f"pdf/{variant}", "pdf_tags": True, "font_config": kept}

    def one(page: str) -> None:
        HTML(string=page, url_fetcher=render._child["fetcher"]()).write_pdf(**options)

    return _seconds(one, pages)


def _ours(pages: Sequence[str], forms: Sequence[PdfForm]) -> float:
    """Processor seconds of a page in the product's render process."""
    render._start_child()
    return _seconds(lambda pair: render._render(*pair, 60), list(zip(pages, forms, strict=True)))


def _composing(app: App, documents: Sequence[DocumentSpec], variant: Variant) -> float:
    """Processor seconds of making the page and its data, in the service's process."""

    def one(document: DocumentSpec) -> None:
        compose.html(document, app.resources, app.site.render.paper)
        pdf_form(document, variant, app.resources, app.instruments)

    return _seconds(one, documents)


def _seconds(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    """The best of some rounds, so that what else the machine does is left out; the first warms."""
    work(items[0])
    rounds = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        for item in items:
            work(item)
        rounds.append((time.process_time() - began) / len(items))
    return min(rounds)


def _through_the_pool(
    app: App, documents: Sequence[DocumentSpec], variant: Variant, processes: int
) -> float:
    """Reports a second by the clock, with the hand-over between processes."""
    renderer = render.Renderer(processes, timeout_seconds=60)

    def one(document: DocumentSpec) -> None:
        form = pdf_form(document, variant, app.resources, app.instruments)
        renderer.pdf(compose.html(document, app.resources, app.site.render.paper), form)

    try:
        with ThreadPoolExecutor(processes * 2) as pool:
            # The first pages start the processes.
            list(pool.map(one, [documents[0]] * processes * 6))
            began = time.perf_counter()
            list(pool.map(one, islice(cycle(documents), _CLOCKED)))
            return _CLOCKED / (time.perf_counter() - began)
    finally:
        renderer.close()


def _memory(pages: Sequence[str], forms: Sequence[PdfForm]) -> list[float]:
    """MB held after each of the samples."""
    render._start_child()
    held = []
    for n, (page, form) in enumerate(islice(cycle(zip(pages, forms, strict=True)), _MANY), start=1):
        render._render(page, form, 60)
        if n % (_MANY // _SAMPLES) == 0:
            resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            held.append(resident * os.sysconf("SC_PAGE_SIZE") / 1e6)
    return held
