"""Turns HTML into PDF in killable child processes that can reach nothing but the shipped fonts.

A page that takes too long, too much memory or crashes the library costs one child process and one
typed error; the next page gets a new child. Same HTML and form, same bytes (needs
libharfbuzz-subset). A child loads the fonts once for all its pages: unpacking them for each page
costs as much as a simple page itself.
"""

from __future__ import annotations

import logging
import multiprocessing
import resource
import signal
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import UTC, datetime, time
from typing import Any

from pebble import ProcessExpired, ProcessPool

from connector.documents.fonts import FONT_FILES, FONT_SCHEME, font_bytes, font_faces
from connector.documents.pdf_form import DATA_NAME, PdfForm
from connector.errors import Rejected, RetryLater
from connector.footprint import use_all_cores

MAX_HTML_BYTES = 2_000_000
MEMORY_BYTES = 1_500_000_000
TASKS_PER_CHILD = 1_000  # a new child costs more than a second; memory stays flat over as many
STANDARD = PdfForm()
PAGE_FAULTS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, OSError,
    RuntimeError, TypeError, ValueError,
)  # fmt: skip

# A page gets its seconds of the processor, and so many times as long by the clock.
_SUSPENDED = 4

_child: dict[str, Any] = {}


class Renderer:
    """A pool of render processes. ``pdf`` may be called from many threads."""

    def __init__(self, processes: int, timeout_seconds: float) -> None:
        self._timeout = timeout_seconds
        self._pool = ProcessPool(
            max_workers=processes,
            max_tasks=TASKS_PER_CHILD,
            initializer=_start_child,
            context=multiprocessing.get_context("spawn"),
        )

    def pdf(self, html: str, form: PdfForm = STANDARD) -> bytes:
        """The page as a PDF of this form, the same bytes for the same page and form.

        Raises Rejected: ``render_too_large``, ``render_timeout``, ``render_failed`` (the library
        refused the page); RetryLater: ``render_slow`` (the machine had no time for it),
        ``render_crashed`` (the child died), ``render_closed``.
        """
        if len(html.encode("utf-8", "surrogatepass")) > MAX_HTML_BYTES:
            raise Rejected(
                "render_too_large",
                f"the page is larger than {MAX_HTML_BYTES // 1_000_000} MB and was not rendered",
            )
        try:
            future = self._pool.schedule(
                _render, args=(html, form, self._timeout), timeout=self._timeout * _SUSPENDED
            )
        except RuntimeError:
            raise RetryLater("render_closed", "the renderer is shutting down") from None
        try:
            content, fault = future.result()
        except FutureTimeout:
            # It had too little of the processor: the machine is busy, or was asleep.
            raise RetryLater(
                "render_slow",
                f"the page was not done after {self._timeout * _SUSPENDED:g} s on a busy machine",
            ) from None
        except (ProcessExpired, CancelledError) as end:
            if getattr(end, "exitcode", None) == -signal.SIGXCPU:
                raise Rejected(
                    "render_timeout",
                    f"the page took more than {self._timeout:g} s of the processor to render",
                ) from None
            # Not the page's fault for certain: the system may have been short of memory.
            raise RetryLater(
                "render_crashed",
                "the render process ended before the page was done",
                detail=f"exit code {getattr(end, 'exitcode', None)}",
            ) from None
        if content is None:
            raise Rejected("render_failed", "the page could not be rendered", detail=fault)
        return bytes(content)

    def close(self) -> None:
        """Ends all child processes; pages in work are given up."""
        self._pool.stop()  # type: ignore[no-untyped-call]  # the library is half typed
        self._pool.join()


def harfbuzz_subset_available() -> bool:
    """True when libharfbuzz-subset is there: without it PDFs are slow and differ each time."""
    from weasyprint.text import ffi

    return ffi.harfbuzz_subset is not None


def _start_child() -> None:
    """Loads the library once per child and limits the child's memory."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    use_all_cores()
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    from connector.documents.conformance import mend_streams

    mend_streams()
    # The library quotes the page in its log lines, and a page is about a patient.
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL + 1)
    logging.getLogger("fontTools").setLevel(logging.CRITICAL + 1)
    fonts = {name: font_bytes(name) for name in FONT_FILES}

    class ShippedFontsOnly(URLFetcher):  # type: ignore[misc]  # the library has no types
        """Serves the shipped fonts by their fixed names and refuses every other address."""

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            name = url.removeprefix(FONT_SCHEME)
            if not url.startswith(FONT_SCHEME) or name not in fonts:
                raise ValueError("address refused")
            return URLFetcherResponse(url, fonts[name], {"Content-Type": "font/woff2"})

    loaded = FontConfiguration()
    weasyprint.CSS(string=font_faces(False), font_config=loaded, url_fetcher=ShippedFontsOnly())
    _child.update(weasyprint=weasyprint, fetcher=ShippedFontsOnly, fonts=loaded)


def _render(html: str, form: PdfForm, cpu_seconds: float) -> tuple[bytes | None, str]:
    """The PDF, or None with the fault's type name (its text may quote the page)."""
    _limit_cpu(cpu_seconds)
    try:
        return _written(html, form), ""
    except PAGE_FAULTS as fault:
        return None, type(fault).__name__


def _written(html: str, form: PdfForm) -> bytes:
    from connector.documents.conformance import finish

    page = _child["weasyprint"].HTML(string=html, url_fetcher=_child["fetcher"]())
    options = {"pdf_variant": f"pdf/{form.variant}", "pdf_tags": True}
    document = page.render(font_config=_child["fonts"], **options)
    if form.on is not None:
        document.metadata.created = document.metadata.modified = form.on.isoformat()
    written: bytes = document.write_pdf(
        finisher=lambda made, pdf: finish(made, pdf, form), attachments=_attached(form), **options
    )
    return written


def _attached(form: PdfForm) -> list[Any]:
    """The report's data as a file in the PDF, dated as the report is."""
    if not form.archival or not form.data:
        return []
    moment = datetime.combine(form.on, time(), UTC) if form.on else datetime(1980, 1, 1, tzinfo=UTC)
    return [
        _child["weasyprint"].Attachment(
            string=form.data, name=DATA_NAME, description="The data of this report as FHIR R4 JSON",
            created=moment, modified=moment, relationship="Data",
            url_fetcher=_child["fetcher"](),
        )
    ]  # fmt: skip


def _limit_cpu(seconds: float) -> None:
    """Ends this child by signal when one page uses more processor time than it may."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
