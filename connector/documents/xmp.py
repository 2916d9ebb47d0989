"""The XMP packet of a PDF: what the file says it is, in the words of PDF/UA-1 and PDF/A-3.

PDF/A knows no property of PDF/UA, so a file that claims both must describe the property itself
(extension schema, ISO 19005-3, 6.6.2.3). The values are those of the information dictionary;
PDF/A asks that they agree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "pdf": "http://ns.adobe.com/pdf/1.3/",
    "pdfuaid": "http://www.aiim.org/pdfua/ns/id/",
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "pdfaExtension": "http://www.aiim.org/pdfa/ns/extension/",
    "pdfaSchema": "http://www.aiim.org/pdfa/ns/schema#",
    "pdfaProperty": "http://www.aiim.org/pdfa/ns/property#",
}
_EXTENSION = """<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 that the file conforms to</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>"""


@dataclass(frozen=True, slots=True)
class Described:
    """What the page says of itself; None and empty where it says nothing."""

    producer: str
    title: str | None = None
    language: str | None = None
    authors: Sequence[str] = ()
    subject: str | None = None
    keywords: Sequence[str] = ()
    creator: str | None = None
    created: str | None = None
    modified: str | None = None


def packet(described: Described, level: str) -> bytes:
    """The packet, the same for the same values; ``level`` is that of PDF/A-3 or empty."""
    inside = [
        _plain("pdfuaid:part", "1"),
        *([_plain("pdfaid:part", "3"), _plain("pdfaid:conformance", level)] if level else []),
        _plain("dc:format", "application/pdf"),
        _items("dc:title", "Alt", [described.title]),
        _items("dc:description", "Alt", [described.subject]),
        _items("dc:creator", "Seq", described.authors),
        _items("dc:language", "Bag", [described.language]),
        _plain("pdf:Producer", described.producer),
        _plain("pdf:Keywords", ", ".join(described.keywords)),
        _plain("xmp:CreatorTool", described.creator),
        _plain("xmp:CreateDate", described.created),
        _plain("xmp:ModifyDate", described.modified),
        _EXTENSION if level else "",
    ]
    spaces = "".join(f'\nxmlns:{name}="{uri}"' for name, uri in _NAMESPACES.items())
    body = "\n".join(part for part in inside if part)
    text = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        f'<rdf:Description rdf:about=""{spaces}>\n{body}\n</rdf:Description>\n'
        '</rdf:RDF></x:xmpmeta>\n<?xpacket end="r"?>'
    )
    return text.encode()


def _plain(name: str, value: str | None) -> str:
    return f"<{name}>{_text(value)}</{name}>" if value else ""


def _items(name: str, kind: str, values: Sequence[str | None]) -> str:
    lang = ' xml:lang="x-default"' if kind == "Alt" else ""
    items = "".join(f"<rdf:li{lang}>{_text(value)}</rdf:li>" for value in values if value)
    return f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>" if items else ""


def _text(value: str | None) -> str:
    return escape(_NO_XML.sub("", value or ""))
