"""Renders every kind of report in every sample situation to PDF and PNG, on Letter and A4.

    python scripts/render_pages.py OUT_FOLDER [--dpi 80] [--only SITUATION] [--paper Letter]

For looking at pages: needs pdftoppm (poppler-utils). The people are invented.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from connector.documents import compose, director  # noqa: E402  # the checkout comes first
from connector.documents.render import Renderer  # noqa: E402
from connector.pipeline.report import PAGES, report, specification  # noqa: E402
from connector.resources import Resources  # noqa: E402

KINDS = ("therapist", "patient", "insurer", "referrer")


def main() -> None:
    """Writes ``<situation>-<kind>-<paper>.pdf`` and its pages as PNG."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--dpi", type=int, default=80)
    parser.add_argument("--only", default="")
    parser.add_argument("--kind", default="")
    parser.add_argument("--paper", default="", choices=["", *compose.PAPERS])
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    samples = load_samples()
    renderer = Renderer(1, 60)
    try:
        for name, progress in samples.situations().items():
            if options.only and options.only != name:
                continue
            due = samples.referred(progress)
            for spec in report(due, samples.PRACTICE, samples.instruments(), samples.RULES):
                if spec.kind not in KINDS or (options.kind and options.kind != spec.kind):
                    continue
                for paper in [options.paper] if options.paper else compose.PAPERS:
                    path = options.out / f"{name}-{spec.kind}-{paper}.pdf"
                    write_page(renderer, compose.html(spec, Resources(None), paper), path, options)
        if options.only in ("", "practice") and options.kind in ("", "director"):
            write_director(renderer, samples, options)
    finally:
        renderer.close()


def write_director(renderer: Renderer, samples: ModuleType, options: argparse.Namespace) -> None:
    """The director's report on a made-up practice, without and with the section by clinician."""
    made = load_samples("director_samples")
    for name, shown in (("practice", made.SHOWN), ("clinicians", made.WITH_CLINICIANS)):
        context = director.context(
            made.outcomes(), made.work_done(), shown, samples.PRACTICE, samples.instruments(),
            made.QUARTER, samples.RULES.version,
        )  # fmt: skip
        spec = specification("director", "practice", made.QUARTER.last, PAGES, context)
        for paper in [options.paper] if options.paper else compose.PAPERS:
            path = options.out / f"{name}-director-{paper}.pdf"
            write_page(renderer, compose.html(spec, Resources(None), paper), path, options)


def write_page(renderer: Renderer, html: str, path: Path, options: argparse.Namespace) -> None:
    """One PDF, its HTML and one PNG a page; prints size, pages and seconds."""
    begun = time.perf_counter()
    content = renderer.pdf(html)
    seconds = time.perf_counter() - begun
    path.write_bytes(content)
    for old in path.parent.glob(f"{path.stem}-*.png"):
        old.unlink()
    path.with_suffix(".html").write_text(html, encoding="utf-8")
    subprocess.run(
        ["pdftoppm", "-r", str(options.dpi), "-png", str(path), str(path.with_suffix(""))],
        check=True,
    )
    pages = len(list(path.parent.glob(f"{path.stem}-*.png")))
    print(f"{path.name}: {pages} pages, {len(content)} bytes, {seconds:.2f} s")


def load_samples(name: str = "progress_samples") -> ModuleType:
    """The sample situations of the report tests, or another module of samples beside them."""
    path = ROOT / "tests" / "unit" / "documents" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} can't be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
