"""Turns a document's context into HTML or JSON: same specification, same text.

Each recipient's folder (``report_templates/<kind>/``) states in ``report.yaml`` which fields its
template may see; the template gets those and nothing else. Site files of the same name replace
shipped ones. A process that goes on gives ``Resources.frozen``: an edit must not mix with what is
compiled already.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal

from jinja2 import Environment
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connector.documents.director_charts import funnel, interval
from connector.documents.drawing import line_chart
from connector.documents.fonts import font_faces
from connector.documents.marks import STYLES, Drawing
from connector.documents.number_line import number_line
from connector.errors import ConfigurationError
from connector.progress import DocumentSpec
from connector.resources import Resources
from connector.yaml_text import load_yaml

ROOT = "report_templates"
PAPERS = ("Letter", "A4")
NO_BREAK = "\u00a0"


class ReportFile(BaseModel):
    """``report.yaml``: who reads the report, its title, its sections, the fields it may see."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    audience: Literal["therapist", "patient", "payer", "referrer", "director", "practice"]
    title: str
    template: str = "report.html.j2"
    sections: tuple[str, ...] = ()
    optional_sections: tuple[str, ...] = ()
    fields: tuple[str, ...] = Field(min_length=1)


def html(spec: DocumentSpec, resources: Resources, paper: str, *, embed_fonts: bool = False) -> str:
    """The document as one HTML page that asks the network for nothing.

    ``embed_fonts`` puts the fonts inside, for a page that is opened in a browser; the renderer
    serves them itself. Raises ConfigurationError for a faulty template or an unknown paper.
    """
    from jinja2 import TemplateError, TemplateSyntaxError

    if paper not in PAPERS:
        raise ConfigurationError("unknown_paper", f"paper {paper!r} is not known", allowed=PAPERS)
    report = report_file(spec.kind, resources)
    name = f"{spec.kind}/{report.template}"
    try:
        return (
            _environment(resources)
            .get_template(name)
            .render(
                c=allowed(spec.context, report.fields),
                report=report,
                paper=paper,
                run=spec.digest[:8].upper(),
                fonts=_markup(font_faces(embed_fonts)),
            )
        )
    except TemplateError as fault:
        line = f", line {fault.lineno}" if isinstance(fault, TemplateSyntaxError) else ""
        raise ConfigurationError(
            "template_fault", f"{fault.message}", where=f"{ROOT}/{name}{line}"
        ) from None


def json_bytes(spec: DocumentSpec) -> bytes:
    """The document's context with its identity, as canonical JSON.

    A summary or request is its context alone: what a receiver is told, in the form that the docs
    describe.
    """
    if spec.kind in ("summary", "request"):
        flat = json.dumps(
            spec.context, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        return flat.encode()
    body = {
        "document_id": spec.document_id,
        "kind": spec.kind,
        "as_of": spec.as_of.isoformat(),
        "digest": spec.digest,
        "context": spec.context,
    }
    text = json.dumps(body, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def report_file(kind: str, resources: Resources) -> ReportFile:
    """The checked ``report.yaml`` of a kind of report.

    Raises ConfigurationError naming the file and the key.
    """
    name = f"{ROOT}/{kind}/report.yaml"
    loaded = load_yaml(resources.find(name).text(), name, "template_fault")
    try:
        return ReportFile.model_validate(loaded)
    except ValidationError as fault:
        first = fault.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError("template_fault", f"{key}: {first['msg']}", where=name) from None


def allowed(context: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """The part of ``context`` that the dotted ``fields`` name; a path grants all that is below it.

    Lists are transparent: ``scores.rows.date`` names the date of every row.
    """
    tree: dict[str, Any] = {}
    for path in fields:
        branch = tree
        for part in path.split("."):
            branch = branch.setdefault(part, {})
    kept: dict[str, Any] = _keep(context, tree)
    return kept


def _keep(value: Any, tree: Mapping[str, Any]) -> Any:
    if not tree:
        return value
    if isinstance(value, list | tuple):
        return [_keep(part, tree) for part in value]
    if isinstance(value, Mapping):
        return {key: _keep(value[key], tree[key]) for key in tree if key in value}
    return value


@lru_cache(maxsize=16)
def _environment(resources: Resources) -> Environment:
    """One environment for the same files; templates are compiled once."""
    from jinja2 import FunctionLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        loader=FunctionLoader(lambda name: resources.find(f"{ROOT}/{name}").text()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        drawing=_drawing, number_line=number_line, interval=interval, funnel=funnel
    )
    environment.filters["nb"] = _no_break
    return environment


def _drawing(data: Mapping[str, Any], style: str) -> Drawing:
    return line_chart(data, STYLES[style])


def _no_break(text: str) -> str:
    """Names and dates stay on one line."""
    return text.replace(" ", NO_BREAK)


def _markup(css: str) -> Any:
    """Our own constant style text, which must not be escaped."""
    from markupsafe import Markup

    return Markup(css)  # noqa: S704  # constant text made of shipped files, no data in it
