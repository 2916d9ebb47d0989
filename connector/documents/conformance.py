"""Puts right what the library leaves open, before a PDF is written. Runs in the render process.

Heads and feet of several pages become artifacts (a screen reader would read them on each page, ISO
14289-1, 7.8), those of a single page are read once. Header cells say whether they head a row or a
column (7.5). Boxes of figures are in the page's own measure (ISO 32000-1, 14.8.5.4.3). The metadata
name both standards and agree with the information dictionary. The data inside has its true type and
is named once.

``pdf`` is the library's tree of objects: dictionaries, arrays and streams that refer to each other
as ``b"12 0 R"``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from connector.documents.pdf_form import DATA_TYPE, PdfForm
from connector.documents.xmp import Described, packet

_POINTS_PER_PIXEL = 0.75
_AMBIGUOUS = b"\r\nendstream"


def mend_streams() -> None:
    """Makes the library write no compressed stream that ends in a carriage return.

    With the line feed before ``endstream`` it looks like one end of line, and the stream's length
    like a wrong one (ISO 19005-3, 6.1.7.1). One stream in 256 ends so, whatever the level, because
    its last byte is of a check sum; it is then written plain.
    """
    from weasyprint.pdf import pydyf

    usual = pydyf.Stream.data.fget

    def data(stream: Any) -> bytes:
        written: bytes = usual(stream)
        if not (stream.compress and written.endswith(_AMBIGUOUS)):
            return written
        rest = written.partition(b"\nstream\n")[2]
        content, extra = zlib.decompress(rest.removesuffix(b"\nendstream")), dict(stream.extra)
        if content.endswith(b"\r"):
            content, extra["Filter"] = content.hex().encode() + b">", "/ASCIIHexDecode"
        extra["Length"] = len(content)
        return b"\n".join((pydyf.Dictionary(extra).data, b"stream", content, b"endstream"))

    pydyf.Stream.data = property(data)


def finish(document: Any, pdf: Any, form: PdfForm) -> None:
    """Changes ``pdf``, the finished but unwritten file of ``document``."""
    described = _described(document.metadata)
    _metadata(pdf, described, form)
    _margins(pdf)
    for element in _elements(pdf):
        if element["S"] == "/TH":
            element["A"]["Scope"] = _scope(pdf, element)
        elif element["S"] == "/Figure":
            _place(pdf, element)
    for item in pdf.objects:
        if _extra(item).get("Type") == "/EmbeddedFile":
            item.extra["Subtype"] = "/" + DATA_TYPE.replace("/", "#2f")
    if "AF" in pdf.catalog:  # the library names each file twice
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])


def _described(known: Any) -> Described:
    from weasyprint import VERSION

    return Described(
        producer=f"WeasyPrint {VERSION}", title=known.title, language=known.lang,
        authors=tuple(known.authors), subject=known.description, keywords=tuple(known.keywords),
        creator=known.generator, created=known.created, modified=known.modified,
    )  # fmt: skip


def _metadata(pdf: Any, described: Described, form: PdfForm) -> None:
    stream = _target(pdf, pdf.catalog["Metadata"])
    stream.stream = [packet(described, form.level)]
    stream.compress = False


def _margins(pdf: Any) -> None:
    """What no element of the document's tree holds stands in margins.

    It repeats on each page and is no content; of a single page it is, and is read last.
    """
    reached = {id(element) for element in _elements(pdf)}
    lost = [item for item in pdf.objects if _is_element(item) and id(item) not in reached]
    if len(list(_pages(pdf))) > 1:
        _artifacts(pdf, reached)
        for element in lost:
            element.clear()
        return
    root = _target(pdf, _target(pdf, pdf.catalog["StructTreeRoot"])["K"][0])
    root["K"] += [element.reference for element in lost if _target(pdf, element["P"]) is root]


def _artifacts(pdf: Any, reached: set[int]) -> None:
    parents = _target(pdf, _target(pdf, pdf.catalog["StructTreeRoot"])["ParentTree"])["Nums"]
    by_place = dict(zip(parents[::2], parents[1::2], strict=True))
    for page in _pages(pdf):
        owners = by_place[page["StructParents"]]
        outside = {n for n, ref in enumerate(owners) if id(_target(pdf, ref)) not in reached}
        if not outside:
            continue
        _unmark(_target(pdf, page["Contents"]).stream, outside)
        for place in outside:
            owners[place] = b"null"


def _unmark(operators: list[Any], outside: set[int]) -> None:
    """Marked content with these numbers is no part of the document any more."""
    for place, operator in enumerate(operators):
        if isinstance(operator, dict) and operator.get("MCID") in outside:
            operators[place - 1] = "/Artifact"
            operator.clear()
            operator["Type"] = "/Pagination"


def _scope(pdf: Any, cell: Any) -> str:
    """Cells in the table's head speak for their column, others for their row."""
    group = _target(pdf, _target(pdf, cell["P"])["P"])
    return "/Column" if group["S"] == "/THead" else "/Row"


def _place(pdf: Any, figure: Any) -> None:
    """From pixels below the page's top to points above its foot."""
    height = _target(pdf, figure["Pg"])["MediaBox"][3]
    box = figure["A"]["BBox"]
    left, top, right, bottom = (round(value * _POINTS_PER_PIXEL, 2) for value in box)
    box[:] = [left, round(height - bottom, 2), right, round(height - top, 2)]


def _elements(pdf: Any) -> Iterator[Any]:
    """The elements of the document's tree, parents first."""
    waiting = [_target(pdf, ref) for ref in _target(pdf, pdf.catalog["StructTreeRoot"])["K"]]
    while waiting:
        element = waiting.pop()
        if not _is_element(element):
            continue
        yield element
        waiting += [_target(pdf, kid) for kid in element["K"] if isinstance(kid, bytes)]


def _pages(pdf: Any) -> Iterator[Any]:
    for number in pdf.pages["Kids"][::3]:
        yield pdf.objects[number]


def _is_element(item: Any) -> bool:
    return isinstance(item, dict) and item.get("Type") == "/StructElem"


def _extra(item: Any) -> dict[str, Any]:
    found = getattr(item, "extra", None)
    return found if isinstance(found, dict) else {}


def _target(pdf: Any, reference: bytes) -> Any:
    return pdf.objects[int(reference.split()[0])]
